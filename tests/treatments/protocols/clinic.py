"""A small clinic made of calendars only: six chairs, two quiet rooms, a gym, a group room and ten people."""

from datetime import date, timedelta

from scheduler.engine.grid import Grid
from scheduler.engine.request import Calendar, Period, PlanRequest
from treatments.protocols.compile import Compiled

ZONE = "America/New_York"
OPENS, CLOSES = 8 * 60, 18 * 60
HOLIDAYS = frozenset({date(2026, 11, 26), date(2026, 12, 25), date(2027, 1, 1)})
"""Thanksgiving falls into the first week of the courses, and New Year into the longer ones."""


def open_days(grid: Grid) -> frozenset[int]:
    """Monday to Friday, but for holidays."""
    dates = (grid.first_on + timedelta(days=n) for n in range(grid.days))
    return frozenset(n for n, day in enumerate(dates) if day.weekday() < 5 and day not in HOLIDAYS)


def hours(grid: Grid, weekdays: str = "01234") -> tuple[Period, ...]:
    """Opening hours on these weekdays, as slots."""
    days = [n for n in sorted(open_days(grid)) if str((grid.first_on + timedelta(days=n)).weekday()) in weekdays]
    # no clock change falls on an open day
    return tuple((grid.midnights[n] + OPENS // 5, grid.midnights[n] + CLOSES // 5) for n in days)


def meetings(grid: Grid) -> tuple[Period, ...]:
    """The class meets on Wednesdays from 14:00 to 16:00."""
    return tuple((begin + 6 * 12, begin + 8 * 12) for begin, _ in hours(grid, "2"))


def calendars(grid: Grid) -> tuple[Calendar, ...]:
    """Everything and everybody, with nothing booked."""

    def one(name: str, kind: str, *skills: str, lanes: int = 1, weekdays: str = "01234") -> Calendar:
        return Calendar(name, kind, hours(grid, weekdays), (), frozenset(skills), lanes)

    return (
        *(one(f"chair-{n}", "chair", "monitored") for n in range(1, 7)),
        one("quiet-1", "room", "quiet"),
        one("quiet-2", "room", "quiet"),
        one("gym", "room", "gym", lanes=4),
        one("hall", "room", "group", lanes=12),
        one("nurse-1", "person", "infusion_nurse", lanes=4),
        one("nurse-2", "person", "infusion_nurse", lanes=4),
        one("nurse-3", "person", "infusion_nurse", lanes=4, weekdays="024"),
        one("prescriber-1", "person", "prescriber"),
        one("prescriber-2", "person", "prescriber", weekdays="13"),
        one("psychotherapist-1", "person", "psychotherapist"),
        one("psychotherapist-2", "person", "psychotherapist", weekdays="0123"),
        one("physical-therapist-1", "person", "physical_therapist"),
        one("physical-therapist-2", "person", "physical_therapist", weekdays="123"),
        Calendar("class", "group", meetings(grid), (), frozenset({"mindfulness_teacher"}), 12),
        one("teacher", "person", "mindfulness_teacher", lanes=12, weekdays="2"),
    )


def request(compiled: Compiled) -> PlanRequest:
    """The course on this clinic's empty calendars."""
    grid = Grid(ZONE, compiled.start_on, compiled.horizon_days)
    return compiled.request(grid=grid, calendars=calendars(grid), open_days=open_days(grid), patient_gap=10)
