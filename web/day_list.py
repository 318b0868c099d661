"""One day of a site as a list for each resource: visits and free gaps in the order of time.

Reads and arranges; decides nothing. The number of queries does not depend on the number of resources or visits.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from clinics.models import Site
from core import clock
from scheduler.models import Absence, Allocation, Appointment, Kind, Resource, Status
from scheduler.queries import hours
from treatments.models import Visit
from web import statuses, words

LOOK_AHEAD_DAYS = 15
"""How far the next open day is looked for, the shown day included."""
SHORTEST_GAP = timedelta(minutes=15)
"""A shorter gap is dead time: no visit fits into it."""
TITLES = {Kind.CHAIR: "Chairs", Kind.ROOM: "Rooms", Kind.DEVICE: "Devices", Kind.PERSON: "People", Kind.GROUP: "Groups"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a resource's list: a visit, or with ``appointment`` None a free gap. Times are local."""

    starts: datetime
    ends: datetime
    appointment: Appointment | None = None
    visit: Visit | None = None
    state: statuses.State | None = None
    presses: tuple[statuses.Press, ...] = ()

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return int((self.ends - self.starts).total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class Lane:
    """One resource, when it is there, and its day."""

    resource: Resource
    note: str
    entries: tuple[Entry, ...]
    at_work: bool

    @property
    def visits(self) -> int:
        """How many visits it has."""
        return sum(1 for entry in self.entries if entry.appointment)


@dataclass(frozen=True, slots=True)
class Group:
    """Resources of one kind; those that are not there and have no visits are only named."""

    title: str
    lanes: tuple[Lane, ...]
    away: tuple[Lane, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A site's day."""

    on: date
    today: date
    opening: str
    closed_because: str
    next_open_on: date | None
    groups: tuple[Group, ...]
    visits: int

    @property
    def is_closed(self) -> bool:
        """Whether the site is closed on this date."""
        return bool(self.closed_because)


@dataclass
class _Taken:
    """What one appointment takes of one resource, all phases together."""

    appointment: Appointment
    periods: list[hours.Window] = field(default_factory=list)


def of(site: Site, on: date, *, now: datetime) -> Day:
    """The day ``on`` of a site, with presses for changing statuses when it is not in the future."""
    starts_at, ends_at = clock.day_bounds(on, site.zone)
    today = clock.local(now, site.zone).date()
    opening = hours.site_days(site, first_on=on, days=LOOK_AHEAD_DAYS)
    resources = list(Resource.objects.filter(site=site, is_active=True).order_by("position", "name"))
    working = hours.working(resources, site, first_on=on, days=1, opening=opening[:1])
    absent = _absences(resources, starts_at, ends_at)
    taken = _taken(resources, starts_at, ends_at, now)
    writer = _Writer(site.zone, may_press=on <= today)
    lanes = [
        writer.lane(resource, working[str(resource.pk)], taken[resource.pk], absent.get(resource.pk, ""))
        for resource in sorted(resources, key=lambda resource: list(TITLES).index(Kind(resource.kind)))
    ]
    return Day(
        on=on,
        today=today,
        opening=words.listing([words.between(opens, closes) for opens, closes in opening[0].windows]),
        closed_because="" if opening[0].windows else opening[0].reason or "Closed on this weekday",
        next_open_on=next((day.on for day in opening[1:] if day.windows), None),
        groups=tuple(_groups(lanes)),
        visits=len({key for of_resource in taken.values() for key in of_resource}),
    )


def _absences(resources: list[Resource], starts_at: datetime, ends_at: datetime) -> dict[UUID, str]:
    found = Absence.objects.filter(
        resource__in=resources, is_extra=False, starts_at__lt=ends_at, ends_at__gt=starts_at
    ).order_by("starts_at")
    return {absence.resource_id: absence.reason for absence in found}


def _taken(
    resources: list[Resource], starts_at: datetime, ends_at: datetime, now: datetime
) -> dict[UUID, dict[UUID, _Taken]]:
    allocations = (
        Allocation.objects.filter(resource__in=resources, starts_at__lt=ends_at, ends_at__gt=starts_at)
        .exclude(appointment__status=Status.CANCELLED)
        .exclude(Q(appointment__status=Status.HELD) & Q(appointment__hold_expires_at__lte=now))
        .select_related("appointment__patient", "appointment__visit__course")
        .order_by("starts_at", "lane")
    )
    found: dict[UUID, dict[UUID, _Taken]] = defaultdict(dict)
    for allocation in allocations:
        of_resource = found[allocation.resource_id]
        taken = of_resource.setdefault(allocation.appointment_id, _Taken(allocation.appointment))
        taken.periods.append((allocation.starts_at, allocation.ends_at))
    return found


def _visit(appointment: Appointment) -> Visit | None:
    return getattr(appointment, "visit", None)


def _groups(lanes: list[Lane]) -> Iterable[Group]:
    for kind, title in TITLES.items():
        of_kind = [lane for lane in lanes if lane.resource.kind == kind]
        if of_kind:
            shown = tuple(lane for lane in of_kind if lane.at_work or lane.visits)
            yield Group(title, shown, tuple(lane for lane in of_kind if lane not in shown))


class _Writer:
    """Writes the lanes one after another. A visit's presses stand where it is met first: at its chair or room."""

    def __init__(self, zone: str, *, may_press: bool) -> None:
        self.zone = zone
        self.may_press = may_press
        self.with_presses: set[UUID] = set()

    def lane(self, resource: Resource, working: list[hours.Window], taken: dict[UUID, _Taken], absence: str) -> Lane:
        entries = [self._entry(resource, each) for each in taken.values()]
        busy = hours.merged(period for each in taken.values() if each.appointment.is_taking for period in each.periods)
        gaps = [self._gap(gap) for gap in hours.without(working, busy) if gap[1] - gap[0] >= SHORTEST_GAP]
        return Lane(
            resource=resource,
            note=self._note(resource, working, absence),
            entries=tuple(sorted([*entries, *gaps], key=lambda entry: entry.starts)),
            at_work=bool(working),
        )

    def _entry(self, resource: Resource, taken: _Taken) -> Entry:
        appointment = taken.appointment
        starts, ends = appointment.starts_at, appointment.ends_at
        if resource.kind == Kind.PERSON:  # a person is there for some phases only
            starts, ends = min(start for start, _ in taken.periods), max(end for _, end in taken.periods)
        pressed = self.may_press and appointment.pk not in self.with_presses
        self.with_presses.add(appointment.pk)
        return Entry(
            starts=clock.local(starts, self.zone),
            ends=clock.local(ends, self.zone),
            appointment=appointment,
            visit=_visit(appointment),
            state=statuses.of_appointment(appointment),
            presses=statuses.presses(appointment) if pressed else (),
        )

    def _gap(self, window: hours.Window) -> Entry:
        return Entry(clock.local(window[0], self.zone), clock.local(window[1], self.zone))

    def _note(self, resource: Resource, working: list[hours.Window], absence: str) -> str:
        if not working:
            return absence or ("Not at work" if resource.kind == Kind.PERSON else "Not available")
        if resource.kind != Kind.PERSON and not absence:
            return ""
        there = words.listing(
            [
                words.between(clock.local(start, self.zone).time(), clock.local(end, self.zone).time())
                for start, end in working
            ]
        )
        return f"{there}. {absence}" if absence else there
