"""Where a course shows relief, and where nobody knows: only scores decide.

Relief reaches from one score that counts as a response to the next one that still does. Behind the last such score it is
not known, until the next score, whatever that says. A lone score supports no stretch of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Knowledge(StrEnum):
    """What is known of a stretch of days."""

    RELIEF = "relief"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Point:
    """A score: its local date, and whether it counts as a response."""

    on: date
    responds: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """From a date to a later one."""

    starts_on: date
    ends_on: date
    what: Knowledge

    @property
    def days(self) -> int:
        """How long it is, in days."""
        return (self.ends_on - self.starts_on).days


def stretches(points: Sequence[Point], *, interval_days: int, until: date) -> list[Stretch]:
    """The stretches after the first response, in order.

    Two scores farther apart than twice the instrument's interval support nothing between them: it is not known. Of several
    scores of one day the worst counts. ``until`` is today, where the knowledge ends.
    """
    by_day: dict[date, bool] = {}
    for point in points:
        by_day[point.on] = by_day.get(point.on, True) and point.responds
    days = sorted(by_day)
    found: list[Stretch] = []
    for number, day in enumerate(days):
        if not by_day[day]:
            continue
        following = days[number + 1] if number + 1 < len(days) else None
        if following is not None and by_day[following] and following - day <= joined_within(interval_days):
            found.append(Stretch(day, following, Knowledge.RELIEF))
        elif (following or until) > day:
            found.append(Stretch(day, following or until, Knowledge.NOT_KNOWN))
    return _merged(found)


def joined_within(interval_days: int) -> timedelta:
    """How far apart two scores may be to belong together: twice the interval, and never less than two days."""
    return timedelta(days=max(2 * interval_days, 2))


def _merged(stretches: Sequence[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for each in stretches:
        last = merged[-1] if merged else None
        if last and last.what is each.what and last.ends_on == each.starts_on:
            merged[-1] = Stretch(last.starts_on, each.ends_on, each.what)
        else:
            merged.append(each)
    return merged
