"""What providers send: only what they signed counts, once, and nothing they can send ends in an error of ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client

from notifications.actions import receipts
from notifications.channels.sms import twilio
from notifications.channels.webhook.client import signature
from notifications.engine.states import Channel, State, Step
from notifications.models import Answer, DeskTask, Message, Receipt
from notifications.models.inbound import Matter
from tests.notifications.booking import book

pytestmark = pytest.mark.django_db

FRIDAY = datetime(2026, 5, 8, 14, tzinfo=UTC)
ACCOUNT, TOKEN, SECRET = "AC" + "a1" * 16, "a token", "a shared secret"
UNKNOWN = "01920000-0000-7000-8000-000000000000"
PUBLIC = "https://go.alder.example"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def configured(settings) -> None:
    settings.PUBLIC_URL, settings.SECURE_SSL_REDIRECT = PUBLIC, False
    settings.TEXTS_OVER, settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN = "sms", ACCOUNT, TOKEN
    cache.clear()


def send(path: str, fields: dict[str, str], *, token: str = TOKEN, signed_as: str = "", **more: Any):
    given = twilio.signature(
        token=token, address=PUBLIC + (signed_as or path), fields={name: [value] for name, value in fields.items()}
    )
    return Client().post(path, urlencode(fields), FORM, headers={"X-Twilio-Signature": given, **more})


def inbound(text: str = "CHANGE", *, sid: str = "SM1", sender: str = "+12125550177", **more: str) -> dict[str, str]:
    return {"AccountSid": ACCOUNT, "MessageSid": sid, "From": sender, "To": "+1", "Body": text, **more}


@pytest.fixture
def pat(patient):
    patient.phone, patient.may_text = "+12125550177", True
    patient.save()
    return patient


@pytest.fixture
def sent(pat, now) -> Message:
    """A text that Twilio accepted."""
    book(pat, FRIDAY, now=now)
    message = Message.objects.exclude(channel=Channel.EMAIL).get(step=Step.ONE_DAY)
    Message.objects.filter(pk=message.pk).update(state=State.SENDING, next_try_at=None, lease_until=now)
    Message.objects.filter(pk=message.pk).update(state=State.ACCEPTED, settled_at=now, lease_until=None)
    return message


def receipt(message: Message, status: str, *, sid: str = "SM9", **more: str):
    fields = {"AccountSid": ACCOUNT, "MessageSid": sid, "MessageStatus": status, **more}
    return send(f"/hooks/twilio/status/{message.pk}", fields)


class TestInbound:
    def test_a_text_is_taken_and_answered(self, pat) -> None:
        answer = send("/hooks/twilio/inbound", inbound("Where & when? <b>"))
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml; charset=utf-8")
        assert "<Message>Riverside: we got your text" in answer.content.decode()
        assert Answer.objects.get().text == "Where & when? <b>"

    def test_the_reply_is_safe_xml(self, pat, site) -> None:
        site.public_name = "A & B <Clinic>"
        site.save()
        assert "A &amp; B &lt;Clinic&gt;" in send("/hooks/twilio/inbound", inbound("HELP")).content.decode()

    def test_a_hundred_replays_are_one(self, pat) -> None:
        answers = {send("/hooks/twilio/inbound", inbound()).content for _ in range(100)}
        assert (len(answers), Answer.objects.count(), DeskTask.objects.count()) == (1, 1, 1)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"token": "another"},
            {"token": ""},
            {"signed_as": "/hooks/twilio/status"},
            {"signed_as": "/hooks/twilio/inbound?x=1"},
        ],
    )
    def test_what_is_not_signed_right_changes_nothing(self, pat, wrong) -> None:
        assert send("/hooks/twilio/inbound", inbound("STOP"), **wrong).status_code == 403
        pat.refresh_from_db()
        assert pat.may_text
        assert Answer.objects.count() == 0

    def test_an_altered_text_changes_nothing(self, pat) -> None:
        given = twilio.signature(
            token=TOKEN,
            address=f"{PUBLIC}/hooks/twilio/inbound",
            fields={name: [value] for name, value in inbound("YES").items()},
        )
        answer = Client().post(
            "/hooks/twilio/inbound", urlencode(inbound("STOP")), FORM, headers={"X-Twilio-Signature": given}
        )
        assert answer.status_code == 403
        assert Answer.objects.count() == 0

    def test_another_account_is_refused(self) -> None:
        assert send("/hooks/twilio/inbound", {**inbound(), "AccountSid": "AC" + "0" * 32}).status_code == 403

    def test_guessing_is_slowed_down_but_what_is_signed_still_passes(self, pat) -> None:
        statuses = [send("/hooks/twilio/inbound", inbound(), token="x").status_code for _ in range(40)]
        assert statuses[0] == 403
        assert statuses[-1] == 429
        assert send("/hooks/twilio/inbound", inbound("STOP")).status_code == 200

    @pytest.mark.parametrize(
        ("body", "content_type", "length"),
        [
            (b"", FORM, None),
            (b"\xff\xfe=%zz&&&=", FORM, None),
            (b"a" * 70_000, FORM, None),
            (b"a=1&" * 5_000, FORM, None),
            (b"MessageSid=%00", FORM, None),
            (b"x", "application/x-www-form-urlencoded; charset=nonsense", None),
            (b"x", "application/x-www-form-urlencoded; charset=utf-16", None),
            (b"{}", "application/json", None),
            (b"--x\r\n", "multipart/form-data; boundary=x", None),
            (b"x", FORM, "many"),
            (b"x", FORM, "-1"),
            (b"x", FORM, "99999999999999999999"),
        ],
    )
    @pytest.mark.parametrize(
        "path",
        ["/hooks/twilio/inbound", f"/hooks/twilio/status/{UNKNOWN}", "/hooks/texts/inbound", "/hooks/texts/status"],
    )
    def test_nothing_anybody_sends_is_an_error_of_ours(self, settings, path, body, content_type, length) -> None:
        settings.SMS_WEBHOOK_SECRET = SECRET
        settings.TEXTS_OVER = "webhook" if "texts" in path else "sms"
        more = {} if length is None else {"CONTENT_LENGTH": length}
        answer = Client(raise_request_exception=False).generic("POST", path, body, content_type, **more)
        assert 400 <= answer.status_code < 500

    @pytest.mark.parametrize(
        "changed",
        [
            {"MessageSid": ""},
            {"MessageSid": "x" * 65},
            {"MessageSid": "\x00"},
            {"From": "\x00" * 30},
            {"From": ""},
            {"From": "SHORT"},
            {"Body": "\x00" * 10},
            {"Body": "x" * 60_000},
            {"Body": "🚗" * 4_000},
        ],
    )
    def test_nothing_the_provider_sends_is_an_error_of_ours(self, pat, changed) -> None:
        assert send("/hooks/twilio/inbound", {**inbound(), **changed}).status_code in {200, 400}

    def test_only_posting(self) -> None:
        assert Client().get("/hooks/twilio/inbound").status_code == 405

    def test_where_texts_go_another_way_there_is_nothing(self, settings) -> None:
        settings.TEXTS_OVER = "none"
        assert send("/hooks/twilio/inbound", inbound()).status_code == 404

    def test_nothing_of_it_is_logged(self, pat, caplog) -> None:
        send("/hooks/twilio/inbound", inbound("I feel Zebedee today"))
        send("/hooks/twilio/inbound", inbound("Zebedee"), token="x")
        logged = " ".join(str(record.msg) for record in caplog.records)
        assert "Zebedee" not in logged
        assert "5550177" not in logged
        assert "Pat" not in logged


class TestReceipts:
    def test_delivered(self, sent) -> None:
        assert receipt(sent, "delivered").status_code == 204
        sent.refresh_from_db()
        assert sent.state == State.DELIVERED

    def test_undelivered_is_a_task(self, sent) -> None:
        receipt(sent, "undelivered", ErrorCode="30003")
        sent.refresh_from_db()
        task = DeskTask.objects.get()
        assert (sent.state, task.matter, task.message) == (State.UNDELIVERED, Matter.UNDELIVERED, sent)
        assert Receipt.objects.get().code == "30003"

    def test_in_any_order_and_any_number_it_ends_the_same(self, pat, now, sent) -> None:
        from django.db import transaction

        for order in sorted(set(permutations(["queued", "sent", "delivered", "delivered", "sending"]))):
            with transaction.atomic():
                for status in order:
                    assert receipt(sent, status).status_code == 204
                assert Message.objects.get(pk=sent.pk).state == State.DELIVERED
                assert Receipt.objects.count() == 2
                transaction.set_rollback(True)

    def test_one_that_comes_before_we_know_that_it_was_accepted_waits(self, pat, now) -> None:
        book(pat, FRIDAY, now=now)
        message = Message.objects.get(channel=Channel.SMS, step=Step.ONE_DAY)
        Message.objects.filter(pk=message.pk).update(state=State.SENDING, next_try_at=None, lease_until=now)
        receipt(message, "delivered")
        assert Message.objects.get(pk=message.pk).state == State.SENDING
        assert receipts.settle(now=now) == 0
        Message.objects.filter(pk=message.pk).update(state=State.ACCEPTED, settled_at=now, lease_until=None)
        assert receipts.settle(now=now + timedelta(minutes=1)) == 1
        assert Message.objects.get(pk=message.pk).state == State.DELIVERED

    def test_about_a_message_that_is_none_of_ours(self) -> None:
        assert (
            send(
                f"/hooks/twilio/status/{UNKNOWN}", {"AccountSid": ACCOUNT, "MessageSid": "SM1", "MessageStatus": "sent"}
            ).status_code
            == 204
        )
        assert Receipt.objects.count() == 0

    @pytest.mark.parametrize("wrong", [{"sid": ""}, {"sid": "\x00"}, {"ErrorCode": "x" * 50}])
    def test_odd_ones(self, sent, wrong) -> None:
        assert receipt(sent, "sent", **wrong).status_code == 400


class TestTexts:
    """The same from a service of the clinic's own."""

    @pytest.fixture(autouse=True)
    def own_service(self, settings) -> None:
        settings.TEXTS_OVER, settings.SMS_WEBHOOK_SECRET = "webhook", SECRET

    def send(self, path: str, body: Any, *, secret: str = SECRET, at: datetime | None = None):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int((at or datetime.now(UTC)).timestamp()))
        headers = {
            "X-Courseline-Timestamp": stamp,
            "X-Courseline-Signature": signature(secret=secret, at=stamp, body=content),
        }
        return Client().post(path, content, "application/json", headers=headers)

    def test_a_text(self, pat) -> None:
        answer = self.send("/hooks/texts/inbound", {"id": "1", "from": "+12125550177", "text": "STOP"})
        assert "you get no more texts" in answer.json()["reply"]
        pat.refresh_from_db()
        assert not pat.may_text

    def test_a_receipt(self, pat, sent, settings) -> None:
        body = {"key": str(sent.pk), "id": "7", "status": "delivered"}
        assert self.send("/hooks/texts/status", body).status_code == 204
        assert Message.objects.get(pk=sent.pk).state == State.DELIVERED

    @pytest.mark.parametrize("wrong", [{"secret": "another"}, {"at": datetime(2026, 5, 4, 11, 50, tzinfo=UTC)}])
    def test_wrong_or_old_ones_are_refused(self, pat, wrong) -> None:
        body = {"id": "1", "from": "+12125550177", "text": "STOP"}
        assert self.send("/hooks/texts/inbound", body, **wrong).status_code == 403

    @pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b"\xff", {"id": "x"}, {"key": "no"}, b"[" * 60_000])
    @pytest.mark.parametrize("path", ["/hooks/texts/inbound", "/hooks/texts/status"])
    def test_odd_ones_are_refused(self, path, body) -> None:
        assert self.send(path, body).status_code == 400
