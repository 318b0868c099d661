"""The one clock all dispatchers share: the database's."""

from collections.abc import Callable
from datetime import datetime

from django.db import connection

Clock = Callable[[], datetime]
"""Where a dispatcher reads the time; tests hand in their own."""


def database_now() -> datetime:
    """The present instant on the database's clock. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return now  # type: ignore[no-any-return]
