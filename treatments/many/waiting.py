"""Who of the waitlist could take a time that has become free, in which order and why. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from clinics.models import Site
from core import clock
from core.errors import InvalidInput
from scheduler.actions.appointments import Booking
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.request import Placement
from scheduler.models import Resource
from treatments import places
from treatments.life.running import Running
from treatments.many.together import Calendars
from treatments.models import CourseStatus, Visit, VisitStatus, WaitlistEntry, WaitlistStatus
from treatments.planning import AHEAD, Question, read_wishes
from treatments.queries import courses as reading

if TYPE_CHECKING:
    from scheduler.engine.ledger import Taken
    from scheduler.engine.waitlist import Match, Waiting

MOST = 100
"""So many entries are looked at, urgent ones first, then those that have waited longest."""
LONGEST_DAYS = 7
"""A freed period is not longer."""
ONE_START = timedelta(minutes=SLOT_MINUTES)
"""A period so long holds one start."""
BY_PHONE = timedelta(hours=48)
"""An infusion sooner than this is offered by phone only: fasting, an escort and the pharmacy have to be settled."""
BY_PHONE_FAMILY = "infusion"
PLACEABLE = (VisitStatus.TO_PLACE, VisitStatus.BOOKED, VisitStatus.TENTATIVE)


@dataclass(frozen=True, slots=True)
class Fit:
    """An entry with the place it could take. ``merits`` are pairs (code, amount); ``gives_up`` are sentences."""

    entry: WaitlistEntry
    starts_at: datetime
    ends_at: datetime
    resources: dict[str, Resource]
    """Role to resource."""
    booking: Booking
    """What it would take of the calendar."""
    merits: tuple[tuple[str, int | None], ...]
    gives_up: tuple[str, ...]
    by_phone: bool
    """It must not be offered by a message that somebody could accept without speaking to anyone."""


def listed(site: Site, *, now: datetime) -> "QuerySet[WaitlistEntry]":
    """Those of a site who are waiting and for whom a place is still of use."""
    return WaitlistEntry.objects.filter(
        visit__course__site=site,
        status=WaitlistStatus.WAITING,
        valid_until__gte=clock.local(now, site.zone).date(),
        visit__status__in=PLACEABLE,
        visit__course__status=CourseStatus.ACTIVE,
    )


def matches(
    *, site: Site, starts_at: datetime, ends_at: datetime, now: datetime, resource: Resource | None = None
) -> list[Fit]:
    """Everybody who could begin in ``[starts_at, ends_at)``, with ``resource`` where one is named, the best first.

    A place keeps every rule of the patient's course, with its other visits where they are. The number of queries does not
    depend on how many wait. Raises ``InvalidInput`` for a period that is over, reversed or longer than a week.
    """
    starts_at = max(starts_at, now)
    if ends_at <= starts_at:
        raise InvalidInput("The period has to end after it begins, and in the future.", pointer="ends_at")
    if ends_at - starts_at > timedelta(days=LONGEST_DAYS) or ends_at > now + AHEAD:
        raise InvalidInput(f"Choose at most {LONGEST_DAYS} days within the next two years.", pointer="ends_at")
    if resource is not None and resource.site_id != site.pk:
        raise InvalidInput("The site has no such resource.", pointer="resource")
    entries = _entries(site, now)
    if not entries:
        return []
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import waitlist

    asked = _Asked.about(site, entries, starts_at, ends_at, now)
    slot = asked.calendars.grid.slot
    freed = waitlist.Freed(
        asked.calendars.grid.slot_after(starts_at),
        slot(ends_at),
        None if resource is None else str(resource.pk),
    )
    found = waitlist.matches(freed, [asked.waiting(entry) for entry in entries])
    return [asked.fit(match) for match in found]


def _entries(site: Site, now: datetime) -> list[WaitlistEntry]:
    return list(
        listed(site, now=now)
        .select_related("visit__course__patient", "visit__course__protocol_version__protocol")
        .prefetch_related(Prefetch("visit__course__visits", queryset=reading.visits()))
        .order_by("-urgent", "joined_at", "pk")[:MOST]
    )


class _Asked:
    """The entries, each with the planner's question about it."""

    def __init__(
        self,
        calendars: Calendars,
        entries: Sequence[WaitlistEntry],
        running_of: Mapping[UUID, Running],
        now: datetime,
    ) -> None:
        self.calendars = calendars
        self.now = now
        self.entries = {str(entry.pk): entry for entry in entries}
        self.visits: dict[str, Visit] = {}
        self.questions: dict[str, Question] = {}
        self.current: dict[str, Placement | None] = {}
        for key, entry in self.entries.items():
            running = running_of[entry.visit.course_id]
            self.visits[key] = next(each for each in running.visits if each.pk == entry.visit_id)
            question = calendars.question(
                running,
                about=[self.visits[key].key],
                anew=[self.visits[key].key],
                wishes=read_wishes(entry.wishes | {"firm": True, "only_people": True}),
                not_before=now + timedelta(hours=entry.notice_hours),
            )
            self.questions[key] = question
            self.current[key] = next(iter(running.current(question, [self.visits[key].key])), None)

    @classmethod
    def about(
        cls, site: Site, entries: Sequence[WaitlistEntry], starts_at: datetime, ends_at: datetime, now: datetime
    ) -> "_Asked":
        courses = {entry.visit.course_id: entry.visit.course for entry in entries}
        running = {key: Running(course, list(course.visits.all()), now) for key, course in courses.items()}
        first_on, last_on = (clock.local(instant, site.zone).date() for instant in (starts_at, ends_at))
        calendars = Calendars.read(site, list(running.values()), first_on=first_on, last_on=last_on, now=now)
        return cls(calendars, entries, running, now)

    def waiting(self, entry: WaitlistEntry) -> "Waiting":
        """An entry as the planner hears of it."""
        # imported here: keeps web start-up light (numpy)
        from scheduler.engine.waitlist import Waiting

        key, zone = str(entry.pk), self.calendars.site.zone
        visit, question = self.visits[key], self.questions[key]
        waits = clock.local(self.now, zone).date() - clock.local(entry.joined_at, zone).date()
        return Waiting(
            key=key,
            request=question.request,
            visit=visit.key,
            current=self.current[key],
            held=self._held(visit),
            not_before=question.request.not_before,
            before=self._after(entry.valid_until),
            sooner=entry.sooner,
            days=max(waits.days, 0),
            urgent=entry.urgent,
        )

    def _after(self, on: date) -> int:
        """The slot at which the date after a local date begins, cut to the grid."""
        grid = self.calendars.grid
        return grid.midnights[min(max(grid.day_of(on) + 1, 0), grid.days)]

    def _held(self, visit: Visit) -> "Taken":
        """What the visit's appointment holds, in slots: taken time is rounded outwards, as in the calendars."""
        if visit.appointment is None:
            return ()
        grid, known = self.calendars.grid, {each.id for each in self.calendars.calendars}
        return tuple(
            (str(each.resource_id), ((max(grid.slot(each.starts_at), 0), grid.slot_after(each.ends_at), each.lane),))
            for each in visit.appointment.allocations.all()
            if each.is_active and str(each.resource_id) in known
        )

    def fit(self, match: "Match") -> Fit:
        """A match in the terms of the clinic."""
        question, entry = self.questions[match.key], self.entries[match.key]
        placement: Placement = match.placement
        starts_at = question.request.grid.instant(placement.start)
        by_phone = entry.visit.family == BY_PHONE_FAMILY and starts_at < self.now + BY_PHONE
        return Fit(
            entry=entry,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=question.visits[placement.visit].minutes),
            resources={role: question.resources[key] for role, key in placement.resources},
            booking=places.booking(question, placement),
            merits=tuple((why.merit.value, why.amount) for why in match.why),
            gives_up=tuple(dict.fromkeys(question.sentence(each, placement.visit) for each in match.gives_up)),
            by_phone=by_phone,
        )
