"""Day gaps are local dates and minute gaps are elapsed time, also when the clocks change and the year ends."""

from datetime import date, timedelta

import pytest

from scheduler.engine.check import check
from scheduler.engine.plan import plan
from scheduler.engine.request import Offset, PerWeek, Placement, SameDay, Unit
from tests.scheduler.engine.building import at, days_of, grid, hours, keys, request, resource, series, starts_of
from tests.scheduler.engine.independent import faults

SATURDAYS = [
    pytest.param("America/New_York", date(2026, 3, 7), -60, id="New York, spring"),
    pytest.param("America/New_York", date(2026, 10, 31), 60, id="New York, autumn"),
    pytest.param("Europe/Berlin", date(2026, 3, 28), -60, id="Berlin, spring"),
    pytest.param("Europe/Berlin", date(2026, 10, 24), 60, id="Berlin, autumn"),
    pytest.param("Europe/Berlin", date(2027, 1, 1), 0, id="year end"),
]
"""The day before the change, and by how many minutes the day of the change differs from 24 hours."""


def clinic(zone, first_on, days=6):
    on = grid(first_on, days, zone)
    every_day = range(days)
    return on, {
        "calendars": [resource(on, "chair1", "chair", working=hours(on, days=every_day))],
        "open_days": frozenset(every_day),
    }


@pytest.mark.parametrize(("zone", "saturday", "shift"), SATURDAYS)
def test_one_day_later_is_the_next_date_at_any_time(zone, saturday, shift):
    on, kwargs = clinic(zone, saturday)
    rule = Offset("gap", "i2", "i1", Unit.DAYS, 1, 1, 1)
    asked = request(on, series(2), [rule], **kwargs)
    for clock in ("09:00", "12:00", "16:00"):
        placed = [
            Placement("i1", at(on, 0, "12:00"), (("chair", "chair1"),)),
            Placement("i2", at(on, 1, clock), (("chair", "chair1"),)),
        ]
        assert check(asked, placed) == ()
    assert days_of(plan(asked).best, on) == [0, 1]


@pytest.mark.parametrize(("zone", "saturday", "shift"), SATURDAYS)
def test_exactly_24_hours_later_shifts_the_wall_clock(zone, saturday, shift):
    on, kwargs = clinic(zone, saturday)
    fixed = (Placement("i1", at(on, 0, "12:00"), (("chair", "chair1"),)),)
    rule = Offset("gap", "i2", "i1", Unit.MINUTES, 24 * 60, None, 24 * 60)
    asked = request(on, series(2), [rule], fixed=fixed, **kwargs)
    found = plan(asked).best
    assert faults(asked, found.placements) == []
    expected = {-60: "13:00", 60: "11:00", 0: "12:00"}[shift]
    assert starts_of(found, on)["i2"] == f"{saturday + timedelta(1)} {expected}"


@pytest.mark.parametrize(("zone", "saturday", "shift"), SATURDAYS)
def test_weeks_and_days_are_counted_in_local_dates(zone, saturday, shift):
    on, kwargs = clinic(zone, saturday, 20)
    visits = series(4)
    rules = [PerWeek("w", keys(visits), 2, rolling=True, days_apart=2), SameDay("x", ("i2",), ("i1",), before_too=True)]
    asked = request(on, visits, rules, **kwargs)
    found = plan(asked).best
    assert faults(asked, found.placements) == []
    assert days_of(found, on) == [0, 2, 7, 9]


def test_starts_stay_on_the_wall_clock_step_after_the_change():
    on, kwargs = clinic("America/New_York", date(2026, 3, 7))
    rules = [Offset("gap", f"i{n}", f"i{n - 1}", Unit.DAYS, 1, 1, 1) for n in (2, 3, 4)]
    found = plan(request(on, series(4, step=30), rules, **kwargs)).best
    assert [start[-5:] for start in starts_of(found, on).values()] == ["09:00"] * 4


def test_a_course_runs_over_the_year_end():
    on, kwargs = clinic("Europe/Berlin", date(2026, 12, 28), 14)
    visits = series(6)
    rules = [PerWeek("w", keys(visits), 3, days_apart=2)]
    found = plan(request(on, visits, rules, **kwargs)).best
    assert [start[:10] for start in starts_of(found, on).values()] == [
        "2026-12-28",
        "2026-12-30",
        "2027-01-01",
        "2027-01-04",
        "2027-01-06",
        "2027-01-08",
    ]
