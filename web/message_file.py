"""Messages as a table that a spreadsheet reads: where each stands, never its words."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from core import clock
from notifications.models import Message
from notifications.queries import explanations

MOST = 5_000
"""Lines of one table."""
COLUMNS = (
    "message",
    "patient",
    "about",
    "message for",
    "channel",
    "copy",
    "state",
    "reason",
    "due",
    "settled",
    "tries",
    "possible copies",
    "taken care of by",
)


def table(rows: Iterable[Message]) -> Iterator[tuple[object, ...]]:
    """The table of messages read with ``messages.shown``. Times are on the clock of the place each is about."""
    yield COLUMNS
    for row in rows:
        zone = explanations.zone_of(row)
        yield (
            row.pk,
            row.patient.short_name,
            row.appointment_id or row.change_set_id,
            row.get_step_display(),
            row.get_channel_display(),
            row.copy,
            row.get_state_display(),
            row.get_reason_display(),
            _local(row.due_at, zone),
            _local(row.settled_at, zone),
            row.attempts,
            row.possible_duplicates,
            row.handling.by.name if hasattr(row, "handling") else "",
        )


def _local(at: datetime | None, zone: str) -> str:
    return f"{clock.local(at, zone):%Y-%m-%d %H:%M}" if at else ""
