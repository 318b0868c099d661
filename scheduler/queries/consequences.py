"""Which booked appointments the hours, resources and closures as they are now do not carry."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from clinics.models import Site
from core import clock
from scheduler.engine.request import HANDS_LANE
from scheduler.models import Allocation, Appointment, Resource
from scheduler.models.appointment import UPCOMING
from scheduler.queries import hours


def unkept(site: Site, *, now: datetime, resources: Collection[UUID] | None = None) -> list[Appointment]:
    """Appointments at the site that are not over and do not stand any more, the earliest first.

    One does not stand when something it takes is switched off, does not work then, or has no such lane any more; or when
    the site is closed. With ``resources`` only what takes one of these is looked at. Eight queries at most.
    """
    upcoming = Appointment.objects.filter(site=site, status__in=UPCOMING, ends_at__gt=now)
    if resources is not None:
        upcoming = upcoming.filter(id__in=Allocation.objects.filter(resource__in=resources).values("appointment"))
    rows = list(upcoming.order_by("starts_at", "id"))
    if not rows:
        return []
    taken = Allocation.objects.filter(appointment__in=[row.id for row in rows], is_active=True)
    if resources is not None:
        taken = taken.filter(resource__in=resources)
    allocations = list(taken)
    used = Resource.objects.in_bulk({each.resource_id for each in allocations})
    periods = [(row.starts_at, row.ends_at) for row in rows]
    periods += [(each.starts_at, each.ends_at) for each in allocations]
    first_on = clock.local(min(start for start, _ in periods), site.zone).date()
    last_on = clock.local(max(end for _, end in periods), site.zone).date()
    days = (last_on - first_on).days + 1
    opening = hours.site_days(site, first_on=first_on, days=days)
    working = hours.working(list(used.values()), site, first_on=first_on, days=days, opening=opening)
    site_open = hours.opened(opening, site.zone)

    def stands(allocation: Allocation) -> bool:
        resource = used[allocation.resource_id]
        return (
            resource.is_active
            and (allocation.lane < resource.lanes or allocation.lane == HANDS_LANE)
            and hours.covers(working[str(resource.id)], allocation.starts_at, allocation.ends_at)
        )

    fallen = {each.appointment_id for each in allocations if not stands(each)}
    return [row for row in rows if row.id in fallen or not hours.covers(site_open, row.starts_at, row.ends_at)]
