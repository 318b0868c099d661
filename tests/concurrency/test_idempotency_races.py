"""A request sent many times at once has one effect, and every sender gets the same reply."""

import pytest

from core import idempotency
from core.models import IdempotencyKey
from scheduler.models import Skill
from tests.concurrency.conftest import CLIENTS, race
from tests.factories.clinics import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def sender(user, key, *, payload="same", fails=False):
    def do():
        made = Skill.objects.create(code=f"skill-{Skill.objects.count()}", name="Effect")
        if fails:
            raise RuntimeError("after the effect")
        return {"id": str(made.id)}

    return lambda: idempotency.once(user=user, route="book", key=key, payload=payload, do=do)


def test_one_effect_and_one_reply():
    user = UserFactory()
    for number in range(4):
        outcome = race([sender(user, f"key-{number}")] * CLIENTS)
        assert outcome.errors == []
        assert len({reply["id"] for reply, _ in outcome.results}) == 1
        assert sorted(repeated for _, repeated in outcome.results) == [False] + [True] * (CLIENTS - 1)
        assert Skill.objects.count() == IdempotencyKey.objects.count() == number + 1


def test_control_without_the_lock_some_fail(no_locks):
    """The unique key still allows one effect only, but the others are answered with an error instead of the reply."""
    user = UserFactory()
    outcomes = [race([sender(user, f"key-{number}")] * CLIENTS) for number in range(4)]
    assert any(outcome.errors for outcome in outcomes)


def test_keys_of_different_users_are_different():
    outcome = race([sender(UserFactory(), "key") for _ in range(2)])
    assert len(outcome.results) + len(outcome.errors) == 2
    assert all(not repeated for _, repeated in outcome.results)


def test_a_failure_leaves_the_key_free():
    user = UserFactory()
    outcome = race([sender(user, "key", fails=True)] * 4)
    assert outcome.kinds == {"RuntimeError"}
    assert not Skill.objects.exists()
    _, repeated = sender(user, "key")()
    assert not repeated
