"""What happens during a visit: ticked off by those who care for the patient, and taken back by them.

Start and end of the visit are kept in step with its appointment: whoever gives the status, the tick is there, and it goes
when the status is taken back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, clock, locks
from core.errors import Conflict, InvalidInput, NotFound, Unprocessable
from scheduler.actions import appointments as calendar
from scheduler.actions import rearranging
from scheduler.actions.taking import check_text
from scheduler.actions.terms import Made, WrongStatus
from scheduler.models import Appointment, ChangeSet, Status
from scheduler.models.change_set import Verb
from treatments.models import Visit, VisitTick
from treatments.queries import sessions
from treatments.queries.sessions import END, ESCORT, LEFT, START, Session

HERE = (Status.ARRIVED, Status.IN_TREATMENT)
_TICKED_BY = {Status.IN_TREATMENT: START, Status.DONE: LEFT}
_TAKES_BACK: dict[Status, tuple[str, ...]] = {
    Status.ARRIVED: (START, END, LEFT),
    Status.IN_TREATMENT: (LEFT,),
    Status.DONE: (),
}
_FOLLOWED = (Verb.STATUS, Verb.UNDO, Verb.NO_SHOW)
ALMOST_NOW = timedelta(minutes=1)
"""A time typed in whole minutes may be so far ahead of the clock."""


class TickedAlready(Conflict):
    """Somebody else ticked it meanwhile."""

    code = "ticked_already"


class MayNotLeave(Unprocessable):
    """Something is missing for the patient to leave. ``detail["obstacles"]`` lists what; a reason overrides it."""

    code = "may_not_leave"


def tick(*, visit: Visit, step: str, by: User, now: datetime, at: datetime | None = None) -> VisitTick:
    """Ticks off a check, the start or end of the treatment, or that whoever takes the patient home is confirmed.

    ``at`` is when it was done, now unless given. The start sets the appointment to "in treatment".
    Raises ``TickedAlready``, ``WrongStatus``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.RECORD_SESSIONS)

    def attempt() -> VisitTick:
        row, session = _locked(visit)
        _check_step(session, step, row)
        when = _when(at, row, session, step, now=now)
        made = _write(visit, step, at=when, by=by)
        if step == START and row.status != Status.IN_TREATMENT:
            calendar.set_status(appointment=row, status=Status.IN_TREATMENT, by=by, now=now, version=None)
        return made

    with audit.acting(by):
        return locks.retrying(attempt)


def withdraw(*, tick: VisitTick, by: User, now: datetime) -> None:
    """Takes a tick back. A start or a discharge that is taken back gives the appointment its status of before.

    Raises ``WrongStatus`` for what was taken back before, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.RECORD_SESSIONS)

    def attempt() -> None:
        row, session = _locked(tick.visit)
        current = session.tick(tick.step)
        if current is None or current.pk != tick.pk:
            raise WrongStatus("This was taken back already.")
        if row.status == Status.DONE and tick.step != LEFT:
            raise WrongStatus("The patient has left. Take back the discharge first.")
        _take_back(VisitTick.objects.filter(pk=tick.pk), by=by, now=now)
        back = _before(tick.step, session)
        if back is not None and row.status != back:
            calendar.set_status(appointment=row, status=back, by=by, now=now, version=None)

    with audit.acting(by):
        locks.retrying(attempt)


def discharge(*, visit: Visit, by: User, now: datetime, reason: str = "") -> VisitTick:
    """The patient leaves: the visit is done.

    Without a ``reason`` only when nothing stands in the way: somebody to leave with is confirmed where the protocol asks for
    it, the observation is over, every check is ticked.
    Raises ``MayNotLeave``, ``WrongStatus``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.RECORD_SESSIONS)
    reason = reason.strip()
    check_text(reason, longest=500, pointer="reason")

    def attempt() -> VisitTick:
        row, session = _locked(visit)
        if row.status not in HERE:
            raise WrongStatus("Only a patient who is here can be discharged.")
        obstacles = session.in_the_way(now=now)
        if obstacles and not reason:
            raise MayNotLeave(
                " ".join(each.message for each in obstacles),
                pointer="reason",
                detail={"obstacles": [{"code": each.code, "message": each.message} for each in obstacles]},
            )
        made = _write(visit, LEFT, at=now, by=by, note=reason if obstacles else "")
        calendar.set_status(appointment=row, status=Status.DONE, by=by, now=now, version=None)
        return made

    with audit.acting(by):
        return locks.retrying(attempt)


def set_status(*, appointment: Appointment, status: str, by: User, now: datetime, version: int | None) -> Made:
    """Where an appointment stands, as the desk says it: as in the calendar, but nobody is let go without an escort.

    Raises ``MayNotLeave`` for "done" where the protocol asks for somebody to leave with and nobody was confirmed, and what
    ``scheduler.actions.appointments.set_status`` raises.
    """
    if status == Status.DONE:
        visit = _loaded().filter(appointment=appointment).first()
        if visit is not None and sessions.of_visit(visit).escort_missing:
            raise MayNotLeave(
                "Nobody to leave with is confirmed. A nurse or clinician discharges the patient in My day.",
                pointer="status",
            )
    return calendar.set_status(appointment=appointment, status=status, by=by, now=now, version=version)


def follow(*, change_set: ChangeSet, appointments: Sequence[Appointment]) -> None:
    """Ticks start and leaving where the calendar says so, and takes back what it took back. Needs a transaction."""
    if change_set.verb not in _FOLLOWED:
        return
    status = {appointment.pk: Status(appointment.status) for appointment in appointments}
    by, now = change_set.by, change_set.created_at
    for visit in Visit.objects.filter(appointment__in=status).prefetch_related("ticks").order_by("pk"):
        is_now = status[visit.appointment_id] if visit.appointment_id else Status.BOOKED
        ticked = {row.step for row in visit.ticks.all() if row.withdrawn_at is None}
        wanted = _TICKED_BY.get(is_now)
        if wanted == LEFT and START not in ticked:
            wanted = None  # nobody recorded this visit while it took place
        if wanted is not None and wanted not in ticked:
            _write(visit, wanted, at=now, by=by)
        # of a visit that did not begin nothing was done
        gone = ticked.intersection(_TAKES_BACK.get(is_now, ticked))
        if gone:
            _take_back(VisitTick.objects.filter(visit=visit, step__in=gone, withdrawn_at=None), by=by, now=now)


# --- what they share -----------------------------------------------------------------------------------------


def _loaded() -> QuerySet[Visit]:
    return Visit.objects.select_related("course__site", "course__protocol_version", "appointment")


def _locked(visit: Visit) -> tuple[Appointment, Session]:
    """The appointment, its row locked, and how the visit stands. Appointments are locked before visits."""
    current = _loaded().filter(pk=visit.pk).first()
    if current is None or current.appointment is None:
        raise NotFound("This visit has no time.")
    [row] = rearranging.locked([current.appointment])
    return row, sessions.of_visit(current)


def _before(step: str, session: Session) -> Status | None:
    """The status that the step ended; None for one that ends none. Some are discharged who only arrived."""
    if step == START or (step == LEFT and session.tick(START) is None):
        return Status.ARRIVED
    return Status.IN_TREATMENT if step == LEFT else None


def _check_step(session: Session, step: str, row: Appointment) -> None:
    known = [START, END, *([ESCORT] if session.needs_escort else []), *(check.key for check in session.checks)]
    if step not in known:
        raise InvalidInput("There is no such step in this visit.", pointer="step", detail={"known": known})
    if session.tick(step) is not None:
        raise TickedAlready("This is ticked already.")
    late_note = row.status == Status.DONE and step not in (START, END)
    if row.status not in HERE and not late_note:
        raise WrongStatus("The patient is not here." if row.status != Status.DONE else "The patient has left.")
    if step == END and session.tick(START) is None:
        raise WrongStatus("The treatment has not started.")


def _when(at: datetime | None, row: Appointment, session: Session, step: str, *, now: datetime) -> datetime:
    if at is None:
        return now
    if at > now + ALMOST_NOW:
        raise InvalidInput("This is in the future. Tick it when it is done.", pointer="at")
    if clock.local(at, row.zone).date() != row.local_on:
        raise InvalidInput("This is not on the day of the visit.", pointer="at")
    started = session.tick(START)
    if step == END and started is not None and at < started.at:
        raise InvalidInput("This is before the treatment started.", pointer="at")
    return min(at, now)


def _write(visit: Visit, step: str, *, at: datetime, by: User, note: str = "") -> VisitTick:
    try:
        with transaction.atomic():
            return VisitTick.objects.create(visit=visit, step=step, at=at, by=by, note=note)
    except IntegrityError as error:
        raise TickedAlready("This is ticked already.") from error


def _take_back(ticks: QuerySet[VisitTick], *, by: User, now: datetime) -> None:
    ticks.filter(withdrawn_at=None).update(withdrawn_at=now, withdrawn_by=by, updated_at=now)
