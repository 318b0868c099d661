"""How far did it get? Every way an SMTP server can fail, and what becomes of the message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.actions import delivery
from notifications.channels import NotSent
from notifications.channels.email.smtp import Envelope, SmtpSender
from notifications.engine import retries
from notifications.engine.states import Outcome, Reason, State, Step
from notifications.models import Attempt, Message
from tests.faults.smtp_server import Fault, smtp_server
from tests.notifications.booking import book

ENVELOPE = Envelope("clinic@example.org", "ana@example.org", b"Message-ID: <1@x>\r\nSubject: x\r\n\r\nx\r\n")
MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
PERMANENT, RETRYABLE, UNKNOWN = Outcome.REJECTED_PERMANENT, Outcome.REJECTED_RETRYABLE, Outcome.UNKNOWN


def at(moment: str, reply: str, *, until: int = 10**6) -> Fault:
    return lambda now, bodies: reply if now == moment and bodies < until else ""


@pytest.mark.parametrize(
    ("moment", "reply", "outcome", "code"),
    [
        ("connect", "554 go away", RETRYABLE, "554"),
        ("connect", "421 busy", RETRYABLE, "421"),
        ("connect", "drop", RETRYABLE, "disconnected"),
        ("connect", "hang", RETRYABLE, "disconnected"),
        ("mail", "451 later", RETRYABLE, "451"),
        ("mail", "550 not you", RETRYABLE, "550"),
        ("mail", "421 busy", RETRYABLE, "421"),
        ("mail", "drop", RETRYABLE, "disconnected"),
        ("rcpt", "450 later", RETRYABLE, "450"),
        ("rcpt", "550 no such mailbox", PERMANENT, "550"),
        ("rcpt", "421 busy", RETRYABLE, "421"),
        ("rcpt", "drop", RETRYABLE, "disconnected"),
        ("data", "451 later", RETRYABLE, "451"),
        ("data", "554 no", PERMANENT, "554"),
        ("data", "drop", RETRYABLE, "disconnected"),
        ("data", "hang", RETRYABLE, "disconnected"),
        ("body", "452 disk full", RETRYABLE, "452"),
        ("body", "550 spam", PERMANENT, "550"),
        ("body", "421 busy", RETRYABLE, "421"),
        ("body", "drop", UNKNOWN, "disconnected"),
        ("taken", "drop", UNKNOWN, "disconnected"),
        ("taken", "hang", UNKNOWN, "disconnected"),
    ],
)
def test_outcome(settings, moment: str, reply: str, outcome: Outcome, code: str) -> None:
    with smtp_server(at(moment, reply)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        # short only where the time-out is what is looked at: a busy machine is no fault
        settings.EMAIL_TIMEOUT = 0.5 if reply == "hang" else 30
        sender = SmtpSender()
        with pytest.raises(NotSent) as failure:
            sender.send(ENVELOPE, "1")
        sender.close()
    assert (failure.value.outcome, failure.value.code) == (outcome, code)
    assert failure.value.permanent is (outcome is PERMANENT)
    if server.ledger.taken:
        assert outcome is UNKNOWN, "whatever was taken must never be called refused"


def test_nobody_listens(settings) -> None:
    with smtp_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    with pytest.raises(NotSent) as failure:
        SmtpSender().send(ENVELOPE, "1")
    assert (failure.value.outcome, failure.value.code) == (RETRYABLE, "connection refused")


def test_a_server_that_ends_conversations_early_is_called_again(settings) -> None:
    calls = []

    def one_message_each(moment: str, bodies: int) -> str:
        calls.append(moment)
        return "421 enough for one call" if moment == "mail" and calls.count("mail") % 2 == 0 else ""

    with smtp_server(one_message_each) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        sender = SmtpSender()
        for _ in range(3):
            sender.send(ENVELOPE, "1")
        sender.close()
    assert len(server.ledger.taken) == 3
    assert server.ledger.connections == 3


@pytest.fixture
def due(patient, settings) -> datetime:
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_TIMEOUT = "appointments@clinic.example", 30
    book(patient, FRIDAY, now=MONDAY)
    Message.objects.exclude(step=Step.ONE_DAY).delete()
    return Message.objects.get().due_at


def carry_on(service, settings, server, start: datetime, *, minutes: int) -> Message:
    """A dispatcher looks every ten seconds."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    now = start
    while now < start + timedelta(minutes=minutes):
        delivery.deliver_due(by=service, clock=lambda: now)  # noqa: B023 - called at once
        now += timedelta(seconds=10)
    return Message.objects.get()


def test_dropped_after_the_body_it_is_repeated_once_and_counted(due, service, settings) -> None:
    with smtp_server(at("taken", "drop", until=1)) as server:
        message = carry_on(service, settings, server, due, minutes=1)
        assert (message.state, message.reason) == (State.UNCERTAIN, Reason.NO_ANSWER)
        assert message.next_try_at == due + retries.REPEAT_AFTER
        message = carry_on(service, settings, server, due, minutes=5)
    assert (message.state, message.attempts, message.possible_duplicates) == (State.ACCEPTED, 2, 1)
    assert len(server.ledger.taken) - 1 == 1 <= message.possible_duplicates
    assert list(Attempt.objects.order_by("id").values_list("outcome", flat=True)) == [UNKNOWN, Outcome.ACCEPTED]


def test_dropped_twice_after_the_body_a_person_decides(due, service, settings) -> None:
    with smtp_server(at("taken", "drop")) as server:
        message = carry_on(service, settings, server, due, minutes=30)
    assert (message.state, message.next_try_at, message.attempts) == (State.UNCERTAIN, None, 2)
    assert len(server.ledger.taken) - 1 == 1 <= message.possible_duplicates
    assert message in Message.objects.for_people()


def test_refused_for_now_it_is_tried_again_and_later(due, service, settings) -> None:
    mails: list[str] = []

    def busy(moment: str, _bodies: int) -> str:
        mails.append(moment)
        return "451 later" if moment == "rcpt" and mails.count("rcpt") <= 3 else ""

    with smtp_server(busy) as server:
        message = carry_on(service, settings, server, due, minutes=15)
    assert (message.state, message.attempts, message.possible_duplicates) == (State.ACCEPTED, 4, 0)
    assert len(server.ledger.taken) == 1
    assert Attempt.objects.count() == mails.count("rcpt"), "one row a request, no hidden ones"


def test_refused_for_good_it_is_not_tried_again(due, service, settings) -> None:
    with smtp_server(at("rcpt", "550 no such mailbox")) as server:
        message = carry_on(service, settings, server, due, minutes=5)
    assert (message.state, message.reason, message.attempts) == (State.DEAD, Reason.REFUSED, 1)
    assert Attempt.objects.get().code == "550"


def test_tries_end(due, service, settings) -> None:
    with smtp_server(at("rcpt", "451 later")) as server:
        message = carry_on(service, settings, server, due, minutes=60)
    assert (message.state, message.reason, message.attempts) == (State.DEAD, Reason.GAVE_UP, retries.MOST_ATTEMPTS)


def test_one_refused_address_does_not_touch_the_others(site, service, settings) -> None:
    from tests.factories.clinics import PatientFactory

    for _ in range(5):
        book(PatientFactory(site=site), FRIDAY, now=MONDAY)
    Message.objects.exclude(step=Step.ONE_DAY).delete()
    seen: list[str] = []

    def third(moment: str, _bodies: int) -> str:
        seen.append(moment)
        return "550 no such mailbox" if moment == "rcpt" and seen.count("rcpt") == 3 else ""

    with smtp_server(third) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        done = delivery.deliver_due(by=service, clock=lambda: Message.objects.earliest("due_at").due_at)
    assert done.states == {State.ACCEPTED: 4, State.DEAD: 1}
    assert server.ledger.connections == 1
