"""The verdict, for any zone, hour and time: never at night, never too late, and every delay has an end. No database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinics.models import Patient, Site
from core import clock
from notifications.engine import quiet_hours
from notifications.engine.states import Reason, State, Step
from notifications.models import Message
from notifications.queries import verdicts
from scheduler.models import Appointment, Status

ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))
LENGTHS = st.timedeltas(timedelta(minutes=1), timedelta(days=4))


def message(*, zone: str, due_at: datetime, useful: timedelta, heeds: bool) -> Message:
    patient = Patient(site=Site(zone="America/New_York"), zone=zone, email="ana@example.org", may_email=True)
    visit = Appointment(patient=patient, status=Status.BOOKED, starts_at=due_at + useful, schedule_epoch=1)
    return Message(
        patient=patient,
        appointment=visit,
        schedule_epoch=1,
        step=Step.ONE_DAY,
        channel="email",
        due_at=due_at,
        not_after=due_at + useful,
        heeds_quiet_hours=heeds,
    )


def hold(zone: str, due_at: datetime, useful: timedelta, late: timedelta, heeds: bool) -> None:
    told = message(zone=zone, due_at=due_at, useful=useful, heeds=heeds)
    now = due_at + late
    verdict = verdicts.judge(told, visits=[told.appointment], hindrance=Reason.NONE, now=now)
    if verdict.send:
        assert now < told.not_after
        assert not (heeds and quiet_hours.is_quiet(now, zone))
    elif verdict.next_try_at is not None:
        assert heeds
        assert now < verdict.next_try_at < told.not_after, "put off, and still useful then"
        assert verdict.next_try_at - now <= timedelta(hours=12)
        assert not quiet_hours.is_quiet(verdict.next_try_at, zone), clock.local(verdict.next_try_at, zone)
    else:
        assert verdict.state is State.EXPIRED
        assert verdict.reason, "explained"
        assert now >= told.not_after or (heeds and quiet_hours.is_quiet(now, zone))


@settings(max_examples=500, deadline=None)
@given(ZONES, INSTANTS, LENGTHS, LENGTHS, st.booleans())
def test_for_any_zone_and_hour(zone: str, due_at: datetime, useful: timedelta, late: timedelta, heeds: bool) -> None:
    hold(zone, due_at, useful, late, heeds)


@pytest.mark.soak
@settings(max_examples=50_000, deadline=None)
@given(ZONES, INSTANTS, LENGTHS, LENGTHS, st.booleans())
def test_for_very_many_zones_and_hours(
    zone: str, due_at: datetime, useful: timedelta, late: timedelta, heeds: bool
) -> None:
    hold(zone, due_at, useful, late, heeds)


def test_control_without_the_rule_night_is_found(monkeypatch) -> None:
    monkeypatch.setattr(verdicts.quiet_hours, "next_allowed", lambda at, _zone: at)
    midnight = datetime(2026, 5, 5, 4, tzinfo=UTC)
    with pytest.raises(AssertionError):
        hold("America/New_York", midnight, timedelta(days=1), timedelta(0), heeds=True)
