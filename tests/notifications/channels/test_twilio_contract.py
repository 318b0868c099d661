"""What Twilio's API promises, asked of whatever speaks it: once plainly over HTTP, once through our client.

The same assertions hold for the phone network of the development tools and for a real account; so what is tested
against the former holds against the latter.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import requests

from notifications.channels.base import NotSent
from notifications.channels.sms import twilio
from notifications.engine.states import Outcome
from tests.notifications.channels.network import ACCOUNT, NUMBER, TOKEN, Network, utc_now

PERMANENT, RETRYABLE, UNKNOWN = Outcome.REJECTED_PERMANENT, Outcome.REJECTED_RETRYABLE, Outcome.UNKNOWN
RECIPIENT = "+12125550177"


def words() -> str:
    """A text nobody sent before."""
    return f"Sam, Alder: {secrets.token_hex(6)}"


class Plain:
    """The API as its documentation describes it, without our client."""

    def __init__(self, network: Network) -> None:
        self.address = f"{network.base}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"

    def create(self, *, to: str = RECIPIENT, text: str, token: str = TOKEN, sender: str = NUMBER) -> tuple[int, Any]:
        fields = {"To": to, "From": sender, "Body": text}
        reply = requests.post(self.address, data=fields, auth=(ACCOUNT, token), timeout=10)
        return reply.status_code, reply.json()

    def listed(self, to: str) -> list[dict[str, Any]]:
        reply = requests.get(self.address, params={"To": to, "PageSize": 50}, auth=(ACCOUNT, TOKEN), timeout=10)
        assert reply.status_code == 200
        return reply.json()["messages"]


class Ours:
    """The same through our client, refusals told as status and code."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def create(self, *, to: str = RECIPIENT, text: str, token: str = TOKEN, sender: str = NUMBER) -> tuple[int, Any]:
        client = self.network.twilio(token=token, sender=sender)
        try:
            return 201, {"sid": client.create(to=to, text=text)}
        except NotSent as refused:
            return (400 if refused.permanent else 401), {"code": int(refused.code)}
        finally:
            client.close()

    def listed(self, to: str) -> list[dict[str, Any]]:
        return Plain(self.network).listed(to)


@pytest.fixture(params=[Plain, Ours])
def api(request, network) -> Plain | Ours:
    return request.param(network)


def test_a_created_message_has_an_id_and_is_listed_newest_first(api) -> None:
    first, second = words(), words()
    status, made = api.create(text=first)
    assert (status, made["sid"][:2], len(made["sid"])) == (201, "SM", 34)
    api.create(text=second)
    listed = api.listed(RECIPIENT)
    assert [each["body"] for each in listed[:2]] == [second, first]
    assert listed[1]["sid"] == made["sid"]
    assert {"date_created", "to", "from", "status", "direction", "error_code"} <= set(listed[0])


def test_the_same_message_twice_is_two_messages(api) -> None:
    """There is no idempotency to lean on."""
    text = words()
    assert api.create(text=text)[1]["sid"] != api.create(text=text)[1]["sid"]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"to": "12"}, 400, 21211),
        ({"to": "+0"}, 400, 21211),
        ({"text": ""}, 400, 21602),
        ({"text": "x" * 1601}, 400, 21617),
        ({"token": "another"}, 401, 20003),
    ],
)
def test_refusals_have_a_status_and_a_code(api, wrong, status, code) -> None:
    answered, body = api.create(**{"text": words(), **wrong})
    assert (answered, body["code"]) == (status, code)


def test_a_wrong_sender_is_about_the_installation_not_the_message(network) -> None:
    with pytest.raises(NotSent) as refused:
        network.twilio(sender="+12025559999").create(to=RECIPIENT, text=words())
    assert (refused.value.outcome, refused.value.code) == (RETRYABLE, "21606")


@pytest.mark.parametrize(
    ("fault", "outcome", "code", "taken"),
    [
        ("drop_before", UNKNOWN, "disconnected", 0),
        ("accept_then_drop", UNKNOWN, "disconnected", 1),
        ("accept_then_500", UNKNOWN, "500", 1),
        ("error_500", UNKNOWN, "500", 0),
        ("accept_slowly", UNKNOWN, "timeout", 1),
        ("too_many", RETRYABLE, "20429", 0),
        ("garbage", None, "201", 1),
    ],
)
def test_every_fault_has_its_outcome_and_the_look_up_tells_the_truth(network, fault, outcome, code, taken) -> None:
    network.plan(send=[fault])
    client, text, before, asked = network.twilio(), words(), utc_now(), network.requests()
    if outcome is None:
        assert client.create(to=RECIPIENT, text=text) == code
    else:
        with pytest.raises(NotSent) as failure:
            client.create(to=RECIPIENT, text=text)
        assert (failure.value.outcome, failure.value.code) == (outcome, code)
        pause = timedelta(seconds=7) if fault == "too_many" else None
        assert failure.value.retry_after == pause
    assert network.requests() == asked + 1, "one attempt is one request"
    sent = [each for each in network.texts() if each["body"] == text]
    assert len(sent) == taken
    assert client.find(to=RECIPIENT, marker=text, since=before) == (sent[0]["sid"] if sent else None)
    client.close()


def test_nobody_listens() -> None:
    client = twilio.Client(base="http://127.0.0.1:9", account=ACCOUNT, token=TOKEN, sender=NUMBER)
    with pytest.raises(NotSent) as failure:
        client.create(to=RECIPIENT, text=words())
    assert (failure.value.outcome, failure.value.code) == (RETRYABLE, "no connection")


def test_the_look_up_finds_only_the_same_mark_to_the_same_number_since_then(network) -> None:
    client, text = network.twilio(), words()
    client.create(to=RECIPIENT, text=text)
    now = utc_now()
    assert client.find(to=RECIPIENT, marker=text, since=now)
    assert client.find(to=RECIPIENT, marker=text + "!", since=now) is None
    assert client.find(to="+12125550178", marker=text, since=now) is None
    assert client.find(to=RECIPIENT, marker=text, since=now + timedelta(minutes=5)) is None


def test_a_look_up_that_cannot_be_made_says_so(network) -> None:
    with pytest.raises(NotSent):
        network.twilio(token="another").find(to=RECIPIENT, marker=words(), since=utc_now())


class TestSignature:
    address = "https://go.alder.example/hooks/twilio/inbound"
    fields = {"From": ["+12125550177"], "Body": ["Sí, ahí estaré & más"], "To": [NUMBER]}

    def given(self) -> str:
        return twilio.signature(token=TOKEN, address=self.address, fields=self.fields)

    def genuine(self, **changed: Any) -> bool:
        asked = {"token": TOKEN, "address": self.address, "fields": self.fields, "given": self.given(), **changed}
        return twilio.is_genuine(**asked)

    def test_the_published_example(self) -> None:
        """Twilio's documentation signs this form with this token."""
        fields = {
            "CallSid": ["CA1234567890ABCDE"],
            "Caller": ["+14158675309"],
            "Digits": ["1234"],
            "From": ["+14158675309"],
            "To": ["+18005551212"],
        }
        address = "https://mycompany.com/myapp.php?foo=1&bar=2"
        assert twilio.signature(token="12345", address=address, fields=fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    def test_the_order_of_fields_does_not_matter(self) -> None:
        for order in permutations(self.fields):
            fields = {name: self.fields[name] for name in order}
            assert twilio.signature(token=TOKEN, address=self.address, fields=fields) == self.given()

    def test_what_was_signed_is_genuine(self) -> None:
        assert self.genuine()

    @pytest.mark.parametrize(
        "changed",
        [
            {"token": "another"},
            {"token": ""},
            {"address": "https://go.alder.example/hooks/twilio/status"},
            {"address": "https://go.alder.example:8443/hooks/twilio/inbound"},
            {"address": "http://go.alder.example/hooks/twilio/inbound"},
            {"address": "https://go.alder.example/hooks/twilio/inbound?x=1"},
            {"fields": {**fields, "Body": ["STOP"]}},
            {"fields": {**fields, "More": ["1"]}},
            {"fields": {}},
            {"given": ""},
            {"given": "é"},
            {"given": "\ud800"},
        ],
    )
    def test_anything_else_is_not(self, changed) -> None:
        assert not self.genuine(**changed)

    def test_without_a_token_nothing_is_genuine_even_if_signed_with_none(self) -> None:
        given = twilio.signature(token="", address=self.address, fields=self.fields)
        assert not self.genuine(token="", given=given)
