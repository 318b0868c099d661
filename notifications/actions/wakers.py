"""Waking dispatchers that listen, so that what is due at once does not wait for their next look.

Only for that: NOTIFY makes commits queue behind each other, and a dispatcher knows by itself when the next row is due.
"""

from datetime import datetime, timedelta

from django.db import connection

BELL = "courseline_messages_due"
"""The name of the PostgreSQL notification channel."""
SOON = timedelta(seconds=10)
"""What is due later than this is found without being woken."""


def wake(*, due_at: datetime, now: datetime) -> None:
    """Wakes the dispatchers that listen, when the transaction commits, if something is due soon."""
    if due_at <= now + SOON:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [BELL])
