"""The one clock all dispatchers share: the database's."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection

Clock = Callable[[], datetime]
"""Where a dispatcher reads the time; tests hand in their own."""

ASK_AGAIN_AFTER = 5.0
"""Seconds that are counted here before the database is asked again."""


def database_now() -> datetime:
    """The present instant on the database's clock. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return now  # type: ignore[no-any-return]


def database_clock() -> Clock:
    """A clock set by the database's. In between it counts seconds itself, whatever this machine's own clock says."""
    asked_at, answer = float("-inf"), datetime.min.replace(tzinfo=UTC)

    def now() -> datetime:
        nonlocal asked_at, answer
        if time.monotonic() - asked_at > ASK_AGAIN_AFTER:
            answer, asked_at = database_now(), time.monotonic()
        return answer + timedelta(seconds=time.monotonic() - asked_at)

    return now
