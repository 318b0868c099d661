"""What a plan is to be best in, when it is not the least cost.

An aim counts something about a plan, such as the dates on which the patient comes, and adds points for each. The search, which
knows nothing of aims but points, then finds the plan that is best in its own kind: few trips, but not at any price.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field

import numpy as np

from scheduler.engine import bits
from scheduler.engine.course import Course
from scheduler.engine.request import Visit
from scheduler.engine.schedule import Schedule

AIM = 1_440
"""Points for each of what an aim counts: as much as an ideal missed by a day."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What to count, and what to rule out. Nothing by default: the least cost."""

    trips: bool = False
    """Count the dates on which the patient comes."""
    usual: Mapping[str, int] = field(default_factory=dict)
    """For kinds of visits a time of day, in wall-clock minutes: count the visits that start at another."""
    until: int | None = None
    """The last date on which a visit may be."""
    without: tuple[int, tuple[str, ...]] | None = None
    """The number of a series, and what it is not planned around."""
    first_not_on: frozenset[int] = frozenset()
    """Dates on which the course does not begin."""

    @property
    def trip(self) -> int:
        """Points for each date on which the patient comes."""
        return AIM if self.trips else 0

    def count(self, schedule: Schedule) -> int:
        """How many of what is to be few a plan has."""
        found = len(set(schedule.day.values())) if self.trips else 0
        for key, placement in schedule.placed.items():
            found += self._unusual(schedule, schedule.visits[key], placement.start)
        return found

    def _unusual(self, schedule: Schedule, visit: Visit, start: int) -> bool:
        return visit.kind in self.usual and schedule.request.grid.minute_of_day(start) != self.usual[visit.kind]

    def points(self, course: Course, visit: int, slots: bits.Slots) -> "np.typing.NDArray[np.int64]":
        """For each start of a visit what the aim adds to its points."""
        usual = self.usual.get(course.visits[visit].kind)
        if usual is None:
            return np.zeros(len(slots), dtype=np.int64)
        if visit in course.given:  # it may be outside the grid
            minutes = np.array([course.request.grid.minute_of_day(int(slot)) for slot in slots], dtype=np.int64)
        else:
            minutes = course.free.clock.minute[slots]
        return np.where(minutes != usual, AIM, 0)

    def narrowed(self, course: Course) -> Course:
        """The course without the starts that are ruled out."""
        if self.until is None and not self.first_not_on:
            return course
        narrowed = copy(course)
        within = -1 if self.until is None else bits.span(*course.free.clock.whole_days(0, self.until))
        narrowed.domains = [domain & within for domain in course.domains]
        first = next((n for n in range(len(course.visits)) if n not in course.given), None)
        if first is not None:
            for day in self.first_not_on:
                narrowed.domains[first] &= ~bits.span(*course.free.clock.whole_days(day, day))
        return narrowed


LEAST_COST = Aim()
