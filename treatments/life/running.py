"""A running course as it stands: its visits, which of them may still be moved, and the planner's question about it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core import clock
from core.errors import InvalidInput, NotFound
from scheduler.engine.request import Placement, PlanRequest
from scheduler.models import Status
from treatments import planning
from treatments.models import Course, Visit, VisitStatus
from treatments.models.course import GIVEN_UP, HAPPENS
from treatments.planning import AHEAD, NOTICE, Question, Standing
from treatments.protocols import stored
from treatments.protocols.wishes import Wishes
from treatments.queries import courses as reading
from treatments.queries import readiness

if TYPE_CHECKING:
    from treatments.protocols.compile import Compiled, Past
    from treatments.protocols.overrides import Overridden
    from treatments.protocols.schema import Protocol

ROOM = timedelta(days=28)
"""So far beyond the last visit of a course the planner looks for a place."""


@dataclass(frozen=True)
class Running:
    """A course at one moment, read once. Visits are in order of time, those without one last."""

    course: Course
    visits: Sequence[Visit]
    now: datetime
    _asked: dict[object, Question] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What ``ask`` has answered already."""

    @classmethod
    def read(cls, course: UUID, *, now: datetime) -> "Running":
        """Three queries, however many visits. Raises ``NotFound``."""
        rows = Course.objects.select_related("site", "patient", "protocol_version__protocol")
        found = rows.filter(pk=course).first()
        if found is None:
            raise NotFound("There is no such course.")
        return cls(found, list(reading.visits().filter(course=found)), now)

    @cached_property
    def by_key(self) -> Mapping[str, Visit]:
        """The visits by key."""
        return {visit.key: visit for visit in self.visits}

    def visit(self, key: str) -> Visit:
        """The visit with this key. Raises ``InvalidInput``."""
        if key not in self.by_key:
            raise InvalidInput("The course has no such visit.", pointer="visit")
        return self.by_key[key]

    @cached_property
    def extra(self) -> Sequence[Mapping[str, Any]]:
        """The visits beyond the protocol, as they count now."""
        if not self.course.extra:
            return ()
        # imported here: keeps web start-up light (Pydantic)
        from treatments.protocols import extras

        missed = [visit.key for visit in self.visits if visit.status == VisitStatus.MISSED]
        given_up = [visit.key for visit in self.visits if visit.status in GIVEN_UP]
        return extras.counting(self.course.extra, missed=missed, given_up=given_up)

    @cached_property
    def document(self) -> "Protocol":
        """What the protocol says."""
        return stored.document(self.course.protocol_version.document)

    @cached_property
    def standing(self) -> Mapping[str, Standing]:
        """Where the visits are that take place or took place, by key."""
        return {visit.key: _standing(visit) for visit in self.visits if visit.status in HAPPENS and visit.appointment}

    @cached_property
    def movable(self) -> frozenset[str]:
        """The visits that the planner may move: booked, and not about to begin."""
        return frozenset(
            visit.key
            for visit in self.visits
            if visit.status in (VisitStatus.BOOKED, VisitStatus.TENTATIVE)
            and visit.appointment is not None
            and visit.appointment.status == Status.BOOKED
            and visit.appointment.starts_at >= self.now + NOTICE
        )

    @cached_property
    def yielding(self) -> frozenset[str]:
        """Those of them that give way to others. Who booked a visit against a rule meant it to be there."""
        return self.movable - {key for key, _ in self.overridden}

    @cached_property
    def overridden(self) -> "tuple[Overridden, ...]":
        """The rules that visits were booked against where they are now."""
        # imported here: most courses have none
        from treatments import overriding

        return tuple(
            (visit.key, each.override.broken)
            for visit in self.visits
            if visit.overrides and visit.key in self.standing
            for each in overriding.of(visit)
            if each.counts
        )

    def overridden_but(self, anew: Collection[str]) -> "list[Overridden]":
        """The same without what concerns visits that get another time: for it the rules hold again."""
        return [(key, broken) for key, broken in self.overridden if key not in anew]

    @cached_property
    def compiled(self) -> "Compiled":
        """The visits and rules of the course, without wishes and without what the patient had elsewhere. No query."""
        course = self.course
        return planning.compiled(
            course.protocol_version,
            start_on=course.start_on,
            wishes=Wishes(),
            extra=self.extra,
            course=course,
            overridden=self.overridden,
        )

    def broken(self) -> list[str]:
        """The rules of the protocol that the visits break where they are now, as sentences."""
        # imported here: keeps web start-up light (numpy)
        from scheduler.engine import rules
        from scheduler.engine.schedule import Schedule

        question = self.ask(about=self.standing)
        standing = [key for key in self.standing if key in question.visits]
        schedule = Schedule(question.request, self.current(question, standing))
        found = [each for each in rules.findings(schedule) if each.reason.hard]
        return [question.sentence(each.reason, each.visit) for each in found]

    def ask(
        self,
        *,
        about: Collection[str],
        target: datetime | None = None,
        extra: Sequence[Mapping[str, Any]] | None = None,
        leaving: Collection[str] = (),
        anew: Collection[str] = (),
        from_at: datetime | None = None,
        room: timedelta = ROOM,
    ) -> Question:
        """What the planner is asked about some visits of the course, over the calendars as they are when it is first asked.

        Eight queries, and one more each for caps and for daily loads; none for what was asked before.

        ``about``: the visits to be placed or moved, as free as if they were nowhere; all others that take place are
        fixed. ``leaving`` are left out altogether, and their places count as free. ``extra``: the visits beyond the protocol,
        by default those of the course. ``room``: so far beyond its last visit places are looked for. ``anew`` get another
        time: the rules they were booked against hold for it again.
        The patient's wishes are left out: see ``wished``.
        Raises ``InvalidInput`` for a target without an offset, in the past or more than two years ahead.
        """
        site, course = self.course.site, self.course
        if target is not None and target.tzinfo is None:
            raise InvalidInput("Send the time with its offset from UTC.", pointer="starts_at")
        if target is not None and not self.now <= target <= self.now + AHEAD:
            raise InvalidInput("Choose a time between now and two years ahead.", pointer="starts_at")
        dates = [clock.local(each.starts_at, site.zone).date() for each in self.standing.values()]
        wanted = [] if target is None else [clock.local(target, site.zone).date()]
        asked = (frozenset(about), frozenset(leaving), frozenset(anew))
        known = None if extra is not None else (*asked, *wanted, from_at, room)
        if known in self._asked:
            return self._asked[known]
        start_on = min([course.start_on, *dates, *wanted])
        own = self.appointments(self.by_key)
        question = planning.asked(
            protocol_version=course.protocol_version,
            site=site,
            patient=course.patient,
            start_on=course.start_on,
            wishes=Wishes(),
            compiled=planning.compiled(
                course.protocol_version,
                start_on=start_on,
                wishes=Wishes(),
                extra=self.extra if extra is None else extra,
                course=course,
                past=self._past(planning.past(course.protocol_version, course.patient, first_on=start_on, own=own)),
                overridden=self.overridden_but(anew),
            ),
            from_at=from_at or self.now + NOTICE,
            reach_on=max([start_on, *dates, *wanted, clock.local(self.now, site.zone).date()]) + room,
            now=self.now,
            moving=self.appointments([*about, *leaving]),
            own=own,
        )
        found = self.narrowed(question, about, leaving)
        if known is not None:
            self._asked[known] = found
        return found

    def _past(self, past: "Past | None") -> "Past | None":
        """With where visits that took place were planned, if the protocol counts from there; then one query more."""
        if past is None or not self.document.counts_from_plan:
            return past
        zone = self.course.site.zone
        done = [visit for visit in self.visits if visit.status == VisitStatus.DONE and visit.key in self.standing]
        return replace(
            past,
            planned_on=reading.planned_on(done, zone=zone),
            took_place_on={visit.key: clock.local(self.standing[visit.key].starts_at, zone).date() for visit in done},
        )

    def wished(self, question: Question, *, extra: Sequence[Mapping[str, Any]] | None = None) -> Question:
        """The same question with the patient's wishes and gates, as the planner is asked it when it chooses.

        The calendars are those of ``question``; one query where the protocol has gates with a lead time.
        """
        course, asked = self.course, question.request
        wishes = planning.read_wishes(course.wishes)
        compiled = planning.compiled(
            course.protocol_version,
            start_on=question.compiled.start_on,
            wishes=wishes,
            extra=self.extra if extra is None else extra,
            course=course,
            past=question.compiled.past,
            overridden=question.compiled.overridden,
        )
        request = compiled.request(
            grid=asked.grid,
            calendars=asked.calendars,
            open_days=asked.open_days,
            not_before=asked.not_before,
            patient_busy=asked.patient_busy,
            patient_gap=asked.patient_gap,
            fixed=asked.fixed,
            taken=question.taken,
        )
        keys = [visit.key for visit in asked.visits]
        found = replace(question, wishes=wishes, compiled=compiled, request=_restricted(request, keys))
        return planning.held_back(found, self.ready_at(found))

    def ready_at(self, question: Question) -> Mapping[str, datetime]:
        """The instant before which what visits wait for cannot be there, nor who has to fast have fasted. At most one query.

        Where a visit has its place it may keep it.
        """
        version = self.course.protocol_version
        facts = readiness.fulfilments(self.course) if any(gate.lead for gate in readiness.gates(version)) else {}
        ready_at = readiness.earliest(version, question.visits, facts, now=self.now)
        grid, places = question.request.grid, self.standing
        return {
            key: min(at, grid.instant(grid.slot(places[key].starts_at))) if key in places else at
            for key, at in ready_at.items()
        }

    def narrowed(self, question: Question, about: Collection[str], leaving: Collection[str] = ()) -> Question:
        """A question about the whole protocol, as one about these visits: all others that take place are fixed."""
        fixed = [key for key in self.standing if key not in {*about, *leaving} and key in question.visits]
        placements = tuple(question.placement(self.standing[key]) for key in fixed)
        request = _restricted(question.request, {*about, *fixed})
        return replace(question, request=replace(request, fixed=placements))

    def appointments(self, keys: Collection[str]) -> list[UUID]:
        """The appointments of these visits, of those that have one."""
        found = (self.by_key[key].appointment_id for key in keys if key in self.by_key)
        return [each for each in found if each is not None]

    def current(self, question: Question, keys: Collection[str]) -> list[Placement]:
        """Where these visits are now, as the planner writes it."""
        return [question.placement(self.standing[key]) for key in keys if key in self.standing]


def _restricted(request: PlanRequest, visits: Collection[str]) -> PlanRequest:
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.restriction import restricted

    return restricted(request, visits)


def _standing(visit: Visit) -> Standing:
    assert visit.appointment is not None  # noqa: S101 - asked by the caller
    taken = {each.role: str(each.resource_id) for each in visit.appointment.allocations.all()}
    return Standing(visit.key, visit.appointment.starts_at, tuple(sorted(taken.items())))
