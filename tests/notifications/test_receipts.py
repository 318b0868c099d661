"""What a provider says later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from core.errors import NotAllowed
from notifications.actions import delivery, receipts
from notifications.channels import Accepted
from notifications.engine.states import State, Step
from notifications.models import Message, Receipt
from tests.notifications.booking import book
from tests.notifications.fake_sender import FakeSender

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = MONDAY + timedelta(hours=1)
ARRIVED, LOST = Receipt.Status.DELIVERED, Receipt.Status.UNDELIVERED


@pytest.fixture
def sent(patient, service) -> Message:
    book(patient, MONDAY + timedelta(days=9), now=MONDAY)
    sender = FakeSender(answer=lambda _key: Accepted("201", "SM1"))
    at = MONDAY + timedelta(minutes=3)
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)
    return Message.objects.get(step=Step.PLAN)


def receive(status: Receipt.Status, service, *, message: UUID, event: str) -> bool:
    return receipts.take(message=message, provider="twilio", event_id=event, status=status, by=service, now=LATER)


@pytest.mark.parametrize("order", sorted(set(permutations([ARRIVED, ARRIVED, LOST, LOST]))))
def test_the_first_receipt_stands_in_any_order_and_number(sent, service, order: tuple[Receipt.Status, ...]) -> None:
    settled = sent.settled_at
    for number, status in enumerate(order):
        assert receive(status, service, message=sent.pk, event=f"SM1:{number}")
        assert not receive(status, service, message=sent.pk, event=f"SM1:{number}"), "known already"
    sent.refresh_from_db()
    assert sent.state == (State.DELIVERED if order[0] == ARRIVED else State.UNDELIVERED)
    assert sent.settled_at == settled
    assert (sent in Message.objects.for_people()) is (order[0] == LOST)


def test_a_receipt_of_no_message_of_ours_changes_nothing(sent, service) -> None:
    assert not receive(ARRIVED, service, message=uuid4(), event="SM2:delivered")
    sent.refresh_from_db()
    assert sent.state == State.ACCEPTED


def test_only_the_system_takes_receipts(sent, flora) -> None:
    with pytest.raises(NotAllowed):
        receive(ARRIVED, flora, message=sent.pk, event="SM1")
