"""Who has a resource in a period: for those who are refused it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from scheduler.models import Allocation, Appointment, Status


def occupants(
    resources: Collection[str], starts_at: datetime, ends_at: datetime, *, now: datetime
) -> list[tuple[str, Appointment]]:
    """Pairs of resource id and appointment, in order of time; holds that have lapsed are in nobody's way. One query.

    Each appointment has its patient and, in its change set, who made it.
    """
    if not resources:
        return []
    rows = (
        Allocation.objects.filter(
            resource__in=[UUID(key) for key in resources], is_active=True, starts_at__lt=ends_at, ends_at__gt=starts_at
        )
        .exclude(Q(appointment__status=Status.HELD) & Q(appointment__hold_expires_at__lte=now))
        .select_related("appointment__patient", "appointment__change_set__by")
        .order_by("starts_at", "pk")
    )
    found = {(str(row.resource_id), row.appointment_id): row.appointment for row in rows}
    return [(resource, appointment) for (resource, _), appointment in found.items()]
