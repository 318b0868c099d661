"""When reminders are due, on clocks that change and in zones that differ. No database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import clock
from notifications.engine import ladder, quiet_hours
from notifications.engine.ladder import DayOf, OfType, Policy
from notifications.engine.states import Step

NEW_YORK = "America/New_York"
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
STARTS = st.datetimes(datetime(2025, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))


def wall(on: date, at: str, zone: str = NEW_YORK) -> datetime:
    return clock.resolve(on, time.fromisoformat(at), zone).at


def due(starts_at: datetime, zone: str = NEW_YORK) -> dict[str, str]:
    return {
        planned.step: f"{clock.local(planned.due_at, zone):%a %d %H:%M}"
        for planned in ladder.reminders(starts_at=starts_at, zone=zone, of_type=OfType(prepares=True))
    }


@pytest.mark.parametrize(
    ("on", "at", "expected"),
    [
        pytest.param(date(2026, 5, 15), "14:00", ["Tue 12 10:00", "Thu 14 16:00", "Fri 15 11:00"], id="an afternoon"),
        pytest.param(date(2026, 5, 15), "09:00", ["Tue 12 10:00", "Thu 14 16:00", "Fri 15 08:00"], id="not before 8"),
        pytest.param(date(2026, 5, 15), "08:15", ["Tue 12 10:00", "Thu 14 16:00"], id="too early for one on the day"),
        pytest.param(
            date(2026, 3, 9), "14:00", ["Fri 06 10:00", "Sun 08 16:00", "Mon 09 11:00"], id="clocks go forward"
        ),
        pytest.param(
            date(2026, 3, 8), "09:00", ["Thu 05 10:00", "Sat 07 16:00", "Sun 08 08:00"], id="on that very day"
        ),
        pytest.param(date(2026, 11, 2), "14:00", ["Fri 30 10:00", "Sun 01 16:00", "Mon 02 11:00"], id="clocks go back"),
        pytest.param(date(2028, 3, 1), "14:00", ["Sun 27 10:00", "Tue 29 16:00", "Wed 01 11:00"], id="leap day"),
        pytest.param(date(2027, 1, 1), "14:00", ["Tue 29 10:00", "Thu 31 16:00", "Fri 01 11:00"], id="new year"),
    ],
)
def test_wall_clock_times(on: date, at: str, expected: list[str]) -> None:
    assert list(due(wall(on, at)).values()) == expected


@pytest.mark.parametrize(
    ("day_of", "steps", "expected"),
    [
        (DayOf.PREPARE, None, {Step.THREE_DAYS, Step.ONE_DAY}),
        (DayOf.PREPARE, {Step.ONE_DAY, Step.DAY_OF}, {Step.ONE_DAY, Step.DAY_OF}),
        (DayOf.NEVER, {Step.ONE_DAY, Step.DAY_OF}, {Step.ONE_DAY}),
        (DayOf.ALWAYS, {Step.THREE_DAYS, Step.SEVEN_DAYS}, {Step.THREE_DAYS}),
        (DayOf.ALWAYS, set(), set()),
    ],
)
def test_a_type_of_visits_has_its_own_of_those_the_clinic_sends(day_of, steps, expected) -> None:
    policy, of_type = (
        Policy(seven_days_at=None, day_of=day_of),
        OfType(steps=None if steps is None else frozenset(steps)),
    )
    starts_at = wall(date(2026, 5, 15), "14:00")
    planned = ladder.reminders(starts_at=starts_at, zone=NEW_YORK, policy=policy, of_type=of_type)
    assert {each.step for each in planned} == expected


def test_the_clock_is_the_patients() -> None:
    """10:00 in New York is 7:00 in Los Angeles, where the patient is woken no earlier than 8:00."""
    starts_at = wall(date(2026, 5, 15), "11:30")
    assert due(starts_at, "America/Los_Angeles") == {
        Step.THREE_DAYS: "Tue 12 10:00",
        Step.ONE_DAY: "Thu 14 16:00",
        Step.DAY_OF: "Fri 15 08:00",
    }


@given(starts_at=STARTS, zone=ZONES)
@example(starts_at=datetime(2026, 3, 8, 14, tzinfo=UTC), zone=NEW_YORK)
@example(starts_at=datetime(2026, 4, 4, 20, tzinfo=UTC), zone="Australia/Lord_Howe")
def test_every_reminder_is_before_its_visit_by_day_and_at_the_right_distance(starts_at: datetime, zone: str) -> None:
    planned = ladder.reminders(starts_at=starts_at, zone=zone, of_type=OfType(prepares=True))
    on = clock.local(starts_at, zone).date()
    assert [each.step for each in planned][:2] == [Step.THREE_DAYS, Step.ONE_DAY]
    for each, following in zip(planned, [*planned[1:], None], strict=True):
        local = clock.local(each.due_at, zone)
        assert each.due_at < each.not_after <= starts_at
        assert each.not_after == (following.due_at if following else starts_at)
        assert not quiet_hours.is_quiet(each.due_at, zone)
        days = {Step.THREE_DAYS: 3, Step.ONE_DAY: 1, Step.DAY_OF: 0}[each.step]
        assert (on - local.date()).days == days


@given(starts_at=STARTS, zone=ZONES, before=st.timedeltas(timedelta(0), timedelta(days=6)))
def test_what_is_past_at_booking_is_left_out_but_for_a_visit_tomorrow(
    starts_at: datetime, zone: str, before: timedelta
) -> None:
    now = starts_at - before
    coming = ladder.still_to_come(starts_at=starts_at, zone=zone, now=now, of_type=OfType(prepares=True))
    assert all(each.due_at >= now for each in coming)
    at_once = [each for each in coming if each.due_at == now]
    tomorrow = clock.local(now, zone).date() + timedelta(days=1) == clock.local(starts_at, zone).date()
    late = clock.local(now, zone).time() >= ladder.ONE_DAY_AT
    if at_once and at_once[0].step is Step.ONE_DAY:
        assert tomorrow
        assert late
    elif tomorrow and late:
        raise AssertionError("a visit tomorrow must be spoken of at once")


@given(at=STARTS, zone=ZONES)
def test_quiet_hours_end_at_8_on_the_patients_clock(at: datetime, zone: str) -> None:
    allowed = quiet_hours.next_allowed(at, zone)
    local = clock.local(allowed, zone)
    assert time(8) <= local.time() < time(21)
    if allowed != at:
        assert local.time() == time(8)
        assert timedelta(0) < allowed - at <= timedelta(hours=12)
