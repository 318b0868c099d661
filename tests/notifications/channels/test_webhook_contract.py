"""The signed request: what a gateway must do with it, and what our client makes of every way it can fail."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
import requests

from notifications.channels.base import NotSent
from notifications.channels.webhook import client as webhook
from notifications.engine.states import Outcome
from tests.notifications.channels.network import SECRET, utc_now

PERMANENT, RETRYABLE, UNKNOWN = Outcome.REJECTED_PERMANENT, Outcome.REJECTED_RETRYABLE, Outcome.UNKNOWN
RECIPIENT = "+12125550177"


def test_a_key_is_taken_once_however_often_it_is_sent(network) -> None:
    client, key = network.webhook(), secrets.token_hex(8)
    ids = {client.create(to=RECIPIENT, text="See you", key=key, now=utc_now()) for _ in range(3)}
    assert len(ids) == 1
    assert [each["key"] for each in network.texts()].count(key) == 1


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "accept_slowly", "drop_before", "error_500"])
def test_after_an_unknown_outcome_the_same_key_leaves_one_message(network, fault) -> None:
    network.plan(send=[fault])
    client, key = network.webhook(), secrets.token_hex(8)
    with pytest.raises(NotSent) as failure:
        client.create(to=RECIPIENT, text="See you", key=key, now=utc_now())
    assert failure.value.outcome is UNKNOWN
    client.create(to=RECIPIENT, text="See you", key=key, now=utc_now())
    assert [each["key"] for each in network.texts()].count(key) == 1


def test_control_with_another_key_there_are_two(network) -> None:
    network.plan(send=["accept_then_drop"])
    client, text = network.webhook(), secrets.token_hex(8)
    with pytest.raises(NotSent):
        client.create(to=RECIPIENT, text=text, key=secrets.token_hex(8), now=utc_now())
    client.create(to=RECIPIENT, text=text, key=secrets.token_hex(8), now=utc_now())
    assert [each["body"] for each in network.texts()].count(text) == 2


def test_too_many(network) -> None:
    network.plan(send=["too_many"])
    with pytest.raises(NotSent) as failure:
        network.webhook().create(to=RECIPIENT, text="x", key="k1", now=utc_now())
    assert (failure.value.outcome, failure.value.retry_after) == (RETRYABLE, timedelta(seconds=7))


def test_a_number_that_is_none_is_refused_for_good(network) -> None:
    with pytest.raises(NotSent) as failure:
        network.webhook().create(to="12", text="x", key="k2", now=utc_now())
    assert (failure.value.outcome, failure.value.code) == (PERMANENT, "422")


@pytest.mark.parametrize("changed", [{"secret": "another"}, {}])
def test_a_wrong_or_old_signature_is_refused_and_may_be_put_right(network, changed) -> None:
    at = utc_now() if changed else utc_now() - timedelta(minutes=6)
    with pytest.raises(NotSent) as failure:
        network.webhook(**changed).create(to=RECIPIENT, text="x", key="k3", now=at)
    assert (failure.value.outcome, failure.value.code) == (RETRYABLE, "401")


def test_the_gateway_refuses_an_altered_body(network) -> None:
    at = str(int(utc_now().timestamp()))
    headers = {
        "Idempotency-Key": "k4",
        "X-Courseline-Timestamp": at,
        "X-Courseline-Signature": webhook.signature(secret=SECRET, at=at, body=b'{"to": "+12125550177"}'),
    }
    reply = requests.post(f"{network.base}/gateway/messages", data=b'{"to": "+1"}', headers=headers, timeout=10)
    assert reply.status_code == 401


def test_the_signature_is_what_it_is_said_to_be() -> None:
    at = str(int(datetime(2026, 5, 4, tzinfo=UTC).timestamp()))
    assert webhook.signature(secret="s", at=at, body=b"{}").startswith("v1=")
    assert webhook.signature(secret="s", at=at, body=b"{}") != webhook.signature(secret="s", at=at + "1", body=b"{}")
