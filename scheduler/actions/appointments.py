"""Holding, booking, moving and cancelling appointments. All or nothing, and never two in one place.

Every function here takes its locks once, sorted and late (``core.locks``), checks again under them, writes in one sorted
insert, and leaves the exclusion constraints as the last word. Called inside an outer transaction, it is part of that one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core import audit, clock, locks
from core.errors import InvalidInput
from scheduler.actions import holds, lines, rearranging, taking
from scheduler.actions.rearranging import (
    Link,
    Making,
    Moving,
    Orders,
    check_version,
    current,
    described,
    found,
    give_status,
    locked,
    place,
)
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
    asked = Asked(site, [patient.pk if patient else None] * len(bookings), bookings, now)
    taking.check(asked)

    def do() -> Made:
        lanes = taking.recheck(asked, taking.lock(asked))
        change_set = ChangeSet.objects.create(verb=Verb.HOLD, by=by, site=site, patient=patient)
        made = [
            place(
                Appointment(
                    site=site,
                    patient=patient,
                    change_set=change_set,
                    status=Status.HELD,
                    hold_expires_at=now + timedelta(minutes=minutes),
                ),
                booking,
                site,
            )
            for booking in bookings
        ]
        Appointment.objects.bulk_create(sorted(made, key=lambda each: each.starts_at))
        taking.write_allocations(made, bookings, lanes)
        return Made(change_set, tuple(made))

    with audit.acting(by):
        return taking.settled(do, asked)


def book(
    *,
    site: Site,
    patient: Patient,
    bookings: Sequence[Booking],
    by: User,
    now: datetime,
    reason: str = "",
    link: Link | None = None,
) -> Made:
    """Books all or none. Lapsed holds in the way are swept first. Announces ``appointments_changed``, after ``link``.

    Raises ``Taken``, ``NotWorking``, ``OutOfRange``, ``NotAllowed``, ``Busy``.
    """
    if not bookings:
        raise InvalidInput("Name at least one appointment.", pointer="bookings")
    orders = Orders(site, bookings=[Making(patient, booking) for booking in bookings])
    return rearranging.rearrange(
        orders=orders, verb=Verb.BOOK, by=by, now=now, reason=reason, patient=patient, link=link
    )


def book_held(*, appointments: Sequence[Appointment], patient: Patient, by: User, now: datetime) -> Made:
    """Turns holds into bookings, all or none. Announces ``appointments_changed``.

    Raises ``WrongStatus`` when one has lapsed, is not a hold or is held for another patient; ``Taken`` when the patient
    is elsewhere then; ``NotWorking`` when hours were changed meanwhile; ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    site = _one_site(appointments)
    bookings = _bookings_of(appointments)
    asked = Asked(
        site, [patient.pk] * len(bookings), bookings, now, giving_up=frozenset(each.pk for each in appointments)
    )
    taking.check(asked)

    def do() -> Made:
        resources = taking.lock(asked)
        rows = locked(appointments)
        for row in rows:
            if row.status != Status.HELD or row.has_lapsed(now=now):
                raise WrongStatus("These places are no longer held. Look for new ones.", detail=current(row))
            if row.patient_id not in {None, patient.id}:
                raise WrongStatus("These places are held for another patient.")
        taking.recheck(asked, resources)
        taken = lines.taken_by(row.pk for row in rows)
        before = lines.states(rows, taken)
        change_set = ChangeSet.objects.create(verb=Verb.BOOK, by=by, site=site, patient=patient)
        Appointment.objects.filter(id__in=[row.id for row in rows]).update(patient=patient)
        for row in rows:
            row.patient = patient
        give_status(rows, Status.BOOKED, change_set, now=now)
        lines.write(change_set, before, lines.states(rows, taken))
        return _announced(Made(change_set, tuple(rows)))

    with audit.acting(by):
        return taking.settled(do, asked)


def release(*, appointments: Sequence[Appointment], by: User, now: datetime) -> None:
    """Gives holds back before they lapse. Those that have lapsed are left as they are.

    Raises ``WrongStatus`` when one has been booked, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)

    def do() -> None:
        rows = locked(appointments)
        for row in rows:
            if row.status not in {Status.HELD, Status.CANCELLED}:
                raise WrongStatus("This is booked. Cancel it instead.", detail=current(row))
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
    orders = Orders(appointment.site, moves=[Moving(appointment, to)], versions=_versions({appointment.pk: version}))
    return rearranging.rearrange(
        orders=orders, verb=Verb.MOVE, by=by, now=now, reason=reason, patient=appointment.patient
    )


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
    site = _one_site(appointments)

    def do() -> Made:
        rows = locked(appointments)
        to_cancel = [row for row in rows if row.status != Status.CANCELLED]
        if not to_cancel:
            taking.check_text(reason, longest=500, pointer="reason")
            return Made(rows[0].change_set, tuple(rows))
        patients = {row.patient_id: row.patient for row in to_cancel}
        made = rearranging.rearrange(
            orders=Orders(site, cancelled=to_cancel, versions=versions),
            verb=Verb.CANCEL,
            by=by,
            now=now,
            reason=reason,
            patient=to_cancel[0].patient if len(patients) == 1 else None,
        )
        now_are = {row.pk: row for row in made.appointments}
        return Made(made.change_set, tuple(now_are.get(row.pk, row) for row in rows))

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
    known = found([appointment])[0]
    retaking = known.status == Status.MISSED
    bookings = _bookings_of([known]) if retaking else []
    asked = Asked(known.site, [known.patient_id] * len(bookings), bookings, now, giving_up=frozenset([known.pk]))

    def do() -> Made:
        resources = taking.lock(asked) if retaking else {}
        [row] = locked([known])
        check_version(row, known.version if version is None else version)
        _check_step(row, status, now=now)
        lanes = taking.recheck(asked, resources) if retaking else []
        taken = lines.taken_by([row.pk])
        before = lines.states([row], taken)
        change_set = ChangeSet.objects.create(verb=Verb.STATUS, by=by, site=row.site, patient_id=row.patient_id)
        if retaking:
            Allocation.objects.filter(appointment=row).delete()
            taken = {row.pk: taking.write_allocations([row], bookings, lanes)}
        give_status([row], Status(status), change_set, now=now)
        lines.write(change_set, before, lines.states([row], taken))
        return _announced(Made(change_set, (row,)))

    with audit.acting(by):
        return taking.settled(do, asked)


# --- what the actions share ----------------------------------------------------------------------------------


def _announced(made: Made) -> Made:
    appointments_changed.announce(change_set=made.change_set, appointments=made.appointments)
    return made


def _versions(known: Mapping[UUID, int | None]) -> dict[str, int]:
    return {str(key): version for key, version in known.items() if version is not None}


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


def _check_step(row: Appointment, status: str, *, now: datetime) -> None:
    if status not in STEPS.get(row.status, ()):
        wanted = Status(status).label.lower()
        raise WrongStatus(f"{described(row)} cannot become {wanted}.", detail=current(row))
    if status == Status.MISSED and now < row.starts_at:
        raise WrongStatus("It has not begun. Cancel it if the patient cannot come.", detail=current(row))
    if status != Status.BOOKED and clock.local(now, row.zone).date() < row.local_on:
        raise WrongStatus("It is not until another day.", detail=current(row))
