"""The time base: elapsed slots, local dates, clock changes."""

from datetime import UTC, date, datetime

import pytest

from scheduler.engine.clock import clock
from scheduler.engine.grid import Grid, slots
from scheduler.engine.request import Window
from tests.scheduler.engine.building import at

CHANGES = [
    pytest.param("America/New_York", date(2026, 3, 8), 23, id="New York, spring"),
    pytest.param("America/New_York", date(2026, 11, 1), 25, id="New York, autumn"),
    pytest.param("Europe/Berlin", date(2026, 3, 29), 23, id="Berlin, spring"),
    pytest.param("Europe/Berlin", date(2026, 10, 25), 25, id="Berlin, autumn"),
    pytest.param("Europe/Berlin", date(2026, 12, 31), 24, id="year end"),
    pytest.param("Africa/Cairo", date(2026, 4, 24), 23, id="midnight skipped"),
]


@pytest.mark.parametrize(("zone", "on", "hours"), CHANGES)
def test_a_date_has_the_hours_it_really_has(zone, on, hours):
    grid = Grid(zone, on, 2)
    assert grid.midnights[1] - grid.midnights[0] == hours * 12
    assert grid.date(grid.midnights[1] - 1) == on
    assert grid.date(grid.midnights[1]) > on


@pytest.mark.parametrize(("zone", "on", "hours"), CHANGES)
def test_wall_clock_times_of_every_slot(zone, on, hours):
    grid = Grid(zone, on, 3)
    times = clock(grid)
    for slot in range(grid.slots):
        local = grid.local(slot)
        assert times.minute[slot] == local.hour * 60 + local.minute
        assert times.day[slot] == (local.date() - on).days
        assert times.weekday[slot] == local.weekday()


def test_a_slot_outside_the_grid_still_has_its_date():
    grid = Grid("America/New_York", date(2026, 3, 9), 5)
    before = grid.slot(datetime(2026, 3, 7, 15, tzinfo=grid.tz))
    assert before < 0
    assert grid.day(before) == -2
    assert grid.day(grid.slot(datetime(2026, 3, 20, 15, tzinfo=grid.tz))) == 11


def test_slots_of_instants():
    grid = Grid("Europe/Berlin", date(2026, 6, 1), 2)
    assert grid.origin == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert grid.slot(datetime(2026, 5, 31, 22, 4, 59, tzinfo=UTC)) == 0
    assert grid.slot_after(datetime(2026, 5, 31, 22, 0, 1, tzinfo=UTC)) == 1
    assert grid.instant(12) == datetime(2026, 5, 31, 23, tzinfo=UTC)
    assert [slots(minutes) for minutes in (0, 1, 5, 6)] == [0, 1, 1, 2]


def test_a_window_follows_the_wall_clock_over_a_change():
    grid = Grid("America/New_York", date(2026, 3, 6), 5)
    window = Window("w", ("i",), weekdays=frozenset({4, 0}), earliest=9 * 60, latest=9 * 60)
    inside = clock(grid).inside(window)
    assert [slot for slot in range(grid.slots) if inside >> slot & 1] == [at(grid, 0, "09:00"), at(grid, 3, "09:00")]
