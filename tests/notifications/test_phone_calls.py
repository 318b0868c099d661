"""Calls about unconfirmed visits: one caller at a time, attempts, and what the database itself refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from core.errors import NotAllowed
from notifications.actions import phone_calls
from notifications.actions.phone_calls import MARK_LASTS, BeingCalled, NotToBeCalled
from notifications.models import Outcome, PhoneCall
from scheduler.models import Appointment, Status
from tests.factories.clinics import UserFactory
from tests.factories.scheduler import AppointmentFactory

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 5, 5, 13, tzinfo=UTC)


@pytest.fixture
def visit(site, patient) -> Appointment:
    return AppointmentFactory(site=site, patient=patient, starts_at=TUESDAY)


@pytest.mark.parametrize("change", [{"status": Status.CANCELLED}, {"schedule_epoch": 2}, {"confirmed_at": TUESDAY}])
def test_what_does_not_wait_any_more_is_not_called_about(visit, flora, now, change):
    Appointment.objects.filter(pk=visit.pk).update(**change)
    for act in (phone_calls.begin, phone_calls.left_message):
        with pytest.raises(NotToBeCalled):
            act(appointment=visit, schedule_epoch=1, by=flora, now=now)
    assert not PhoneCall.objects.exists()


def test_a_message_is_not_left_while_a_colleague_speaks(visit, flora, mona, now):
    phone_calls.begin(appointment=visit, schedule_epoch=1, by=flora, now=now)
    with pytest.raises(BeingCalled, match="Flora Desk"):
        phone_calls.left_message(appointment=visit, schedule_epoch=1, by=mona, now=now)
    call = phone_calls.left_message(appointment=visit, schedule_epoch=1, by=flora, now=now)
    assert (call.outcome, PhoneCall.objects.count()) == (Outcome.LEFT_MESSAGE, 1)


def test_a_mark_that_was_forgotten_is_taken_over(visit, flora, mona, now):
    phone_calls.begin(appointment=visit, schedule_epoch=1, by=flora, now=now)
    phone_calls.begin(appointment=visit, schedule_epoch=1, by=mona, now=now + MARK_LASTS)
    assert PhoneCall.objects.get().by == mona
    phone_calls.leave(appointment=visit, by=flora)
    assert PhoneCall.objects.exists()


def test_calling_takes_a_permission(visit, service, now):
    nobody = UserFactory(role="front_desk", is_active=False)
    for act in (phone_calls.begin, phone_calls.left_message):
        with pytest.raises(NotAllowed):
            act(appointment=visit, schedule_epoch=1, by=nobody, now=now)
    with pytest.raises(NotAllowed):
        phone_calls.leave(appointment=visit, by=nobody)
    call = phone_calls.left_message(appointment=visit, schedule_epoch=1, by=service, now=now)
    with pytest.raises(NotAllowed):
        phone_calls.take_back(call=call, by=nobody)


def test_two_people_cannot_be_calling_about_one_visit(visit, flora, mona, now):
    of = {"appointment": visit, "schedule_epoch": 1, "outcome": Outcome.CALLING, "called_at": now}
    PhoneCall.objects.create(by=flora, **of)
    with pytest.raises(IntegrityError, match="notifications_phonecall_one_at_a_time"), transaction.atomic():
        PhoneCall.objects.create(by=mona, **of)
    PhoneCall.objects.create(by=mona, **(of | {"outcome": Outcome.LEFT_MESSAGE, "called_at": now - timedelta(days=1)}))


def test_an_unknown_outcome_is_refused(visit, flora, now):
    with pytest.raises(IntegrityError, match="notifications_phonecall_outcome_known"), transaction.atomic():
        PhoneCall.objects.create(appointment=visit, schedule_epoch=1, outcome="sang", by=flora, called_at=now)
