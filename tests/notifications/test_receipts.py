"""What a provider says later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from notifications.actions import delivery, receipts
from notifications.channels import Accepted
from notifications.engine.states import Channel, State, Step
from notifications.models import Message
from tests.notifications.booking import book
from tests.notifications.fake_sender import FakeSender

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def sent(patient, service) -> Message:
    book(patient, MONDAY + timedelta(days=9), now=MONDAY)
    sender = FakeSender(answer=lambda _key: Accepted("201", "SM1"))
    at = MONDAY + timedelta(minutes=3)
    delivery.deliver_due(by=service, clock=lambda: at, open_sender=lambda _: sender)
    return Message.objects.get(step=Step.PLAN)


def receive(arrived: bool, service, provider_id: str = "SM1") -> Message | None:
    return receipts.record(channel=Channel.EMAIL, provider_id=provider_id, arrived=arrived, by=service, now=LATER)


@pytest.mark.parametrize("order", sorted(set(permutations([True, True, False, False]))))
def test_the_first_receipt_stands_in_any_order_and_number(sent, service, order: tuple[bool, ...]) -> None:
    settled = sent.settled_at
    for arrived in order:
        assert receive(arrived, service) == sent
    sent.refresh_from_db()
    assert sent.state == (State.DELIVERED if order[0] else State.UNDELIVERED)
    assert sent.settled_at == settled
    assert (sent in Message.objects.for_people()) is not order[0]


def test_a_receipt_of_a_message_nobody_knows_yet_is_left_to_the_caller(sent, service) -> None:
    assert receive(True, service, "SM2") is None
    assert receive(True, service, "") is None
    sent.refresh_from_db()
    assert sent.state == State.ACCEPTED
