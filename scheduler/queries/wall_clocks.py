"""Coming appointments that are not at the wall-clock time the clinic meant: a zone's rules changed after they were booked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from scheduler.models import Appointment
from scheduler.models.appointment import TAKING, AppointmentQuerySet

CHUNK = 2000
MEANT = ("starts_at", "local_on", "local_time", "zone", "fold")
"""What says where an appointment is and where it belongs."""


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
    return list(_shifted(_coming(now).select_related("site").order_by("starts_at", "id")))


def count(*, now: datetime) -> int:
    """How many there are. Reads no column and no table that it does not need: also before migrations add to them."""
    return sum(1 for _ in _shifted(_coming(now).only(*MEANT)))


def _coming(now: datetime) -> AppointmentQuerySet:
    return Appointment.objects.filter(starts_at__gt=now, status__in=TAKING)


def _shifted(rows: AppointmentQuerySet) -> Iterator[Shifted]:
    for each in rows.iterator(chunk_size=CHUNK):
        right = clock.resolve(each.local_on, each.local_time, each.zone, fold=each.fold).at
        if right != each.starts_at:
            yield Shifted(each, right)
