"""Writing down what should be said: the rows that should exist, made to exist. Safe to repeat at any time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict
from notifications.engine import ladder
from notifications.engine.states import WAITING, Channel, Reason, State, Step
from notifications.models import Message
from notifications.queries import verdicts
from scheduler.models import Appointment, ChangeSet, Status
from scheduler.models.change_set import Verb

UNSENT = [State.SCHEDULED, State.RETRY_WAIT]
"""Nobody has these in hand and nobody can have received them."""


class NotWaiting(Conflict):
    """The message is not waiting to be sent any more."""

    code = "not_waiting"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many rows had to be written, given another time, or withdrawn. All zero: they were right."""

    written: int = 0
    retimed: int = 0
    withdrawn: int = 0

    def __add__(self, other: "Reconciled") -> "Reconciled":
        return Reconciled(self.written + other.written, self.retimed + other.retimed, self.withdrawn + other.withdrawn)

    def __bool__(self) -> bool:
        return bool(self.written or self.retimed or self.withdrawn)


def reconcile(*, appointments: Iterable[Appointment], now: datetime, change_set: ChangeSet | None = None) -> Reconciled:
    """Makes the rows about these appointments what they should be; with the change set of a booking its plan message too.

    Runs in the caller's transaction, so that a booking and its reminders commit together or not at all. Queries: six,
    and one for each row whose time was wrong.
    """
    ids = [appointment.pk for appointment in appointments]
    with transaction.atomic():
        current = list(
            Appointment.objects.filter(pk__in=ids, patient__isnull=False)
            .select_related("patient__site")
            .order_by("starts_at", "id")
        )
        withdrawn = _withdraw(ids, now=now)
        written, retimed = _remind([each for each in current if each.status == Status.BOOKED], now=now)
        if change_set is not None and change_set.verb == Verb.BOOK:
            written += _tell_plan(change_set, current, now=now)
    return Reconciled(written, retimed, withdrawn)


def send_now(*, message: Message, by: User, now: datetime) -> Message:
    """Somebody wants a waiting message to go out at once, whatever its time and the hour. Consent still decides.

    Raises ``NotWaiting``, ``NotAllowed``.
    """
    require(by, Permission.VIEW_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        current = Message.objects.select_for_update().get(pk=message.pk)
        if current.state not in WAITING:
            raise NotWaiting("This message is not waiting to be sent any more. Look at where it stands now.")
        current.next_try_at = now
        current.heeds_quiet_hours = False
        current.save(update_fields=["next_try_at", "heeds_quiet_hours", "updated_at"])
    return current


def _withdraw(ids: Sequence[UUID], *, now: datetime) -> int:
    """Takes back what was to be said about times that are void. What is in somebody's hands is judged there.

    A visit that is missed or here already may come back to booked; its messages are judged when they are due.
    """
    plans = Message.visits.through.objects.filter(appointment__in=ids).values("message")
    unsent = (
        Message.objects.filter(Q(appointment__in=ids) | Q(pk__in=plans), state__in=UNSENT)
        .select_related("appointment")
        .prefetch_related("visits")
    )
    void: dict[Reason, list[UUID]] = {}
    for message in unsent:
        reason = verdicts.not_expected(message, verdicts.about(message))
        if reason in {Reason.CANCELLED, Reason.MOVED}:
            void.setdefault(reason, []).append(message.pk)
    withdrawn = 0
    for reason, keys in sorted(void.items()):
        # locked in one order; one that a dispatcher has taken meanwhile is no longer unsent, and left to its judgement
        free = Message.objects.filter(pk__in=keys, state__in=UNSENT).order_by("pk").select_for_update()
        withdrawn += Message.objects.filter(pk__in=[message.pk for message in free]).update(
            state=State.WITHDRAWN, reason=reason, next_try_at=None, settled_at=now, updated_at=now
        )
    return withdrawn


def _remind(expected: Sequence[Appointment], *, now: datetime) -> tuple[int, int]:
    """Writes the reminders of booked appointments that are missing, and puts right the times of those that are there."""
    there = {
        (message.appointment_id, message.schedule_epoch, message.step): message
        for message in Message.objects.filter(appointment__in=[each.pk for each in expected], channel=Channel.EMAIL)
    }
    missing, retimed = [], 0
    for appointment in expected:
        assert appointment.patient is not None  # noqa: S101 - asked for in the query, and by a constraint
        zone = appointment.patient.home_zone
        right = {step.step: step for step in ladder.reminders(starts_at=appointment.starts_at, zone=zone)}
        for planned in ladder.still_to_come(starts_at=appointment.starts_at, zone=zone, now=now):
            known = there.get((appointment.pk, appointment.schedule_epoch, planned.step))
            if known is None:
                missing.append(_reminder(appointment, planned))
            elif planned == right[planned.step]:
                retimed += _retime(known, planned, now=now)
    Message.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing), retimed


def _reminder(appointment: Appointment, planned: ladder.Planned) -> Message:
    return Message(
        patient=appointment.patient,
        appointment=appointment,
        schedule_epoch=appointment.schedule_epoch,
        step=planned.step,
        channel=Channel.EMAIL,
        due_at=planned.due_at,
        not_after=planned.not_after,
        next_try_at=planned.due_at,
    )


def _retime(message: Message, planned: ladder.Planned, *, now: datetime) -> int:
    """Gives an untouched row the time it should have: the patient's zone, or the rules of a zone, have changed."""
    if (message.due_at, message.not_after) == (planned.due_at, planned.not_after) or not message.heeds_quiet_hours:
        return 0
    return Message.objects.filter(
        pk=message.pk, state=State.SCHEDULED, attempts=0, next_try_at=message.next_try_at
    ).update(due_at=planned.due_at, not_after=planned.not_after, next_try_at=planned.due_at, updated_at=now)


def _tell_plan(change_set: ChangeSet, appointments: Sequence[Appointment], *, now: datetime) -> int:
    """One message for all a patient's visits of one booking, after a hold in which undoing it stays silent."""
    hold = timedelta(seconds=settings.PLAN_HOLD_SECONDS)
    booked = [each for each in appointments if each.status == Status.BOOKED]
    written = 0
    for patient_id, group in groupby(
        sorted(booked, key=lambda each: str(each.patient_id)), lambda each: each.patient_id
    ):
        visits = list(group)
        useless = max(visit.starts_at for visit in visits)
        if now + hold >= useless:
            continue  # the patient is already here
        message, created = Message.objects.get_or_create(
            change_set=change_set,
            step=Step.PLAN,
            channel=Channel.EMAIL,
            patient_id=patient_id,
            defaults={
                "due_at": now + hold,
                "not_after": useless,
                "next_try_at": now + hold,
                "heeds_quiet_hours": False,  # the answer to what the patient just asked for
            },
        )
        if created:
            message.visits.set(visits)
            written += 1
    return written
