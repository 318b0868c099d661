"""Distances between local dates of visits, as far as rules fix them without any calendar: difference constraints.

Each fact is "the date of ``then`` is at least ``least`` days after the date of ``first``"; an upper limit is the same
fact the other way round with a negative number. A cycle of facts whose numbers add up to more than zero is a
contradiction.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    Counting,
    Offset,
    PerWeek,
    Rule,
    Span,
    Unit,
    Visit,
)
from scheduler.engine.rules import row
from scheduler.engine.schedule import Schedule

FREE = -(10**6)
"""In a matrix of distances: nothing is known."""
_LONGEST_DAY = DAY_MINUTES + 120
"""Minutes; no local date is longer, whatever the clocks do."""

Matrix = NDArray[np.int64]
"""``[i, j]``: least number of days from visit ``i`` to visit ``j``."""


class Distance(NamedTuple):
    """The date of ``then`` is at least ``least`` days after that of ``first``; by the rule with key ``rule``."""

    first: str
    then: str
    least: int
    rule: str


def distances(rules: Iterable[Rule], visits: Iterable[Visit]) -> Iterator[Distance]:
    """What offsets, spans and consecutive days say about pairs of visits, whatever other visits do."""
    minutes = {visit.key: visit.minutes for visit in visits}
    for rule in rules:
        if isinstance(rule, Offset):
            yield from _offset(rule, minutes)
        elif isinstance(rule, Span):
            for first in rule.visits:
                for then in rule.visits:
                    if first != then:
                        yield Distance(then, first, -rule.most_days, rule.key)
        elif isinstance(rule, ConsecutiveDays):
            for before, after in zip(rule.visits, rule.visits[1:], strict=False):
                yield Distance(before, after, 1, rule.key)
                if not rule.skip_closed:
                    yield Distance(after, before, -longest_step(rule.weekdays), rule.key)


def longest_step(weekdays: frozenset[int]) -> int:
    """The most days from one of these weekdays to the next; a week where there are none."""
    days = sorted(weekdays)
    steps = [then - day for day, then in pairwise(days)]
    return max([*steps, 7 - days[-1] + days[0]]) if days else 7


def _offset(rule: Offset, minutes: dict[str, int]) -> Iterator[Distance]:
    least, most = day_limits(rule, minutes[rule.anchor])
    if least is not None:
        yield Distance(rule.anchor, rule.visit, least, rule.key)
    if most is not None:
        yield Distance(rule.visit, rule.anchor, -most, rule.key)


def day_limits(rule: Offset, anchor_minutes: int) -> tuple[int | None, int | None]:
    """The least and the most local dates an offset allows; for minutes, the widest it could mean."""
    if rule.unit is Unit.DAYS:
        return rule.least, rule.most
    length = anchor_minutes if rule.from_end else 0
    # dates n apart hold instants more than n - 1 and less than n + 1 days apart, give or take a clock change
    least = most = None
    if rule.least is not None:
        elapsed = rule.least + length
        least = max((elapsed - _LONGEST_DAY) // DAY_MINUTES + 1, 0 if elapsed >= 0 else FREE)
    if rule.most is not None:
        elapsed = rule.most + length
        most = min(-((-elapsed - _LONGEST_DAY) // DAY_MINUTES) - 1, 0 if elapsed <= 0 else -FREE)
    return least, most


def matrix(found: Iterable[Distance], order: Sequence[str]) -> Matrix:
    """The facts as a matrix over visits in the given order."""
    index = {key: n for n, key in enumerate(order)}
    least = np.full((len(order), len(order)), FREE, dtype=np.int64)
    np.fill_diagonal(least, 0)
    for first, then, days, _ in found:
        i, j = index[first], index[then]
        least[i, j] = max(least[i, j], days)
    return least


def closed(least: Matrix, vias: Iterable[int] | None = None) -> Matrix:
    """Everything that follows from the facts. A positive number on the diagonal means they contradict each other.

    With ``vias``, only what follows by way of those visits.
    """
    least = least.copy()
    for via in range(len(least)) if vias is None else vias:
        through = least[:, via, None] + least[None, via, :]
        np.maximum(least, np.where(through > FREE // 2, through, FREE), out=least)
        if least.diagonal().max() > 0:
            break
    return least


def contradictory(least: Matrix) -> bool:
    """Whether closed distances contradict each other."""
    return bool(len(least) and least.diagonal().max() > 0)


def weekly(
    rules: Iterable[Rule], least: Matrix, order: Sequence[str], fixed: Collection[str] = ()
) -> Iterator[Distance]:
    """What counts per week and period add where closed distances say which visits lie between two others.

    Holds only if all visits take place. What ``fixed`` visits did among themselves teaches nothing about the others.
    """
    index = {key: n for n, key in enumerate(order)}
    for rule in rules:
        if not isinstance(rule, Counting) or rule.at_most is None or rule.at_most < 1:
            continue
        numbers = [index[key] for key in rule.visits]
        movable = np.array([key not in fixed for key in rule.visits])
        ordered = least[np.ix_(numbers, numbers)] >= 0
        # the movable visits from one to another, both of them among these
        counts = (ordered[:, movable].astype(np.int64)) @ ordered[movable, :].astype(np.int64)
        counts += (~movable)[:, None].astype(np.int64) + (~movable)[None, :]
        for i, j in np.argwhere(ordered & (movable[:, None] | movable[None, :])).tolist():
            if i != j and (least_days := extent(rule, int(counts[i, j]))) > 0:
                yield Distance(rule.visits[i], rule.visits[j], least_days, rule.key)


def extent(rule: Counting, count: int) -> int:
    """The least number of days from the first to the last of ``count`` visits under a count per week or period."""
    if rule.at_most is None:
        return 0
    groups, rest = divmod(count - 1, rule.at_most)
    if not isinstance(rule, PerWeek):
        return groups * (rule.days if isinstance(rule, AtMost) else 1)
    # at best the last visit is on the Monday so many calendar weeks after the Sunday of the first
    calendar = 7 * (groups - 1) + 1 if groups else 0
    rolling = 7 * groups + rest * rule.days_apart
    return max(rolling if rule.rolling else calendar, (count - 1) * rule.days_apart)


def allowed_days(schedule: Schedule, visit: str) -> tuple[int, int]:
    """The first and the last date, as day numbers, that the visits already placed leave to ``visit``."""
    request = schedule.request
    first, last = -(10**6), 10**6
    for before, then, least, _ in distances(request.rules, request.visits):
        if then == visit and before in schedule.day and before != visit:
            first = max(first, schedule.day[before] + least)
        elif before == visit and then in schedule.day and then != visit:
            last = min(last, schedule.day[then] - least)
    for rule in request.rules:
        if isinstance(rule, ConsecutiveDays):
            counted = row(rule, request)
            for before, after in zip(rule.visits, rule.visits[1:], strict=False):
                if after == visit and before in schedule.day:
                    due = min((day for day in counted if day > schedule.day[before]), default=None)
                    last = last if due is None else min(last, due)
                elif before == visit and after in schedule.day:
                    # the counted day before the one already given
                    earlier = [day for day in counted if day < schedule.day[after]]
                    first = max(first, max(earlier, default=first))
    return first, last
