"""A change less than a day ahead: besides the message, somebody at the desk calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.actions import delivery
from notifications.engine.states import Channel, Step
from notifications.models import DeskTask, Message
from notifications.models.inbound import Matter
from tests.notifications.booking import book, cancel, move

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def visit(patient, sink, service):
    patient.phone, patient.may_call = "+12125550177", True
    patient.save()
    [visit] = book(patient, FRIDAY, now=NOW)
    deliver(service, NOW + 3 * MINUTE)
    return visit


def deliver(service, at: datetime) -> None:
    delivery.deliver_due(by=service, clock=lambda: at)


def calls() -> list[Message]:
    return list(Message.objects.filter(channel=Channel.CALL))


@pytest.mark.parametrize("step", [Step.CHANGED, Step.CANCELLED])
def test_a_change_within_a_day_is_a_call_as_well(visit, service, step) -> None:
    at = FRIDAY - 20 * HOUR
    cancel(visit, now=at) if step is Step.CANCELLED else move(visit, FRIDAY + HOUR, now=at)
    deliver(service, at + 3 * MINUTE)
    task = DeskTask.objects.get()
    assert (task.matter, task.appointment_id, task.message.step) == (Matter.CALL, visit.pk, step)
    assert Message.objects.filter(step=step, channel=Channel.EMAIL, state="accepted").count() == 1


def test_a_visit_moved_into_the_next_day_is_one(visit, service) -> None:
    at = FRIDAY - 72 * HOUR
    move(visit, at + 23 * HOUR, now=at)
    assert len(calls()) == 1


def test_a_change_further_ahead_is_none(visit, service) -> None:
    move(visit, FRIDAY + HOUR, now=FRIDAY - 30 * HOUR)
    assert calls() == []


def test_a_booking_for_tomorrow_is_none(visit, patient) -> None:
    book(patient, NOW + 24 * HOUR, now=NOW + 4 * HOUR)
    assert calls() == []


def test_taking_it_back_in_the_hold_takes_the_call_back(visit, service) -> None:
    at = FRIDAY - 20 * HOUR
    move(visit, FRIDAY + HOUR, now=at)
    move(visit, FRIDAY, now=at + MINUTE)
    deliver(service, at + HOUR)
    assert not DeskTask.objects.exists()


@pytest.mark.parametrize("lack", [{"phone": "", "may_text": False}, {"may_call": False}])
def test_nobody_who_cannot_or_will_not_be_called(visit, patient, lack) -> None:
    for name, value in lack.items():
        setattr(patient, name, value)
    patient.save()
    cancel(visit, now=FRIDAY - 20 * HOUR)
    assert calls() == []
