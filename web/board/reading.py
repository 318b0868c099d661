"""What a day's board is drawn from, read in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from clinics.models import Site
from core import clock
from scheduler.models import Absence, Allocation, Appointment, Kind, Resource, Status
from scheduler.models.appointment import LONGEST
from scheduler.queries import hours
from treatments.models import Visit
from treatments.queries import readiness

LOOK_AHEAD_DAYS = 15
"""How far the next open day is looked for, the shown day included."""
ORDER = (Kind.CHAIR, Kind.ROOM, Kind.DEVICE, Kind.GROUP, Kind.PERSON)


@dataclass
class Taken:
    """What one appointment takes of one resource; ``looking_on`` are the periods in which others may be served too."""

    appointment: Appointment
    periods: list[hours.Window] = field(default_factory=list)
    looking_on: list[hours.Window] = field(default_factory=list)

    @property
    def starts_at(self) -> datetime:
        """When the first period begins."""
        return min(start for start, _ in self.periods)

    @property
    def ends_at(self) -> datetime:
        """When the last period ends."""
        return max(end for _, end in self.periods)


@dataclass(frozen=True)
class Facts:
    """A site's day as it is stored."""

    site: Site
    on: date
    bounds: tuple[datetime, datetime]
    opening: Sequence[hours.SiteHours]
    """The day and those after it."""
    resources: Sequence[Resource]
    """Those in use, in the order of the board."""
    working: Mapping[str, Sequence[hours.Window]]
    absences: Mapping[UUID, Sequence[Absence]]
    appointments: Mapping[UUID, Appointment]
    taken: Mapping[UUID, Mapping[UUID, Taken]]
    """By resource and appointment."""


def read(site: Site, on: date, *, now: datetime) -> Facts:
    """The day ``on`` of a site. Six queries, however many resources and visits. Lapsed holds are gone."""
    bounds = clock.day_bounds(on, site.zone)
    opening = hours.site_days(site, first_on=on, days=LOOK_AHEAD_DAYS)
    rows = Resource.objects.filter(site=site, is_active=True).order_by("position", "name")
    resources = sorted(rows, key=lambda resource: ORDER.index(Kind(resource.kind)))
    exceptions = list(
        Absence.objects.filter(resource__in=resources, starts_at__lt=bounds[1], ends_at__gt=bounds[0]).order_by(
            "starts_at"
        )
    )
    appointments = _appointments(site, bounds, now)
    return Facts(
        site=site,
        on=on,
        bounds=bounds,
        opening=opening,
        resources=resources,
        working=hours.working(resources, site, first_on=on, days=1, opening=opening[:1], exceptions=exceptions),
        absences=_absences(exceptions),
        appointments=appointments,
        taken=_taken(appointments, resources),
    )


def visit_of(appointment: Appointment) -> Visit | None:
    """The visit of a course that it is; None for an appointment without a course."""
    return getattr(appointment, "visit", None)


def _absences(exceptions: Iterable[Absence]) -> Mapping[UUID, list[Absence]]:
    found: dict[UUID, list[Absence]] = defaultdict(list)
    for absence in exceptions:
        if not absence.is_extra:
            found[absence.resource_id].append(absence)
    return found


def _appointments(site: Site, bounds: hours.Window, now: datetime) -> dict[UUID, Appointment]:
    """With what they take as ``takes`` and the visits of their courses as ``keys``: one query for all of it."""
    takes = Allocation.objects.filter(appointment=OuterRef("pk")).order_by("starts_at", "ends_at", "lane")
    keys = Visit.objects.filter(course=OuterRef("visit__course")).exclude(status__in=readiness.GONE)
    one = JSONObject(resource="resource_id", starts="starts_at", ends="ends_at", shared="is_shared", lane="lane")
    rows = (
        Appointment.objects.filter(site=site, starts_at__gt=bounds[0] - LONGEST)
        .overlapping(*bounds)
        .exclude(status=Status.CANCELLED)
        .exclude(Q(status=Status.HELD) & Q(hold_expires_at__lte=now))
        .select_related("patient", "visit__course", "change_set__by")
        .annotate(takes=ArraySubquery(takes.values(one=one)), keys=ArraySubquery(keys.order_by("key").values("key")))
        .order_by("starts_at", "id")
    )
    return {row.pk: row for row in rows}


def _taken(appointments: Mapping[UUID, Appointment], resources: Iterable[Resource]) -> Mapping[UUID, dict[UUID, Taken]]:
    """What the appointments take. Lanes are told apart no further than by whether they are shared."""
    found: dict[UUID, dict[UUID, Taken]] = defaultdict(dict)
    seats = {resource.pk: resource.lanes for resource in resources}
    for key, appointment in appointments.items():
        for one in appointment.takes:  # type: ignore[attr-defined]  # annotated
            resource = UUID(one["resource"])
            taken = found[resource].setdefault(key, Taken(appointment))
            period = datetime.fromisoformat(one["starts"]), datetime.fromisoformat(one["ends"])
            if period not in taken.periods:  # a period in several lanes is one
                taken.periods.append(period)
                if one["shared"]:
                    taken.looking_on.append(period)
            if (
                one["lane"] >= seats.get(resource, 1) and period in taken.looking_on
            ):  # hands-on: the lane beyond the seats
                taken.looking_on.remove(period)
    return found


def next_open_on(facts: Facts) -> date | None:
    """The first date after this one on which the site is open; None when none is near."""
    return next((day.on for day in facts.opening[1:] if day.windows), None)
