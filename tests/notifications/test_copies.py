"""Saying the same once more: a copy of its own, for what went out or never will; never for what is void or on its way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from core.errors import NotAllowed
from notifications.actions import copies, delivery, messages, new_links, sweeps
from notifications.engine.states import Reason, State, Step
from notifications.models import Handling, Link, Message
from notifications.models.link import Purpose
from tests.notifications.booking import book, cancel, move, tell_of_form
from tests.notifications.fake_sender import FakeSender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
HOLD = timedelta(minutes=3)


@pytest.fixture
def booked(patient):
    [visit] = book(patient, FRIDAY, now=NOW)
    return visit


def deliver(service, at: datetime) -> list[str]:
    sender = FakeSender()
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)
    return sender.sent


def row(step: Step, copy: int = 0) -> Message:
    return Message.objects.get(step=step, channel="email", copy=copy)


def failed(step: Step) -> Message:
    Message.objects.filter(step=step).update(
        state=State.DEAD, reason=Reason.GAVE_UP, next_try_at=None, settled_at=NOW, attempts=6
    )
    return row(step)


def test_a_plan_that_was_sent_goes_out_once_more_with_its_visits(booked, flora, service) -> None:
    assert len(deliver(service, NOW + HOLD)) == 1
    copy = copies.send_again(message=row(Step.PLAN), by=flora, now=NOW + 2 * HOLD)
    assert deliver(service, NOW + 2 * HOLD) == [str(copy.pk)]
    copy.refresh_from_db()
    assert (copy.state, copy.copy, list(copy.visits.all())) == (State.ACCEPTED, 1, [booked])
    assert row(Step.PLAN).state == State.ACCEPTED
    assert not sweeps.repair(now=NOW + HOLD)


def test_a_failed_one_is_off_the_list_for_people_and_says_by_whom(booked, flora, service) -> None:
    old = failed(Step.THREE_DAYS)
    assert old in Message.objects.for_people()
    copy = copies.send_again(message=old, by=flora, now=NOW)
    assert old not in Message.objects.for_people()
    assert Handling.objects.get().by == flora
    assert copy.not_after == FRIDAY, "the visit is still to come, so it is of use until then"
    assert not sweeps.repair(now=NOW), "a copy is nobody's to put right"
    event = copy.events.latest("pgh_id")
    assert event.pgh_context.metadata["user"] == str(flora.pk)


def test_what_is_on_its_way_is_not_sent_twice(booked, flora, service) -> None:
    with pytest.raises(copies.NotToBeSentAgain, match="on its way"):
        copies.send_again(message=row(Step.PLAN), by=flora, now=NOW)
    deliver(service, NOW + HOLD)
    copies.send_again(message=row(Step.PLAN), by=flora, now=NOW + HOLD)
    with pytest.raises(copies.NotToBeSentAgain, match="on its way"):
        copies.send_again(message=row(Step.PLAN), by=flora, now=NOW + HOLD)
    deliver(service, NOW + HOLD)
    assert copies.send_again(message=row(Step.PLAN), by=flora, now=NOW + HOLD).copy == 2


def test_one_that_may_have_been_sent_is_settled_first(booked, flora) -> None:
    Message.objects.filter(step=Step.PLAN).update(state=State.SENDING, lease_until=NOW + HOLD, token=1)
    Message.objects.filter(step=Step.PLAN).update(
        state=State.UNCERTAIN, reason=Reason.NO_ANSWER, next_try_at=None, lease_until=None, unknown_outcomes=2
    )
    with pytest.raises(copies.NotToBeSentAgain, match="may have been sent"):
        copies.send_again(message=row(Step.PLAN), by=flora, now=NOW)


def test_what_is_void_is_not_said_again(booked, flora) -> None:
    old = failed(Step.THREE_DAYS)
    move(booked, FRIDAY + timedelta(days=1), now=NOW)
    with pytest.raises(copies.NotToBeSentAgain, match="the visit was moved"):
        copies.send_again(message=old, by=flora, now=NOW)
    cancel(booked, now=NOW)
    with pytest.raises(copies.NotToBeSentAgain, match="the visit was cancelled"):
        copies.send_again(message=old, by=flora, now=NOW)


def test_what_was_taken_back_or_has_begun_is_not_said_again(booked, flora) -> None:
    old = failed(Step.DAY_OF)
    with pytest.raises(copies.NotToBeSentAgain, match="has begun"):
        copies.send_again(message=old, by=flora, now=FRIDAY)
    Message.objects.filter(step=Step.ONE_DAY).update(state=State.WITHDRAWN, next_try_at=None, settled_at=NOW)
    with pytest.raises(copies.NotToBeSentAgain, match="taken back"):
        copies.send_again(message=row(Step.ONE_DAY), by=flora, now=NOW)


def test_consent_still_decides(booked, patient, flora) -> None:
    old = failed(Step.THREE_DAYS)
    patient.may_email = False
    patient.save()
    with pytest.raises(copies.NotToBeSentAgain, match="did not agree"):
        copies.send_again(message=old, by=flora, now=NOW)


def test_who_may_not_send_messages_sends_no_copy(booked, nora) -> None:
    with pytest.raises(NotAllowed):
        copies.send_again(message=failed(Step.ONE_DAY), by=nora, now=NOW)


def test_a_copy_is_not_mistaken_for_news_that_wait(booked, patient, flora, service) -> None:
    """A cancellation while the copy of a plan waits must still be told: the patient knows of the visit."""
    deliver(service, NOW + HOLD)
    copies.send_again(message=row(Step.PLAN), by=flora, now=NOW + HOLD)
    cancel(booked, now=NOW + HOLD)
    assert row(Step.CANCELLED).state == State.SCHEDULED
    assert deliver(service, NOW + 3 * HOLD) == [str(row(Step.CANCELLED).pk)], "and the copy has nothing left to say"


@pytest.mark.parametrize("step", [Step.PLAN, Step.THREE_DAYS])
def test_two_copies_of_one_number_are_refused(booked, step) -> None:
    copy = row(step)
    copy.pk, copy.copy = None, 1
    again = Message(
        **{field.attname: getattr(copy, field.attname) for field in Message._meta.fields if field.attname != "id"}
    )
    copy.pk = Message._meta.get_field("id").get_default()
    copy.save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save(force_insert=True)


def test_what_is_held_and_let_go_again_goes_out_whatever_the_hour(booked, flora) -> None:
    copy = copies.send_again(message=failed(Step.ONE_DAY), by=flora, now=NOW)
    messages.hold(message=copy, by=flora)
    assert not messages.release(message=copy, by=flora, now=NOW).heeds_quiet_hours


def test_a_new_link_says_again_what_was_said_about_visits_not_about_a_form(booked, patient, service) -> None:
    deliver(service, NOW + HOLD)
    tell_of_form(patient, [booked], state=State.ACCEPTED, next_try_at=None, settled_at=NOW, due_at=NOW + 2 * HOLD)
    old = Link.issue(purpose=Purpose.PLAN, patient=patient, now=NOW, lifetime=HOLD)
    made = new_links.send(link=old, by=service, now=NOW + timedelta(hours=1))
    assert made is not None
    assert (made.step, made.copy) == (Step.PLAN, 1)
