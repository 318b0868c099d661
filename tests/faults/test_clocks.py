"""Workers whose clocks are wrong, and more wakers than needed."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle

import pytest
import time_machine

from core import clock
from notifications import tasks
from notifications.actions import delivery
from notifications.channels import Accepted
from notifications.engine.states import State
from notifications.models import Attempt, Message
from notifications.queries.database_clock import database_now
from tests.faults import outbox
from tests.faults.smtp_server import smtp_server
from tests.faults.test_dispatchers import doubled, slow, together
from tests.notifications.fake_sender import FakeSender

HOUR = timedelta(hours=1)


@pytest.fixture
def now_and_later(site, service) -> tuple[str, str]:
    """One message that is due, and one that is due in an hour."""
    due, later = outbox.fill(site, 2, by=service)
    Message.objects.filter(pk=later.pk).update(due_at=due.due_at + HOUR, next_try_at=due.due_at + HOUR)
    return str(due.pk), str(later.pk)


def deliver_on_a_machine_that_is(wrong: timedelta, service, **kwargs: object) -> list[str]:
    sender = FakeSender()
    with time_machine.travel(database_now() + wrong, tick=True):
        delivery.deliver_due(by=service, open_sender=lambda _: sender, **kwargs)
    return sender.sent


@pytest.mark.django_db
@pytest.mark.parametrize("hours", [-24, -6, 6, 24])
def test_a_wrong_clock_sends_nothing_early_and_nothing_late(now_and_later, service, hours: int) -> None:
    due, _ = now_and_later
    assert deliver_on_a_machine_that_is(hours * HOUR, service) == [due]
    assert Attempt.objects.get().created_at < database_now() + timedelta(minutes=1)


@pytest.mark.django_db
def test_a_clock_that_jumps_between_two_messages_changes_nothing(site, service) -> None:
    due = outbox.fill(site, 12, by=service)
    later = due[-1]
    Message.objects.filter(pk=later.pk).update(due_at=later.due_at + HOUR, next_try_at=later.due_at + HOUR)
    jumps = cycle([24 * HOUR, -48 * HOUR, 6 * HOUR, -6 * HOUR])
    with time_machine.travel(database_now(), tick=True) as machine:

        def jump(_key: str) -> Accepted:
            machine.shift(next(jumps))
            return Accepted("ok")

        sender = FakeSender(answer=jump)
        for _ in range(3):
            delivery.deliver_due(by=service, open_sender=lambda _: sender)
    assert sorted(sender.sent) == sorted(str(message.pk) for message in due if message != later)


@pytest.mark.django_db
def test_control_by_its_own_clock_it_sends_early(now_and_later, service) -> None:
    assert deliver_on_a_machine_that_is(6 * HOUR, service, clock=clock.now) == list(now_and_later)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("beats", [2, 3])
def test_split_beats_send_nothing_twice(site, service, settings, beats: int) -> None:
    """Every beat wakes a dispatcher and a sweep for the same tick."""
    due = outbox.fill(site, 40, by=service)
    with smtp_server(slow(0.005)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        together(*[tasks.dispatch, tasks.sweep] * beats)
    assert (len(server.ledger.taken), doubled(server)) == (40, 0)
    keys = [message.pk for message in due]
    assert set(Message.objects.filter(pk__in=keys).values_list("state", flat=True)) == {State.ACCEPTED}
