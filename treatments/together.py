"""Questions about several courses over one reading of the calendars.

Reads only; the number of queries does not depend on how many courses there are.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from clinics.models import Site
from core import clock
from core.errors import InvalidInput
from scheduler.engine.grid import Grid
from scheduler.engine.request import Calendar, Period, Placement
from scheduler.models import Resource
from scheduler.queries import calendars
from treatments import planning
from treatments.models import Course, Visit, VisitStatus
from treatments.planning import LONGEST_DAYS, Question, Standing
from treatments.protocols.wishes import Wishes

HAPPENS = (VisitStatus.BOOKED, VisitStatus.TENTATIVE, VisitStatus.DONE)
"""The visits that rules are counted from. A missed visit did not happen."""


@dataclass(frozen=True)
class Calendars:
    """Everybody's calendar at a site, read once. ``without`` are appointments that are not in it."""

    site: Site
    grid: Grid
    resources: Mapping[str, Resource] = field(repr=False)
    calendars: tuple[Calendar, ...] = field(repr=False)
    open_days: frozenset[int] = field(repr=False)
    busy: Mapping[UUID, Mapping[UUID, Period]] = field(repr=False)
    """Patient to their appointments and the periods of these."""
    now: datetime

    @classmethod
    def read(
        cls,
        site: Site,
        courses: Iterable[Course],
        *,
        first_on: date,
        last_on: date,
        now: datetime,
        without: Collection[UUID] = (),
    ) -> "Calendars":
        """The calendars over these local dates.

        Raises ``InvalidInput`` for more dates than any course is planned over.
        """
        days = (last_on - first_on).days + 1
        if days > LONGEST_DAYS:
            raise InvalidInput("The courses are too far apart to be planned together.")
        grid = calendars.grid(site, first_on=first_on, days=days)
        return cls(
            site=site,
            grid=grid,
            resources={str(each.pk): each for each in Resource.objects.filter(site=site)},
            calendars=calendars.calendars(site, grid, now=now, without=without),
            open_days=calendars.open_days(site, grid),
            busy=calendars.patients_busy({each.patient_id for each in courses}, grid, now=now),
            now=now,
        )

    def question(
        self,
        course: Course,
        standing: Sequence[Standing],
        *,
        own: Collection[UUID],
        wishes: Wishes,
        not_before: datetime,
    ) -> Question:
        """What the planner is asked about a running course of which some visits stay where they are.

        ``own`` are all appointments of the course: they do not keep the patient from being there.
        """
        busy = self.busy.get(course.patient_id, {})
        compiled = planning.compiled_for(course.protocol_version, min(course.start_on, self.grid.first_on), wishes)
        request = compiled.request(
            grid=self.grid,
            calendars=self.calendars,
            open_days=self.open_days,
            not_before=max(0, self.grid.slot_after(max(not_before, self.now))),
            patient_busy=tuple(period for key, period in busy.items() if key not in own),
        )
        question = Question(
            course.protocol_version, self.site, course.start_on, wishes, compiled, request, self.resources
        )
        fixed = tuple(question.placement(each) for each in standing)
        return replace(question, request=replace(request, fixed=fixed))

    def placement(self, visit: Visit) -> Placement | None:
        """Where a visit is, as the planner writes it."""
        found = standing(visit)
        return None if found is None else Placement(found.key, self.grid.slot(found.starts_at), found.resources)


def standing(visit: Visit) -> Standing | None:
    """Where a visit is, if it takes place; needs its appointment's allocations."""
    if visit.appointment is None or visit.status not in HAPPENS:
        return None
    taken = {each.role: str(each.resource_id) for each in visit.appointment.allocations.all()}
    return Standing(visit.key, visit.appointment.starts_at, tuple(sorted(taken.items())))


def dates(visits: Iterable[Visit], zone: str) -> list[date]:
    """The local dates of the visits that take place."""
    return [clock.local(found.starts_at, zone).date() for visit in visits if (found := standing(visit)) is not None]
