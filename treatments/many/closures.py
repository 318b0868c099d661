"""What it does to every course that the site closes for a day, or that somebody or something is away. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from clinics.models import Site
from core import clock
from core.errors import InvalidInput
from scheduler.engine.request import Keep, Placement, PlanRequest, Use
from scheduler.models import Allocation, Appointment, Kind, Resource, Status
from scheduler.models.appointment import UPCOMING
from scheduler.models.change_set import Verb
from treatments import planning
from treatments.life import replanning
from treatments.life.replanning import KEEP
from treatments.life.running import Running
from treatments.many.batches import Batch, Member, faults
from treatments.many.together import Calendars
from treatments.models import CourseStatus, Visit
from treatments.planning import AHEAD, Question

if TYPE_CHECKING:
    from scheduler.engine.availability import Availability

LONGEST = timedelta(days=92)
"""Whoever is away for longer is taken out of the team: their working hours end."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A site closed on a local date, or a resource away for a period."""

    site: Site
    reason: str
    on: date | None = None
    resource: Resource | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def period(self) -> tuple[datetime, datetime]:
        """From when to when."""
        if self.on is not None:
            zone = self.site.zone
            return clock.first_instant(self.on, zone), clock.first_instant(self.on + timedelta(days=1), zone)
        assert self.starts_at is not None and self.ends_at is not None  # noqa: S101, PT018 - checked
        return self.starts_at, self.ends_at

    def check(self, now: datetime) -> None:
        """Raises ``InvalidInput`` for what cannot be planned around."""
        if (self.on is None) == (self.resource is None):
            raise InvalidInput("Name either a date or a resource.", pointer="on")
        if self.resource is not None:
            if self.starts_at is None or self.ends_at is None:
                raise InvalidInput("Say from when to when.", pointer="starts_at")
            if self.resource.site_id != self.site.pk:
                raise InvalidInput("The site has no such resource.", pointer="resource")
            if self.ends_at <= self.starts_at:
                raise InvalidInput("The end is not after the start.", pointer="ends_at")
        starts_at, ends_at = self.period()
        if ends_at <= now:
            raise InvalidInput("This is over.", pointer="on" if self.on else "ends_at")
        if ends_at - starts_at > LONGEST or ends_at > now + AHEAD:
            raise InvalidInput(f"Choose at most {LONGEST.days} days within two years.", pointer="ends_at")

    def applied(self, calendars: Calendars) -> Calendars:
        """The calendars as they are with it."""
        if self.on is not None:
            return calendars.closed(self.on)
        return calendars.without(str(self.resource.pk if self.resource else ""), *self.period())

    def lifted(self, calendars: Calendars) -> Calendars:
        """The calendars as if whoever is away had been there: an absence may be known before anybody sees to its visits."""
        if self.resource is None:
            return calendars
        return calendars.with_there(str(self.resource.pk), *self.period())


def batch(closure: Closure, *, now: datetime) -> Batch:
    """Every course with a visit that cannot stay, to be planned around the closure.

    Visits that cannot stay and may be moved get another place; if need be later visits of their courses move too.
    Whoever is here already or comes within the hour is left to the desk. Raises ``InvalidInput``.
    """
    closure.check(now)
    starts_at, ends_at = closure.period()
    runnings = [Running.read(key, now=now) for key in _courses(closure, now=now)]
    if not runnings:
        return Batch(Verb.CLOSE, (), _left(closure, (), now=now))
    first_on, last_on = (clock.local(each, closure.site.zone).date() for each in (max(starts_at, now), ends_at))
    moving = {key for running in runnings for key in running.appointments(running.movable)}
    calendars = Calendars.read(closure.site, runnings, first_on=first_on, last_on=last_on, now=now, without=moving)
    found = _members(closure.lifted(calendars), closure.applied(calendars), runnings)
    hit = [member for member in found if member.is_hit]
    if len(hit) < len(found):
        # the visits of the others stay in the calendars
        runnings = [member.running for member in hit]
        moving = {key for running in runnings for key in running.appointments(running.movable)}
        calendars = Calendars.read(closure.site, runnings, first_on=first_on, last_on=last_on, now=now, without=moving)
        hit = _members(closure.lifted(calendars), closure.applied(calendars), runnings) if runnings else []
    handled = {key for member in hit for key in member.running.appointments([each.visit for each in member.loose])}
    return Batch(Verb.CLOSE, tuple(hit), _left(closure, handled, now=now))


def _courses(closure: Closure, *, now: datetime) -> list[UUID]:
    """The running courses that have a visit in the period, of a chair or a room only those that use it."""
    starts_at, ends_at = closure.period()
    visits = Visit.objects.filter(
        course__site=closure.site,
        course__status=CourseStatus.ACTIVE,
        appointment__status=Status.BOOKED,
        appointment__ends_at__gt=now,
    )
    if closure.resource is not None and closure.resource.kind != Kind.PERSON:
        visits = visits.filter(appointment__in=_using(closure.resource, starts_at, ends_at))
    else:
        # a person may be needed without being booked, and turnover may reach into the period
        visits = visits.filter(
            appointment__starts_at__lt=ends_at, appointment__ends_at__gt=starts_at - timedelta(hours=1)
        )
    return sorted(set(visits.values_list("course_id", flat=True)))


def _using(resource: Resource, starts_at: datetime, ends_at: datetime) -> list[UUID]:
    taken = Allocation.objects.filter(resource=resource, is_active=True, starts_at__lt=ends_at, ends_at__gt=starts_at)
    return list(taken.values_list("appointment_id", flat=True))


def _left(closure: Closure, handled: Collection[UUID], *, now: datetime) -> tuple[str, ...]:
    """The appointments that the closure hits and the batch does not touch."""
    starts_at, ends_at = closure.period()
    hit = Appointment.objects.filter(site=closure.site, status__in=UPCOMING, ends_at__gt=now)
    if closure.resource is None:
        hit = hit.overlapping(starts_at, ends_at)
    else:
        hit = hit.filter(pk__in=_using(closure.resource, starts_at, ends_at))
    return tuple(
        str(key) for key in hit.exclude(pk__in=handled).order_by("starts_at", "pk").values_list("pk", flat=True)
    )


def _members(calendars: Calendars, closed: Calendars, runnings: Sequence[Running]) -> list[Member]:
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.ledger import Ledger

    found = []
    ledgers: tuple[Ledger, Ledger] | None = None
    for running in runnings:
        asked = question(calendars, running, running.movable)
        loose = running.current(asked, running.movable)
        rules = (
            *replanning.agreed(asked.request, loose),
            *(Keep(f"{KEEP}.{each.visit}", each.visit, each.start, each.resources) for each in loose),
        )
        before = replace(asked.request, rules=rules)
        request = replace(before, calendars=closed.calendars, open_days=closed.open_days)
        ledgers = ledgers or (Ledger(before), Ledger(request))
        then, now = (ledger.availability(each) for ledger, each in zip(ledgers, (before, request), strict=True))
        known = faults(before, [filled(before, each, then) for each in loose])
        asked = replace(asked, request=replace(asked.request, calendars=closed.calendars, open_days=closed.open_days))
        placements = tuple(filled(request, each, now) for each in loose)
        found.append(Member(running, asked, request, placements, known))
    return found


def question(calendars: Calendars, running: Running, about: Collection[str]) -> Question:
    """What the planner is asked, with the patient's wishes; dates on which somebody agreed to come are no longer out."""
    wishes = planning.read_wishes(running.course.wishes)
    agreed = {clock.local(running.standing[key].starts_at, calendars.site.zone).date() for key in about}
    return calendars.question(running, about=about, wishes=replace(wishes, not_on=wishes.not_on - agreed))


def filled(request: PlanRequest, placement: Placement, free: "Availability") -> Placement:
    """A place with somebody for each role that only looks on, where there is anybody: nobody is booked for these."""
    visit = next(each for each in request.visits if each.key == placement.visit)
    named = dict(placement.resources)
    for role in visit.roles:
        if role.key not in named and all(segment.use is Use.PRESENCE for segment in role.segments):
            there = (name for name in free.able(visit, role) if free.role_starts(role, name) >> placement.start & 1)
            first = next(there, None)
            if first is not None:
                named[role.key] = first
    return replace(placement, resources=tuple(sorted(named.items())))
