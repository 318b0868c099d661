"""Proposing, booking and cancelling whole courses. All or nothing, or what fits with the rest kept on a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import Conflict, InvalidInput
from scheduler.actions import appointments
from scheduler.engine.request import Placement
from scheduler.models import Appointment, ChangeSet
from scheduler.models.change_set import Verb
from treatments import explaining, places, planning
from treatments.actions import changes, history
from treatments.actions.changes import Cancel, CourseChanged, CourseOver, Scope
from treatments.models import Course, ProtocolVersion, Visit, VisitStatus
from treatments.places import Placed, RulesBroken, broken
from treatments.planning import PlannedVisit, Proposal, Question

if TYPE_CHECKING:
    from treatments.protocols.rulebook import CourseVisit

__all__ = [
    "Booked",
    "CourseChanged",
    "CourseOver",
    "Incomplete",
    "Placed",
    "PlannedVisit",
    "Proposal",
    "RulesBroken",
    "book",
    "cancel",
    "propose",
]


@dataclass(frozen=True, slots=True)
class Booked:
    """A course that was booked and the change set that did it."""

    course: Course
    change_set: ChangeSet


class Incomplete(Conflict):
    """Not every visit found a place and the caller asked for all. ``detail["unplaced"]``: list of {visit, reasons}."""

    code = "incomplete"


def propose(
    *,
    protocol_version: ProtocolVersion,
    site: Site,
    start_on: date,
    wishes: dict[str, object],
    by: User,
    now: datetime,
    patient: Patient | None = None,
    alternatives: int = 0,
) -> Proposal:
    """The best plan, or the best partial one with what is to blame and what would help. Reads only.

    With ``alternatives`` up to so many other plans, if every visit has a place.

    Raises ``InvalidInput`` (wishes, dates), ``NotAllowed``.
    """
    require(by, Permission.BOOK_COURSES)
    wanted = _Wanted(protocol_version, site, patient, start_on, wishes, by, now)
    question = wanted.question()
    plans = planning.ranked(question, alternatives=alternatives)
    if plans[0].complete:
        return replace(question.proposal(plans[0]), alternatives=planning.alternatives(question, plans))
    return explaining.proposal(question, plans[0], again=wanted.begun)


def book(
    *,
    protocol_version: ProtocolVersion,
    site: Site,
    patient: Patient,
    start_on: date,
    wishes: dict[str, object],
    by: User,
    now: datetime,
    visits: Sequence[Placed] | None = None,
    partial: bool = False,
    clinician: User | None = None,
) -> Booked:
    """Books a whole course in one transaction.

    With ``visits`` exactly those places are booked, after the same check as at proposing; somebody else's booking in
    between raises ``scheduler.actions.appointments.Taken``. Without, it plans and books in one go: first optimistically,
    after a conflict under the site's lock, so a second attempt is the last one.
    With ``partial`` what has no place is kept as visits to be placed; otherwise it raises ``Incomplete``.

    Raises ``RulesBroken``, ``Incomplete``, ``Taken``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    wanted = _Wanted(protocol_version, site, patient, start_on, wishes, by, now, partial=partial, clinician=clinician)
    wanted.check()
    if visits is not None:
        return wanted.book_chosen(visits)
    try:
        return wanted.plan_and_book()
    except (appointments.Taken, appointments.NotWorking):
        # nobody books at this site while its lock is held alone, so what is planned under it is still free
        return locks.retrying(lambda: wanted.plan_and_book(alone=True))


def cancel(*, course: Course, by: User, now: datetime, reason: str, version: int | None = None) -> ChangeSet:
    """Cancels the course and every visit that has not begun; those under way, done or missed stay as they are.

    Raises ``CourseChanged``, ``CourseOver`` when it is already cancelled or completed, ``InvalidInput`` for a reason
    that is too long, ``NotAllowed``, ``Busy``.
    """
    event = Cancel(course.pk, scope=Scope.COURSE)
    change_set = changes.apply(event=event, by=by, now=now, reason=reason, version=version).change_set
    course.refresh_from_db()
    return change_set


@dataclass(frozen=True)
class _Wanted:
    """A course that somebody wants, and the ways to book it."""

    protocol_version: ProtocolVersion
    site: Site
    patient: Patient | None
    start_on: date
    wishes: dict[str, object]
    by: User
    now: datetime
    partial: bool = False
    clinician: User | None = None

    def check(self) -> None:
        """Refuses what cannot be booked whatever the calendar says."""
        if not self.site.is_active:
            raise InvalidInput(f"{self.site.name} is closed down and takes no bookings.", pointer="site")
        if not self.protocol_version.protocol.is_active:
            raise InvalidInput("This protocol is no longer offered for new courses.", pointer="protocol_version")

    def begun(self, on: date) -> Question | None:
        """The same course begun on another date; ``None`` if it cannot be."""
        try:
            return replace(self, **explaining.begun(self.start_on, self.wishes, on)).question()
        except InvalidInput:
            return None

    def question(self, *, notice: timedelta = planning.NOTICE) -> Question:
        """What the planner is asked, with the calendars as they are at this moment."""
        return planning.ask(
            protocol_version=self.protocol_version,
            site=self.site,
            patient=self.patient,
            start_on=self.start_on,
            wishes=planning.read_wishes(self.wishes),
            now=self.now,
            notice=notice,
        )

    def plan_and_book(self, *, alone: bool = False) -> Booked:
        """Plans and books in one go; ``alone`` keeps everybody else from booking at the site meanwhile."""
        if alone:
            locks.acquire(locks.Space.SITE, [str(self.site.pk)])
        question = self.question()
        plan = planning.best(question)
        proposal = question.proposal(plan)
        left = {visit.key: visit.unplaced for visit in proposal.visits if visit.starts_at is None}
        return self._book(question, plan.placements, left)

    def book_chosen(self, chosen: Sequence[Placed]) -> Booked:
        """Books the places a person chose, if they keep every rule."""
        # time went by since the proposal: what was early enough then is early enough now
        question = self.question(notice=timedelta(0))
        placements = places.placements(question, chosen, now=self.now)
        problems = places.problems(question, placements)
        # what somebody else holds is for the booking to find out: it knows the next free times
        if any(not problem.others_booking for problem in problems):
            raise broken(problems)
        return self._book(question, placements, question.left_out(placements))

    def _book(self, question: Question, placements: Sequence[Placement], left: Mapping[str, tuple[str, ...]]) -> Booked:
        if left and not self.partial:
            labels = [question.course[key].label for key in left]
            raise Incomplete(
                f"Not every visit found a place: {', '.join(labels[:5])}{' and others' if len(labels) > 5 else ''}.",
                detail={"unplaced": [{"visit": key, "reasons": list(reasons)} for key, reasons in left.items()]},
            )
        return locks.retrying(lambda: self._write(question, placements, left))

    def _write(
        self, question: Question, placements: Sequence[Placement], left: Mapping[str, tuple[str, ...]]
    ) -> Booked:
        assert self.patient is not None  # noqa: S101 - book() always has one
        with audit.acting(self.by):
            change_set, made = self._write_appointments(question, placements)
            course = Course.objects.create(
                patient=self.patient,
                site=self.site,
                protocol_version=self.protocol_version,
                start_on=self.start_on,
                wishes=question.wishes.to_json(),
                clinician=self.clinician,
                booked_by=self.by,
            )
            Visit.objects.bulk_create(
                visit_row(visit, course, position, made.get(visit.key), left.get(visit.key, ()))
                for position, visit in enumerate(question.compiled.course, start=1)
            )
            history.write(change_set, {}, history.states([course.pk]))
        return Booked(course, change_set)

    def _write_appointments(
        self, question: Question, placements: Sequence[Placement]
    ) -> tuple[ChangeSet, Mapping[str, Appointment]]:
        assert self.patient is not None  # noqa: S101 - book() always has one
        if not placements:
            return ChangeSet.objects.create(verb=Verb.BOOK, by=self.by, site=self.site, patient=self.patient), {}
        bookings = [places.booking(question, placement) for placement in placements]
        with places.naming_visits(question, placements):
            made = appointments.book(site=self.site, patient=self.patient, bookings=bookings, by=self.by, now=self.now)
        keys = [placement.visit for placement in placements]
        return made.change_set, dict(zip(keys, made.appointments, strict=True))


def visit_row(
    known: "CourseVisit", course: Course, position: int, appointment: Appointment | None, unplaced: tuple[str, ...]
) -> Visit:
    placed = VisitStatus.TENTATIVE if known.tentative else VisitStatus.BOOKED
    return Visit(
        course=course,
        key=known.key,
        position=position,
        family=known.family,
        label=known.label,
        minutes=known.minutes,
        status=placed if appointment is not None else VisitStatus.TO_PLACE,
        appointment=appointment,
        reason=known.reason,
        unplaced=list(unplaced),
    )
