"""Wall-clock times become instants in one place, the same way in every zone and year."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import clock
from core.clock import Adjustment

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
zones = st.sampled_from(ZONES)
dates = st.dates(date(1970, 1, 2), date(2037, 12, 30))
walls = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("zone", "on", "at", "fold", "instant", "adjustment"),
    [
        ("Europe/Berlin", date(2026, 1, 15), time(9), 0, "2026-01-15T08:00", "none"),
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), 0, "2026-03-29T01:30", "gap"),  # shown as 3:30
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), 1, "2026-03-29T01:30", "gap"),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), 0, "2026-10-25T00:30", "repeated"),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), 1, "2026-10-25T01:30", "repeated"),
        ("America/New_York", date(2026, 3, 8), time(2, 30), 0, "2026-03-08T07:30", "gap"),
        ("America/New_York", date(2026, 11, 1), time(1, 30), 0, "2026-11-01T05:30", "repeated"),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), 0, "2026-04-04T14:45", "repeated"),  # half an hour
        ("Africa/Cairo", date(2026, 4, 24), time(0, 30), 0, "2026-04-23T22:30", "gap"),  # midnight is skipped
        ("Pacific/Apia", date(2011, 12, 30), time(12), 0, "2011-12-30T22:00", "gap"),  # the whole date is skipped
    ],
)
def test_known_cases(zone, on, at, fold, instant, adjustment):
    resolved = clock.resolve(on, at, zone, fold=fold)
    assert resolved == clock.Resolved(datetime.fromisoformat(instant).replace(tzinfo=UTC), Adjustment(adjustment))


@settings(max_examples=600)  # about one for each zone
@given(zones, dates, walls, st.integers(0, 1))
@example("Antarctica/Troll", date(2026, 3, 29), time(1, 30), 0)  # two hours
def test_what_exists_comes_back_and_what_does_not_is_shifted_forward(zone, on, at, fold):
    resolved = clock.resolve(on, at, zone, fold=fold)
    shown = clock.local(resolved.at, zone)
    wall = datetime.combine(on, at)
    if resolved.adjustment is Adjustment.GAP:
        assert shown.replace(tzinfo=None) > wall
    else:
        assert shown.replace(tzinfo=None) == wall
        assert shown.fold == (fold if resolved.adjustment is Adjustment.REPEATED else 0)


@given(zones, dates, walls)
def test_the_second_of_a_repeated_time_is_later(zone, on, at):
    first, second = (clock.resolve(on, at, zone, fold=fold) for fold in (0, 1))
    assert first.adjustment == second.adjustment
    if first.adjustment is Adjustment.REPEATED:
        assert first.at < second.at
    else:
        assert first.at == second.at


@given(zones, st.datetimes(datetime(1970, 1, 2), datetime(2037, 12, 30), timezones=st.just(UTC)))
def test_there_and_back(zone, instant):
    shown = clock.local(instant.replace(second=0, microsecond=0), zone)
    if shown.second:  # some zones once were seconds off
        return
    back = clock.resolve(shown.date(), shown.time(), zone, fold=shown.fold)
    assert back.at == instant.replace(second=0, microsecond=0)
    assert back.adjustment is not Adjustment.GAP


@given(zones, dates)
def test_days_follow_each_other_without_gap_or_overlap(zone, on):
    starts, ends = clock.day_bounds(on, zone)
    assert ends == clock.day_bounds(on + timedelta(days=1), zone)[0]
    assert timedelta(0) <= ends - starts <= timedelta(hours=49)
    if starts < ends:  # a date that a zone skipped is empty
        assert clock.local(starts, zone).date() == on
        assert clock.local(ends - timedelta(microseconds=1), zone).date() == on
        assert clock.local(starts - timedelta(microseconds=1), zone).date() < on


def test_a_day_may_have_23_or_25_hours():
    def hours(on):
        starts, ends = clock.day_bounds(on, "Europe/Berlin")
        return (ends - starts) / timedelta(hours=1)

    assert [hours(date(2026, 3, 29)), hours(date(2026, 3, 30)), hours(date(2026, 10, 25))] == [23, 24, 25]


def test_an_unknown_zone():
    with pytest.raises(ZoneInfoNotFoundError):
        clock.resolve(date(2026, 1, 1), time(9), "Middle/Earth")


def test_now_is_aware():
    assert clock.now().tzinfo is UTC
    assert clock.now().astimezone(ZoneInfo("Asia/Tokyo")).utcoffset() == timedelta(hours=9)
