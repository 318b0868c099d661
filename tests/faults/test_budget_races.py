"""Several dispatchers with texts for one patient: they must not all see the same room."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from notifications.actions import delivery, requests
from notifications.engine.states import Channel, State, Step
from notifications.models import Message
from notifications.queries import budgets
from notifications.queries.database_clock import database_now
from tests.faults import outbox
from tests.faults.test_dispatchers import together
from tests.notifications.fake_sender import FakeSender

pytestmark = pytest.mark.django_db(transaction=True)
DISPATCHERS = 4


def where_it_is_day() -> str:
    """A zone in which it is day now, so that quiet hours play no part."""
    hour = database_now().hour
    return f"Etc/GMT{hour - 12:+d}" if hour != 12 else "Etc/GMT"


@pytest.fixture
def texts(site, service, settings) -> list[Message]:
    """One reminder by text for each dispatcher, all to one patient and due now; a patient may get one a day."""
    settings.TEXTS_OVER, settings.TEXTS_PER_DAY = "sms", 1
    made = outbox.fill(site, DISPATCHERS, by=service)
    patient = made[0].patient
    patient.zone, patient.phone, patient.may_text = where_it_is_day(), "+12125550177", True
    patient.save()
    for hours, message in enumerate(made):
        visit = message.appointment
        visit.patient, visit.starts_at, visit.ends_at = (
            patient,
            visit.starts_at + timedelta(hours=hours),
            visit.ends_at + timedelta(hours=hours),
        )
        visit.save()
    Message.objects.update(patient=patient, channel=Channel.SMS, heeds_quiet_hours=True, step=Step.ONE_DAY)
    return made


class Meeting(FakeSender):
    """Waits, when it has seen room and before that is written down, until the others have seen it too."""

    barrier: threading.Barrier

    def compose(self, message: Message, visits: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait(2)
        return super().compose(message, visits)


def all_at_once(service, monkeypatch) -> int:
    """How many texts go out where each dispatcher took one before it saw the others'."""
    senders = [Meeting() for _ in range(DISPATCHERS)]
    Meeting.barrier = threading.Barrier(DISPATCHERS)
    done = delivery.Delivered()
    with monkeypatch.context() as patched:
        patched.setattr(budgets, "over", lambda _messages, **_: {})  # as claims see it that run at the same time
        claims = [delivery.claim(clock=database_now, batch=1, done=done) for _ in senders]

    def make(taken: list[Message], sender: Meeting) -> None:
        requests.make(taken, requests.Line(sender), clock=database_now, done=done, enough=lambda: False)

    together(*[partial(make, *each) for each in zip(claims, senders, strict=True)])
    return sum(len(sender.sent) for sender in senders)


def test_one_a_day_is_one_however_many_ask(texts, service, monkeypatch) -> None:
    assert all_at_once(service, monkeypatch) == 1
    assert Message.objects.filter(state=State.ACCEPTED).count() == 1
    assert not Message.objects.filter(state=State.SENDING).exists()


def test_control_without_the_lock_all_see_the_same_room(texts, service, monkeypatch) -> None:
    monkeypatch.setattr(budgets, "lock", lambda _messages: None)
    assert all_at_once(service, monkeypatch) > 1
