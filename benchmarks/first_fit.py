"""The usual way to book a series: each visit at the first time that fits, again from later days if that gets stuck."""

from collections.abc import Mapping
from dataclasses import replace

from scheduler.engine import bits, staffing, weeks
from scheduler.engine.availability import Availability, FreeTime
from scheduler.engine.candidates import Choices
from scheduler.engine.course import Course
from scheduler.engine.objective import cost
from scheduler.engine.request import Placement, PlanRequest
from scheduler.engine.schedule import Schedule

START_DAYS = 10


def first_fit(request: PlanRequest) -> int | None:
    """The cost of the first plan found from ten start days, counted from the same moment; ``None`` if all get stuck."""
    placed = placed_first_fit(request)
    return None if placed is None else cost(Schedule(request, placed), Availability(request)).total


def placed_first_fit(request: PlanRequest, calendars: Mapping[str, FreeTime] | None = None) -> list[Placement] | None:
    """The first plan found from ten start days; ``calendars`` are everybody's, where they are known already."""
    first_day = request.grid.day(request.not_before)
    for day in range(first_day, min(first_day + START_DAYS, request.grid.days)):
        begin = max(request.not_before, request.grid.midnights[day])
        free = Availability(replace(request, not_before=begin), calendars)
        placed = _single_pass(Course(free.request, free, whole=False))
        if placed is not None:
            return placed
    return None


def _single_pass(course: Course) -> list[Placement] | None:
    starts: dict[int, int] = {}
    choices: Choices = (None,) * len(course.series)
    for visit in range(len(course.visits)):
        for start in bits.members(_open_to(course, visit, starts)).tolist():
            placements = staffing.placements(course, {**starts, visit: start}, choices)
            if placements is not None:
                starts[visit] = start
                break
        else:
            return None
        used = {placement.visit: dict(placement.resources) for placement in placements}
        key = course.visits[visit].key
        choices = tuple(
            choice or (used[key].get(rule.role) if key in rule.visits else None)
            for rule, choice in zip(course.series, choices, strict=True)
        )
    return placements


def _open_to(course: Course, visit: int, starts: dict[int, int]) -> int:
    domain = course.domains[visit]
    for other, start in starts.items():
        link, day = course.links[other][visit], course.day(start)
        domain = course.narrowed_by_time(link, start, day, course.narrowed_by_date(link, day, domain))
    for rule in course.weekly:
        if course.visits[visit].key in rule.visits:
            days = sorted(course.day(starts[n]) for n in starts if course.visits[n].key in rule.visits)
            for period in weeks.full(rule, course.free.clock, days):
                domain &= ~bits.span(*period)
    return domain
