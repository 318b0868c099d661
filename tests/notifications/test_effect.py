"""Reminders and whether patients came, against visits counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from notifications.engine.states import FINAL, Channel, State, Step
from notifications.models import Message
from notifications.queries import effect
from notifications.queries.effect import Told
from scheduler.models import Status
from tests.factories.scheduler import AppointmentFactory
from treatments.queries.scopes import Scope

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 3, 15, tzinfo=UTC)


def visit(site, number: int, status: str, *states: State, week: State | None = None, epoch: int = 1, **more) -> None:
    starts_at = START + timedelta(hours=number)
    made = AppointmentFactory(site=site, starts_at=starts_at, status=status, **more)
    steps = [Step.SEVEN_DAYS, Step.THREE_DAYS, Step.ONE_DAY]
    for step, state in zip(steps, states, strict=False):
        message(made, state, step=step, appointment=made, schedule_epoch=epoch)
    if week is not None:
        message(made, week, step=Step.YOUR_WEEK, week_on=date(2026, 3, 2)).visits.add(made)


def message(made, state: State, **about) -> Message:
    settled = {"settled_at": made.starts_at} if state in FINAL else {"next_try_at": made.starts_at}
    return Message.objects.create(
        patient=made.patient,
        channel=Channel.SMS,
        due_at=made.starts_at - timedelta(days=3),
        not_after=made.starts_at,
        state=state,
        **settled,
        **about,
    )


def test_effect_as_counted_by_hand(site):
    visit(site, 1, Status.DONE, State.DELIVERED, confirmed_at=START)
    visit(site, 2, Status.MISSED, State.DEAD, confirmed_at=START)
    visit(site, 3, Status.DONE, State.DEAD, State.DELIVERED)  # one of two arrived
    visit(site, 4, Status.MISSED, State.DELIVERED)
    visit(site, 5, Status.ARRIVED, State.WITHDRAWN, week=State.DELIVERED)
    visit(site, 6, Status.DONE, State.ACCEPTED, State.UNDELIVERED)
    visit(site, 7, Status.MISSED, State.UNDELIVERED, State.EXPIRED)
    visit(site, 8, Status.DONE, State.UNCERTAIN)
    visit(site, 9, Status.DONE, State.STOPPED, State.WITHDRAWN)
    visit(site, 10, Status.DONE)
    visit(site, 11, Status.MISSED, State.DELIVERED, epoch=2)  # about a time it had before
    visit(site, 12, Status.CANCELLED, State.DELIVERED)  # nobody was waited for
    visit(site, 13, Status.BOOKED, State.DELIVERED)
    visit(site, 24 * 30, Status.MISSED, State.DELIVERED)  # later than the period
    found = effect.effect(Scope(site, date(2026, 3, 2), date(2026, 3, 15)))
    assert [(each.told, each.due, each.came) for each in found] == [
        (Told.CONFIRMED, 2, 1),
        (Told.ARRIVED, 3, 2),
        (Told.SENT, 1, 1),
        (Told.FAILED, 2, 1),
        (Told.NONE, 3, 2),
    ]
