"""Giving out API tokens and taking them back."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from clinics.actions import tokens
from clinics.models import ApiToken, User
from clinics.models.token import digest
from core.errors import InvalidInput, NotAllowed

pytestmark = pytest.mark.django_db


def test_a_token_is_issued_and_only_its_hash_kept(flora, mona, now):
    token, secret = tokens.issue(user=flora, name="Phone system", scopes=["read"], days=90, by=mona, now=now)
    assert secret.startswith("cl_")
    assert len(secret) > 40
    assert token.secret_hash == digest(secret)
    assert token.expires_at == now + timedelta(days=90)
    event = token.events.get()
    assert event.pgh_context.metadata["user"] == str(mona.pk)
    assert not hasattr(event, "secret_hash")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "admin"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
    ],
)
def test_tokens_that_cannot_be(flora, mona, now, change, pointer):
    usual = {"user": flora, "name": "Phone system", "scopes": ["read"], "days": 90, "by": mona, "now": now}
    with pytest.raises(InvalidInput) as caught:
        tokens.issue(**(usual | change))
    assert caught.value.pointer == pointer
    assert not ApiToken.objects.exists()


def test_neither_the_system_nor_somebody_who_left_gets_a_token(flora, mona, now):
    flora.is_active = False
    for user in (flora, User.objects.service()):
        with pytest.raises(InvalidInput):
            tokens.issue(user=user, name="Phone system", scopes=["read"], days=90, by=mona, now=now)


def test_only_managers_give_out_and_take_back(flora, mona, now):
    token, _ = tokens.issue(user=flora, name="Phone system", scopes=["read"], days=90, by=mona, now=now)
    with pytest.raises(NotAllowed):
        tokens.issue(user=flora, name="Phone system", scopes=["write"], days=90, by=flora, now=now)
    with pytest.raises(NotAllowed):
        tokens.revoke(token=token, by=flora, now=now)
    token.refresh_from_db()
    assert token.revoked_at is None


def test_a_revoked_token_is_not_usable_and_stays_revoked(flora, mona, now):
    token, _ = tokens.issue(user=flora, name="Phone system", scopes=["read"], days=90, by=mona, now=now)
    tokens.revoke(token=token, by=mona, now=now)
    tokens.revoke(token=token, by=mona, now=now + timedelta(days=1))
    assert token.revoked_at == now
    assert not ApiToken.objects.usable(now=now).exists()


def test_the_command_prints_the_secret_alone(flora):
    out, said = StringIO(), StringIO()
    call_command("issue_token", "FLORA@example.org", name="Phone system", scope="write", stdout=out, stderr=said)
    token = ApiToken.objects.get()
    assert token.secret_hash == digest(out.getvalue().strip())
    assert (token.user, token.scopes) == (flora, ["write"])
    assert "flora@example.org" in said.getvalue()


def test_the_command_says_what_is_wrong(flora):
    with pytest.raises(CommandError, match="no account"):
        call_command("issue_token", "nobody@example.org", name="x")
    with pytest.raises(CommandError, match="366 days"):
        call_command("issue_token", flora.email, name="x", days=1000)
