"""Forty ways a provider's network fails: what was taken is never called refused, and one attempt is one request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notifications.actions import delivery
from notifications.channels.email.smtp import SmtpSender
from notifications.engine.states import Channel, Outcome
from notifications.models import Attempt, Message
from notifications.queries.database_clock import database_now
from tests.faults import outbox
from tests.faults.smtp_server import smtp_server
from tests.faults.test_smtp_outcomes import at
from tests.notifications.channels.network import ACCOUNT, ANSWER_SECONDS, NUMBER, SECRET, TOKEN, Network, phone_network

pytestmark = pytest.mark.django_db

ACCEPTED, UNKNOWN = Outcome.ACCEPTED, Outcome.UNKNOWN
LATER, NEVER = Outcome.REJECTED_RETRYABLE, Outcome.REJECTED_PERMANENT
SMTP = {
    ("connect", "421 busy"): LATER,
    ("connect", "554 go away"): LATER,
    ("connect", "drop"): LATER,
    ("connect", "hang"): LATER,
    ("mail", "421 busy"): LATER,
    ("mail", "451 later"): LATER,
    ("mail", "550 not you"): LATER,
    ("mail", "drop"): LATER,
    ("mail", "hang"): LATER,
    ("rcpt", "421 busy"): LATER,
    ("rcpt", "450 later"): LATER,
    ("rcpt", "550 no such mailbox"): NEVER,
    ("rcpt", "drop"): LATER,
    ("rcpt", "hang"): LATER,
    ("data", "421 busy"): LATER,
    ("data", "451 later"): LATER,
    ("data", "554 no"): NEVER,
    ("data", "drop"): LATER,
    ("data", "hang"): LATER,
    ("body", "421 busy"): LATER,
    ("body", "452 disk full"): LATER,
    ("body", "550 spam"): NEVER,
    ("body", "drop"): UNKNOWN,
    ("body", "hang"): UNKNOWN,
    ("taken", "drop"): UNKNOWN,
    ("taken", "hang"): UNKNOWN,
}
"""By the moment and what the server does then."""
TEXTS = {
    "none": ACCEPTED,
    "drop_before": UNKNOWN,
    "accept_then_drop": UNKNOWN,
    "accept_then_500": UNKNOWN,
    "error_500": UNKNOWN,
    "accept_slowly": UNKNOWN,
    "too_many": LATER,
}
"""By the network's fault; what it makes of garbage depends on the protocol, and is held by the contract tests."""


def test_there_are_forty() -> None:
    assert len(SMTP) + 2 * len(TEXTS) >= 40


def outcome_of_one(settings, site, service, channel: Channel = Channel.EMAIL) -> Outcome:
    """Sends one message; how its only attempt ended."""
    (message,) = outbox.fill(site, 1, by=service)
    patient = message.patient
    patient.phone, patient.may_text = f"+1212555{patient.pk.int % 10000:04}", True
    patient.save()
    Message.objects.update(channel=channel)
    start = database_now()
    delivery.deliver_due(by=service, clock=lambda: start)
    return Outcome(Attempt.objects.get().outcome)


@pytest.mark.parametrize(("moment", "reply"), SMTP)
def test_mail(settings, site, service, moment: str, reply: str) -> None:
    with smtp_server(at(moment, reply)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 0.5 if reply == "hang" else 30
        outcome = outcome_of_one(settings, site, service)
    assert outcome is SMTP[moment, reply]
    assert server.ledger.connections == 1, "no hidden try"
    if server.ledger.taken:
        assert outcome is UNKNOWN, "it was taken, and must not be called refused"


@pytest.fixture(scope="module")
def running_network(tmp_path_factory) -> Iterator[Network]:
    with phone_network(tmp_path_factory.mktemp("faults")) as network:
        yield network


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WEBHOOK])
@pytest.mark.parametrize("fault", TEXTS)
def test_texts(running_network, settings, monkeypatch, site, service, channel: Channel, fault: str) -> None:
    settings.PUBLIC_URL = "https://go.alder.example"
    settings.TEXTS_OVER, settings.SMS_SENDER, settings.TWILIO_URL = channel, NUMBER, running_network.base
    settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN = ACCOUNT, TOKEN
    settings.SMS_WEBHOOK_URL, settings.SMS_WEBHOOK_SECRET = f"{running_network.base}/gateway/messages", SECRET
    monkeypatch.setattr("notifications.channels.http.ANSWER_SECONDS", ANSWER_SECONDS)
    running_network.plan(send=[fault], slow_seconds=ANSWER_SECONDS + 0.3)
    asked, texts = running_network.requests(), len(running_network.texts())
    outcome = outcome_of_one(settings, site, service, channel)
    assert outcome is TEXTS[fault]
    assert running_network.requests() == asked + 1, "no hidden try"
    if len(running_network.texts()) > texts:
        assert outcome in {ACCEPTED, UNKNOWN}, "it was taken, and must not be called refused"


def test_control_a_hidden_try_is_seen(settings, site, service, monkeypatch) -> None:
    honest = SmtpSender._hand_over

    def twice(self, envelope):
        try:
            return honest(self, envelope)
        except Exception:  # noqa: BLE001 - as a client that tries again by itself
            return honest(self, envelope)

    monkeypatch.setattr(SmtpSender, "_hand_over", twice)
    with smtp_server(at("connect", "drop")) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        outcome_of_one(settings, site, service)
    assert server.ledger.connections == 2
