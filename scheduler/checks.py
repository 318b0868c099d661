"""What is looked at when the database is migrated, as at every start of a new release: ``manage.py check --database default``."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections

from core import clock
from scheduler.models import Appointment
from scheduler.queries import wall_clocks


@register(Tags.database)
def visits_are_at_their_time_on_the_clock(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warns of coming visits that another release of the time zones has put at another instant."""
    if "default" not in (databases or ()):
        return []
    if Appointment._meta.db_table not in connections["default"].introspection.table_names():  # noqa: SLF001 - Django's own API
        return []
    number = len(wall_clocks.shifted(now=clock.now()))
    if not number:
        return []
    return [
        checks.Warning(
            f"{number} coming visits are not at the time on the clock they were booked for: the rules of a zone changed.",
            hint="Run `manage.py retime` to see them, and `manage.py retime --apply` to put them right.",
            id="scheduler.W001",
        )
    ]
