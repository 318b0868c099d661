"""What stands in the way of places that are asked for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from scheduler.models import Appointment, Status
from scheduler.models.appointment import LONGEST
from scheduler.queries.hours import Window

Place = tuple[UUID, datetime, datetime]
"""A resource and a half-open period."""
Occupied = tuple[datetime, datetime, int]
"""Start, end and lane of something that takes a resource."""

_MEETING = """
    SELECT DISTINCT a.id, a.resource_id, a.starts_at, a.ends_at, a.lane, a.appointment_id,
        p.status = %(held)s AND p.hold_expires_at <= %(now)s
    FROM unnest(
        %(resources)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(latest)s::timestamptz[]
    ) AS t (resource, starts, ends, latest)
    JOIN scheduler_allocation AS a
        ON a.resource_id = t.resource AND a.is_active
        AND a.ends_at > t.starts AND a.ends_at < t.latest AND a.starts_at < t.ends
    JOIN scheduler_appointment AS p ON p.id = a.appointment_id
    WHERE NOT a.appointment_id = ANY(%(without)s::uuid[])
"""


@dataclass(slots=True)
class Occupancy:
    """What takes the resources and the patients' time in the periods asked about; ``lapsed`` holds are not counted."""

    resources: dict[UUID, list[Occupied]] = field(default_factory=dict)
    patients: dict[UUID, list[Window]] = field(default_factory=dict)
    lapsed: set[UUID] = field(default_factory=set)


def meeting(
    *,
    places: Sequence[Place],
    patients: Collection[UUID],
    between: Window,
    now: datetime,
    without: Collection[UUID] = (),
) -> Occupancy:
    """What meets any of ``places``, and the patients' appointments ``between`` two instants. Two queries.

    ``without``: appointments that are ignored.
    """
    found = Occupancy()
    with connection.cursor() as cursor:
        cursor.execute(
            _MEETING,
            {
                "resources": [resource for resource, _, _ in places],
                "starts": [starts_at for _, starts_at, _ in places],
                "ends": [ends_at for _, _, ends_at in places],
                "without": list(without),
                "latest": [ends_at + LONGEST for _, _, ends_at in places],
                "held": Status.HELD.value,
                "now": now,
            },
        )
        for _, resource, starts_at, ends_at, lane, appointment, has_lapsed in cursor.fetchall():
            if has_lapsed:
                found.lapsed.add(appointment)
            else:
                found.resources.setdefault(resource, []).append((starts_at, ends_at, lane))
    if patients:
        elsewhere = Appointment.objects.taking().filter(patient__in=patients).overlapping(*between)
        for appointment in elsewhere.exclude(id__in=without):
            if appointment.has_lapsed(now=now):
                found.lapsed.add(appointment.id)
            elif appointment.patient_id is not None:
                found.patients.setdefault(appointment.patient_id, []).append(
                    (appointment.starts_at, appointment.ends_at)
                )
    return found
