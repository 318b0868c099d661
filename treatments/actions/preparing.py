"""What patients see to before a visit, on the page behind their link: ticking the list, saying who drives them home."""

from datetime import datetime
from uuid import UUID

from clinics.models import User
from clinics.permissions import Permission, require_own
from core import audit, locks
from core.errors import Conflict, InvalidInput
from core.text import storable
from scheduler.models import Appointment, Status
from treatments.actions import gates
from treatments.models import Course, GateFulfilment, PreparationTick, Preparing, Visit
from treatments.queries import preparations

LONGEST_NAME, LONGEST_PHONE = 60, 30
FEWEST_DIGITS = 5


class NotWaiting(Conflict):
    """The visit has begun, was moved or cancelled, or needs nothing of the kind."""

    code = "not_waiting"


def tick(
    *,
    patient: UUID,
    appointment: Appointment,
    schedule_epoch: int,
    item: str,
    done: bool,
    by: User,
    now: datetime,
) -> None:
    """Notes that the patient has seen to an item of the list, or has not after all. Again: nothing changes.

    Raises ``NotWaiting``, ``InvalidInput`` for an item that no list has, ``NotAllowed``.
    """
    require_own(by, Permission.FULFIL_GATES, patient=patient, of=appointment.patient_id)
    if item not in Preparing.values:
        raise InvalidInput("There is no such item.", pointer="item")

    def attempt() -> None:
        row = _waiting(appointment, schedule_epoch, now=now)
        known = PreparationTick.objects.filter(appointment=row, schedule_epoch=schedule_epoch, item=item)
        if not done:
            known.delete()
        elif not known.exists():
            PreparationTick.objects.create(appointment=row, schedule_epoch=schedule_epoch, item=item, ticked_at=now)

    with audit.acting(by):
        locks.retrying(attempt)


def name_ride(
    *, patient: UUID, appointment: Appointment, schedule_epoch: int, name: str, phone: str, by: User, now: datetime
) -> GateFulfilment:
    """Notes who drives the patient home: the escort the visit waits for is there then. What they said before is withdrawn.

    Raises ``InvalidInput`` (``name``, ``phone``), ``NotWaiting``, ``NotAllowed``.
    """
    require_own(by, Permission.FULFIL_GATES, patient=patient, of=appointment.patient_id)
    name, phone = " ".join(name.split()), " ".join(phone.split())
    if not name or len(name) > LONGEST_NAME or not storable(name):
        raise InvalidInput("Write the name of the person.", pointer="name")
    if len(phone) > LONGEST_PHONE or sum(each.isdecimal() for each in phone) < FEWEST_DIGITS or not storable(phone):
        raise InvalidInput("Write the phone number of the person.", pointer="phone")

    def attempt() -> GateFulfilment:
        # as in every change of a course: the patient first, then the rows
        locks.acquire(locks.Space.PATIENT, [str(patient)])
        row = _waiting(appointment, schedule_epoch, now=now)
        ready = preparations.of_appointments([row]).get(row.pk)
        if ready is None or ready.course is None:
            raise NotWaiting("Nobody has to drive you home from this visit.")
        course = Course.objects.select_related("site", "protocol_version").get(pk=ready.course)
        for fact in GateFulfilment.objects.filter(
            course=course, gate=ready.gate, visit=ready.visit, visit_starts_at=row.starts_at, withdrawal=None, by=by
        ):
            gates.withdraw(fulfilment=fact, by=by, now=now, reason="The patient named somebody else on their page")
        visit = Visit.objects.get(course=course, key=ready.visit)
        (made,) = gates.fulfil(course=course, gate=ready.gate, visits=[visit], note=f"{name}, {phone}", by=by, now=now)
        return made

    with audit.acting(by):
        return locks.retrying(attempt)


def _waiting(appointment: Appointment, schedule_epoch: int, *, now: datetime) -> Appointment:
    """The appointment, locked, if it is still as the patient saw it. Raises ``NotWaiting``."""
    row = Appointment.objects.select_for_update().get(pk=appointment.pk)
    if row.status != Status.BOOKED or row.schedule_epoch != schedule_epoch or row.starts_at <= now:
        raise NotWaiting("This visit has changed meanwhile.")
    return row
