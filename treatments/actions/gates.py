"""Recording that a gate was fulfilled, and that it no longer is. Facts are added, never changed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, clock, locks
from core.errors import Conflict, InvalidInput
from scheduler.actions.taking import check_text
from treatments.models import Course, CourseStatus, GateFulfilment, GateWithdrawal, Visit
from treatments.protocols.gates import Requirement
from treatments.queries import readiness

LONGEST_AGO = timedelta(days=5 * 366)
"""What is older is a slip of the keyboard."""


class WithdrawnAlready(Conflict):
    """Somebody withdrew it before."""

    code = "withdrawn_already"


class CourseNotRunning(Conflict):
    """The course is completed or cancelled."""

    code = "course_over"


def fulfil(
    *,
    course: Course,
    gate: str,
    by: User,
    now: datetime,
    visits: Sequence[Visit] = (),
    done_at: datetime | None = None,
    valid_until: date | None = None,
    note: str = "",
) -> list[GateFulfilment]:
    """Records that a gate is fulfilled, since ``done_at`` (now unless given), for these visits or for all it concerns.

    A gate that every visit needs anew takes the visits it was fulfilled for; any other takes none. An escort counts
    for the visit's start as it is now: when the visit moves, somebody has to ask again.
    Raises ``InvalidInput``, ``CourseNotRunning``, ``NotAllowed``.
    """
    require(by, Permission.FULFIL_GATES)
    check_text(note, longest=500, pointer="note")
    done_at = done_at or now
    wanted = _gate(course, gate)
    _check_dates(done_at, valid_until, now=now, zone=course.site.zone)

    def attempt() -> list[GateFulfilment]:
        # nothing of the course moves or ends meanwhile: every change of it holds the patient's lock
        locks.acquire(locks.Space.PATIENT, [str(course.patient_id)])
        if not Course.objects.filter(pk=course.pk, status=CourseStatus.ACTIVE).exists():
            raise CourseNotRunning("The course is over; nothing waits for this any more.")
        concerned = _visits(course, wanted, visits)
        rows = [
            GateFulfilment(
                course=course,
                gate=wanted.key,
                visit=visit.key if visit is not None else "",
                done_at=done_at,
                valid_until=valid_until,
                visit_starts_at=visit.appointment.starts_at
                if wanted.per_start and visit and visit.appointment
                else None,
                note=note,
                by=by,
            )
            for visit in concerned
        ]
        with audit.acting(by):
            return GateFulfilment.objects.bulk_create(rows)

    return locks.retrying(attempt)


def withdraw(*, fulfilment: GateFulfilment, by: User, now: datetime, reason: str) -> GateWithdrawal:  # noqa: ARG001 - all actions take it
    """Records that a fulfilment no longer holds. What it let through stays; the visits ahead wait again.

    Raises ``WithdrawnAlready``, ``InvalidInput`` for a reason that is too long, ``NotAllowed``.
    """
    require(by, Permission.FULFIL_GATES)
    check_text(reason, longest=500, pointer="reason")

    def attempt() -> GateWithdrawal:
        with audit.acting(by):
            made, is_new = GateWithdrawal.objects.get_or_create(
                fulfilment=fulfilment, defaults={"reason": reason, "by": by}
            )
        if not is_new:
            raise WithdrawnAlready("This was withdrawn already.")
        return made

    return locks.retrying(attempt)


def _gate(course: Course, key: str) -> Requirement:
    known = {gate.key: gate for gate in readiness.gates(course.protocol_version)}
    if key not in known:
        raise InvalidInput("The protocol has no such gate.", pointer="gate", detail={"known": list(known)})
    return known[key]


def _check_dates(done_at: datetime, valid_until: date | None, *, now: datetime, zone: str) -> None:
    if done_at.tzinfo is None:
        raise InvalidInput("Send the time with its offset from UTC.", pointer="done_at")
    if done_at > now:
        raise InvalidInput("This is in the future. Record it when it is done.", pointer="done_at")
    if done_at < now - LONGEST_AGO:
        raise InvalidInput("This is more than five years ago.", pointer="done_at")
    if valid_until is not None and valid_until < clock.local(done_at, zone).date():
        raise InvalidInput("It would not hold for a single day.", pointer="valid_until")


def _visits(course: Course, gate: Requirement, named: Sequence[Visit]) -> list[Visit | None]:
    """The visits it was fulfilled for, as they are now; one None where it holds for all."""
    if not gate.per_visit:
        if named:
            raise InvalidInput(f"{gate.title} holds for the whole course. Do not name visits.", pointer="visits")
        return [None]
    rows = {visit.pk: visit for visit in course.visits.select_related("appointment")}
    waiting = gate.asks(visit.key for visit in rows.values() if visit.status not in readiness.GONE)
    if not named:
        raise InvalidInput(f"Say for which visits: {gate.title.lower()} is needed for each.", pointer="visits")
    found: dict[object, Visit] = {}
    for number, visit in enumerate(named):
        current = rows.get(visit.pk)
        pointer = f"visits/{number}"
        if current is None or current.key not in waiting:
            raise InvalidInput("This visit does not wait for it.", pointer=pointer)
        if current.status not in readiness.AHEAD:
            raise InvalidInput(f"{current.label} is over.", pointer=pointer)
        if gate.per_start and current.appointment is None:
            raise InvalidInput(f"{current.label} has no time yet.", pointer=pointer)
        found[visit.pk] = current
    return list(found.values())
