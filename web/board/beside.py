"""What is shown beside the board: one visit with everything that can be done about it, or one free gap."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch

from clinics.models import Site
from core import clock
from scheduler.models import Allocation, Appointment, Kind, Resource, Status
from treatments.models import Visit, VisitStatus
from web import statuses
from web.board.day import Day
from web.board.entries import Card, Gap
from web.visit_lines import overrides_of, who_and_where


@dataclass(frozen=True, slots=True)
class VisitBeside:
    """One visit. Times are local."""

    appointment: Appointment
    visit: Visit | None
    starts: datetime
    ends: datetime
    place: str
    people: str
    state: statuses.State
    presses: tuple[statuses.Press, ...]
    warning: str
    is_today: bool
    has_begun: bool
    resources: tuple[Resource, ...]
    """Everything it takes, each once."""
    overrides: tuple[str, ...]
    """The rules it was booked against, with why."""

    @property
    def may_change(self) -> bool:
        """Whether it can be moved or cancelled: it belongs to a course and has not begun."""
        return (
            self.visit is not None
            and self.visit.status in (VisitStatus.BOOKED, VisitStatus.TENTATIVE)
            and self.appointment.status == Status.BOOKED
        )

    @property
    def lies_ahead(self) -> bool:
        """Whether it has still to take place."""
        return self.appointment.status == Status.BOOKED

    @property
    def may_be_missed(self) -> bool:
        """Whether its time has come and nobody has: then the protocol says what follows, also once it is marked as missed."""
        return self.visit is not None and self.has_begun and self.appointment.status in (Status.BOOKED, Status.MISSED)

    @property
    def may_be_late(self) -> bool:
        """Whether the patient can still be expected later than booked."""
        return self.may_change and self.is_today


def visit(site: Site, key: UUID, day: Day, *, now: datetime) -> VisitBeside | None:
    """The appointment with this id, if it is of this site. Two queries."""
    taken = Allocation.objects.select_related("resource").order_by("starts_at", "role", "lane")
    row = (
        Appointment.objects.filter(site=site, pk=key)
        .exclude(status=Status.CANCELLED)
        .select_related("patient", "visit__course__protocol_version__protocol", "change_set__by")
        .prefetch_related(Prefetch("allocations", queryset=taken))
        .first()
    )
    if row is None:
        return None
    place, people = who_and_where(each.resource for each in row.allocations.all())
    starts = clock.local(row.starts_at, site.zone)
    cards = (entry for group in day.groups for column in group.columns for entry in column.entries)
    card = next((each for each in cards if isinstance(each, Card) and each.appointment.pk == key), None)
    found: Visit | None = getattr(row, "visit", None)
    return VisitBeside(
        appointment=row,
        visit=found,
        starts=starts,
        ends=clock.local(row.ends_at, site.zone),
        place=place,
        people=people,
        state=card.state if card else statuses.of_appointment(row),
        presses=statuses.presses(row) if starts.date() <= day.today else (),
        warning=card.warning if card else "",
        is_today=starts.date() == day.today,
        has_begun=row.starts_at <= now,
        resources=tuple({each.resource_id: each.resource for each in row.allocations.all()}.values()),
        overrides=overrides_of(found, zone=site.zone) if found is not None else (),
    )


@dataclass(frozen=True, slots=True)
class GapBeside:
    """One free gap of a resource, and the quarter hours at which something could begin in it."""

    resource: Resource
    gap: Gap

    @property
    def is_place(self) -> bool:
        """Whether somebody can be looked for who needs just this."""
        return self.resource.kind not in (Kind.PERSON, Kind.GROUP)

    @property
    def starts(self) -> tuple[datetime, ...]:
        """The quarter hours of the gap, the last half hour aside."""
        found, at = [], self.gap.starts
        while at + timedelta(minutes=30) <= self.gap.ends:
            found.append(at)
            at += timedelta(minutes=15)
        return tuple(found)


def gap(day: Day, key: str) -> GapBeside | None:
    """The gap with this key; None when it is not free any more."""
    for group in day.groups:
        for column in group.columns:
            for entry in column.entries:
                if isinstance(entry, Gap) and entry.key == key:
                    return GapBeside(column.resource, entry)
    return None
