"""Holding, booking, moving and cancelling appointments. All or nothing, and never two in one place.

Every function here takes its locks once, sorted and late (``core.locks``), checks again under them, writes in one sorted
insert, and leaves the exclusion constraints as the last word. Called inside an outer transaction, it is part of that one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core import audit, clock, locks
from core.errors import InvalidInput, NotFound
from scheduler.actions import holds, taking
from scheduler.actions.terms import (
    Asked,
    Booking,
    Changed,
    Made,
    NotWorking,
    OutOfRange,
    Take,
    Taken,
    Use,
    WrongStatus,
)
from scheduler.announcements import appointments_changed
from scheduler.engine.request import HANDS_LANE
from scheduler.models import Allocation, Appointment, ChangeSet, Status
from scheduler.models.appointment import TAKING
from scheduler.models.change_set import Verb

__all__ = [
    "Booking",
    "Changed",
    "Made",
    "NotWorking",
    "OutOfRange",
    "Take",
    "Taken",
    "Use",
    "WrongStatus",
    "book",
    "book_held",
    "cancel",
    "hold",
    "move",
    "release",
    "set_status",
]

LONGEST_HOLD_MINUTES = 120

STEPS: Mapping[str, tuple[Status, ...]] = {
    Status.BOOKED: (Status.ARRIVED, Status.IN_TREATMENT, Status.DONE, Status.MISSED),
    Status.ARRIVED: (Status.IN_TREATMENT, Status.DONE, Status.MISSED, Status.BOOKED),
    Status.IN_TREATMENT: (Status.DONE, Status.ARRIVED, Status.BOOKED),
    Status.DONE: (Status.IN_TREATMENT, Status.ARRIVED, Status.BOOKED),
    Status.MISSED: (Status.BOOKED, Status.ARRIVED),
}
"""From each status, those that ``set_status`` may give. A wrong click can always be taken back; held and cancelled
appointments have actions of their own."""


def hold(
    *, site: Site, patient: Patient | None, bookings: Sequence[Booking], by: User, now: datetime, minutes: int = 10
) -> Made:
    """Holds places: they are taken at once and lapse by themselves after ``minutes``.

    Raises ``Taken``, ``NotWorking``, ``OutOfRange``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    if not 1 <= minutes <= LONGEST_HOLD_MINUTES:
        raise OutOfRange(f"Hold for 1 to {LONGEST_HOLD_MINUTES} minutes.", pointer="minutes")
    asked = Asked(site, patient.id if patient else None, bookings, now)
    taking.check(asked)

    def do() -> Made:
        return _make(asked, ChangeSet(verb=Verb.HOLD, by=by), Status.HELD, expires_at=now + timedelta(minutes=minutes))

    with audit.acting(by):
        return taking.settled(do, asked)


def book(
    *, site: Site, patient: Patient, bookings: Sequence[Booking], by: User, now: datetime, reason: str = ""
) -> Made:
    """Books all or none. Lapsed holds in the way are swept first. Announces ``appointments_changed``.

    Raises ``Taken``, ``NotWorking``, ``OutOfRange``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    asked = Asked(site, patient.id, bookings, now)
    taking.check(asked)
    taking.check_text(reason, longest=500, pointer="reason")

    def do() -> Made:
        return _announced(_make(asked, ChangeSet(verb=Verb.BOOK, by=by, reason=reason), Status.BOOKED))

    with audit.acting(by):
        return taking.settled(do, asked)


def book_held(*, appointments: Sequence[Appointment], patient: Patient, by: User, now: datetime) -> Made:
    """Turns holds into bookings, all or none. Announces ``appointments_changed``.

    Raises ``WrongStatus`` when one has lapsed, is not a hold or is held for another patient; ``Taken`` when the patient
    is elsewhere then; ``NotWorking`` when hours were changed meanwhile; ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    site = _one_site(appointments)
    asked = Asked(
        site, patient.id, _bookings_of(appointments), now, giving_up=frozenset(each.id for each in appointments)
    )
    taking.check(asked)

    def do() -> Made:
        resources = taking.lock(asked)
        rows = _locked(appointments)
        for row in rows:
            if row.status != Status.HELD or row.has_lapsed(now=now):
                raise WrongStatus("These places are no longer held. Look for new ones.", detail=_current(row))
            if row.patient_id not in {None, patient.id}:
                raise WrongStatus("These places are held for another patient.")
        taking.recheck(asked, resources)
        change_set = ChangeSet.objects.create(verb=Verb.BOOK, by=by, site=site, patient=patient)
        Appointment.objects.filter(id__in=[row.id for row in rows]).update(patient=patient)
        for row in rows:
            row.patient = patient
        return _announced(_give_status(rows, Status.BOOKED, change_set, now=now))

    with audit.acting(by):
        return taking.settled(do, asked)


def release(*, appointments: Sequence[Appointment], by: User, now: datetime) -> None:
    """Gives holds back before they lapse. Those that have lapsed are left as they are.

    Raises ``WrongStatus`` when one has been booked, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)

    def do() -> None:
        rows = _locked(appointments)
        for row in rows:
            if row.status not in {Status.HELD, Status.CANCELLED}:
                raise WrongStatus("This is booked. Cancel it instead.", detail=_current(row))
        holds.end([row.id for row in rows if row.status == Status.HELD], now=now)

    with audit.acting(by):
        locks.retrying(do)


def move(
    *, appointment: Appointment, to: Booking, by: User, now: datetime, version: int | None, reason: str = ""
) -> Made:
    """Moves one appointment: new period, new allocations, next schedule epoch; confirmation is void.

    Where only what it takes changes, and the period is the same, what the patient was told and confirmed still holds.
    ``version`` is the one the caller saw; None skips the check (only for callers that hold the row).
    Raises ``Changed``, ``WrongStatus``, ``Taken``, ``NotWorking``, ``OutOfRange``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.MOVE_VISITS)
    site = appointment.site
    asked = Asked(site, appointment.patient_id, [to], now, giving_up=frozenset([appointment.id]))
    taking.check(asked)
    taking.check_text(reason, longest=500, pointer="reason")

    def do() -> Made:
        resources = taking.lock(asked)
        [row] = _locked([appointment])
        _check_version(row, version)
        if row.status != Status.BOOKED:
            raise WrongStatus(f"{_described(row)} cannot be moved.", detail=_current(row))
        lanes = taking.recheck(asked, resources)
        change_set = ChangeSet.objects.create(
            verb=Verb.MOVE, by=by, site=site, patient_id=row.patient_id, reason=reason
        )
        Allocation.objects.filter(appointment=row).delete()
        if (row.starts_at, row.ends_at) != (to.starts_at, to.ends_at):
            row.confirmed_at = None
            row.schedule_epoch += 1
        _place(row, to, site)
        row.change_set = change_set
        row.version += 1
        row.save()
        taking.write_allocations([row], [to], lanes)
        return _announced(Made(change_set, (row,)))

    with audit.acting(by):
        return taking.settled(do, asked)


def cancel(
    *,
    appointments: Sequence[Appointment],
    by: User,
    now: datetime,
    reason: str,
    versions: Mapping[str, int] | None = None,
) -> Made:
    """Cancels and frees their resources, as one change set. Those already cancelled are left as they are.

    ``versions``: those the caller saw, by appointment id; one that is not named is not checked.
    Raises ``Changed``, ``WrongStatus`` (done or missed), ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.CANCEL_VISITS)
    taking.check_text(reason, longest=500, pointer="reason")
    site = _one_site(appointments)

    def do() -> Made:
        rows = _locked(appointments)
        to_cancel = [row for row in rows if row.status != Status.CANCELLED]
        for row in to_cancel:
            _check_version(row, (versions or {}).get(str(row.id)))
            if row.status in {Status.DONE, Status.MISSED}:
                raise WrongStatus(f"{_described(row)} cannot be cancelled.", detail=_current(row))
        if not to_cancel:
            return Made(rows[0].change_set, tuple(rows))
        patients = {row.patient_id for row in to_cancel}
        change_set = ChangeSet.objects.create(
            verb=Verb.CANCEL,
            by=by,
            site=site,
            patient_id=patients.pop() if len(patients) == 1 else None,
            reason=reason,
        )
        told = [row for row in to_cancel if row.status != Status.HELD]
        _give_status(to_cancel, Status.CANCELLED, change_set, now=now)
        if told:
            appointments_changed.announce(change_set=change_set, appointments=told)
        return Made(change_set, tuple(rows))

    with audit.acting(by):
        return locks.retrying(do)


def set_status(*, appointment: Appointment, status: str, by: User, now: datetime, version: int | None) -> Made:
    """Arrived, in treatment, done, missed, or back to an earlier one; ``STEPS`` lists what follows what.

    Nothing is arrived or done before its local date, and nothing missed before it starts.
    Coming back from missed takes the resources again and may raise ``Taken``.
    Raises ``Changed``, ``WrongStatus``, ``InvalidInput`` for an unknown status, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.SET_VISIT_STATUS)
    if status not in Status.values:
        raise InvalidInput("There is no such status.", pointer="status", detail={"known": list(Status.values)})
    known = _found([appointment])[0]
    retaking = known.status == Status.MISSED
    bookings = _bookings_of([known]) if retaking else []
    asked = Asked(known.site, known.patient_id, bookings, now, giving_up=frozenset([known.id]))

    def do() -> Made:
        resources = taking.lock(asked, mind_hours=False) if retaking else {}
        [row] = _locked([known])
        _check_version(row, known.version if version is None else version)
        _check_step(row, status, now=now)
        lanes = taking.recheck(asked, resources) if retaking else []
        change_set = ChangeSet.objects.create(verb=Verb.STATUS, by=by, site=row.site, patient_id=row.patient_id)
        if retaking:
            Allocation.objects.filter(appointment=row).delete()
            taking.write_allocations([row], bookings, lanes)
        return _announced(_give_status([row], Status(status), change_set, now=now))

    with audit.acting(by):
        return taking.settled(do, asked)


# --- what the actions share ----------------------------------------------------------------------------------


def _make(asked: Asked, change_set: ChangeSet, status: Status, *, expires_at: datetime | None = None) -> Made:
    """Locks, looks again, writes: new appointments with their allocations."""
    lanes = taking.recheck(asked, taking.lock(asked))
    change_set.site = asked.site
    change_set.patient_id = asked.patient_id
    change_set.save(force_insert=True)
    made = [
        _place(
            Appointment(
                site=asked.site,
                patient_id=asked.patient_id,
                change_set=change_set,
                status=status,
                hold_expires_at=expires_at,
            ),
            booking,
            asked.site,
        )
        for booking in asked.bookings
    ]
    Appointment.objects.bulk_create(sorted(made, key=lambda each: each.starts_at))
    taking.write_allocations(made, asked.bookings, lanes)
    return Made(change_set, tuple(made))


def _announced(made: Made) -> Made:
    appointments_changed.announce(change_set=made.change_set, appointments=made.appointments)
    return made


def _place(appointment: Appointment, booking: Booking, site: Site) -> Appointment:
    """Puts the appointment where the booking says, keeping the wall-clock time that was meant beside the instant."""
    local = clock.local(booking.starts_at, site.zone)
    appointment.starts_at = booking.starts_at
    appointment.ends_at = booking.ends_at
    appointment.local_on = local.date()
    appointment.local_time = local.time().replace(fold=0)
    appointment.fold = local.fold
    appointment.zone = site.zone
    appointment.summary = booking.summary
    return appointment


def _give_status(rows: Sequence[Appointment], status: Status, change_set: ChangeSet, *, now: datetime) -> Made:
    """Gives all of them the status; their allocations follow. The caller has locked the rows."""
    ids = [row.id for row in rows]
    is_taking = status in TAKING
    Allocation.objects.filter(appointment__in=ids).exclude(is_active=is_taking).update(
        is_active=is_taking, updated_at=now
    )
    Appointment.objects.filter(id__in=ids).update(
        previous_status=F("status"),
        status=status,
        hold_expires_at=None,
        change_set=change_set,
        version=F("version") + 1,
        updated_at=now,
    )
    for row in rows:
        row.previous_status, row.status = row.status, status
        row.hold_expires_at = None
        row.change_set = change_set
        row.version += 1
        row.updated_at = now
    return Made(change_set, tuple(rows))


def _found(appointments: Sequence[Appointment], *, lock: bool = False) -> list[Appointment]:
    """Them as they are now, in the order asked for. Raises ``NotFound``."""
    found = Appointment.objects.select_related("site", "patient", "change_set").order_by("id")
    if lock:
        found = found.select_for_update(of=("self",))
    rows = found.in_bulk([each.id for each in appointments])
    missing = next((each for each in appointments if each.id not in rows), None)
    if missing is not None:
        raise NotFound("There is no such appointment.")
    return [rows[key] for key in dict.fromkeys(each.id for each in appointments)]


def _locked(appointments: Sequence[Appointment]) -> list[Appointment]:
    """Them as they are now, their rows locked in one order for everybody. Raises ``NotFound``."""
    return _found(appointments, lock=True)


def _one_site(appointments: Sequence[Appointment]) -> Site:
    if not appointments:
        raise InvalidInput("Name at least one appointment.", pointer="appointments")
    if len({each.site_id for each in appointments}) > 1:
        raise InvalidInput("Name appointments of one site at a time.", pointer="appointments")
    return appointments[0].site


def _bookings_of(appointments: Sequence[Appointment]) -> list[Booking]:
    """What the appointments take or took, as it would be asked for again."""
    takes: dict[UUID, dict[Take, None]] = {each.id: {} for each in appointments}  # a dict keeps order, once each
    rows = (
        Allocation.objects.filter(appointment__in=list(takes)).select_related("resource").order_by("starts_at", "role")
    )
    hands_on = {(row.appointment_id, row.resource_id, row.starts_at) for row in rows if row.lane == HANDS_LANE}
    for row in rows:
        shared = Use.HANDS_ON if (row.appointment_id, row.resource_id, row.starts_at) in hands_on else Use.SHARED
        use = shared if row.is_shared else Use.EXCLUSIVE
        takes[row.appointment_id][Take(row.resource, row.role, row.starts_at, row.ends_at, use)] = None
    return [Booking(each.starts_at, each.ends_at, each.summary, tuple(takes[each.id])) for each in appointments]


def _check_version(row: Appointment, version: int | None) -> None:
    if version is not None and row.version != version:
        raise Changed("Somebody else changed this appointment meanwhile. Look at it again.", detail=_current(row))


def _check_step(row: Appointment, status: str, *, now: datetime) -> None:
    if status not in STEPS.get(row.status, ()):
        wanted = Status(status).label.lower()
        raise WrongStatus(f"{_described(row)} cannot become {wanted}.", detail=_current(row))
    if status == Status.MISSED and now < row.starts_at:
        raise WrongStatus("It has not begun. Cancel it if the patient cannot come.", detail=_current(row))
    if status != Status.BOOKED and clock.local(now, row.zone).date() < row.local_on:
        raise WrongStatus("It is not until another day.", detail=_current(row))


def _described(row: Appointment) -> str:
    return f"An appointment that is {row.get_status_display().lower()}"


def _current(row: Appointment) -> dict[str, object]:
    return {"current": {"version": row.version, "status": row.status, "starts_at": row.starts_at.isoformat()}}
