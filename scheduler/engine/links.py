"""What the rules say about each pair of visits, in the form the search uses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

from scheduler.engine.distances import FREE
from scheduler.engine.grid import SLOT_MINUTES, slots
from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    Counting,
    DailyLoad,
    Offset,
    PerWeek,
    PlanRequest,
    SameDay,
    SameResource,
    Unit,
    Visit,
)
from scheduler.engine.rules import row


@dataclass(slots=True)
class Ideal:
    """A wished distance: days between local dates, or minutes between starts."""

    unit: Unit
    target: int
    weight: int = 1


@dataclass(slots=True)
class Link:
    """What the start of one visit means for the start of another."""

    least: int = FREE
    most: int = -FREE
    """Local dates."""
    soonest: int | None = None
    latest: int | None = None
    """Slots after the start of the first visit."""
    apart: int = 0
    """Local dates, either way."""
    clear_before: int = 0
    clear_after: int = 0
    """The second visit does not start less than so many slots before or after the first."""
    not_later_that_day: bool = False
    not_earlier_that_day: bool = False
    following: int = 0
    """1: due on the next day of ``row``; -1: due on the one before."""
    row: tuple[int, ...] = ()
    """The days that count for consecutive visits, in order."""
    ideals: list[Ideal] = field(default_factory=list)

    @property
    def dated(self) -> bool:
        """Whether it limits the local dates."""
        return self.least > FREE or self.most < -FREE or self.following != 0

    @property
    def strict(self) -> bool:
        """Whether it limits the distance of the two visits at all."""
        return self.dated or self.soonest is not None or self.latest is not None


class Links:
    """The links of all pairs of visits, by their numbers in the given order, and the rules that are not about pairs."""

    def __init__(self, request: PlanRequest, visits: Sequence[Visit]) -> None:
        self.request = request
        self.visits = visits
        self.index = {visit.key: n for n, visit in enumerate(visits)}
        self.table = [[Link() for _ in visits] for _ in visits]
        self.weekly: list[Counting] = []
        self.series: list[SameResource] = []
        for i, j in self.pairs(self.index, self.index):
            self.table[i][j].clear_after = slots(visits[i].minutes + request.patient_gap)
            self.table[i][j].clear_before = slots(visits[j].minutes + request.patient_gap)
        for rule in request.rules:
            if tie := TIES.get(type(rule)):
                tie(self, rule)

    def pairs(self, ones: Iterable[str], others: Iterable[str]) -> list[tuple[int, int]]:
        """The numbers of every pair of two different visits."""
        return [(self.index[one], self.index[other]) for one, other in product(ones, others) if one != other]

    def both_ways(self, one: str, other: str) -> tuple[Link, Link]:
        """The links from one visit to another and back."""
        i, j = self.index[one], self.index[other]
        return self.table[i][j], self.table[j][i]

    def in_turn(self, before: str, after: str) -> None:
        """Let ``after`` start only when ``before`` is over."""
        there, back = self.both_ways(before, after)
        there.soonest, back.latest = there.clear_after, -there.clear_after

    def offset(self, rule: Offset) -> None:
        """Tie a visit to its anchor. Day windows come with the distances of dates."""
        there, back = self.both_ways(rule.anchor, rule.visit)
        length = self.visits[self.index[rule.anchor]].minutes if rule.from_end else 0
        if rule.ideal is not None:
            target = rule.ideal + (length if rule.unit is Unit.MINUTES else 0)
            there.ideals.append(Ideal(rule.unit, target, rule.weight))
            back.ideals.append(Ideal(rule.unit, -target, rule.weight))
        if rule.unit is Unit.MINUTES:
            if rule.least is not None:
                soonest = slots(rule.least + length)
                there.soonest = soonest if there.soonest is None else max(there.soonest, soonest)
                back.latest = -there.soonest
            if rule.most is not None:
                latest = (rule.most + length) // SLOT_MINUTES
                there.latest = latest if there.latest is None else min(there.latest, latest)
                back.soonest = -there.latest

    def per_week(self, rule: PerWeek) -> None:
        """Keep visits apart; the search counts the weeks."""
        self.weekly.append(rule)
        for i, j in self.pairs(rule.visits, rule.visits):
            self.table[i][j].apart = max(self.table[i][j].apart, rule.days_apart)

    def at_most(self, rule: AtMost) -> None:
        """Keep visits apart where each has its days to itself; the search counts the rest."""
        self.weekly.append(rule)
        if rule.at_most == 1:
            for i, j in self.pairs(rule.visits, rule.visits):
                self.table[i][j].apart = max(self.table[i][j].apart, rule.days)

    def daily_load(self, rule: DailyLoad) -> None:
        """Let the search count the starts of a date, where there is a limit."""
        if rule.at_most is not None:
            self.weekly.append(rule)

    def same_day(self, rule: SameDay) -> None:
        """Keep visits off the rest of a date."""
        for after, visit in product(rule.after, rule.visits):
            if after != visit:
                there, back = self.both_ways(after, visit)
                there.not_later_that_day = back.not_earlier_that_day = True
                if rule.before_too:
                    there.not_earlier_that_day = back.not_later_that_day = True

    def consecutive(self, rule: ConsecutiveDays) -> None:
        """Tie neighbours to the next day that counts."""
        days = row(rule, self.request)
        for before, after in pairwise(rule.visits):
            there, back = self.both_ways(before, after)
            there.following, back.following = 1, -1
            there.row = back.row = days

    def same_resource(self, rule: SameResource) -> None:
        """Note a series with one resource."""
        self.series.append(rule)


TIES: dict[type, Callable[[Links, Any], None]] = {
    Offset: Links.offset,
    PerWeek: Links.per_week,
    SameDay: Links.same_day,
    SameResource: Links.same_resource,
    ConsecutiveDays: Links.consecutive,
    AtMost: Links.at_most,
    DailyLoad: Links.daily_load,
}
"""How each kind of rule ties visits to each other. Spans are distances of dates; the others concern single visits."""
