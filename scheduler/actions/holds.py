"""Ending holds whose time is over."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import F

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, locks
from scheduler.models import Allocation, Appointment, Status


def lapse(*, by: User, now: datetime, at_most: int = 500) -> int:
    """Ends holds whose time is over, the oldest first, and says how many. Those being worked on are left to others.

    Nothing depends on it: a lapsed hold is in nobody's way. It keeps the calendar tidy.

    Raises ``NotAllowed``.
    """
    require(by, Permission.RUN_SYSTEM)

    def sweep_some() -> int:
        found = (
            Appointment.objects.select_for_update(skip_locked=True)
            .lapsed(now=now)
            .order_by("hold_expires_at", "id")
            .values_list("id", flat=True)[:at_most]
        )
        return end(list(found), now=now)

    with audit.acting(by):
        return locks.retrying(sweep_some)


def sweep(holds: Collection[UUID], *, now: datetime) -> None:
    """Ends those of these holds that have lapsed and were not booked meanwhile. Must run inside a transaction."""
    # one order for everybody, so that two sweepers wait for each other in line
    found = Appointment.objects.select_for_update().filter(id__in=holds).lapsed(now=now).order_by("id")
    end(list(found.values_list("id", flat=True)), now=now)


def end(holds: Collection[UUID], *, now: datetime) -> int:
    """Cancels these holds, whose rows the caller has locked, and frees their resources."""
    if not holds:
        return 0
    Allocation.objects.filter(appointment__in=holds).update(is_active=False, updated_at=now)
    return Appointment.objects.filter(id__in=holds).update(
        status=Status.CANCELLED,
        previous_status=Status.HELD,
        hold_expires_at=None,
        version=F("version") + 1,
        updated_at=now,
    )
