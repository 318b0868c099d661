"""Changes that may pull the ground from under booked appointments: never silent."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from clinics.models import Site, User
from core import audit, locks
from core.errors import Conflict
from scheduler.models import Appointment
from scheduler.queries import consequences

T = TypeVar("T")

NAMED = 10
"""How many appointments the error names; the count is always exact."""


class HasBookings(Conflict):
    """Booked appointments stand in the way.

    ``detail``: ``count``, and ``appointments``: id and start of the first ten. Ask again with ``accept_consequences`` to
    change it all the same; the appointments then stay booked and are handed to the caller to be moved.
    """

    code = "has_bookings"


def weighed(
    change: Callable[[], T],
    *,
    site: Site,
    by: User,
    now: datetime,
    accept: bool,
    resources: Collection[UUID] | None = None,
) -> tuple[T, tuple[Appointment, ...]]:
    """Makes the change and says which booked appointments it hits; undoes it when there are any, unless accepted.

    Holds the site's lock, so nobody books meanwhile on the strength of what is being changed. Appointments that did not
    stand before are not counted.

    Raises ``HasBookings``, ``core.errors.Busy``.
    """

    def do() -> tuple[T, tuple[Appointment, ...]]:
        locks.acquire(locks.Space.SITE, [str(site.id)])
        before = {each.id for each in consequences.unkept(site, now=now, resources=resources)}
        result = change()
        hit = tuple(each for each in consequences.unkept(site, now=now, resources=resources) if each.id not in before)
        if hit and not accept:
            raise has_bookings(hit)
        return result, hit

    with audit.acting(by):
        return locks.retrying(do)


def has_bookings(hit: Collection[Appointment]) -> HasBookings:
    """The error that lists them: how many, which, when; no names."""
    appointments = "1 booked appointment" if len(hit) == 1 else f"{len(hit)} booked appointments"
    return HasBookings(
        f"This hits {appointments}.",
        detail={
            "count": len(hit),
            "appointments": [
                {"id": str(each.id), "starts_at": each.starts_at.isoformat()} for each in list(hit)[:NAMED]
            ],
        },
    )
