"""May this message go out now? Asked when it is claimed, and again just before the request."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import prefetch_related_objects

from clinics.models import Patient, Site
from notifications.engine import quiet_hours, retries
from notifications.engine.states import ASKS, Reason, State, Step
from notifications.models import Message
from notifications.queries import reach
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


def load(messages: Sequence[Message]) -> None:
    """Loads what ``judge`` and the words need beside patient and appointment: every site once; of plans visits and change set.

    One query, three with plans; a join would make the same few sites anew for every row.
    """
    plans = [message for message in messages if message.appointment is None]
    prefetch_related_objects(plans, "visits", "change_set")
    placed: list[Patient | Appointment] = [message.patient for message in messages]
    placed += [visit for message in messages for visit in about(message)]
    sites = Site.objects.in_bulk({each.site_id for each in placed})
    for each in placed:
        each.site = sites[each.site_id]


def judge(message: Message, *, visits: Sequence[Appointment], hindrance: Reason, now: datetime) -> Verdict:
    """The verdict at ``now``. ``visits`` are those the message is about, as they are now (``about``); ``hindrance`` is
    what ``reach.hindrances`` found.

    No query; needs ``patient`` and its ``site`` loaded.
    """
    gone, late = not_expected(message, visits), now >= message.not_after
    if gone and not (late and message.step == Step.OFFER):  # an offer that lapsed by the clock was not taken back
        return Verdict(State.WITHDRAWN, gone)
    if late:
        return Verdict(State.EXPIRED, Reason.TOO_LATE)
    if hindrance:
        return Verdict(State.STOPPED, hindrance)
    if message.heeds_quiet_hours:
        allowed = quiet_hours.next_allowed(now, message.patient.home_zone)
        if allowed >= message.not_after:
            return Verdict(State.EXPIRED, Reason.QUIET_HOURS)
        if allowed > now:
            rest = retries.resting(attempts=message.attempts, unknown=message.unknown_outcomes)
            return Verdict(rest, Reason(message.reason), allowed)
    return Verdict(State.SENDING)


def look_again(
    messages: Collection[Message], *, lease_left: timedelta, now: datetime
) -> list[tuple[Message, list[Appointment]]]:
    """Locks those of these messages that are still held with the token they show, for ``lease_left`` at least; brings up
    to date what ``judge`` goes by, and tells the visits of each. In the order given; the others are left out.

    One query; two with a plan.
    """
    rows = (
        Message.objects.filter(
            pk__in=[message.pk for message in messages], state=State.SENDING, lease_until__gt=now + lease_left
        )
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list(
            "pk",
            "token",
            "appointment__status",
            "appointment__schedule_epoch",
            "appointment__confirmed_at",
            *(f"patient__{name}" for name in reach.FACTS),
        )
    )
    found = {row[0]: row[1:] for row in rows}
    held = [message for message in messages if found.get(message.pk, (None,))[0] == message.token]
    for message in held:
        _, status, epoch, confirmed_at, *facts = found[message.pk]
        for name, value in zip(reach.FACTS, facts, strict=True):
            setattr(message.patient, name, value)
        if message.appointment is not None:
            message.appointment.status, message.appointment.schedule_epoch = status, epoch
            message.appointment.confirmed_at = confirmed_at
    visits = _of_plans([message for message in held if message.appointment is None])
    return [(message, [message.appointment] if message.appointment else visits.get(message.pk, [])) for message in held]


def _of_plans(plans: Sequence[Message]) -> dict[UUID, list[Appointment]]:
    if not plans:
        return {}
    listed: dict[UUID, list[Appointment]] = {}
    for link in (
        Message.visits.through.objects.filter(message__in=plans)
        .select_related("appointment__site")
        .order_by("appointment__starts_at", "appointment")
    ):
        listed.setdefault(link.message_id, []).append(link.appointment)
    return listed


def about(message: Message) -> list[Appointment]:
    """The visits a message is about, earliest first. No query with ``appointment`` and ``visits`` loaded."""
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


def to_speak_of(message: Message, visits: Sequence[Appointment]) -> list[Appointment]:
    """Those visits the words are about: what is still to come, and in news of a change what is cancelled, too."""
    if message.step == Step.FORM:  # those its forms are counted from, which may be over
        return [
            visit for visit in visits if visit.status != Status.CANCELLED and visit.patient_id == message.patient_id
        ]
    if message.step == Step.OFFER:
        return [visit for visit in visits if visit.status == Status.HELD]
    if message.step not in {Step.CHANGED, Step.CANCELLED}:
        expected = still_expected(message, visits)
        if message.step == Step.YOUR_WEEK:  # what was moved is told as a change
            return [visit for visit in expected if message.knew.get(str(visit.pk)) == visit.starts_at.isoformat()]
        return expected
    cancelled = [
        visit for visit in visits if visit.status == Status.CANCELLED and visit.patient_id == message.patient_id
    ]
    if message.step == Step.CANCELLED:
        return cancelled
    expected = still_expected(message, visits)
    return [visit for visit in visits if visit in expected or visit in cancelled]


def not_expected(message: Message, visits: Sequence[Appointment]) -> Reason:
    """Why there is nothing left to say, or nothing."""
    if spoken_of := to_speak_of(message, visits):
        settled = message.step in ASKS and all(visit.confirmed_at for visit in spoken_of)
        return Reason.CONFIRMED if settled else Reason.NONE
    if message.step == Step.OFFER:
        return Reason.OFFER_OVER
    if all(visit.status == Status.CANCELLED for visit in visits):
        return Reason.CANCELLED
    if message.appointment_id and any(visit.schedule_epoch != message.schedule_epoch for visit in visits):
        return Reason.MOVED
    return Reason.NOT_EXPECTED
