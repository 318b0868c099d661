"""Proposing, booking and cancelling whole courses. All or nothing, or what fits with the rest kept on a list."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import Conflict, InvalidInput
from scheduler.actions import appointments
from scheduler.actions.rearranging import Link
from scheduler.engine.request import Placement
from scheduler.models import Appointment, ChangeSet
from scheduler.models.change_set import Verb
from scheduler.queries.holds import held_by
from treatments import explaining, places, planning
from treatments.actions import changes, history
from treatments.actions.changes import Cancel, CourseChanged, CourseOver, Scope
from treatments.life import replanning
from treatments.models import Course, ProtocolVersion, Visit, VisitStatus
from treatments.places import Placed, RulesBroken, broken
from treatments.planning import PlannedVisit, Proposal, Question

if TYPE_CHECKING:
    from treatments.protocols.rulebook import CourseVisit

__all__ = [
    "Adjusted",
    "Beginning",
    "Booked",
    "CourseChanged",
    "CourseOver",
    "Held",
    "Incomplete",
    "Placed",
    "PlannedVisit",
    "Proposal",
    "RulesBroken",
    "book",
    "cancel",
    "hold",
    "propose",
    "release",
]


HELD_MINUTES = 10
MOST_SITES = 3
"""So many other sites are asked at most whether a course that does not fit would fit there."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A course that was booked and the change set that did it."""

    course: Course
    change_set: ChangeSet


@dataclass(frozen=True, slots=True)
class Held:
    """Places that are held for a course until ``until``; ``change_set`` is what held them, and names the hold."""

    change_set: ChangeSet
    until: datetime


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the first visit of a course is to be: its start, and the id of a resource that it takes if it can."""

    starts_at: datetime
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A proposal somebody works on. ``pinned`` places stay whatever else is asked for.

    ``put`` gives one visit another start: the visits at ``stood`` then stay where they can, and only those move that have
    to. Without it everything that is not pinned is planned anew, from ``begin`` on where that is given.
    """

    pinned: Sequence[Placed] = ()
    put: tuple[str, datetime] | None = None
    stood: Sequence[Placed] = ()
    begin: Beginning | None = None


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
    adjusted: Adjusted | None = None,
    held: UUID | None = None,
    explained: bool = True,
) -> Proposal:
    """The best plan, or the best partial one with what is to blame and what would help. Reads only.

    With ``alternatives`` up to so many other plans, if every visit has a place. With ``adjusted`` the best plan around
    what is pinned or was put somewhere; what then finds no place says why, but nothing else is looked for, nor without
    ``explained``: that a course does not fit is known long before what would help.
    ``held`` names a hold of ``by`` for this course: its places count as free.

    Raises ``InvalidInput`` (wishes, dates), ``RulesBroken`` where a pinned or put visit cannot be, ``NotAllowed``.
    """
    require(by, Permission.BOOK_COURSES)
    wanted = _Wanted(protocol_version, site, patient, start_on, wishes, by, now, held=held)
    question = wanted.question()
    is_adjusted = adjusted is not None and bool(adjusted.pinned or adjusted.put or adjusted.begin)
    if adjusted is not None and is_adjusted:
        question = wanted.around(question, adjusted)
    plans = planning.ranked(question, alternatives=alternatives)
    if plans[0].complete or is_adjusted or not explained:
        others = planning.alternatives(question, plans) if plans[0].complete else ()
        return replace(question.proposal(plans[0]), alternatives=others)
    return explaining.proposal(question, plans[0], again=wanted.begun, elsewhere=wanted.elsewhere)


def hold(
    *,
    protocol_version: ProtocolVersion,
    site: Site,
    patient: Patient,
    start_on: date,
    wishes: dict[str, object],
    visits: Sequence[Placed],
    by: User,
    now: datetime,
    instead_of: UUID | None = None,
) -> Held:
    """Holds the places of a proposal for ten minutes, in place of an earlier hold of ``by`` where one is named.

    Colleagues see who is booking there. Nothing depends on it: a hold that lapsed is booked if the places are still free.
    Raises ``RulesBroken``, ``Taken``, ``NotWorking``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    wanted = _Wanted(protocol_version, site, patient, start_on, wishes, by, now, held=instead_of)
    wanted.check()
    question, placements = wanted.chosen(visits)
    if not placements:
        raise InvalidInput("There is nothing to hold.", pointer="visits")
    bookings = [places.booking(question, placement) for placement in placements]

    def attempt() -> Held:
        wanted.give_back()
        with places.naming_visits(question, placements):
            made = appointments.hold(
                site=site, patient=patient, bookings=bookings, by=by, now=now, minutes=HELD_MINUTES
            )
        return Held(made.change_set, now + timedelta(minutes=HELD_MINUTES))

    return locks.retrying(attempt)


def release(*, held: UUID, by: User, now: datetime) -> None:
    """Gives the places of one's own hold back before it lapses. What is not held any more is left as it is.

    Raises ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    locks.retrying(lambda: _release(held, by=by, now=now))


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
    held: UUID | None = None,
) -> Booked:
    """Books a whole course in one transaction. ``held`` names a hold of ``by`` for it, which ends with that.

    With ``visits`` exactly those places are booked, after the same check as at proposing; somebody else's booking in
    between raises ``scheduler.actions.appointments.Taken``. Without, it plans and books in one go: first optimistically,
    after a conflict under the site's lock, so a second attempt is the last one.
    With ``partial`` what has no place is kept as visits to be placed; otherwise it raises ``Incomplete``.

    Raises ``RulesBroken``, ``Incomplete``, ``Taken``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    wanted = _Wanted(
        protocol_version, site, patient, start_on, wishes, by, now, partial=partial, clinician=clinician, held=held
    )
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
    held: UUID | None = None
    """The change set of a hold."""

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

    def elsewhere(self) -> Iterator[Question]:
        """The same course at other sites; none where only people of this one shall treat the patient."""
        wishes = planning.read_wishes(self.wishes)
        if wishes.only_people and wishes.people:
            return
        asked = replace(wishes, people=()).to_json()
        for site in Site.objects.filter(is_active=True).exclude(pk=self.site.pk).order_by("name", "id")[:MOST_SITES]:
            with suppress(InvalidInput):
                yield replace(self, site=site, wishes=asked).question()

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
            held=[row.pk for row in held_by(self.by, self.held)],
        )

    def give_back(self) -> None:
        """Ends the hold. Needs a transaction."""
        if self.held is not None:
            _release(self.held, by=self.by, now=self.now)

    def around(self, question: Question, adjusted: Adjusted) -> Question:
        """The question with what is pinned fixed, and with what was put somewhere and all that may stay."""
        pinned = places.placements(question, adjusted.pinned, now=self.now)
        put = adjusted.put
        given = tuple(placement for placement in pinned if put is None or placement.visit != put[0])
        stood = [
            placement
            for placement in places.placements(question, adjusted.stood, now=self.now)
            if placement.visit not in {each.visit for each in given}
        ]
        if put is not None:
            given = _put(question, given, stood, *put, now=self.now)
        elif adjusted.begin is not None:
            given = _begun(question, given, adjusted.begin, now=self.now)
        problems = places.problems(question, given)
        if problems:
            raise broken(problems)
        if put is None:
            return _fixed(question, given)
        loose = [placement for placement in stood if placement.visit != put[0]]
        moved = replanning.around(question, given=given, loose=loose, mending=True)
        gone = {*moved.places, *moved.unplaced}
        staying = [placement for placement in loose if placement.visit not in gone]
        return _fixed(question, (*given, *staying, *moved.places.values()))

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
        question, placements = self.chosen(chosen)
        return self._book(question, placements, question.left_out(placements))

    def chosen(self, chosen: Sequence[Placed]) -> tuple[Question, tuple[Placement, ...]]:
        """The places a person chose, if they keep every rule, and what they are places of."""
        # time went by since the proposal: what was early enough then is early enough now
        question = self.question(notice=timedelta(0))
        placements = places.placements(question, chosen, now=self.now)
        problems = places.problems(question, placements)
        # what somebody else holds is for the booking to find out: it knows the next free times
        if any(not problem.others_booking for problem in problems):
            raise broken(problems)
        return question, placements

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
            self.give_back()
            course = Course(
                patient=self.patient,
                site=self.site,
                protocol_version=self.protocol_version,
                start_on=self.start_on,
                wishes=question.wishes.to_json(),
                clinician=self.clinician,
                booked_by=self.by,
            )

            def write_visits(made: Sequence[Appointment]) -> None:
                taken = dict(zip((placement.visit for placement in placements), made, strict=True))
                course.save(force_insert=True)
                Visit.objects.bulk_create(
                    visit_row(visit, course, position, taken.get(visit.key), left.get(visit.key, ()))
                    for position, visit in enumerate(question.compiled.course, start=1)
                )

            change_set = self._write_appointments(question, placements, write_visits)
            history.write(change_set, {}, history.states([course.pk]))
        return Booked(course, change_set)

    def _write_appointments(self, question: Question, placements: Sequence[Placement], link: Link) -> ChangeSet:
        assert self.patient is not None  # noqa: S101 - book() always has one
        if not placements:
            change_set = ChangeSet.objects.create(verb=Verb.BOOK, by=self.by, site=self.site, patient=self.patient)
            link([])
            return change_set
        bookings = [places.booking(question, placement) for placement in placements]
        with places.naming_visits(question, placements):
            return appointments.book(
                site=self.site, patient=self.patient, bookings=bookings, by=self.by, now=self.now, link=link
            ).change_set


def _release(held: UUID, *, by: User, now: datetime) -> None:
    holding = held_by(by, held)
    if holding:
        appointments.release(appointments=holding, by=by, now=now)


def _fixed(question: Question, placements: Sequence[Placement]) -> Question:
    return replace(question, request=replace(question.request, fixed=tuple(placements)))


def _put(
    question: Question,
    given: tuple[Placement, ...],
    stood: Sequence[Placement],
    key: str,
    starts_at: datetime,
    *,
    now: datetime,
) -> tuple[Placement, ...]:
    """With one visit at the start a person chose, with who and what it had where that is free. Raises ``RulesBroken``."""
    if key not in question.visits:
        raise InvalidInput("The protocol has no such visit.", pointer="put")
    standing = next((placement for placement in stood if placement.visit == key), None)
    beside = [placement for placement in stood if placement.visit != key]
    wanted = places.Wanted(key, starts_at, {}, standing, tuple(beside))
    placement, is_held = wanted.chosen(_fixed(question, given), now=now)
    if is_held:
        raise broken(places.problems(question, [*given, placement]))
    return (*given, placement)


def _begun(
    question: Question, given: tuple[Placement, ...], begin: Beginning, *, now: datetime
) -> tuple[Placement, ...]:
    """With the first visit where the course is to begin, unless it is pinned. Raises ``RulesBroken``."""
    key = next(iter(question.visits))
    if any(placement.visit == key for placement in given):
        return given
    around = _fixed(question, given)
    for role in question.visits[key].roles:
        with suppress(RulesBroken, InvalidInput):
            wanted = places.Wanted(key, begin.starts_at, {role.key: begin.resource}, None)
            placement, is_held = wanted.chosen(around, now=now)
            if not is_held:
                return (*given, placement)
    return _put(question, given, (), key, begin.starts_at, now=now)


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
