"""Questions about several courses over one reading of the calendars.

Reads only; the number of queries does not depend on how many courses there are.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from clinics.models import Site
from core import clock
from core.errors import InvalidInput
from scheduler.engine.grid import Grid
from scheduler.engine.request import Calendar, Period
from scheduler.models import Resource
from scheduler.queries import calendars
from treatments import planning
from treatments.life.running import ROOM, Running
from treatments.models import ProtocolVersion
from treatments.planning import LONGEST_DAYS, NOTICE, Question
from treatments.protocols.wishes import Wishes
from treatments.queries import counts
from treatments.queries.counts import Counted

if TYPE_CHECKING:
    from treatments.protocols.compile import Compiled, Past


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
    counted: Mapping[UUID, Sequence[Counted]] = field(repr=False)
    """Patient to those of their visits that caps could count, without those that may move."""
    starts: Sequence[Counted] = field(repr=False)
    """The visits at the site that limits on the starts of a day count, without those that may move."""
    now: datetime

    @classmethod
    def read(
        cls,
        site: Site,
        runnings: Sequence[Running],
        *,
        first_on: date,
        last_on: date,
        now: datetime,
        without: Collection[UUID] = (),
        patients: Collection[UUID] = (),
        versions: Iterable[ProtocolVersion] = (),
    ) -> "Calendars":
        """The calendars from ``first_on`` or the first visit of a course to ``last_on`` or some weeks after the last.

        ``patients`` are others whose appointments matter, ``versions`` other protocols whose caps do. Raises ``InvalidInput`` for more dates than any course is planned over.
        """
        instants = [each.starts_at for running in runnings for each in running.standing.values()]
        dates = [clock.local(instant, site.zone).date() for instant in instants]
        first_on = min([first_on, *dates])
        days = (max([last_on, *(each + ROOM for each in dates)]) - first_on).days + 1
        if days > LONGEST_DAYS:
            raise InvalidInput("The courses are too far apart to be planned together.")
        grid = calendars.grid(site, first_on=first_on, days=days)
        opening, equipment = calendars.opening(site, grid), calendars.equipment(site)
        concerned = {*patients, *(each.course.patient_id for each in runnings)}
        asked = [*versions, *(each.course.protocol_version for each in runnings)]
        return cls(
            site=site,
            grid=grid,
            resources={str(each.pk): each for each, _ in equipment},
            calendars=calendars.calendars(site, grid, now=now, without=without, opening=opening, known=equipment),
            open_days=calendars.open_days(grid, opening),
            busy=calendars.patients_busy(concerned, grid, now=now),
            counted=counts.histories(asked, concerned, first_on=first_on, days=days, without=without),
            starts=counts.starts(asked, site, first_on=first_on, days=days, without=without),
            now=now,
        )

    def question(
        self,
        running: Running,
        *,
        about: Collection[str],
        wishes: Wishes,
        anew: Collection[str] = (),
        not_before: datetime | None = None,
    ) -> Question:
        """What the planner is asked about some visits of a running course; its others are fixed, or left out.

        ``anew`` as in ``Running.ask``.
        """
        course = running.course
        busy, own = self.busy.get(course.patient_id, {}), running.appointments(running.by_key)
        compiled = planning.compiled(
            course.protocol_version,
            start_on=min(course.start_on, self.grid.first_on),
            wishes=wishes,
            extra=running.extra,
            course=course,
            past=self._past(course.patient_id, course.pk),
            overridden=running.overridden_but(anew),
        )
        request = compiled.request(
            grid=self.grid,
            calendars=self.calendars,
            open_days=self.open_days,
            not_before=max(0, self.grid.slot_after(not_before or self.now + NOTICE)),
            patient_busy=tuple(period for key, period in busy.items() if key not in own),
            taken=(taken := self._taken(course.pk)),
        )
        question = Question(
            course.protocol_version, self.site, course.start_on, wishes, compiled, request, self.resources, taken
        )
        return running.narrowed(question, about)

    def new_question(
        self, patient: UUID, protocol_version: ProtocolVersion, wishes: Wishes, compiled: "Compiled"
    ) -> Question:
        """What the planner is asked about a course that is not booked yet."""
        if self.counted.get(patient):
            start_on, past = compiled.start_on, self._past(patient)
            compiled = planning.compiled(protocol_version, start_on=start_on, wishes=wishes, past=past)
        request = compiled.request(
            grid=self.grid,
            calendars=self.calendars,
            open_days=self.open_days,
            not_before=max(0, self.grid.slot_after(self.now + NOTICE)),
            patient_busy=tuple(self.busy.get(patient, {}).values()),
            taken=(taken := self._taken()),
        )
        return Question(
            protocol_version, self.site, compiled.start_on, wishes, compiled, request, self.resources, taken
        )

    def _taken(self, course: UUID | None = None) -> Mapping[str, Mapping[date, int]]:
        """The starts of each day that are no course's of those that move, nor this one's."""
        return counts.by_kind_and_day(visit for visit in self.starts if visit.course != course)

    def _past(self, patient: UUID, course: UUID | None = None) -> "Past":
        """What a patient has outside a course."""
        # imported here: keeps web start-up light (Pydantic)
        from treatments.protocols.compile import Past

        visits = (visit for visit in self.counted.get(patient, ()) if visit.course != course)
        return Past(history=counts.by_kind(visits))

    def without(self, resource: str, starts_at: datetime, ends_at: datetime) -> "Calendars":
        """The same while a resource is away."""
        away = (self.grid.slot(starts_at), self.grid.slot_after(ends_at))
        return self._working(resource, lambda working: _cut(working, away))

    def with_there(self, resource: str, starts_at: datetime, ends_at: datetime) -> "Calendars":
        """The same while a resource is there, also where it is away or off by now."""
        there = (self.grid.slot(starts_at), self.grid.slot_after(ends_at))
        return self._working(resource, lambda working: _joined(working, there))

    def _working(self, resource: str, change: Callable[[Sequence[Period]], Iterable[Period]]) -> "Calendars":
        return replace(
            self,
            calendars=tuple(
                replace(each, working=tuple(change(each.working))) if each.id == resource else each
                for each in self.calendars
            ),
        )

    def closed(self, on: date) -> "Calendars":
        """The same with the site closed on a local date."""
        number = self.grid.day_of(on)
        if not 0 <= number < self.grid.days:
            return self
        day = (self.grid.midnights[number], self.grid.midnights[number + 1])
        return replace(
            self,
            calendars=tuple(replace(each, working=tuple(_cut(each.working, day))) for each in self.calendars),
            open_days=self.open_days - {number},
        )


def _joined(working: Iterable[Period], there: Period) -> list[Period]:
    """The periods with one more, those that meet it made one with it."""
    meeting = [there, *(each for each in working if each[0] <= there[1] and each[1] >= there[0])]
    joined = (min(start for start, _ in meeting), max(end for _, end in meeting))
    return sorted([joined, *(each for each in working if each not in meeting)])


def _cut(working: Iterable[Period], away: Period) -> Iterator[Period]:
    for start, end in working:
        for part in ((start, min(end, away[0])), (max(start, away[1]), end)):
            if part[0] < part[1]:
                yield part
