"""Advisory transaction locks: taken once, sorted, late, with a timeout; and the retry that goes with them.

The protocol, which every action that takes capacity follows: inside the transaction, after everything that can be
prepared without a lock, one call of ``acquire`` with all keys, then the re-check, then the writes. Freeing capacity
needs no lock. PostgreSQL frees the locks at the end of the transaction.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TypeVar

from django.db import OperationalError, connection, transaction

from core.errors import Busy

T = TypeVar("T")

TIMEOUT_MS = 3_000
"""How long to wait for a lock; half of what a person takes for an outage."""
ATTEMPTS = 4
RETRIED = {
    "40P01",  # deadlock_detected
    "40001",  # serialization_failure
    "55P03",  # lock_not_available
}


class Space(IntEnum):
    """What a lock is about. Numbers are never reused; locks are taken in this order."""

    IDEMPOTENCY = 1
    SITE = 2
    PATIENT = 3
    RESOURCE_DAY = 4
    COURSE = 5
    TEXTS = 6


def number(space: Space, key: str) -> int:
    """The 64-bit number of a lock: a digest, so two keys may rarely share one, which only costs waiting."""
    digest = hashlib.blake2b(f"{space.value}:{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def acquire(space: Space, keys: Iterable[str]) -> None:
    """Takes the locks of one space. See ``acquire_all``."""
    acquire_all([(space, key) for key in keys])


def acquire_all(wanted: Iterable[tuple[Space, str]], *, shared: Iterable[tuple[Space, str]] = ()) -> None:
    """Takes all locks in one statement, in one order for everybody. Must run inside a transaction.

    Any number of transactions hold a ``shared`` lock together; none while another holds it as ``wanted``.

    Raises ``OperationalError`` (SQLSTATE 55P03) when one is not free within ``TIMEOUT_MS``; ``retrying`` handles it.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Advisory transaction locks need a transaction.")
    exclusive = set(wanted)
    locks = sorted(exclusive | set(shared))
    if not locks:
        return
    numbers = [number(space, key) for space, key in locks]
    alone = [lock in exclusive for lock in locks]
    with connection.cursor() as cursor:
        # sent in one go. is_local: the timeout ends with the transaction, as the locks do; unnest keeps the order of the arrays
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, true);"
            " SELECT CASE WHEN alone THEN pg_advisory_xact_lock(n) ELSE pg_advisory_xact_lock_shared(n) END"
            " FROM unnest(%s::bigint[], %s::boolean[]) AS locks (n, alone)",
            [f"{TIMEOUT_MS}ms", numbers, alone],
        )


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of a database error, wherever in the chain the driver's own error is."""
    cause: BaseException | None = error
    while cause is not None:
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            return state
        cause = cause.__cause__
    return None


def retrying(do: Callable[[], T], *, attempts: int = ATTEMPTS) -> T:
    """Runs ``do`` in a transaction; again, after a short random wait, on a deadlock or a lock that was not free.

    Inside an outer transaction it cannot be repeated: then the error goes to whoever holds the outer one.

    Raises ``core.errors.Busy`` when the last attempt failed too.
    """
    nested = connection.in_atomic_block
    for attempt in range(1, attempts + 1):
        try:
            with transaction.atomic():
                return do()
        except OperationalError as error:
            if nested or sqlstate(error) not in RETRIED:
                raise
            if attempt == attempts:
                raise Busy("The calendar is very busy right now. Try again in a moment.") from error
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")
