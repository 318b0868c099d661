"""Visits of one patient on one date: the least they cost together.

Places of visits are dates; within a date their times are chosen here, so that the patient is in one place at a time, visits
keep the order their rules ask for, and where two visits touch (turnover runs past the patient's own time) there are resources
for both. The answer is exact, and kept: few sets of visits ever share a date. Where the search for one takes too long the best
times found have to do, and ``gave_up`` says so: then nothing is proved.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from scheduler.engine import staffing
from scheduler.engine.candidates import IMPOSSIBLE, Choice, Points
from scheduler.engine.counts import NOWHERE, Flags
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.links import Link
from scheduler.engine.togo import Numbers, ToGo

MOST_TRIES = 50_000
"""So many starts are tried at most for one set of visits on one date."""
ALL_TRIES = 600_000
"""So many altogether in one search."""
FEW_TRIES = 200
"""So many for each set when all are used up."""


class Member(NamedTuple):
    """A visit on the date, the row of its choices, and from which to before which slot it may start; -1: all day.

    ``wished`` is where an ideal wants it, in minutes of the grid.
    """

    visit: int
    row: int
    slot: int = -1
    until: int = -1
    wished: int = NOWHERE


def goes(link: Link, after: Numbers) -> Flags:
    """Which of some distances in slots, from one visit's start to another's on the same date, their link allows."""
    allowed: Flags = (after >= link.clear_after) | (after <= -link.clear_before)
    if link.not_later_that_day:
        allowed &= after < 0
    if link.not_earlier_that_day:
        allowed &= after > 0
    if link.soonest is not None:
        allowed &= after >= link.soonest
    if link.latest is not None:
        allowed &= after <= link.latest
    return allowed


class Together:
    """What visits cost together beyond what each costs alone."""

    def __init__(self, togo: ToGo) -> None:
        self.togo = togo
        self.course = togo.course
        self.tries = 0
        """Starts tried so far: what choosing times has cost."""
        self.gave_up = False
        """Whether any answer may not be the least."""
        self._pairs: dict[object, dict[tuple[int, ...], Points]] = {}
        self._solved: dict[tuple[Member, ...], dict[int, tuple[int, staffing.Starts]]] = {}
        self._cheapest: dict[tuple[Member, int], int] = {}
        self._sorted: dict[tuple[Member, int], tuple[Numbers, list[int]]] = {}
        self._going: dict[tuple[Member, Member, int], list[list[bool]]] = {}

    # --- two visits -----------------------------------------------------------------------------------------------

    def simple(self, one: int, other: int) -> bool:
        """Whether what two visits cost together depends on their dates, choices and starts only."""
        return not self._touch(one, other)

    def _touch(self, one: int, other: int) -> bool:
        link = self.course.links[one][other]
        (begins, ends), (other_begins, other_ends) = self.course.extents[one], self.course.extents[other]
        return ends - other_begins > link.clear_after or other_ends - begins > link.clear_before

    def pairs(self, one: int, other: int, dates: Numbers, rows: Numbers, other_rows: Numbers) -> Points:
        """For many states: what two simple visits on one date cost beyond their own.

        ``dates`` has for each state the date and, for one visit and the other, from which to before which slot it may
        start, and where it is wished: as members have them.
        """
        link = self.course.links[one][other]
        shape = (link.clear_before, link.clear_after, link.not_later_that_day, link.not_earlier_that_day)
        alike = (self.togo.alike[one], self.togo.alike[other], self._each(one), self._each(other))
        key = (alike, shape, link.soonest, link.latest)
        known = self._pairs.setdefault(key, {})
        extra = np.empty(len(dates), dtype=np.int64)
        found, which = np.unique(dates, axis=0, return_inverse=True)
        which = which.ravel()
        for n, on in enumerate(found.tolist()):
            if tuple(on) not in known:
                known[tuple(on)] = self._pair(one, other, on)
            here = which == n
            extra[here] = known[tuple(on)][rows[here], other_rows[here]]
        return extra

    def _pair(self, one: int, other: int, on: list[int]) -> Points:
        """Extra points by the rows of both."""
        day, *limits = on
        slots, points = self._on(one, day, *limits[:3])
        other_slots, other_points = self._on(other, day, *limits[3:])
        if not len(slots) or not len(other_slots):
            return np.full((len(points), len(other_points)), IMPOSSIBLE, dtype=np.int64)
        allowed = self._allowed(one, other, slots, other_slots)
        best = np.where(allowed[None], other_points[:, None, :], IMPOSSIBLE).min(axis=2)
        joint = (points[:, None, :] + best[None]).min(axis=2)
        alone = points.min(axis=1)[:, None] + other_points.min(axis=1)[None]
        return np.where(joint < IMPOSSIBLE, joint - alone, IMPOSSIBLE)

    def _each(self, visit: int) -> int:
        """Points for a visit's minute away from where it is wished."""
        pull = self.togo.pulls[visit]
        return 0 if pull is None else pull.each

    def _on(self, visit: int, day: int, first: int, until: int, wished: int) -> tuple[Numbers, Points]:
        """The starts of a visit on a date, or in a part of it, with their points, by row."""
        starts = self.togo.candidates.starts[visit]
        if until < 0:
            begin, end = np.searchsorted(starts.day, [day, day + 1])
        else:
            begin, end = np.searchsorted(starts.slot, [first, until])
        slots, points = starts.slot[begin:end], self.togo.rows[visit][:, begin:end]
        if wished != NOWHERE:
            points = points + self._each(visit) * np.abs(slots * SLOT_MINUTES - wished)
        return slots, points

    def _allowed(self, one: int, other: int, slots: Numbers, other_slots: Numbers) -> Flags:
        return goes(self.course.links[one][other], other_slots[None, :] - slots[:, None])

    # --- any number of visits -------------------------------------------------------------------------------------

    def surplus(self, members: tuple[Member, ...], day: int) -> int:
        """What some visits on one date cost beyond what each costs alone; ``IMPOSSIBLE`` if they cannot be."""
        total = self.solved(members, day)[0]
        if total >= IMPOSSIBLE:
            return IMPOSSIBLE
        return total - sum(self._alone(member, day) for member in members)

    def _alone(self, member: Member, day: int) -> int:
        key = (member, day)
        if key not in self._cheapest:
            self._cheapest[key] = int(self._options(member, day)[1].min(initial=IMPOSSIBLE))
        return self._cheapest[key]

    def _options(self, member: Member, day: int) -> tuple[Numbers, Points]:
        slots, points = self._on(member.visit, day, member.slot, member.until, member.wished)
        row = points[member.row]
        possible = row < IMPOSSIBLE // 2
        return slots[possible], row[possible]

    def solved(self, members: tuple[Member, ...], day: int) -> tuple[int, staffing.Starts]:
        """The least that visits on one date cost, with their starts."""
        known = self._solved.setdefault(members, {})
        if day not in known:
            known[day] = self._solve(members, day)
        return known[day]

    def _solve(self, members: tuple[Member, ...], day: int) -> tuple[int, staffing.Starts]:
        # those with few starts first: what does not go together shows before much is tried
        given, members = members, tuple(sorted(members, key=lambda member: len(self._ranked(member, day)[1])))
        options = [self._ranked(member, day) for member in members]
        if not all(points for _, points in options):
            return IMPOSSIBLE, {}
        goes = {(m, n): self._goes(members[m], members[n], day) for n in range(len(members)) for m in range(n)}
        rest = [0] * (len(members) + 1)
        for n in range(len(members) - 1, -1, -1):
            rest[n] = rest[n + 1] + options[n][1][0]
        best: tuple[int, staffing.Starts] = (IMPOSSIBLE, {})
        end = self.tries + min(MOST_TRIES, max(ALL_TRIES - self.tries, FEW_TRIES))

        def extend(n: int, total: int, taken: list[int]) -> None:
            nonlocal best
            if n == len(members):
                starts = {one.visit: int(options[m][0][taken[m]]) for m, one in enumerate(members)}
                total += self._shared(members, starts)
                if total < best[0]:
                    best = (total, starts)
                return
            for at, points in enumerate(options[n][1]):
                if self.tries > end or total + points + rest[n + 1] >= best[0]:
                    break
                self.tries += 1
                if all(goes[m, n][taken[m]][at] for m in range(n)):
                    extend(n + 1, total + points, [*taken, at])

        extend(0, 0, [])
        return best if self.tries <= end else self._unfinished(given, day, best[1])

    def _unfinished(self, members: tuple[Member, ...], day: int, found: staffing.Starts) -> tuple[int, staffing.Starts]:
        """A guess where the search was cut short: the last visit beside the others as they are best without it.

        What they are without it is known where the last one is the one that was placed last.
        """
        self.gave_up = True
        before, starts = self.solved(members[:-1], day)
        if before >= IMPOSSIBLE:
            return IMPOSSIBLE, {}
        if not found and len(starts) == len(members) - 1:
            slots = self._ranked(members[-1], day)[0]
            fits = np.ones(len(slots), dtype=np.bool_)
            for member in members[:-1]:
                fits &= self._allowed(member.visit, members[-1].visit, np.array([starts[member.visit]]), slots)[0]
            if fits.any():
                found = starts | {members[-1].visit: int(slots[fits][0])}
        return before + self._alone(members[-1], day), found

    def _ranked(self, member: Member, day: int) -> tuple[Numbers, list[int]]:
        """The starts of a visit on a date with their points, cheapest first."""
        key = (member, day)
        if key not in self._sorted:
            slots, points = self._options(member, day)
            ranking = np.argsort(points, kind="stable")
            self._sorted[key] = slots[ranking], points[ranking].tolist()
        return self._sorted[key]

    def _goes(self, one: Member, other: Member, day: int) -> list[list[bool]]:
        """Whether each start of one visit goes with each of another. What fixed visits do to each other stands."""
        key = (one, other, day)
        if key not in self._going:
            slots, other_slots = self._ranked(one, day)[0], self._ranked(other, day)[0]
            if one.visit in self.course.given and other.visit in self.course.given:
                self._going[key] = [[True] * len(other_slots)] * len(slots)
            else:
                self._going[key] = self._allowed(one.visit, other.visit, slots, other_slots).tolist()
        return self._going[key]

    def _shared(self, members: tuple[Member, ...], starts: staffing.Starts) -> int:
        """What it costs that touching visits need different resources."""
        if not any(
            staffing.touching(self.course, other, starts[other], {one: starts[one]})
            for one, other in combinations(starts, 2)
            if self._touch(one, other) and not (one in self.course.given and other in self.course.given)
        ):
            return 0
        price = staffing.price(self.course, starts, self._choices(members))
        if price is None:
            return IMPOSSIBLE
        for visit, row, *_ in members:
            if visit not in self.course.given:
                table = self.togo.candidates.starts[visit]
                at = table.at(starts[visit])
                price -= int(self.togo.rows[visit][row, at]) - int(table.plain[at])
        return price

    def _choices(self, members: tuple[Member, ...]) -> tuple[Choice | None, ...]:
        """What the series of some visits are planned around."""
        chosen: dict[int, Choice | None] = {}
        for visit, row, *_ in members:
            axes = self.togo.concerning[visit]
            names = self.togo.choices(axes)[row]
            chosen |= {k: names[k] for k in axes}
        return tuple(chosen.get(k) for k in range(len(self.togo.options)))
