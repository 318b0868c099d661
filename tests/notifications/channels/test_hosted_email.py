"""A hosted provider's HTTP API, with a real client against a server that answers, or does not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from notifications.channels import HOSTED_EMAIL, NotSent, open_sender
from notifications.channels.email.hosted import HostedSender
from notifications.engine.states import Channel, Outcome, Step
from notifications.models import Message
from tests.notifications.booking import book

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 15, 18, tzinfo=UTC)
PERMANENT, RETRYABLE, UNKNOWN = Outcome.REJECTED_PERMANENT, Outcome.REJECTED_RETRYABLE, Outcome.UNKNOWN
TAKEN = {"To": "pat@example.org", "MessageID": "b7bc2f4a", "ErrorCode": 0, "Message": "OK", "SubmittedAt": "x"}


INACTIVE = "Found inactive addresses: pat@example.org. Inactive recipients are ones that have bounced."


class Provider(ThreadingHTTPServer):
    """Answers with ``status`` and ``body``; a status of 0 ends the connection, -1 says nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.status, self.body, self.headers = 200, json.dumps(TAKEN).encode(), {}
        self.taken: list[dict] = []
        self.released = threading.Event()


class Conversation(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.server.status <= 0:
            if self.server.status < 0:
                self.server.released.wait(30)
            return
        self.send_response(self.server.status)
        for name, value in {"Content-Type": "application/json", **self.server.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)


@pytest.fixture
def provider(settings) -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings.EMAIL_PROVIDER = "postmark"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "a token",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_address[1]}/",
        "REQUESTS_TIMEOUT": (5, 1),
    }
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def message(patient) -> Message:
    book(patient, FRIDAY, now=MONDAY)
    return Message.objects.select_related("patient__site", "appointment__site").get(step=Step.THREE_DAYS)


def send(message: Message):
    sender = open_sender(Channel.EMAIL)
    assert isinstance(sender, HostedSender)
    try:
        return sender.send(sender.compose(message, [message.appointment]), str(message.pk))
    finally:
        sender.close()


def test_the_same_letter_arrives_with_its_parts(provider, message) -> None:
    accepted = send(message)
    assert accepted.provider_id == "b7bc2f4a"
    [taken] = provider.taken
    assert taken["Subject"] == "Your appointment on Friday 15 May"
    assert taken["To"] == message.patient.email
    assert "You have a visit with Riverside on Friday 15 May." in taken["TextBody"]
    assert "<strong>Friday 15 May</strong>" in taken["HtmlBody"]
    [attachment] = taken["Attachments"]
    assert (attachment["Name"], attachment["ContentType"].partition(";")[0]) == ("visits.ics", "text/calendar")


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (422, {"ErrorCode": 300, "Message": "Invalid 'From'"}, PERMANENT, "422"),
        (422, {"ErrorCode": 406, "Message": INACTIVE}, PERMANENT, "recipient"),
        (422, {"ErrorCode": 406, "Message": "new words"}, UNKNOWN, "no word of the recipient"),
        (401, {"ErrorCode": 10, "Message": "No server token"}, RETRYABLE, "401"),
        (429, {"ErrorCode": 429, "Message": "Too many"}, RETRYABLE, "429"),
        (503, {}, UNKNOWN, "503"),
        (500, {}, UNKNOWN, "500"),
        (0, {}, UNKNOWN, "disconnected"),
        (-1, {}, UNKNOWN, "timeout"),
    ],
)
def test_outcomes(provider, message, status, body, outcome, code) -> None:
    provider.status, provider.body, provider.headers = status, json.dumps(body).encode(), {"Retry-After": "9"}
    with pytest.raises(NotSent) as failure:
        send(message)
    assert failure.value.outcome is outcome
    assert failure.value.code == code
    assert failure.value.retry_after == (timedelta(seconds=9) if outcome is RETRYABLE else None)
    assert len(provider.taken) == 1, "one attempt is one request"
    assert message.patient.email not in str(failure.value)


def test_an_answer_nobody_can_read_leaves_it_unknown(provider, message) -> None:
    provider.body = b"<html>"
    with pytest.raises(NotSent) as failure:
        send(message)
    assert failure.value.outcome is UNKNOWN


def test_nobody_listens(provider, message, settings) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_API_URL": "http://127.0.0.1:9/"}
    with pytest.raises(NotSent) as failure:
        send(message)
    assert (failure.value.outcome, failure.value.code) == (RETRYABLE, "no connection")


@pytest.mark.parametrize("name", ["brevo", "mailgun", "postmark", "resend", "sendgrid"])
def test_every_provider_offered_is_there(name) -> None:
    from django.utils.module_loading import import_string

    assert import_string(f"anymail.backends.{name}.EmailBackend")
    assert import_string(HOSTED_EMAIL) is HostedSender
