"""Putting another policy in force: what it says it does is what it does, each message counted once, within its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from notifications.actions import policies
from notifications.actions.policies import Effect
from notifications.engine.ladder import STANDARD
from notifications.engine.states import Step
from notifications.models import Message, ReminderPolicy
from notifications.queries import gaps
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book
from tests.notifications.test_forms import MEASURES, course_with

pytestmark = pytest.mark.django_db

BOOKED = datetime(2026, 5, 4, 12, tzinfo=UTC)
TUESDAY = datetime(2026, 5, 19, 14, tzinfo=UTC)  # 10:00 in New York
DAY = timedelta(days=1)


def look_and_publish(mona, now=BOOKED, **changes) -> Effect:
    """What it would do, which must be what it does."""
    policy = replace(STANDARD, **changes)
    found = policies.effect(policy=policy, by=mona, now=now)
    assert policies.publish(policy=policy, version=ReminderPolicy.objects.count(), by=mona, now=now) == found
    return found


def test_a_week_is_counted_once_on_whatever_pages_its_visits_are(patient, mona, monkeypatch) -> None:
    monkeypatch.setattr(gaps, "PAGE", 1)
    book(patient, TUESDAY, TUESDAY + DAY, TUESDAY + 2 * DAY, now=BOOKED)
    assert look_and_publish(mona, your_week_at=time(18)) == Effect(retimed=1)
    assert look_and_publish(mona, your_week_at=None) == Effect(withdrawn=1)
    assert look_and_publish(mona) == Effect(written=1)


def test_forms_are_counted_as_what_becomes_of_them(patient, mona, now) -> None:
    course_with(patient, *MEASURES, now=now)
    eve = now + 9 * DAY
    assert look_and_publish(mona, now=eve) == Effect(written=1)
    assert look_and_publish(mona, now=eve, forms_at=time(12)) == Effect(retimed=1)
    assert look_and_publish(mona, now=eve, forms_at=None) == Effect(withdrawn=1)


def test_a_spoilt_record_stops_neither_the_look_nor_the_others(site, patient, mona) -> None:
    spoilt = PatientFactory(site=site)
    for each in (spoilt, patient):
        book(each, TUESDAY, TUESDAY + DAY, now=BOOKED)
    type(spoilt).objects.filter(pk=spoilt.pk).update(zone="Nowhere/Land")
    assert look_and_publish(mona, your_week_at=time(18)) == Effect(retimed=1)
    assert Message.objects.filter(step=Step.YOUR_WEEK, due_at__hour=22).get().patient == patient


@pytest.mark.parametrize("seconds", [-1.0, policies.SECONDS], ids=["no time", "control"])
def test_there_is_one_time_for_visits_and_forms(patient, mona, now, monkeypatch, seconds) -> None:
    monkeypatch.setattr(policies, "SECONDS", seconds)
    course_with(patient, *MEASURES, now=now)
    found = look_and_publish(mona, now=now + 9 * DAY)
    assert found == (Effect(complete=False) if seconds < 0 else Effect(written=1))
