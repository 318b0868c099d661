"""Counts per week and other periods, for many partial plans at once."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scheduler.engine.course import Course
from scheduler.engine.request import AtMost, DailyLoad, PerWeek
from scheduler.engine.togo import Numbers

Flags = NDArray[np.bool_]
NOWHERE = -(10**6)
"""As a date: the visit has no place yet."""


class Count(Protocol):
    """One rule about how many visits a period may have."""

    members: list[int]
    forgetful: bool
    """Whether dates that no open member can come near to no longer matter."""

    def allows(self, days: Numbers, day: Numbers) -> Flags:
        """For each plan, whether one more member may be on ``day``; ``days`` are the dates of all visits."""

    def kept(self, days: Numbers, first: Numbers, last: Numbers) -> Numbers:
        """What of the members' dates can still matter when open members are between two dates."""


def counts(course: Course) -> list[Count]:
    """The rules of a course that count."""
    found: list[Count] = []
    for rule in course.weekly:
        members = [course.index[key] for key in rule.visits]
        if isinstance(rule, DailyLoad):
            found.append(_ByDate(course, rule, members))
        elif isinstance(rule, PerWeek) and not rule.rolling:
            found.append(_ByWeek(course, rule, members))
        else:
            found.append(_Rolling(course, rule, members))
    return found


class _ByWeek:
    """At most so many from Monday to Sunday."""

    def __init__(self, course: Course, rule: PerWeek, members: list[int]) -> None:
        self.members = members
        self.at_most = rule.at_most
        self.forgetful = not rule.at_least
        self.offset = course.request.grid.first_on.weekday()

    def _week(self, days: Numbers) -> Numbers:
        return np.where(days == NOWHERE, NOWHERE, (days + self.offset) // 7)

    def allows(self, days: Numbers, day: Numbers) -> Flags:
        same = self._week(days[:, self.members]) == self._week(day)[:, None]
        allowed: Flags = same.sum(axis=1) < self.at_most
        return allowed

    def kept(self, days: Numbers, first: Numbers, last: Numbers) -> Numbers:
        weeks = self._week(days[:, self.members])
        near = (weeks >= self._week(first)[:, None]) & (weeks <= self._week(last)[:, None])
        weeks = np.where(near, weeks, NOWHERE)
        weeks.sort(axis=1)
        return weeks


class _ByDate:
    """At most so many on a date, others' included."""

    forgetful = True

    def __init__(self, course: Course, rule: DailyLoad, members: list[int]) -> None:
        self.members = members
        self.left = np.full(course.request.grid.days, 10**6, dtype=np.int64)
        if rule.at_most is not None:
            self.left[:] = rule.at_most
            for day, count in rule.taken:
                if 0 <= day < len(self.left):
                    self.left[day] -= count

    def allows(self, days: Numbers, day: Numbers) -> Flags:
        same = days[:, self.members] == day[:, None]
        allowed: Flags = same.sum(axis=1) < self.left[np.clip(day, 0, len(self.left) - 1)]
        return allowed

    def kept(self, days: Numbers, first: Numbers, last: Numbers) -> Numbers:
        found = days[:, self.members]
        near = (found >= first[:, None]) & (found <= last[:, None])
        found = np.where(near, found, NOWHERE)
        found.sort(axis=1)
        return found


class _Rolling:
    """At most so many in any run of dates, others' included."""

    def __init__(self, course: Course, rule: PerWeek | AtMost, members: list[int]) -> None:
        self.members = members
        self.at_most = rule.at_most
        self.length = rule.days if isinstance(rule, AtMost) else 7
        self.forgetful = not (isinstance(rule, PerWeek) and rule.at_least)
        taken = rule.taken if isinstance(rule, AtMost) else ()
        self.taken = np.array(sorted(course.request.grid.day_of(on) for on in taken), dtype=np.int64)

    def allows(self, days: Numbers, day: Numbers) -> Flags:
        others = np.broadcast_to(self.taken, (len(day), len(self.taken)))
        run = np.concatenate([days[:, self.members], others, day[:, None]], axis=1)
        allowed = np.ones(len(day), dtype=np.bool_)
        for n in range(run.shape[1]):  # the fullest run that has the new date in it begins on a date that is taken
            first = run[:, n]
            begins = (first <= day) & (day < first + self.length)
            inside = (run >= first[:, None]) & (run < first[:, None] + self.length)
            allowed &= ~begins | (inside.sum(axis=1) <= self.at_most)
        return allowed

    def kept(self, days: Numbers, first: Numbers, last: Numbers) -> Numbers:
        found = days[:, self.members]
        reach = self.length - 1
        near = (found + reach >= first[:, None]) & (found - reach <= last[:, None])
        found = np.where(near, found, NOWHERE)
        found.sort(axis=1)
        return found
