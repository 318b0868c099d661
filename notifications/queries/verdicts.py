"""May this message go out now? Asked when it is claimed, and again just before the request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications.engine import quiet_hours, retries
from notifications.engine.states import Reason, State
from notifications.models import Message
from scheduler.models import Appointment, Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a message: send it (``state`` is sending), give it up, or put it off until ``next_try_at``."""

    state: State
    reason: Reason = Reason.NONE
    next_try_at: datetime | None = None

    @property
    def send(self) -> bool:
        """Whether it may go out."""
        return self.state is State.SENDING


def judge(message: Message, *, visits: Sequence[Appointment], now: datetime) -> Verdict:
    """The verdict at ``now``. ``visits`` are those the message is about, as they are now (``about``).

    No query; needs ``patient`` and its ``site`` loaded.
    """
    gone = not_expected(message, visits)
    if gone:
        return Verdict(State.WITHDRAWN, gone)
    if now >= message.not_after:
        return Verdict(State.EXPIRED, Reason.TOO_LATE)
    if message.hindrance:
        return Verdict(State.STOPPED, message.hindrance)
    if message.heeds_quiet_hours:
        allowed = quiet_hours.next_allowed(now, message.patient.home_zone)
        if allowed >= message.not_after:
            return Verdict(State.EXPIRED, Reason.QUIET_HOURS)
        if allowed > now:
            rest = retries.resting(attempts=message.attempts, unknown=message.unknown_outcomes)
            return Verdict(rest, Reason(message.reason), allowed)
    return Verdict(State.SENDING)


def look_again(message: Message, *, lease_left: timedelta, now: datetime) -> list[Appointment] | None:
    """Locks a message a dispatcher holds, brings up to date what ``judge`` goes by, and returns its visits.

    None when it is not held with this token any more, or not for ``lease_left``. One query; two for a plan.
    """
    facts = (
        Message.objects.filter(
            pk=message.pk, token=message.token, state=State.SENDING, lease_until__gt=now + lease_left
        )
        .select_for_update(of=("self",))
        .values_list("pk", "patient__email", "patient__may_email", "appointment__status", "appointment__schedule_epoch")
        .first()
    )
    if facts is None:
        return None
    _, message.patient.email, message.patient.may_email, status, epoch = facts
    if message.appointment is None:
        return list(message.visits.select_related("site").order_by("starts_at", "pk"))
    message.appointment.status, message.appointment.schedule_epoch = status, epoch
    return [message.appointment]


def about(message: Message) -> list[Appointment]:
    """The visits a message is about, earliest first. No query for a reminder with ``appointment`` loaded, else one."""
    if message.appointment is not None:
        return [message.appointment]
    return sorted(message.visits.all(), key=lambda visit: (visit.starts_at, str(visit.pk)))


def still_expected(message: Message, visits: Sequence[Appointment]) -> list[Appointment]:
    """Those visits the patient is still to come to at the time the message speaks of."""
    epoch = message.schedule_epoch if message.appointment_id else None
    return [
        visit
        for visit in visits
        if visit.status == Status.BOOKED
        and visit.patient_id == message.patient_id
        and epoch in {None, visit.schedule_epoch}
    ]


def not_expected(message: Message, visits: Sequence[Appointment]) -> Reason:
    """Why there is nothing left to say, or nothing."""
    if still_expected(message, visits):
        return Reason.NONE
    if all(visit.status == Status.CANCELLED for visit in visits):
        return Reason.CANCELLED
    if message.appointment_id and any(visit.schedule_epoch != message.schedule_epoch for visit in visits):
        return Reason.MOVED
    return Reason.NOT_EXPECTED
