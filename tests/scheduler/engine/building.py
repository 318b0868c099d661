"""Small clinics and courses for the planner's tests."""

from datetime import date, datetime, time, timedelta

from scheduler.engine.grid import Grid
from scheduler.engine.request import Calendar, PlanRequest, Role, Segment, Use, Visit

MONDAY = date(2026, 6, 1)


def grid(first_on: date = MONDAY, days: int = 28, zone: str = "America/New_York") -> Grid:
    return Grid(zone, first_on, days)


def at(on: Grid, day: int, clock: str) -> int:
    """The slot of a wall-clock time on a day of the grid."""
    hour, minute = map(int, clock.split(":"))
    return on.slot(datetime.combine(on.first_on + timedelta(day), time(hour, minute), on.tz))


def weekdays(on: Grid) -> frozenset[int]:
    return frozenset(day for day in range(on.days) if (on.first_on + timedelta(day)).weekday() < 5)


def hours(on: Grid, begin: str = "09:00", end: str = "17:00", days=None):
    """Working periods on the given days, Monday to Friday where none are given."""
    return tuple((at(on, day, begin), at(on, day, end)) for day in sorted(weekdays(on) if days is None else days))


def resource(on: Grid, name: str, kind: str, *, busy=(), lanes: int = 1, skills=(), working=None) -> Calendar:
    return Calendar(name, kind, hours(on) if working is None else working, tuple(busy), frozenset(skills), lanes)


def alone(kind: str, minutes: int, *, turnover: int = 0, key: str | None = None, skills=()) -> Role:
    """A role that takes its resource for the whole visit."""
    return Role(key or kind, kind, (Segment(0, minutes + turnover, Use.EXCLUSIVE),), frozenset(skills))


def visit(key: str, *roles: Role, minutes: int = 60, kind: str = "infusion", step: int = 30) -> Visit:
    return Visit(key, kind, minutes, roles or (alone("chair", minutes),), step)


def series(count: int, name: str = "i", **kwargs) -> tuple[Visit, ...]:
    return tuple(visit(f"{name}{n}", **kwargs) for n in range(1, count + 1))


def keys(visits) -> tuple[str, ...]:
    return tuple(one.key for one in visits)


def request(on: Grid, visits, rules=(), calendars=None, **kwargs) -> PlanRequest:
    """A request for a clinic with one chair, unless calendars are given."""
    if calendars is None:
        calendars = (resource(on, "chair1", "chair"),)
    kwargs.setdefault("open_days", weekdays(on))
    return PlanRequest(on, tuple(visits), tuple(rules), tuple(calendars), **kwargs)


def days_of(found, on: Grid) -> list[int]:
    """The day numbers of a plan's placements in order of time."""
    return [on.day(placement.start) for placement in found.placements]


def starts_of(found, on: Grid) -> dict[str, str]:
    """Visit key to local start, as in "2026-06-01 09:00"."""
    return {p.visit: on.local(p.start).strftime("%Y-%m-%d %H:%M") for p in found.placements}
