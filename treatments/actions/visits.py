"""Placing, moving and cancelling one visit of a course, inside the rules of its protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models.functions import Now

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, locks
from scheduler.actions import appointments
from scheduler.actions.appointments import Changed, Taken, WrongStatus
from scheduler.actions.taking import check_text
from scheduler.engine.request import Placement
from scheduler.models import ChangeSet
from scheduler.models.change_set import Verb
from treatments import places, planning
from treatments.actions import statuses
from treatments.actions.courses import RulesBroken, broken
from treatments.models import Course, CourseStatus, Visit, VisitStatus
from treatments.planning import Question, Standing
from treatments.queries import courses as reading

__all__ = ["Changed", "RulesBroken", "Taken", "WrongStatus", "cancel", "move", "place"]

HAPPENS = (VisitStatus.BOOKED, VisitStatus.TENTATIVE, VisitStatus.DONE)
"""The visits that rules are counted from. A missed visit did not happen."""


def move(
    *,
    visit: Visit,
    starts_at: datetime,
    by: User,
    now: datetime,
    version: int | None,
    resources: dict[str, str] | None = None,
    reason: str = "",
) -> ChangeSet:
    """Moves a visit to another start; keeps its resources where they are free, else takes equal ones, unless given.

    ``version`` is its appointment's. The rest of the course stays: a move that breaks a rule raises ``RulesBroken`` with
    every problem.
    Raises ``RulesBroken``, ``Taken``, ``Changed``, ``WrongStatus``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.MOVE_VISITS)

    def attempt() -> ChangeSet:
        change = _Change.locked(visit, starts_at, resources or {}, now=now)
        appointment = change.visit.appointment
        if appointment is None or change.visit.status not in (VisitStatus.BOOKED, VisitStatus.TENTATIVE):
            raise WrongStatus(f"{change.visit.label} is {_words(change.visit)} and cannot be moved.")
        if version is not None and appointment.version != version:
            # before the rules, which may only seem broken to somebody who sees an older plan
            raise Changed(
                "Somebody else changed this visit meanwhile. Look at it again.",
                detail={
                    "current": {
                        "version": appointment.version,
                        "status": appointment.status,
                        "starts_at": appointment.starts_at.isoformat(),
                    }
                },
            )
        placement = change.checked()
        with places.naming_visits(change.question, [placement]):
            made = appointments.move(
                appointment=appointment,
                to=places.booking(change.question, placement),
                by=by,
                now=now,
                version=version,
                reason=reason,
            )
        return made.change_set

    return locks.retrying(attempt)


def place(
    *,
    visit: Visit,
    starts_at: datetime,
    by: User,
    now: datetime,
    resources: dict[str, str] | None = None,
) -> ChangeSet:
    """Gives a visit that has no place yet a time; chooses its resources unless given.

    Raises ``RulesBroken``, ``Taken``, ``WrongStatus``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)

    def attempt() -> ChangeSet:
        change = _Change.locked(visit, starts_at, resources or {}, now=now)
        if change.visit.status != VisitStatus.TO_PLACE:
            raise WrongStatus(f"{change.visit.label} is {_words(change.visit)}; it is not waiting for a place.")
        placement = change.checked()
        course = change.course
        with audit.acting(by), places.naming_visits(change.question, [placement]):
            made = appointments.book(
                site=course.site,
                patient=course.patient,
                bookings=[places.booking(change.question, placement)],
                by=by,
                now=now,
            )
            tentative = change.question.course[change.visit.key].tentative
            Visit.objects.filter(pk=change.visit.pk).update(
                status=VisitStatus.TENTATIVE if tentative else VisitStatus.BOOKED,
                appointment=made.appointments[0],
                unplaced=[],
                updated_at=Now(),
            )
        return made.change_set

    return locks.retrying(attempt)


def cancel(*, visit: Visit, by: User, now: datetime, version: int | None, reason: str) -> ChangeSet:
    """Cancels one visit; the course goes on without it, and the visit is kept with its status.

    A visit that has no place yet is taken off the work list. ``version`` is its appointment's.
    Raises ``Changed``, ``WrongStatus``, ``InvalidInput`` for a reason that is too long, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.CANCEL_VISITS)
    check_text(reason, longest=500, pointer="reason")

    def attempt() -> ChangeSet:
        # who places a visit holds the patient's lock (see below), and must not do so beside this
        locks.acquire(locks.Space.PATIENT, [str(visit.course.patient_id)])
        current = Visit.objects.select_related("appointment", "course").get(pk=visit.pk)
        appointment = current.appointment
        if appointment is not None:
            if current.status == VisitStatus.CANCELLED:
                raise WrongStatus(f"{current.label} is cancelled already.")
            versions = {str(appointment.pk): version} if version is not None else None
            return appointments.cancel(
                appointments=[appointment], by=by, now=now, reason=reason, versions=versions
            ).change_set
        with audit.acting(by):
            waiting = Visit.objects.filter(pk=visit.pk, status=VisitStatus.TO_PLACE)
            if not waiting.update(status=VisitStatus.CANCELLED, updated_at=Now()):
                raise WrongStatus(f"{current.label} is {_words(current)} and cannot be cancelled.")
            statuses.settle([current.course_id])
            course = current.course
            return ChangeSet.objects.create(
                verb=Verb.CANCEL, by=by, site_id=course.site_id, patient_id=course.patient_id, reason=reason
            )

    return locks.retrying(attempt)


def _words(visit: Visit) -> str:
    return "still without a time" if visit.status == VisitStatus.TO_PLACE else visit.get_status_display().lower()


@dataclass(frozen=True)
class _Change:
    """One visit that gets another place while the rest of its course stays."""

    course: Course
    visits: Sequence[Visit]
    visit: Visit
    starts_at: datetime
    named: Mapping[str, str]
    now: datetime

    @classmethod
    def locked(cls, visit: Visit, starts_at: datetime, resources: Mapping[str, str], *, now: datetime) -> "_Change":
        """The course as it is now, kept from other changes until the transaction ends.

        Two moves within one course could each keep the rules and break them together; every booking for a patient takes
        the patient's lock, so holding it here keeps them in turn. The site's lock is shared first, as in every booking.
        """
        course = Course.objects.select_related("site", "patient", "protocol_version__protocol").get(pk=visit.course_id)
        locks.acquire_all(
            [(locks.Space.PATIENT, str(course.patient_id))], shared=[(locks.Space.SITE, str(course.site_id))]
        )
        course.refresh_from_db(fields=["status", "version"])
        if course.status == CourseStatus.CANCELLED:
            raise WrongStatus("The course is cancelled.")
        visits = list(reading.visits().filter(course=course))
        current = next(each for each in visits if each.pk == visit.pk)
        return cls(course, visits, current, starts_at, dict(resources), now)

    @cached_property
    def question(self) -> Question:
        """What the planner is asked, every other visit fixed where it is."""
        own = [each.appointment_id for each in self.visits if each.appointment_id is not None]
        return planning.ask_again(
            protocol_version=self.course.protocol_version,
            site=self.course.site,
            patient=self.course.patient,
            start_on=self.course.start_on,
            standing=[
                there for each in self.visits if each.pk != self.visit.pk and (there := standing(each)) is not None
            ],
            target=self.starts_at,
            now=self.now,
            moving=[self.visit.appointment_id] if self.visit.appointment_id is not None else [],
            own=own,
        )

    def checked(self) -> Placement:
        """The new place, if it keeps every rule.

        A place that somebody else holds is left for the booking to refuse: it knows the next free times.
        Raises ``RulesBroken``, ``InvalidInput``.
        """
        question, key = self.question, self.visit.key
        start = places.slot(question, self.starts_at, now=self.now, pointer="starts_at")
        named = places.named(question, key, dict(self.named), pointer="resources")
        there = standing(self.visit)
        current = dict(there.resources) if there is not None else {}
        filled = places.fill(question, key, start, named, current)
        before = question.placement(there) if there is not None else None
        problems = places.problems_of_change(question, key, start, filled, before)
        for role in question.visits[key].roles:
            if role.key not in filled and role.key in current:
                filled[role.key] = current[role.key]
        complete = len(filled) == len(question.visits[key].roles)
        if not complete or any(not problem.others_booking for problem in problems):
            raise broken(problems)
        return Placement(key, start, tuple(sorted(filled.items())))


def standing(visit: Visit) -> Standing | None:
    """Where a visit is, if it takes place; needs its appointment's allocations."""
    if visit.appointment is None or visit.status not in HAPPENS:
        return None
    taken = {each.role: str(each.resource_id) for each in visit.appointment.allocations.all()}
    return Standing(visit.key, visit.appointment.starts_at, tuple(sorted(taken.items())))
