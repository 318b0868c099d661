"""Change lines: what a change set did to each appointment, so that it can be shown and taken back.

A state is plain data: status, period, patient, summary, confirmation, and what is taken, in a fixed order.
Versions, epochs and the instants of writing are left out: they go on rising whatever is taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from scheduler.models import Allocation, Appointment, ChangeLine, ChangeSet

State = dict[str, Any]
Taken = Mapping[UUID, Sequence[Allocation]]
"""Appointment to its allocations."""


def taken_by(appointments: Iterable[UUID]) -> dict[UUID, list[Allocation]]:
    """What these appointments take or took. One query."""
    found: dict[UUID, list[Allocation]] = {key: [] for key in appointments}
    for row in Allocation.objects.filter(appointment__in=list(found)):
        found[row.appointment_id].append(row)
    return found


def state(row: Appointment, allocations: Iterable[Allocation]) -> State:
    """An appointment with what it takes, as data."""
    return {
        "status": str(row.status),
        "previous_status": str(row.previous_status),
        "patient": None if row.patient_id is None else str(row.patient_id),
        "starts_at": _text(row.starts_at),
        "ends_at": _text(row.ends_at),
        "summary": row.summary,
        "confirmed_at": _text(row.confirmed_at),
        "allocations": sorted(
            [str(each.resource_id), each.role, each.lane, each.is_shared, _text(each.starts_at), _text(each.ends_at)]
            for each in allocations
        ),
    }


def states(rows: Iterable[Appointment], taken: Taken) -> dict[UUID, State]:
    """The states of these appointments, by id."""
    return {row.pk: state(row, taken.get(row.pk, ())) for row in rows}


def write(change_set: ChangeSet, before: Mapping[UUID, State], after: Mapping[UUID, State]) -> None:
    """Writes a line for every appointment that is new or not as before. One insert."""
    ChangeLine.objects.bulk_create(
        ChangeLine(change_set=change_set, appointment_id=key, before=before.get(key), after=now_is)
        for key, now_is in sorted(after.items())
        if before.get(key) != now_is
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
