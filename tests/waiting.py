"""Whether somebody waits."""

from django.db import connection


def somebody_waits_for_a_lock() -> bool:
    """In the database of this test: others run beside it on the same server."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database())"
        )
        return bool(cursor.fetchone()[0])
