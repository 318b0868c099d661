"""Coming appointments that are not at the wall-clock time the clinic meant: a zone's rules changed after they were booked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from scheduler.models import Appointment
from scheduler.models.appointment import TAKING

CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Shifted:
    """An appointment, and the instant its wall-clock time is by the rules this machine has."""

    appointment: Appointment
    starts_at: datetime

    @property
    def by(self) -> timedelta:
        """How much later the instant is than the one that is stored; negative if earlier."""
        return self.starts_at - self.appointment.starts_at


def shifted(*, now: datetime) -> list[Shifted]:
    """Those that take their place and have not begun, earliest first. One query, over all coming appointments."""
    coming = (
        Appointment.objects.filter(starts_at__gt=now, status__in=TAKING)
        .select_related("site")
        .order_by("starts_at", "id")
    )
    found = []
    for each in coming.iterator(chunk_size=CHUNK):
        right = clock.resolve(each.local_on, each.local_time, each.zone, fold=each.fold).at
        if right != each.starts_at:
            found.append(Shifted(each, right))
    return found
