"""The rows: written with the booking, safe to write again, and kept right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import Error, transaction

from core.errors import NotAllowed
from notifications.actions import delivery, messages, sweeps
from notifications.actions.messages import Reconciled
from notifications.engine.states import FINAL, RECEIPTS, Outcome, State, Step
from notifications.models import Attempt, Message
from notifications.queries import messages as lists
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AppointmentFactory
from tests.factories.treatments import CourseFactory, VisitFactory
from tests.notifications.booking import book, cancel, move
from treatments.models.course import VisitStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 8, 14, tzinfo=UTC)
DAY = timedelta(days=1)


def rows() -> set[tuple]:
    return set(Message.objects.values_list("appointment", "schedule_epoch", "step", "state", "due_at", "next_try_at"))


def test_a_booking_that_is_rolled_back_leaves_no_rows(patient) -> None:
    with transaction.atomic():
        book(patient, FRIDAY, now=MONDAY)
        assert Message.objects.count() == 4
        transaction.set_rollback(True)
    assert Message.objects.count() == 0
    assert Appointment.objects.count() == 0


def test_writing_again_changes_nothing(patient) -> None:
    (visit,) = book(patient, FRIDAY, now=MONDAY)
    before = rows()
    again = messages.reconcile(appointments=[visit], change_set=visit.change_set, now=MONDAY + timedelta(hours=1))
    assert again == Reconciled()
    assert rows() == before


def test_a_booking_has_one_plan_however_many_visits(patient) -> None:
    visits = book(patient, FRIDAY, FRIDAY + DAY, FRIDAY + 7 * DAY, now=MONDAY)
    plan = Message.objects.get(step=Step.PLAN)
    assert set(plan.visits.all()) == set(visits)
    assert plan.due_at == MONDAY + timedelta(minutes=3)


def test_the_hold_can_be_switched_off(patient, settings) -> None:
    settings.PLAN_HOLD_SECONDS = 0
    book(patient, FRIDAY, now=MONDAY)
    assert Message.objects.get(step=Step.PLAN).due_at == MONDAY


def test_somebody_who_is_here_already_gets_no_plan(patient) -> None:
    book(patient, MONDAY + timedelta(minutes=1), now=MONDAY)
    assert Message.objects.count() == 0


def test_moving_writes_rows_for_the_new_time_and_withdraws_the_old(patient) -> None:
    (visit,) = book(patient, FRIDAY, now=MONDAY)
    move(visit, FRIDAY + 7 * DAY, now=MONDAY)
    found = {(message.schedule_epoch, message.step): message for message in Message.objects.filter(appointment=visit)}
    for step in (Step.THREE_DAYS, Step.ONE_DAY, Step.DAY_OF):
        assert found[1, step].state == State.WITHDRAWN
        assert found[2, step].state == State.SCHEDULED
        assert found[2, step].due_at - found[1, step].due_at == 7 * DAY


def test_a_patient_who_moves_house_is_reminded_on_the_new_clock(patient) -> None:
    (visit,) = book(patient, FRIDAY, now=MONDAY)
    patient.zone = "America/Los_Angeles"
    patient.save()
    assert messages.reconcile(appointments=[visit], now=MONDAY).retimed == 2, "at 7:00 there, it has none on the day"
    assert Message.objects.get(step=Step.ONE_DAY).due_at == datetime(2026, 5, 7, 23, tzinfo=UTC)  # 16:00 there


def test_the_sweep_finds_lost_rows_and_writes_them_again(patient, service) -> None:
    book(patient, FRIDAY, now=MONDAY)
    Message.objects.filter(step=Step.ONE_DAY).delete()
    Message.objects.filter(step=Step.DAY_OF).update(due_at=FRIDAY - 2 * DAY, next_try_at=FRIDAY - 2 * DAY)
    swept = sweeps.sweep(by=service, clock=lambda: MONDAY + timedelta(minutes=1))
    assert (swept.gaps.written, swept.gaps.retimed) == (1, 1)
    assert Message.objects.get(step=Step.DAY_OF).due_at == datetime(2026, 5, 8, 12, tzinfo=UTC)
    assert not sweeps.sweep(by=service, clock=lambda: MONDAY + timedelta(minutes=1)).gaps


def test_the_sweep_finds_visits_booked_past_the_announcement(patient, service) -> None:
    AppointmentFactory(site=patient.site, patient=patient, starts_at=FRIDAY)
    assert sweeps.repair(now=MONDAY).written >= 3


def test_one_bad_record_does_not_stop_the_sweep(site, service) -> None:
    broken = PatientFactory(site=site)
    book(broken, FRIDAY, now=MONDAY)
    book(PatientFactory(site=site), FRIDAY, now=MONDAY)
    type(broken).objects.filter(pk=broken.pk).update(zone="Nowhere/Land")
    Message.objects.filter(step=Step.ONE_DAY).delete()
    assert sweeps.repair(now=MONDAY).written == 1


def test_a_dispatcher_that_dies_before_the_request_costs_nothing(patient, service, sink) -> None:
    book(patient, FRIDAY, now=MONDAY)
    at = FRIDAY - DAY + timedelta(hours=6)
    delivery.claim(clock=lambda: at, batch=10, done=delivery.Delivered())
    assert Message.objects.filter(state=State.SENDING).exists()
    delivery.deliver_due(by=service, clock=lambda: at)
    assert sink.caught() == []
    later = at + delivery.LEASE
    sweeps.recover(clock=lambda: later)
    delivery.deliver_due(by=service, clock=lambda: later)
    one_day = Message.objects.get(step=Step.ONE_DAY)
    assert (one_day.state, one_day.attempts, one_day.possible_duplicates) == (State.ACCEPTED, 1, 0)


def test_sending_now_passes_over_the_hour_but_not_over_consent(patient, flora, nora, service, sink) -> None:
    book(patient, FRIDAY, now=MONDAY)
    night = MONDAY + timedelta(hours=18)  # 2:00
    one_day = Message.objects.get(step=Step.ONE_DAY)
    with pytest.raises(NotAllowed):
        messages.send_now(message=one_day, by=nora, now=night)
    messages.send_now(message=one_day, by=flora, now=night)
    delivery.deliver_due(by=service, clock=lambda: night)
    assert Message.objects.get(step=Step.ONE_DAY).state == State.ACCEPTED
    with pytest.raises(messages.NotWaiting):
        messages.send_now(message=one_day, by=flora, now=night)
    patient.may_email = False
    patient.save()
    day_of = Message.objects.get(step=Step.DAY_OF)
    messages.send_now(message=day_of, by=flora, now=night)
    delivery.deliver_due(by=service, clock=lambda: night)
    day_of.refresh_from_db()
    assert day_of.state == State.STOPPED


def test_messages_are_found_by_course_by_visit_and_by_patient(patient, django_assert_num_queries) -> None:
    visits = book(patient, FRIDAY, FRIDAY + DAY, now=MONDAY)
    other = PatientFactory(site=patient.site)
    book(other, FRIDAY, now=MONDAY)
    course = CourseFactory(patient=patient)
    for position, visit in enumerate(visits):
        VisitFactory(course=course, position=position, status=VisitStatus.BOOKED, appointment=visit)
    with django_assert_num_queries(1):
        found = list(lists.of_course(course))
    assert [message.step for message in found] == [
        "plan",
        "three_days",
        "three_days",
        "one_day",
        "day_of",
        "one_day",
        "day_of",
    ]
    assert list(lists.of_patient(patient)) == found
    assert {message.step for message in lists.of_appointment(visits[0])} == {"plan", "three_days", "one_day", "day_of"}


@pytest.mark.parametrize("final", sorted(FINAL))
def test_what_is_final_stays(patient, final: State) -> None:
    book(patient, FRIDAY, now=MONDAY)
    plan = Message.objects.get(step=Step.PLAN)
    if final in {State.ACCEPTED, *RECEIPTS}:
        Message.objects.filter(pk=plan.pk).update(state=State.SENDING, lease_until=MONDAY)
        settled = {"lease_until": None, "next_try_at": None, "settled_at": MONDAY}
        Message.objects.filter(pk=plan.pk).update(state=State.ACCEPTED, **settled)
    if final is not State.ACCEPTED:
        Message.objects.filter(pk=plan.pk).update(state=final, next_try_at=None, settled_at=MONDAY)
    for change in (
        {"state": State.SCHEDULED, "settled_at": None, "next_try_at": MONDAY},
        {"state": State.ACCEPTED},
        {"attempts": 9},
    ):
        with pytest.raises(Error), transaction.atomic():
            Message.objects.filter(pk=plan.pk).update(**change)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"state": "lost"}, "ransition"),
        ({"state": State.ACCEPTED, "settled_at": MONDAY, "next_try_at": None}, "ransition"),
        ({"state": State.SENDING}, "leased_while_sending"),
        ({"state": State.DEAD}, "settled_when_final"),
        ({"next_try_at": None}, "waits_for_a_time"),
        ({"not_after": MONDAY - DAY}, "useful_when_due"),
        ({"step": "whenever"}, "step_known"),
        ({"channel": "pigeon"}, "channel_known"),
        ({"reason": "because"}, "reason_known"),
        ({"appointment": None}, "about_something"),
    ],
)
def test_the_database_refuses(patient, change: dict, named: str) -> None:
    book(patient, FRIDAY, now=MONDAY)
    with pytest.raises(Error, match=named), transaction.atomic():
        Message.objects.filter(step=Step.ONE_DAY).update(**change)


def test_no_step_is_written_twice(patient) -> None:
    book(patient, FRIDAY, now=MONDAY)
    for step, name in ((Step.ONE_DAY, "once_per_visit"), (Step.PLAN, "once_per_change_set")):
        copy = Message.objects.get(step=step)
        copy.pk = None
        copy._state.adding = True
        copy.id = Message().id
        with pytest.raises(Error, match=name), transaction.atomic():
            copy.save(force_insert=True)


def test_attempts_are_closed_once_and_kept(patient) -> None:
    book(patient, FRIDAY, now=MONDAY)
    attempt = Attempt.objects.create(message=Message.objects.get(step=Step.PLAN), token=1)
    Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.ACCEPTED, ended_at=MONDAY)
    with pytest.raises(Error), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.UNKNOWN)
    with pytest.raises(Error), transaction.atomic():
        attempt.delete()


def test_cancelling_leaves_what_was_sent_as_it_is(patient, service, sink) -> None:
    (visit,) = book(patient, FRIDAY, now=MONDAY)
    delivery.deliver_due(by=service, clock=lambda: MONDAY + timedelta(minutes=3))
    cancel(visit, now=MONDAY + DAY)
    assert Message.objects.get(step=Step.PLAN).state == State.ACCEPTED
