"""Carries out a request once, however often it is sent."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from core import locks
from core.errors import InvalidInput, Unprocessable
from core.models import IdempotencyKey

KEPT = timedelta(hours=48)
"""How long a request may be repeated safely; clients are told a day."""


class KeyReused(Unprocessable):
    """The same key came with another request."""

    code = "idempotency_key_reused"


def fingerprint(payload: Any) -> str:
    """A digest of a JSON value that does not depend on the order of its keys."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True, default=str).encode()).hexdigest()


def once(
    *, user: AbstractBaseUser, route: str, key: str, payload: Any, do: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """The reply of ``do``, which runs at most once for this user, route and key; and whether it is a repeat.

    ``do`` and the key commit together: when ``do`` raises, the key is free again. A second request waits for the
    first one to end.

    Raises ``InvalidInput`` for a key that is empty, too long or not printable, ``KeyReused`` when the payload
    differs from the first one's, ``core.errors.Busy`` when the first one takes too long.
    """
    if not key or len(key) > 255 or not key.isprintable():
        raise InvalidInput("Send an Idempotency-Key of 1 to 255 printable characters.", pointer="Idempotency-Key")
    digest = fingerprint(payload)

    def attempt() -> tuple[dict[str, Any], bool]:
        locks.acquire(locks.Space.IDEMPOTENCY, [f"{user.pk}:{route}:{key}"])
        known = IdempotencyKey.objects.filter(user_id=user.pk, route=route, key=key).first()
        if known is not None:
            if known.fingerprint != digest:
                raise KeyReused("This Idempotency-Key was used for a different request. Use a new key.")
            return known.reply, True
        reply = do()
        IdempotencyKey.objects.create(user_id=user.pk, route=route, key=key, fingerprint=digest, reply=reply)
        return reply, False

    return locks.retrying(attempt)


def forget(*, now: datetime) -> int:
    """Deletes the keys nobody can reasonably repeat any more, older than ``KEPT``; how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()[0]
