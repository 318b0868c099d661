"""Everybody's calendar as the planner reads it, and free times for people to choose from."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from struct import unpack
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Q

from clinics.models import Patient, Site
from core import clock
from scheduler.engine.grid import SLOT_MINUTES, Grid
from scheduler.engine.request import Calendar, Period
from scheduler.models import Allocation, Appointment, Resource
from scheduler.models.appointment import LONGEST
from scheduler.queries import hours
from scheduler.queries.hours import SiteHours

QUARTER = timedelta(minutes=15)
Equipment = Sequence[tuple[Resource, Sequence[str]]]
"""Resources, each with the codes of its skills."""
Busy = tuple[int, int, int]
"""Start, end (slots) and lane of one allocation."""


def grid(site: Site, *, first_on: date, days: int) -> Grid:
    """The planner's time base for a site: its zone, ``days`` local dates from ``first_on``."""
    return Grid(zone=site.zone, first_on=first_on, days=days)


def opening(site: Site, grid: Grid) -> list[SiteHours]:
    """When the site is open on the grid's dates, for those who ask for more than one of what follows. Two queries."""
    return hours.site_days(site, first_on=grid.first_on, days=grid.days)


def equipment(site: Site, *, among: Collection[UUID] | None = None) -> Equipment:
    """The site's resources in the order of the board, those switched off too; only those ``among``, if given. One query."""
    chosen = Resource.objects.filter(site=site)
    if among is not None:
        chosen = chosen.filter(id__in=among)
    skills = ArrayAgg("skills__code", filter=Q(skills__isnull=False), default=[])
    return [(row, row.codes) for row in chosen.annotate(codes=skills).order_by("position", "name")]


def calendars(
    site: Site,
    grid: Grid,
    *,
    now: datetime,
    without: Collection[UUID] = (),
    resources: Collection[UUID] | None = None,
    opening: Sequence[SiteHours] | None = None,
    known: Equipment | None = None,
) -> tuple[Calendar, ...]:
    """The calendars of the site's active resources over the grid, in the order of the board.

    ``without``: appointments that are ignored (those about to move). Lapsed holds do not count.
    Seven queries whatever the number of resources, two less with the ``opening`` at hand and one less with the equipment
    ``known``; cost does not depend on how many old appointments exist.
    Working time is rounded inwards to whole slots, taken time outwards.
    """
    active = [pair for pair in (equipment(site, among=resources) if known is None else known) if pair[0].is_active]
    rows = [row for row, _ in active]
    working = hours.working(rows, site, first_on=grid.first_on, days=grid.days, opening=opening)
    ignored = {*without, *Appointment.objects.filter(site=site).lapsed(now=now).values_list("id", flat=True)}
    busy = _busy([row.id for row in rows], grid, ignored)
    return tuple(
        Calendar(
            id=str(row.id),
            kind=row.kind,
            working=_periods(grid, working[str(row.id)]),
            busy=busy.get(str(row.id), ()),
            skills=frozenset(codes),
            lanes=row.lanes,
        )
        for row, codes in active
    )


def open_days(grid: Grid, opening: Iterable[SiteHours]) -> frozenset[int]:
    """The numbers of the grid's dates on which the site is open."""
    return frozenset(grid.day_of(day.on) for day in opening if day.windows)


def patient_busy(patient: Patient, grid: Grid, *, now: datetime, without: Collection[UUID] = ()) -> tuple[Period, ...]:
    """The periods in which the patient has appointments, at any site. Lapsed holds do not count. One query."""
    taken = patients_busy([patient.pk], grid, now=now).get(patient.pk, {})
    return tuple(period for appointment, period in taken.items() if appointment not in without)


def patients_busy(patients: Collection[UUID], grid: Grid, *, now: datetime) -> dict[UUID, dict[UUID, Period]]:
    """The same for several patients: patient to appointment to period. Those without are left out. One query."""
    taken = (
        Appointment.objects.taking()
        .filter(patient__in=patients)
        .overlapping(grid.origin, grid.instant(grid.slots))
        .exclude(id__in=Appointment.objects.filter(patient__in=patients).lapsed(now=now).values("id"))
        .order_by("starts_at")
        .values_list("id", "patient_id", "starts_at", "ends_at")
    )
    found: dict[UUID, dict[UUID, Period]] = {}
    for key, patient, start, end in taken:
        period = (max(grid.slot(start), 0), min(grid.slot_after(end), grid.slots))
        found.setdefault(patient, {})[key] = period
    return found


def next_free(
    resource: Resource, *, minutes: int, after: datetime, now: datetime, count: int = 3, days: int = 28
) -> list[datetime]:
    """The next instants, on quarter hours, at which the resource is at work and free (all lanes) for ``minutes``.

    Looks ``days`` local dates ahead of ``after``. Instants are in UTC. Seven queries at most.
    """
    if not resource.is_active:
        return []
    site = resource.site
    first_on = clock.local(after, site.zone).date()
    working = hours.working([resource], site, first_on=first_on, days=days)[str(resource.id)]
    ends_at = clock.first_instant(first_on + timedelta(days=days), site.zone)
    taken = (
        Allocation.objects.filter(resource=resource, is_active=True, ends_at__gt=after, starts_at__lt=ends_at)
        .exclude(appointment__in=Appointment.objects.filter(site=site).lapsed(now=now))
        .values_list("starts_at", "ends_at")
    )
    found: list[datetime] = []
    for start, end in hours.without(working, hours.merged(taken)):
        at = _quarter_hour_from(max(start, after))
        while len(found) < count and at + timedelta(minutes=minutes) <= end:
            found.append(at)
            at += QUARTER
    return found


def _quarter_hour_from(at: datetime) -> datetime:
    # every zone in use is a whole number of quarter hours from UTC, so a quarter hour is one everywhere
    past = timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return at if not past else at - past + QUARTER


def _periods(grid: Grid, windows: Iterable[hours.Window]) -> tuple[Period, ...]:
    periods = ((max(grid.slot_after(start), 0), min(grid.slot(end), grid.slots)) for start, end in windows)
    return tuple(period for period in periods if period[0] < period[1])


def _busy(resources: Sequence[UUID], grid: Grid, ignored: Collection[UUID]) -> dict[str, tuple[Busy, ...]]:
    """What is taken of each resource, as slots cut to the grid.

    One row per resource, its allocations packed as 32-bit numbers: ten times cheaper than a row for each. The lateral join
    asks for one resource at a time, which is what the index ``scheduler_allocation_calendar`` answers without
    touching history.
    """
    if not resources:
        return {}
    but_not = "AND NOT a.appointment_id = ANY(%(ignored)s)" if ignored else ""
    query = f"""
        SELECT r.id, packed.busy
        FROM unnest(%(resources)s::uuid[]) AS r (id)
        CROSS JOIN LATERAL (
            SELECT string_agg(
                int4send(greatest(floor(date_part('epoch', a.starts_at - %(first)s) / %(slot)s), 0)::int)
                || int4send(least(ceil(date_part('epoch', a.ends_at - %(first)s) / %(slot)s), %(slots)s)::int)
                || int4send(a.lane::int),
                ''::bytea ORDER BY a.ends_at, a.lane
            ) AS busy
            FROM scheduler_allocation AS a
            WHERE a.resource_id = r.id AND a.is_active
                AND a.ends_at > %(first)s AND a.ends_at < %(latest)s AND a.starts_at < %(last)s
                {but_not}
        ) AS packed
        WHERE packed.busy IS NOT NULL
    """  # noqa: S608 - the one inserted part is a constant
    with connection.cursor() as cursor:
        cursor.execute(
            query,
            {
                "resources": list(resources),
                "ignored": list(ignored),
                "first": grid.origin,
                "last": grid.instant(grid.slots),
                "latest": grid.instant(grid.slots) + LONGEST,
                "slot": SLOT_MINUTES * 60,
                "slots": grid.slots,
            },
        )
        return {str(resource): _unpacked(packed) for resource, packed in cursor.fetchall()}


def _unpacked(packed: bytes | memoryview) -> tuple[Busy, ...]:
    each = iter(unpack(f">{len(packed) // 4}i", packed))
    return tuple(zip(each, each, each, strict=True))
