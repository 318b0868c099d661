"""Writing down what should be said: the rows that should exist, made to exist. Safe to repeat at any time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict, InvalidInput
from core.text import storable
from notifications.actions import news, unwanted, wakers, weeks
from notifications.engine.states import UNSENT, WAITING, Reason, State, Step
from notifications.models import Handling, Message
from notifications.queries import gaps
from notifications.queries.gaps import Mistimed
from scheduler.models import Appointment, ChangeSet

log = structlog.get_logger(__name__)


class NotWaiting(Conflict):
    """The message is not waiting to be sent any more."""

    code = "not_waiting"


class NotForPeople(Conflict):
    """The message needs nobody's help."""

    code = "not_for_people"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many rows had to be written, given another time, or withdrawn. All zero: they were right.

    ``stranded`` were taken back though their visit stands; they cannot be written again, so somebody must tell the patient.
    """

    written: int = 0
    retimed: int = 0
    withdrawn: int = 0
    stranded: int = 0

    def __add__(self, other: "Reconciled") -> "Reconciled":
        return Reconciled(
            self.written + other.written,
            self.retimed + other.retimed,
            self.withdrawn + other.withdrawn,
            self.stranded + other.stranded,
        )

    def __bool__(self) -> bool:
        return bool(self.written or self.retimed or self.withdrawn or self.stranded)


def reconcile(*, appointments: Iterable[Appointment], now: datetime, change_set: ChangeSet | None = None) -> Reconciled:
    """Makes the rows about these appointments what they should be; with a change set what patients are told about it, too.

    Runs in the caller's transaction, so that a booking and its reminders commit together or not at all. Queries: fourteen,
    as many for news, one for each row whose time was wrong, and three for each week that changed.
    """
    with transaction.atomic():
        appointments = list(appointments)
        # first: what waits about a booking that is taken back must say why, and be followed by nothing
        written = news.tell(change_set=change_set, appointments=appointments, now=now) if change_set else 0
        found = gaps.compare(appointments, now=now)
        withdrawn = _withdraw(found.void, now=now) + unwanted.drop(found.unwanted, now=now)
        Message.objects.bulk_create(found.missing, ignore_conflicts=True)
        new_weeks, retimed = weeks.write(found.weeks, now=now)
        written += new_weeks + len(found.missing)
        retimed += _retime(found.mistimed, now=now)
        new = [*found.missing, *(week.message for week in found.weeks if week.is_new)]
        for soonest in sorted(message.due_at for message in new)[:1]:
            wakers.wake(due_at=soonest, now=now)
    return Reconciled(written, retimed, withdrawn, len(found.stranded))


def reconcile_each(page: Sequence[Appointment], *, now: datetime) -> tuple[Reconciled, bool]:
    """``reconcile`` of the whole page at once; where one record spoils that, one by one without it. Also whether none did."""
    try:
        return reconcile(appointments=page, now=now), True
    except Exception as failure:  # noqa: BLE001 - one bad record must not stop the others
        if len(page) == 1:
            log.error("appointment_without_reminders", appointment=str(page[0].pk), failure=type(failure).__name__)  # noqa: TRY400
            return Reconciled(), False
    return sum((reconcile_each([each], now=now)[0] for each in page), Reconciled()), False


def send_now(*, message: Message, by: User, now: datetime) -> Message:
    """Somebody wants a waiting message to go out at once, whatever its time and the hour. Consent still decides.

    Raises ``NotWaiting``, ``NotAllowed``.
    """
    require(by, Permission.SEND_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        current = Message.objects.select_for_update(of=("self",)).select_related("handling").get(pk=message.pk)
        if current.state not in WAITING or hasattr(current, "handling"):
            raise NotWaiting("This message is not waiting to be sent any more. Look at where it stands now.")
        current.next_try_at = now
        current.heeds_quiet_hours = False
        current.save(update_fields=["next_try_at", "heeds_quiet_hours", "updated_at"])
        wakers.wake(due_at=now, now=now)
    return current


def hold(*, message: Message, by: User) -> Message:
    """Keeps one message back until somebody lets it go; unless that happens it ends as too late, where people see it.

    Safe to repeat. Raises ``NotWaiting``, ``NotAllowed``.
    """
    require(by, Permission.SEND_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        current = _unsent(message)
        if not current.is_held:
            current.next_try_at = current.not_after
            current.heeds_quiet_hours = False  # a time that staff chose is nobody's to put right; also tells the audit
            current.save(update_fields=["next_try_at", "heeds_quiet_hours", "updated_at"])
    return current


def release(*, message: Message, by: User, now: datetime) -> Message:
    """Lets a message that somebody held go out when it is due, or at once if that has passed; quiet hours count again.

    Safe to repeat. Raises ``NotWaiting``, ``NotAllowed``.
    """
    require(by, Permission.SEND_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        current = _unsent(message)
        if current.is_held:
            current.next_try_at = max(current.due_at, now)
            current.heeds_quiet_hours = current.step != Step.PLAN and not current.copy
            current.save(update_fields=["next_try_at", "heeds_quiet_hours", "updated_at"])
            wakers.wake(due_at=current.next_try_at, now=now)
    return current


def _unsent(message: Message) -> Message:
    """The message, locked, if no dispatcher has it and nobody can have received it. Raises ``NotWaiting``."""
    current = Message.objects.select_for_update().get(pk=message.pk)
    if current.state not in UNSENT:
        raise NotWaiting("This message is not waiting to be sent any more. Look at where it stands now.")
    return current


def mark_handled(*, message: Message, by: User, note: str = "") -> Handling:
    """Somebody has taken care of a message that nothing happens to any more. Safe to repeat; the first note stands.

    Raises ``NotForPeople``, ``NotAllowed``.
    """
    require(by, Permission.SEND_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        current = Message.objects.select_for_update().get(pk=message.pk)
        done = Handling.objects.filter(message=current).first()
        if done is not None:
            return done
        if not Message.objects.for_people().filter(pk=current.pk).exists():
            raise NotForPeople("This message is on its way, or has arrived. There is nothing to take care of.")
        if not storable(note):
            raise InvalidInput("The note has a character that cannot be stored.", pointer="note")
        return Handling.objects.create(message=current, by=by, note=note)


def _withdraw(void: Mapping[Reason, Sequence[UUID]], *, now: datetime) -> int:
    """Takes back what was to be said about times that are void. What is in somebody's hands is judged there."""
    withdrawn = 0
    for reason, keys in sorted(void.items()):
        # locked in one order; one that a dispatcher has taken meanwhile is no longer unsent, and left to its judgement
        free = Message.objects.filter(pk__in=keys, state__in=UNSENT).order_by("pk").select_for_update()
        withdrawn += Message.objects.filter(pk__in=[message.pk for message in free]).update(
            state=State.WITHDRAWN, reason=reason, next_try_at=None, settled_at=now, updated_at=now
        )
    return withdrawn


def _retime(mistimed: Sequence[Mistimed], *, now: datetime) -> int:
    """Gives untouched rows the time they should have."""
    return sum(
        Message.objects.filter(
            pk=wrong.message.pk, state=State.SCHEDULED, attempts=0, next_try_at=wrong.message.next_try_at
        ).update(due_at=wrong.due_at, not_after=wrong.not_after, next_try_at=wrong.due_at, updated_at=now)
        for wrong in mistimed
    )
