"""Who has said that they come is not asked again; who booked long ago is asked a week before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.actions import delivery, sweeps
from notifications.engine.states import Reason, State, Step
from notifications.models import Message
from scheduler.actions import confirmations
from scheduler.models import Appointment
from tests.notifications.booking import book, move
from tests.notifications.fake_sender import FakeSender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]

MONDAY = datetime(2026, 5, 4, 14, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 29, 18, tzinfo=UTC)
DAY = timedelta(days=1)


def states(visit: Appointment) -> dict[str, tuple[str, str]]:
    rows = Message.objects.filter(appointment=visit, schedule_epoch=visit.schedule_epoch)
    return {row.step: (row.state, row.reason) for row in rows}


def confirm(visit: Appointment, by, now: datetime) -> None:
    confirmations.confirm(appointment=visit, schedule_epoch=visit.schedule_epoch, by=by, now=now)


def test_a_visit_booked_long_ahead_is_spoken_of_a_week_before(patient) -> None:
    far, near = book(patient, FRIDAY, MONDAY + 13 * DAY, now=MONDAY)
    assert set(states(far)) == {"seven_days", "three_days", "one_day", "day_of"}
    assert set(states(near)) == {"three_days", "one_day", "day_of"}
    week_before = Message.objects.get(step=Step.SEVEN_DAYS)
    assert week_before.due_at == datetime(2026, 5, 22, 14, tzinfo=UTC)
    assert week_before.not_after == Message.objects.get(appointment=far, step=Step.THREE_DAYS).due_at
    assert not sweeps.repair(now=MONDAY, afresh=True)


def test_a_week_before_goes_by_text_only_to_who_cannot_be_mailed(patient, settings) -> None:
    settings.TEXTS_OVER = "sms"
    patient.may_text = True
    patient.save()
    book(patient, FRIDAY, now=MONDAY)
    patient.may_email = False
    patient.save()
    book(patient, FRIDAY + DAY, now=MONDAY)
    found = Message.objects.filter(step=Step.SEVEN_DAYS).order_by("due_at", "channel")
    assert list(found.values_list("channel", flat=True)) == ["email", "email", "sms"]


def test_confirming_withdraws_what_asks_and_leaves_what_helps(patient, service) -> None:
    (visit,) = book(patient, FRIDAY, now=MONDAY)
    confirm(visit, service, MONDAY + DAY)
    assert states(visit) == {
        "seven_days": (State.WITHDRAWN, Reason.CONFIRMED),
        "three_days": (State.WITHDRAWN, Reason.CONFIRMED),
        "one_day": (State.SCHEDULED, Reason.NONE),
        "day_of": (State.SCHEDULED, Reason.NONE),
    }
    assert not sweeps.repair(now=MONDAY + DAY, afresh=True), "it is neither missing nor stranded"


def test_what_was_confirmed_past_the_announcement_is_not_asked(patient, service) -> None:
    (visit,) = book(patient, FRIDAY, now=MONDAY)
    Appointment.objects.filter(pk=visit.pk).update(confirmed_at=MONDAY)
    sender = FakeSender()
    at = datetime(2026, 5, 26, 14, tzinfo=UTC)
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)
    assert states(visit)["three_days"] == (State.WITHDRAWN, Reason.CONFIRMED)


def test_a_move_asks_anew(patient, service) -> None:
    (visit,) = book(patient, FRIDAY, now=MONDAY)
    confirm(visit, service, MONDAY + DAY)
    visit.refresh_from_db()
    Appointment.objects.filter(pk=visit.pk).update(confirmed_at=None)  # as moving does
    move(visit, FRIDAY + 7 * DAY, now=MONDAY + 2 * DAY)
    visit.refresh_from_db()
    assert states(visit)["three_days"] == (State.SCHEDULED, Reason.NONE)
