"""The same key, the same reply."""

from datetime import timedelta

import pytest

from core import idempotency
from core.errors import InvalidInput
from core.idempotency import KeyReused
from core.models import IdempotencyKey
from tests.factories.clinics import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls():
    return []


@pytest.fixture
def send(calls, flora):
    def make(key="key", *, payload=None, user=flora, route="book"):
        def do():
            calls.append(key)
            return {"number": len(calls)}

        return idempotency.once(user=user, route=route, key=key, payload=payload or {"a": 1, "b": [2]}, do=do)

    return make


def test_a_repeat_gets_the_first_reply(send, calls):
    assert send() == ({"number": 1}, False)
    assert send(payload={"b": [2], "a": 1}) == ({"number": 1}, True)
    assert len(calls) == 1


def test_another_payload_under_the_same_key_is_refused(send, calls):
    send()
    with pytest.raises(KeyReused):
        send(payload={"a": 2})
    assert len(calls) == 1


def test_user_route_and_key_tell_requests_apart(send, calls):
    send()
    send("other key")
    send(route="cancel")
    send(user=UserFactory())
    assert len(calls) == 4


@pytest.mark.parametrize("key", ["", "x" * 256, "a\x00b", "line\nbreak"])
def test_keys_that_will_not_do(send, calls, key):
    with pytest.raises(InvalidInput):
        send(key)
    assert calls == []


def test_old_keys_are_forgotten(send, calls, now):
    send("one")
    IdempotencyKey.objects.update(created_at=now - idempotency.KEPT - timedelta(seconds=1))
    assert idempotency.forget(now=now) == 1
    assert idempotency.forget(now=now) == 0
