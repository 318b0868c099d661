"""Reminders follow the booking actions themselves, in their transactions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from notifications.actions import delivery, sweeps
from notifications.engine.states import Reason, State, Step
from notifications.models import Message
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, Take, Taken
from scheduler.models import Appointment
from tests.factories.scheduler import ChairFactory
from tests.notifications.booking import mails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
NEXT_FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def chair(site):
    return ChairFactory(site=site)


def visit(chair, starts_at: datetime) -> Booking:
    take = Take(chair, "chair", starts_at, starts_at + HOUR)
    return Booking(starts_at, starts_at + HOUR, "Infusion", (take,))


def test_booking_moving_and_cancelling(site, patient, chair, flora, service, sink) -> None:
    made = appointments.book(
        site=site, patient=patient, bookings=[visit(chair, NEXT_FRIDAY), visit(chair, NEXT_FRIDAY + 3 * HOUR)],
        by=flora, now=MONDAY,
    )  # fmt: skip
    first, second = made.appointments
    assert Message.objects.get(step=Step.PLAN).change_set == made.change_set
    assert Message.objects.filter(appointment__in=[first, second], state=State.SCHEDULED).count() == 6
    appointments.move(
        appointment=first, to=visit(chair, NEXT_FRIDAY + timedelta(days=3)), by=flora, now=MONDAY, version=None
    )
    assert set(Message.objects.filter(appointment=first).values_list("schedule_epoch", "state", "reason")) == {
        (1, State.WITHDRAWN, Reason.MOVED),
        (2, State.SCHEDULED, Reason.NONE),
    }
    appointments.cancel(appointments=[second], by=flora, now=MONDAY, reason="asked to")
    assert set(Message.objects.filter(appointment=second).values_list("state", "reason")) == {
        (State.WITHDRAWN, Reason.CANCELLED)
    }
    assert not sweeps.repair(now=MONDAY)
    delivery.deliver_due(by=service, clock=lambda: MONDAY + timedelta(minutes=3))
    (plan,) = mails(sink.caught())
    text = plan.get_body(("plain",)).get_content()
    assert "Monday 18 May" in text, "the plan tells the times as they are when it goes out"
    assert "Friday 15 May" not in text


def test_a_booking_that_fails_leaves_no_rows(site, patient, chair, flora) -> None:
    from tests.factories.clinics import PatientFactory

    appointments.book(
        site=site, patient=PatientFactory(site=site), bookings=[visit(chair, NEXT_FRIDAY)], by=flora, now=MONDAY
    )
    before = set(Message.objects.values_list("pk", flat=True))
    wanted = [visit(chair, NEXT_FRIDAY + 3 * HOUR), visit(chair, NEXT_FRIDAY)]
    with pytest.raises(Taken):
        appointments.book(site=site, patient=patient, bookings=wanted, by=flora, now=MONDAY)
    assert set(Message.objects.values_list("pk", flat=True)) == before
    assert Appointment.objects.count() == 1


def test_holds_say_nothing_until_they_are_booked(site, patient, chair, flora) -> None:
    held = appointments.hold(site=site, patient=None, bookings=[visit(chair, NEXT_FRIDAY)], by=flora, now=MONDAY)
    assert Message.objects.count() == 0
    appointments.book_held(appointments=held.appointments, patient=patient, by=flora, now=MONDAY)
    assert Message.objects.count() == 4
