"""Signs of life of the pipeline's parts: what an operator, and an alarm, look at."""

from datetime import datetime, timedelta

from django.db import connection

EVERY = timedelta(seconds=5)
"""A sign is renewed when it is older than this: many dispatchers, few writes."""

_GIVE = """
INSERT INTO notifications_sign (part, at) VALUES (%s, %s)
ON CONFLICT (part) DO UPDATE SET at = excluded.at WHERE notifications_sign.at < excluded.at - make_interval(secs => %s)
"""


def give(part: str, *, now: datetime) -> None:
    """This part has just done its work to the end."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE, [part, now, EVERY.total_seconds()])
