"""Visits as lists show them: when, how long, who and where, in which state, and why there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core import clock
from scheduler.models import Kind, Resource, Status
from treatments import overriding
from treatments.models import Visit, VisitStatus
from treatments.models.course import GIVEN_UP
from web import words
from web.statuses import State, of_visit

_PLACES_FIRST = {Kind.CHAIR: 0, Kind.ROOM: 1, Kind.DEVICE: 2, Kind.PERSON: 3, Kind.GROUP: 4}
_OVER = (Status.DONE, Status.MISSED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit. ``starts`` and ``ends`` are local to its site, None while it has no time."""

    key: str
    label: str
    family: str
    minutes: int
    starts: datetime | None
    ends: datetime | None
    place: str
    people: str
    reason: str
    notes: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    state: State | None = None
    visit: Visit | None = None

    @property
    def css(self) -> str:
        """How the line is set: over when nothing more happens, off when it will not happen at all."""
        if self.visit is None:
            return ""
        if self.visit.status in GIVEN_UP:
            return "over off"
        appointment = self.visit.appointment
        return "over" if appointment is not None and appointment.status in _OVER else ""

    @property
    def may_change(self) -> bool:
        """Whether it stands in the calendar and has not begun, so that it can be moved or cancelled."""
        return (
            self.visit is not None
            and self.visit.status in (VisitStatus.BOOKED, VisitStatus.TENTATIVE)
            and self.visit.appointment is not None
            and self.visit.appointment.status == Status.BOOKED
        )

    @property
    def waits(self) -> bool:
        """Whether it still needs a time."""
        return self.visit is not None and self.visit.status == VisitStatus.TO_PLACE

    @classmethod
    def of_visit(cls, visit: Visit, *, zone: str) -> "VisitLine":
        """The line of a stored visit, read with ``treatments.queries.courses.visits``."""
        appointment = visit.appointment
        place, people = who_and_where(
            (each.resource for each in appointment.allocations.all()) if appointment is not None else ()
        )
        tz = ZoneInfo(zone)
        return cls(
            key=visit.key,
            label=visit.label,
            family=visit.family,
            minutes=visit.minutes,
            starts=appointment.starts_at.astimezone(tz) if appointment is not None else None,
            ends=appointment.ends_at.astimezone(tz) if appointment is not None else None,
            place=place,
            people=people,
            reason=visit.reason,
            unplaced=tuple(visit.unplaced),
            overrides=overrides_of(visit, zone=zone),
            state=of_visit(visit.status, appointment),
            visit=visit,
        )


def overrides_of(visit: Visit, *, zone: str) -> tuple[str, ...]:
    """The rules a visit was booked against, each with why, by whom and when. Needs its appointment with what it takes."""
    return tuple(_overridden(told, zone) for told in overriding.of(visit))


def _overridden(told: overriding.Told, zone: str) -> str:
    kept = told.override
    at, stood = clock.local(kept.at, zone), clock.local(kept.starts_at, zone)
    where = "" if told.counts else f" for {words.day(stood.date())}, {words.clock(stood.time())}"
    when = f"{words.day(at.date())} {at.year}, {words.clock(at.time())}"
    return f"Rule overridden{where}: “{kept.broken.words}”. Why: {kept.reason.rstrip('.')}. {kept.by_name}, {when}."


def who_and_where(resources: Iterable[Resource]) -> tuple[str, str]:
    """Such as "Chair 2" and "Kim Lee, Ana Wu": each named once, in the order in which they were taken."""
    named: dict[str, Resource] = {}
    for resource in resources:
        named.setdefault(resource.name, resource)
    ordered = sorted(named.values(), key=lambda resource: _PLACES_FIRST[Kind(resource.kind)])
    people = [resource.name for resource in ordered if resource.kind == Kind.PERSON]
    places = [resource.name for resource in ordered if resource.kind != Kind.PERSON]
    return ", ".join(places), ", ".join(people)
