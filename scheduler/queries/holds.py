"""What somebody holds, as far as it has not lapsed into a booking or been given back."""

from datetime import datetime
from uuid import UUID

from clinics.models import User
from scheduler.models import Appointment, Status


def held_by(user: User, hold: UUID | None) -> list[Appointment]:
    """The appointments of one's own hold, named by its change set; others' holds are nobody else's to use. One query."""
    if hold is None:
        return []
    return list(Appointment.objects.filter(change_set=hold, change_set__by=user, status=Status.HELD))


def held_until(hold: UUID, *, by: User, now: datetime) -> datetime | None:
    """The instant until which one's own hold lasts; None when it has ended. One query."""
    rows = Appointment.objects.filter(change_set=hold, change_set__by=by, status=Status.HELD, hold_expires_at__gt=now)
    return rows.order_by("hold_expires_at").values_list("hold_expires_at", flat=True).first()
