"""Whether anything was written."""

from django.db import connection

OURS = "^(clinics|core|notifications|scheduler|treatments)_"


def written() -> int:
    """How many rows of ours this transaction has added, changed or removed so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables WHERE relname ~ %s",
            [OURS],
        )
        return int(cursor.fetchone()[0])
