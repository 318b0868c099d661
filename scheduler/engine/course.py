"""A course made ready for the search: the order of its visits, and what a placed visit means for each other one."""

from itertools import pairwise

import numpy as np

from scheduler.engine import bits
from scheduler.engine.availability import Availability, Part, part
from scheduler.engine.distances import Distance, Matrix, closed, contradictory, distances, matrix, weekly
from scheduler.engine.grid import slots
from scheduler.engine.links import Link, Links
from scheduler.engine.order import interchangeable, needs, placing_order
from scheduler.engine.request import PlanRequest


class Course:
    """The visits of a request by number, in the order in which the search places them.

    Fixed visits come first; a visit comes after the visits it is anchored to.
    ``whole`` says that every visit will be placed, so that what rules imply through other visits may be used.
    """

    def __init__(self, request: PlanRequest, free: Availability, *, whole: bool) -> None:
        self.request = request
        self.free = free
        self.whole = whole
        self.fixed = {placement.visit: placement for placement in request.fixed}
        self.visits = placing_order(request)
        self.index = {visit.key: n for n, visit in enumerate(self.visits)}
        self.given = {self.index[key]: placement for key, placement in self.fixed.items()}
        links = Links(request, self.visits)
        self.links, self.weekly, self.series = links.table, links.weekly, links.series
        self.contradictory = False
        least = self._distances()
        for i, j in links.pairs(self.index, self.index):
            self.links[i][j].least, self.links[i][j].most = int(least[i, j]), -int(least[j, i])
        for before, after in self._same_to_all():
            links.in_turn(before, after)
        self.anchors = self._anchors()
        self.dependents = [self._dependents(n) for n in range(len(self.visits))]
        self.domains = [0 if n in self.given else free.starts(visit) for n, visit in enumerate(self.visits)]
        self.extents = [
            _extent(visit.minutes, [part(segment) for role in visit.roles for segment in role.segments])
            for visit in self.visits
        ]

    def day(self, start: int) -> int:
        """The number of the local date of a slot."""
        return int(self.free.clock.day[start]) if 0 <= start < self.free.slots else self.request.grid.day(start)

    def _anchors(self) -> list[set[int]]:
        found: list[set[int]] = [set() for _ in self.visits]
        for visit, anchor, _ in needs(self.request):
            found[self.index[visit]].add(self.index[anchor])
        return found

    def _dependents(self, visit: int) -> set[int]:
        """The visit and all that cannot be placed without it."""
        found, fresh = {visit}, [visit]
        while fresh:
            on = fresh.pop()
            more = [
                n for n, anchors in enumerate(self.anchors) if on in anchors and n not in found and n not in self.given
            ]
            found.update(more)
            fresh += more
        return found

    # --- links ---------------------------------------------------------------------------------------------------

    def _same_to_all(self) -> list[tuple[str, str]]:
        """Neighbours in groups of interchangeable visits; they are placed in this order."""
        return [pair for group in interchangeable(self.request) for pair in pairwise(group)]

    def _distances(self) -> Matrix:
        order = [visit.key for visit in self.visits]
        in_turn = [Distance(before, after, 0, "") for before, after in self._same_to_all()]
        least = matrix([*distances(self.request.rules, self.visits), *in_turn], order)
        if not self.whole:
            return least
        # what follows by way of a fixed visit follows from where it is, not from where it should have been
        movable = [n for n in range(len(order)) if n not in self.given]
        least = closed(least, movable)
        counted = weekly(self.request.rules, least, order, self.fixed)
        least = closed(np.maximum(least, matrix(counted, order)), movable)
        self.contradictory = contradictory(least)
        return least

    # --- what a placed visit leaves to another --------------------------------------------------------------------

    def by_date(self, link: Link, day: int) -> tuple[int, int]:
        """The period in which the other visit may start, judged by local dates alone."""
        first, last = day + link.least, day + link.most
        if link.following == 1:
            due = next((number for number in link.row if number > day), -1)
            first, last = max(first, due), min(last, due)
        elif link.following == -1:
            due = next((number for number in reversed(link.row) if number < day), -1)
            first, last = max(first, due), min(last, due)
        return self.free.clock.whole_days(first, last)

    def narrowed_by_date(self, link: Link, day: int, domain: int) -> int:
        """The starts left to the other visit by the date of the first."""
        if not (link.dated or link.apart or link.not_later_that_day):
            return domain
        low, high = self.by_date(link, day)
        domain &= bits.span(low, high)
        if link.apart > 0:
            domain &= ~bits.span(*self.free.clock.whole_days(day - link.apart + 1, day + link.apart - 1))
        if link.not_later_that_day and link.not_earlier_that_day:
            domain &= ~bits.span(*self.free.clock.whole_days(day, day))
        return domain

    def narrowed_by_time(self, link: Link, start: int, day: int, domain: int) -> int:
        """The starts left to the other visit by the time of the first."""
        domain &= ~bits.span(start - link.clear_before + 1, start + link.clear_after)
        if link.soonest is not None or link.latest is not None:
            low = 0 if link.soonest is None else max(start + link.soonest, 0)
            high = self.free.slots if link.latest is None else min(max(start + link.latest + 1, 0), self.free.slots)
            domain &= bits.span(low, high)
        if link.not_later_that_day != link.not_earlier_that_day:
            begins, ends = self.free.clock.whole_days(day, day)
            domain &= ~(bits.span(start, ends) if link.not_later_that_day else bits.span(begins, start + 1))
        return domain


def _extent(minutes: int, parts: list[Part]) -> tuple[int, int]:
    """From when to when, in slots from the start, a visit takes anybody's time."""
    return min([0, *(a for a, _, _ in parts)]), max([slots(minutes), *(b for _, b, _ in parts)])
