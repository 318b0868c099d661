"""What is looked at when the database is migrated, as at every start of a new release: ``manage.py check --database default``."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import ProgrammingError

from core import clock
from scheduler.queries import wall_clocks


@register(Tags.database)
def visits_are_at_their_time_on_the_clock(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warns of coming visits that another release of the time zones has put at another instant.

    It runs before the migrations: whatever the tables lack then is about to be made, and must not keep it from being made.
    """
    if "default" not in (databases or ()):
        return []
    try:
        number = wall_clocks.count(now=clock.now())
    except ProgrammingError:
        return []
    if not number:
        return []
    return [
        checks.Warning(
            f"{number} coming visits are not at the time on the clock they were booked for: the rules of a zone changed.",
            hint="Run `manage.py retime` to see them, and `manage.py retime --apply` to put them right.",
            id="scheduler.W001",
        )
    ]
