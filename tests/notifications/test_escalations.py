"""A visit nobody confirmed goes to the desk once, and leaves it by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from clinics.models import Patient
from notifications.actions import delivery, desk_tasks, escalations, sweeps
from notifications.engine.states import State, Step
from notifications.models import DeskTask, Message
from notifications.models.inbound import Matter
from scheduler.actions import confirmations
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book, cancel, move
from tests.notifications.fake_sender import FakeSender

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 14, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
DAY = timedelta(days=1)
ASKED = datetime(2026, 5, 12, 14, tzinfo=UTC)  # 10:00, 3 days before
TO_THE_DESK = datetime(2026, 5, 13, 14, tzinfo=UTC)  # 10:00, 2 days before


@pytest.fixture
def asked(patient, service) -> Appointment:
    """A visit the patient was asked about and has not confirmed."""
    (visit,) = book(patient, FRIDAY, now=MONDAY)
    for at in (MONDAY + timedelta(minutes=3), ASKED):
        delivery.deliver_due(by=service, clock=lambda at=at: at, open_sender=lambda _: FakeSender())
    assert Message.objects.get(step=Step.THREE_DAYS).state == State.ACCEPTED
    return visit


def sweep(service, at: datetime) -> int:
    with time_machine.travel(at, tick=False):
        return sweeps.sweep(by=service, clock=lambda: at).escalated


def test_it_goes_to_the_desk_two_days_before_and_only_once(asked, service) -> None:
    assert sweep(service, TO_THE_DESK - timedelta(seconds=1)) == 0
    assert [sweep(service, TO_THE_DESK) for _ in range(3)] == [1, 0, 0]
    task = DeskTask.objects.get()
    assert (task.matter, task.appointment, task.patient) == (Matter.UNCONFIRMED, asked, asked.patient)


def test_what_somebody_has_seen_to_does_not_come_back(asked, service, flora) -> None:
    sweep(service, TO_THE_DESK)
    desk_tasks.finish(task=DeskTask.objects.get(), by=flora, now=TO_THE_DESK)
    assert sweep(service, TO_THE_DESK + timedelta(hours=1)) == 0


def test_who_was_never_asked_is_not_called(patient, service) -> None:
    book(patient, FRIDAY, now=FRIDAY - DAY)
    assert sweep(service, FRIDAY - DAY + timedelta(hours=1)) == 0


def test_who_could_not_be_asked_is_called(patient, service) -> None:
    patient.may_email = False
    patient.save()
    book(patient, FRIDAY, now=MONDAY)
    delivery.deliver_due(by=service, clock=lambda: ASKED, open_sender=lambda _: FakeSender())
    assert Message.objects.get(step=Step.THREE_DAYS).state == State.STOPPED
    assert sweep(service, TO_THE_DESK) == 1


def test_who_is_on_the_list_already_is_not_listed_twice(asked, service) -> None:
    DeskTask.objects.create(
        matter=Matter.UNDELIVERED,
        patient=asked.patient,
        appointment=asked,
        message=Message.objects.get(step=Step.THREE_DAYS),
        opened_at=ASKED,
    )
    assert sweep(service, TO_THE_DESK) == 0


def test_one_bad_record_stops_no_other(asked, service) -> None:
    odd = PatientFactory(site=asked.site)
    book(odd, FRIDAY, now=MONDAY)
    delivery.deliver_due(by=service, clock=lambda: ASKED, open_sender=lambda _: FakeSender())
    Patient.objects.filter(pk=odd.pk).update(zone="Atlantis/Poseidonis")
    assert sweep(service, TO_THE_DESK - timedelta(seconds=1)) == 1, "nobody can say when: somebody looks"
    assert sweep(service, TO_THE_DESK) == 1
    assert set(DeskTask.objects.values_list("patient", flat=True)) == {odd.pk, asked.patient_id}


def test_confirmed_it_leaves_by_itself(asked, service) -> None:
    sweep(service, TO_THE_DESK)
    confirmations.confirm(appointment=asked, schedule_epoch=1, by=service, now=TO_THE_DESK)
    task = DeskTask.objects.get()
    assert (task.done_by, task.done_at is not None) == (service, True)


def test_moved_it_leaves_and_is_asked_about_anew(asked, service) -> None:
    sweep(service, TO_THE_DESK)
    move(asked, FRIDAY + 7 * DAY, now=TO_THE_DESK)
    assert DeskTask.objects.get().done_at is not None
    at = TO_THE_DESK + 7 * DAY
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: FakeSender())
    assert sweep(service, at) == 1


def test_cancelled_or_begun_it_leaves(asked, service) -> None:
    sweep(service, TO_THE_DESK)
    cancel(asked, now=TO_THE_DESK)
    assert not DeskTask.objects.filter(done_at=None).exists()


def test_a_change_past_the_announcement_is_found_by_the_sweep(asked, service) -> None:
    sweep(service, TO_THE_DESK)
    Appointment.objects.filter(pk=asked.pk).update(confirmed_at=TO_THE_DESK)
    assert escalations.settle(by=service, now=TO_THE_DESK) == 1


def test_the_database_keeps_one_task_for_a_time(asked) -> None:
    about = {"matter": Matter.UNCONFIRMED, "patient": asked.patient, "opened_at": ASKED}
    DeskTask.objects.create(appointment=asked, schedule_epoch=1, **about)
    with pytest.raises(IntegrityError, match="unconfirmed_once"), transaction.atomic():
        DeskTask.objects.create(appointment=asked, schedule_epoch=1, **about)
    with pytest.raises(IntegrityError, match="about_something"), transaction.atomic():
        DeskTask.objects.create(appointment=asked, **about)
