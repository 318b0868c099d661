"""Rearranging the calendar: cancellations, moves and new bookings of one or several patients, all or nothing.

One transaction, one change set, one announcement, a change line for every appointment. What is given up in the same call
is free for the rest of it: two appointments can swap their places.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core import audit, clock
from core.errors import InvalidInput, NotFound
from scheduler.actions import lines, taking
from scheduler.actions.terms import Asked, Booking, Changed, Made, WrongStatus
from scheduler.announcements import appointments_changed
from scheduler.models import Allocation, Appointment, ChangeSet, Status
from scheduler.models.appointment import TAKING
from scheduler.models.change_set import Verb

PLACE_FIELDS = ("starts_at", "ends_at", "local_on", "local_time", "fold", "zone", "summary")
"""What ``place`` sets."""
MOVED_FIELDS = (*PLACE_FIELDS, "confirmed_at", "schedule_epoch", "change_set", "version", "updated_at")


Link = Callable[[Sequence[Appointment]], None]
"""Writes what a caller keeps about its new appointments; they come in the order of its bookings."""


@dataclass(frozen=True, slots=True)
class Moving:
    """An appointment and its new place. ``agreed``: the patient chose it, so it counts as confirmed."""

    appointment: Appointment
    to: Booking
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class Making:
    """A new booking and whose it is."""

    patient: Patient
    booking: Booking


@dataclass(frozen=True)
class Orders:
    """Everything one call shall do to the calendar of one site.

    ``missed`` are appointments to which the patient did not come. ``versions`` are those the caller saw, by
    appointment id; one that is not named is not checked.
    """

    site: Site
    cancelled: Sequence[Appointment] = ()
    missed: Sequence[Appointment] = ()
    moves: Sequence[Moving] = ()
    bookings: Sequence[Making] = ()
    versions: Mapping[str, int] | None = None

    @property
    def existing(self) -> list[Appointment]:
        """The appointments that are there already."""
        return [*self.cancelled, *self.missed, *(each.appointment for each in self.moves)]

    def asked(self, *, now: datetime) -> Asked:
        """The places that are wanted: of the moves, then of the bookings."""
        return Asked(
            self.site,
            [*(each.appointment.patient_id for each in self.moves), *(each.patient.pk for each in self.bookings)],
            [*(each.to for each in self.moves), *(each.booking for each in self.bookings)],
            now,
            giving_up=frozenset(each.pk for each in self.existing),
        )

    def permissions(self) -> list[Permission]:
        """What the caller has to be allowed."""
        needed = {
            Permission.CANCEL_VISITS: self.cancelled,
            Permission.SET_VISIT_STATUS: self.missed,
            Permission.MOVE_VISITS: self.moves,
            Permission.BOOK_COURSES: self.bookings,
        }
        return [permission for permission, wanted in needed.items() if wanted]


def rearrange(
    *,
    orders: Orders,
    verb: Verb,
    by: User,
    now: datetime,
    reason: str = "",
    patient: Patient | None = None,
    link: Link | None = None,
) -> Made:
    """Carries out the orders, all or none. Orders for nothing make an empty change set.

    ``patient`` is whom the change set is about; None for several. ``link`` is called before anything is announced: whoever
    hears of an appointment then finds what it is for. It runs again where the transaction does. The appointments come back
    in this order: moved, made, cancelled, missed.

    Raises ``Changed``, ``WrongStatus``, ``Taken``, ``NotWorking``, ``OutOfRange``, ``InvalidInput``, ``NotFound``,
    ``NotAllowed``, ``Busy``.
    """
    for permission in orders.permissions():
        require(by, permission)
    taking.check_text(reason, longest=500, pointer="reason")
    _check_sites(orders)
    asked = orders.asked(now=now)
    if asked.bookings:
        taking.check(asked)

    def do() -> Made:
        change_set = ChangeSet(verb=verb, by=by, site=orders.site, patient=patient, reason=reason)
        return carry_out(orders, asked, change_set, link)

    with audit.acting(by):
        return taking.settled(do, asked)


def look(*, orders: Orders, now: datetime) -> None:
    """Says whether the places that the orders want are there now; takes no lock and writes nothing.

    Raises ``Taken``, ``NotWorking``, ``OutOfRange``, ``InvalidInput``.
    """
    asked = orders.asked(now=now)
    if asked.bookings:
        taking.check(asked)
        taking.look(asked)


def carry_out(orders: Orders, asked: Asked, change_set: ChangeSet, link: Link | None) -> Made:
    """Locks, looks again, writes, announces. Needs a transaction."""
    resources = taking.lock(asked) if asked.bookings else {}
    rows = {row.pk: row for row in locked(orders.existing)} if orders.existing else {}
    _check_rows(orders, rows, now=asked.now)
    lanes = taking.recheck(asked, resources) if asked.bookings else []
    taken = lines.taken_by(rows)
    before = lines.states(rows.values(), taken)
    change_set.save(force_insert=True)
    told = [row for row in rows.values() if row.status != Status.HELD]

    cancelled = [rows[each.pk] for each in orders.cancelled]
    missed = [rows[each.pk] for each in orders.missed]
    give_status(cancelled, Status.CANCELLED, change_set, now=asked.now)
    give_status(missed, Status.MISSED, change_set, now=asked.now)
    moved = [_moved(rows[each.appointment.pk], each, change_set, now=asked.now) for each in orders.moves]
    Allocation.objects.filter(appointment__in=[row.pk for row in moved]).delete()
    # one statement: the constraint then looks at the end of it, when everybody who swaps has moved
    Appointment.objects.bulk_update(moved, MOVED_FIELDS)
    made = [
        place(
            Appointment(site=orders.site, patient=each.patient, change_set=change_set, status=Status.BOOKED),
            each.booking,
            orders.site,
        )
        for each in orders.bookings
    ]
    Appointment.objects.bulk_create(sorted(made, key=lambda each: each.starts_at))
    placed = [*moved, *made]
    for row in placed:
        taken[row.pk] = []
    for allocation in taking.write_allocations(placed, asked.bookings, lanes):
        taken[allocation.appointment_id].append(allocation)

    changed = [*placed, *cancelled, *missed]
    lines.write(change_set, before, lines.states(changed, taken))
    if link is not None:
        link(made)
    announced = [row for row in changed if row in told or row in made]
    if announced:
        appointments_changed.announce(change_set=change_set, appointments=announced)
    return Made(change_set, tuple(changed))


# --- what the actions share ----------------------------------------------------------------------------------


def place(appointment: Appointment, booking: Booking, site: Site) -> Appointment:
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


def give_status(rows: Sequence[Appointment], status: Status, change_set: ChangeSet, *, now: datetime) -> None:
    """Gives all of them the status; their allocations follow. The caller has locked the rows."""
    if not rows:
        return
    ids = [row.pk for row in rows]
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


def locked(appointments: Sequence[Appointment]) -> list[Appointment]:
    """Them as they are now, their rows locked in one order for everybody. Raises ``NotFound``."""
    return found(appointments, lock=True)


def found(appointments: Sequence[Appointment], *, lock: bool = False) -> list[Appointment]:
    """Them as they are now, in the order asked for. Raises ``NotFound``."""
    # without its change set: a row whose change set was replaced while its lock was waited for would drop out of the join
    wanted = Appointment.objects.select_related("site", "patient").order_by("id")
    if lock:
        wanted = wanted.select_for_update(of=("self",))
    rows: dict[UUID, Appointment] = wanted.in_bulk([each.pk for each in appointments])
    if any(each.pk not in rows for each in appointments):
        raise NotFound("There is no such appointment.")
    return [rows[key] for key in dict.fromkeys(each.pk for each in appointments)]


def check_version(row: Appointment, version: int | None) -> None:
    """Raises ``Changed`` unless the version is the row's; None is every version."""
    if version is not None and row.version != version:
        raise Changed("Somebody else changed this appointment meanwhile. Look at it again.", detail=current(row))


def described(row: Appointment) -> str:
    """What an error calls it."""
    return f"An appointment that is {row.get_status_display().lower()}"


def current(row: Appointment) -> dict[str, object]:
    """How it stands now, for the detail of an error."""
    return {"current": {"version": row.version, "status": row.status, "starts_at": row.starts_at.isoformat()}}


# --- parts of the above --------------------------------------------------------------------------------------


def _moved(row: Appointment, moving: Moving, change_set: ChangeSet, *, now: datetime) -> Appointment:
    to = moving.to
    if (row.starts_at, row.ends_at) != (to.starts_at, to.ends_at):
        row.confirmed_at = now if moving.agreed else None
        row.schedule_epoch += 1
    place(row, to, row.site)
    row.change_set = change_set
    row.version += 1
    row.updated_at = now
    return row


def _check_sites(orders: Orders) -> None:
    existing = orders.existing
    if any(each.site_id != orders.site.pk for each in existing):
        raise InvalidInput("Name appointments of one site at a time.", pointer="appointments")
    if len({each.pk for each in existing}) < len(existing):
        raise InvalidInput("Name each appointment once.", pointer="appointments")


def _check_rows(orders: Orders, rows: Mapping[UUID, Appointment], *, now: datetime) -> None:
    """The wanted changes against the rows as they are. Raises ``Changed``, ``WrongStatus``."""
    for row in rows.values():
        check_version(row, (orders.versions or {}).get(str(row.pk)))
    for each in orders.moves:
        row = rows[each.appointment.pk]
        if row.status != Status.BOOKED:
            raise WrongStatus(f"{described(row)} cannot be moved.", detail=current(row))
    for appointment in orders.cancelled:
        row = rows[appointment.pk]
        if row.status in {Status.DONE, Status.MISSED, Status.CANCELLED}:
            raise WrongStatus(f"{described(row)} cannot be cancelled.", detail=current(row))
    for appointment in orders.missed:
        row = rows[appointment.pk]
        if row.status not in {Status.BOOKED, Status.ARRIVED}:
            raise WrongStatus(f"{described(row)} cannot become missed.", detail=current(row))
        if now < row.starts_at:
            raise WrongStatus("It has not begun. Cancel it if the patient cannot come.", detail=current(row))
