"""Receipts in every order, many times, and at once."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import connection, transaction

from notifications.actions import receipts
from notifications.engine.states import State
from notifications.models import DeskTask, Message, Receipt
from notifications.queries.database_clock import database_now
from tests.faults import outbox
from tests.faults.test_dispatchers import together

SENT, ARRIVED, LOST = Receipt.Status.SENT, Receipt.Status.DELIVERED, Receipt.Status.UNDELIVERED
FIVE = [SENT, SENT, ARRIVED, ARRIVED, LOST]


def accepted(site, service) -> Message:
    (message,) = outbox.fill(site, 1, by=service)
    now = database_now()
    Message.objects.update(state=State.SENDING, token=1, lease_until=now)
    Message.objects.update(state=State.ACCEPTED, lease_until=None, next_try_at=None, settled_at=now)
    return message


def take(message: Message, event: str, status: Receipt.Status, service) -> bool:
    return receipts.take(
        message=message.pk, provider="twilio", event_id=event, status=status, by=service, now=database_now()
    )


@pytest.mark.django_db
def test_in_all_orders_of_five_the_first_that_says_something_stands(site, service) -> None:
    message = accepted(site, service)
    for order in sorted(set(permutations(FIVE))):
        with transaction.atomic():
            for event, status in enumerate(order):
                assert take(message, f"SM1:{event}", status, service)
                assert not take(message, f"SM1:{event}", status, service), "known already"
            first = next(status for status in order if status != SENT)
            assert Message.objects.get().state == {ARRIVED: State.DELIVERED, LOST: State.UNDELIVERED}[first]
            assert DeskTask.objects.count() == (first == LOST)
            assert Receipt.objects.count() == len(FIVE)
            transaction.set_rollback(True)


@pytest.mark.django_db
def test_before_the_message_is_noted_as_accepted_they_wait_for_it(site, service) -> None:
    (message,) = outbox.fill(site, 1, by=service)
    now = database_now()
    Message.objects.update(state=State.SENDING, token=1, lease_until=now + timedelta(minutes=1))
    assert take(message, "1", LOST, service)
    assert Message.objects.get().state == State.SENDING
    Message.objects.update(state=State.ACCEPTED, lease_until=None, next_try_at=None, settled_at=now)
    assert receipts.settle(now=now + timedelta(minutes=1)) == 1
    assert Message.objects.get().state == State.UNDELIVERED


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_are_one(site, service) -> None:
    message = accepted(site, service)
    taken: list[bool] = []
    together(*[lambda: taken.append(take(message, "1", LOST, service))] * 8)
    assert sorted(taken) == [False] * 7 + [True]
    assert (Receipt.objects.count(), DeskTask.objects.count()) == (1, 1)
    assert Message.objects.get().state == State.UNDELIVERED


@pytest.mark.django_db(transaction=True)
def test_control_without_the_key_each_would_count(site, service) -> None:
    message = accepted(site, service)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_receipt DROP CONSTRAINT notifications_receipt_once")
    try:
        together(*[lambda: take(message, "1", LOST, service)] * 8)
        assert Receipt.objects.count() > 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE notifications_receipt")
            cursor.execute(
                "ALTER TABLE notifications_receipt"
                " ADD CONSTRAINT notifications_receipt_once UNIQUE (provider, event_id)"
            )
