"""A dispatcher frozen in the middle of a request, past its lease: a real process under SIGSTOP, and the fence alone."""

from __future__ import annotations

import os
import signal

import pytest

from notifications.actions import attempts, delivery, outcomes, requests, sweeps
from notifications.actions.outcomes import Ended
from notifications.engine.states import Outcome, State
from notifications.models import Attempt, Message
from notifications.queries.database_clock import database_now
from tests.faults import outbox
from tests.faults.processes import until
from tests.faults.provider import provider
from tests.faults.test_kills import SOONER, Nursery, nursery  # noqa: F401 - a fixture
from tests.notifications.fake_sender import FakeSender


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_frozen_past_its_lease_it_changes_nothing_when_it_wakes_up(nursery: Nursery, site, service) -> None:  # noqa: F811
    outbox.fill(site, 1, by=service)
    with provider(honours_keys=True, seconds=2.0) as server:  # long enough to be frozen in, on a busy machine, too
        nursery.start(server, "KeyedSender", 1, **SOONER)
        until(lambda: bool(server.ledger.busy), "a request in flight", log=nursery.log)
        (frozen,) = nursery.alive
        os.kill(frozen, signal.SIGSTOP)
        server.seconds = 0.02
        nursery.start(server, "KeyedSender", 1, **SOONER)
        until(lambda: Message.objects.get().state == State.ACCEPTED, "another one to finish it", log=nursery.log)
        before, tries = Message.objects.values().get(), list(Attempt.objects.order_by("id").values())
        assert [each["outcome"] for each in tries] == [Outcome.UNKNOWN, Outcome.ACCEPTED]
        os.kill(frozen, signal.SIGCONT)
        until(lambda: "message_taken_over" in nursery.log.read_text(), "the sleeper to write", log=nursery.log)
        nursery.end()
        assert server.ledger.doubled == 0
    assert Message.objects.values().get() == before
    assert list(Attempt.objects.order_by("id").values()) == tries


def wake_up_while_another_has_it(site, service) -> dict:
    """Two dispatchers in turn hold one message; the first then writes that it was refused. What that wrote."""
    outbox.fill(site, 1, by=service)

    def begin(at) -> requests.Begun:
        (message,) = delivery.claim(clock=at, batch=1, done=delivery.Delivered())
        (begun,) = requests.begin([message], FakeSender(), clock=at, done=delivery.Delivered())
        return begun

    def later():
        return database_now() + delivery.LEASE

    def much_later():
        return database_now() + 2 * delivery.LEASE

    first = begin(database_now)
    sweeps.recover(clock=later)
    begin(much_later)
    return outcomes.record([Ended(first.message, first.attempt, Outcome.REJECTED_RETRYABLE)], now=much_later())


@pytest.mark.django_db
def test_what_another_holds_is_fenced_off(site, service) -> None:
    assert wake_up_while_another_has_it(site, service) == {}
    assert Message.objects.get().state == State.SENDING


@pytest.mark.django_db
def test_control_without_the_token_it_would_be_taken_away(site, service, monkeypatch) -> None:
    unfenced = attempts._CLOSE.replace("message.token = given.token AND", "")
    unfenced = unfenced.replace("RETURNING attempt.message_id", "AND attempt.outcome = '' RETURNING attempt.message_id")
    monkeypatch.setattr(attempts, "_CLOSE", unfenced)
    wake_up_while_another_has_it(site, service)
    assert Message.objects.get().state != State.SENDING
