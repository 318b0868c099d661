"""Counts per week and other periods during the search: which are full."""

from collections import Counter
from collections.abc import Sequence

from scheduler.engine.clock import Clock
from scheduler.engine.request import AtMost, Counting, DailyLoad, Period


def calendar_week(clock: Clock, day: int) -> int:
    """The number of the week, Monday to Sunday, of a local date of the grid."""
    return (day + clock.grid.first_on.weekday()) // 7


def week_period(clock: Clock, week: int) -> Period:
    """The slots of a calendar week, as far as the grid has them."""
    monday = 7 * week - clock.grid.first_on.weekday()
    return clock.whole_days(monday, monday + 6)


def full(rule: Counting, clock: Clock, days: Sequence[int]) -> list[Period]:
    """The periods in which no more of the visits may start, given the sorted dates of those placed."""
    if isinstance(rule, DailyLoad):
        return [clock.whole_days(day, day) for day in _crowded(rule, days)]
    if isinstance(rule, AtMost):
        taken = (clock.grid.day_of(on) for on in rule.taken)
        return _around(rule.at_most, rule.days, clock, sorted([*days, *taken]))
    if rule.rolling:
        return _around(rule.at_most, 7, clock, days)
    numbers = [calendar_week(clock, day) for day in days]
    return [week_period(clock, week) for week in sorted(set(numbers)) if numbers.count(week) >= rule.at_most]


def _around(most: int, length: int, clock: Clock, days: Sequence[int]) -> list[Period]:
    """The dates that share ``length`` dates in a row with ``most`` of the sorted ``days``."""
    return [
        clock.whole_days(last - length + 1, first + length - 1)
        for first, last in zip(days, days[most - 1 :], strict=False)
        if last - first < length
    ]


def _crowded(rule: DailyLoad, days: Sequence[int]) -> list[int]:
    if rule.at_most is None:
        return []
    load = Counter(dict(rule.taken))
    load.update(days)
    return sorted(day for day, count in load.items() if count >= rule.at_most)
