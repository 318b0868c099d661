"""The possible starts of each visit with what each costs by itself, whatever the other visits do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.engine import bits
from scheduler.engine.aims import LEAST_COST, Aim
from scheduler.engine.availability import Availability
from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.course import Course
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.objective import (
    FINISH_PER_DAY,
    MOVED,
    OTHER_RESOURCE,
    SLIVER,
    WISH_DATE,
    WISH_TIME,
    filling_cost,
    finish_cost,
    load_cost,
    slivers,
    wish_cost,
    wished_days,
)
from scheduler.engine.request import DailyLoad, Keep, PlanRequest, Preferred, Role, Visit, Window
from scheduler.engine.rules import names

Points = NDArray[np.int64]
IMPOSSIBLE = 10**15
"""In arrays of points: cannot be. Sums of several still fit into 64 bits."""

Choice = tuple[str, ...]
"""The resources a series is planned around, sorted: one, or as many as may take turns."""
Choices = tuple[Choice | None, ...]
"""For each rule about the same resource: what its visits are planned around; ``None`` leaves it open."""


@dataclass(frozen=True)
class Starts:
    """The starts of one visit, ascending, with the number of the local date of each."""

    slot: bits.Slots
    day: bits.Slots
    plain: Points
    """Points of the start itself: wishes and finish."""

    def at(self, slot: int) -> int:
        """The index of a start that is in the list."""
        return int(np.searchsorted(self.slot, slot))


class Candidates:
    """The starts of every visit of a course, by its number."""

    def __init__(self, course: Course, aim: Aim = LEAST_COST) -> None:
        self.course = course
        self.aim = aim
        self.starts = [self._starts(n) for n in range(len(course.visits))]
        self._slivers: dict[tuple[Role, int, tuple[str, ...]], tuple[int, int, int]] = {}
        self._points: dict[tuple[int, Choices], Points] = {}
        self.concerning = [
            [k for k, rule in enumerate(course.series) if visit.key in rule.visits and _role(visit, rule.role)]
            for visit in course.visits
        ]
        """For each visit the numbers of the rules about the same resource that it falls under."""

    def likeness(self, visit: int) -> object:
        """The same for visits that can start at the same times at the same cost."""
        if visit in self.course.given:
            return visit
        asked = self.course.visits[visit]
        wishes = tuple(
            n
            for n, rule in enumerate(self.course.request.rules)
            if isinstance(rule, Window | Keep | Preferred | DailyLoad) and names(rule, asked.key)
        )
        usual = self.aim.usual.get(asked.kind)
        return self.course.domains[visit], asked.roles, asked.minutes, tuple(self.concerning[visit]), wishes, usual

    def _starts(self, visit: int) -> Starts:
        course = self.course
        if visit in course.given:
            slot = course.given[visit].start
            points = finish_cost(slot, course.request)
            points += sum(
                wish_cost(window, slot, course.request.grid)
                for window in _soft_windows(course.request, course.visits[visit])
            )
            days = np.array([course.day(slot)])
            slots = np.array([slot])
            more = _stay_and_load(course.request, course.visits[visit], slots, days)
            return Starts(slots, days, points + more + self.aim.points(course, visit, slots))
        slots = bits.members(course.domains[visit])
        late = np.maximum(slots - course.request.not_before, 0) * SLOT_MINUTES
        late = late * FINISH_PER_DAY // (DAY_MINUTES * len(course.request.visits))
        day = course.free.clock.day[slots]
        wishes = _wishes(course.request, course.free, course.visits[visit], slots) + self.aim.points(
            course, visit, slots
        )
        return Starts(slots, day, late + wishes + _stay_and_load(course.request, course.visits[visit], slots, day))

    def points(self, visit: int, choices: Choices) -> Points:
        """For each start of a visit: its cost by itself, when series are planned around ``choices``.

        A lower bound of what the visit will cost there, and exact unless its roles compete for the same resources.
        """
        relevant = tuple(choices[k] for k in self.concerning[visit])
        key = (visit, relevant)
        if key not in self._points:
            total = self.starts[visit].plain.copy()
            for role in self.course.visits[visit].roles:
                total += self._role_points(visit, role, choices)
            self._points[key] = np.minimum(total, IMPOSSIBLE)
        return self._points[key]

    def _role_points(self, visit: int, role: Role, choices: Choices) -> Points:
        series = self.course.series
        rules = [(series[k], choices[k]) for k in self.concerning[visit] if series[k].role == role.key]
        forced = [choice for rule, choice in rules if choice is not None and rule.hard]
        wished = [choice for rule, choice in rules if choice is not None and not rule.hard]
        if visit in self.course.given:
            filled = dict(self.course.given[visit].resources).get(role.key)
            if filled is None:
                return np.array([0], dtype=np.int64)
            return np.array([self._extra(visit, role, filled, wished)], dtype=np.int64)
        extras = {
            resource: self._extra(visit, role, resource, wished)
            for resource in self.course.free.able(self.course.visits[visit], role)
            if all(resource in choice for choice in forced)
        }
        best = np.full(len(self.starts[visit].slot), IMPOSSIBLE, dtype=np.int64)
        for extra in sorted(set(extras.values())):
            # those that cost less are in the set as well: it is then often the set of all, which is known already
            names = tuple(resource for resource, points in extras.items() if points <= extra)
            best = np.minimum(best, self._filled_by(visit, role, names) + extra)
        return best

    def _extra(self, visit: int, role: Role, resource: str, wished: list[Choice]) -> int:
        """Points for a resource in itself, whatever the start."""
        points = sum(filling_cost(self.course.free, self.course.visits[visit], role, resource))
        return points + OTHER_RESOURCE * sum(resource not in choice for choice in wished)

    def _filled_by(self, visit: int, role: Role, names: tuple[str, ...]) -> Points:
        """Points for slivers when the best of ``names`` fills the role."""
        key = (role, self.course.visits[visit].minutes, names)
        if key not in self._slivers:
            self._slivers[key] = self._sliver_sets(visit, role, names)
        none, at_most_one, possible = self._slivers[key]
        slots = self.starts[visit].slot
        count = 2 - self._at(none, slots) - self._at(at_most_one, slots)
        return np.where(self._at(possible, slots) == 1, SLIVER * count, IMPOSSIBLE)

    def _sliver_sets(self, visit: int, role: Role, names: tuple[str, ...]) -> tuple[int, int, int]:
        free = self.course.free
        none = at_most_one = possible = 0
        for name in names:
            starts = free.role_starts(role, name)
            before, after = slivers(free, self.course.visits[visit], role, name)
            none |= starts & ~before & ~after
            at_most_one |= starts & ~(before & after)
            possible |= starts
        return none, at_most_one, possible

    def _at(self, set_of_slots: int, slots: bits.Slots) -> Points:
        size = self.course.free.slots
        raw = np.frombuffer(set_of_slots.to_bytes(-(-size // 8), "little"), dtype=np.uint8)
        return np.unpackbits(raw, bitorder="little")[slots].astype(np.int64)


def _role(visit: Visit, key: str) -> Role | None:
    return next((role for role in visit.roles if role.key == key), None)


def _soft_windows(request: PlanRequest, visit: Visit) -> list[Window]:
    return [rule for rule in request.rules if isinstance(rule, Window) and not rule.hard and visit.key in rule.visits]


def _wishes(request: PlanRequest, free: Availability, visit: Visit, slots: bits.Slots) -> Points:
    clock = free.clock
    total = np.zeros(len(slots), dtype=np.int64)
    for window in _soft_windows(request, visit):
        first, last = wished_days(window, request.grid)
        wrong_date = (
            ~np.isin(clock.weekday[slots], sorted(window.weekdays))
            | (clock.day[slots] < first)
            | (clock.day[slots] > last)
        )
        minute = clock.minute[slots]
        outside = np.maximum(np.maximum(window.earliest - minute, minute - window.latest), 0)
        wrong_time = np.where(outside > 0, np.minimum(WISH_TIME + outside, WISH_DATE), 0)
        total += np.where(wrong_date, WISH_DATE, wrong_time)
    return total


def _stay_and_load(request: PlanRequest, visit: Visit, slots: bits.Slots, days: bits.Slots) -> Points:
    """Points for not being where the visit was, and for crowded dates."""
    total = np.zeros(len(slots), dtype=np.int64)
    for rule in request.rules:
        if isinstance(rule, Keep) and rule.visit == visit.key:
            away = np.abs(slots - rule.start) * SLOT_MINUTES
            total += np.where(away > 0, MOVED + np.minimum(away, MOVED), 0)
        elif isinstance(rule, DailyLoad) and rule.target is not None and visit.key in rule.visits:
            taken = dict(rule.taken)
            by_day = {day: load_cost(rule, taken.get(day, 0)) for day in np.unique(days).tolist()}
            total += np.array([by_day[day] for day in days.tolist()], dtype=np.int64)
    return total
