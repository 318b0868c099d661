"""The look at the calendar that goes before migrations."""

import pytest
from django.db import connection, transaction

from scheduler.checks import visits_are_at_their_time_on_the_clock

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE scheduler_appointment RENAME COLUMN summary TO later",
        "ALTER TABLE clinics_site RENAME COLUMN phone TO later",
        "ALTER TABLE scheduler_appointment RENAME COLUMN fold TO later",
        "ALTER TABLE scheduler_appointment RENAME TO later",
    ],
)
def test_no_migration_is_kept_back(change: str) -> None:
    """Whatever column, or the table, is still to be made."""
    with connection.cursor() as cursor:
        cursor.execute(change)
    before = transaction.savepoint()
    assert visits_are_at_their_time_on_the_clock(databases=["default"]) == []
    transaction.savepoint_rollback(before)
