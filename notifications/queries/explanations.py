"""Why each message about a visit did or did not go, in plain sentences, times on the clock of the place."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core import clock
from notifications.engine import ladder
from notifications.engine.ladder import OfType, Policy
from notifications.engine.states import ASKS, OF_VISIT, WAITING, Outcome, Reason, State, Step
from notifications.models import Attempt, Message, Pause
from notifications.queries import messages, pauses, policies, reach, visit_types
from scheduler.models import Appointment, Status

_WHY = {
    Reason.NO_CONSENT: "the patient did not agree to this way of being told",
    Reason.NO_ADDRESS: "there is no address or number to send it to",
    Reason.OPTED_OUT: "the patient wants no more of these",
    Reason.CANCELLED: "the visit was cancelled",
    Reason.MOVED: "the visit was moved; the new time has messages of its own",
    Reason.NOT_EXPECTED: "the patient was not expected any more",
    Reason.BUDGET: "it would have been more texts than a patient is to get in a day or a week",
    Reason.CONFIRMED: "the patient had said that they come",
    Reason.TAKEN_BACK: "everything is again as the patient knew it",
    Reason.MERGED: "a later change came first, and is told together with it",
    Reason.ANSWERED: "there was no form to fill in any more",
    Reason.OFFER_OVER: "the time was offered to this patient no more",
    Reason.NOT_WANTED: "the clinic sends no such reminder any more",
    Reason.WEEK: "the message about the week says it",
    Reason.TOO_LATE: "its time was over before it could be sent",
    Reason.QUIET_HOURS: "only quiet hours were left",
    Reason.REFUSED: "the provider refused it for good",
    Reason.UNWRITABLE: "something in the record could not be read",
    Reason.GAVE_UP: "every try failed",
    Reason.NO_ANSWER: "the provider did not say whether it took it",
    Reason.RESTORED: "the database was restored, and it may have been sent before",
}
_FINALLY = {
    State.ACCEPTED: "sent {at}.",
    State.DELIVERED: "sent {at}, and it arrived.",
    State.UNDELIVERED: "sent {at}, but the provider says that it did not arrive.",
    State.STOPPED: "not sent {at}{why}.",
    State.EXPIRED: "given up {at}{why}.",
    State.WITHDRAWN: "withdrawn {at}{why}.",
    State.DEAD: "failed {at}{why}.",
}


def explain(appointment: Appointment, *, now: datetime) -> list[str]:
    """A sentence or more on every message there is, and on every step that has none. Nine queries."""
    zone = appointment.zone
    rows = list(messages.of_appointment(appointment).select_related("change_set", "patient__site"))
    sentences = of_messages(rows, paused=pauses.in_force(), now=now, zone=zone)
    told = [f"The visit is {_lower(appointment.get_status_display())}, {_when(appointment.starts_at, zone)}."]
    for row in rows:
        first, *more = sentences[row.pk]
        told.append(f"{row.get_step_display()}, {_lower(row.get_channel_display())}: {first}")
        told += [f"  {sentence}" for sentence in more]
    return told + _without(appointment, rows, now=now)


def of_messages(
    rows: Sequence[Message], *, paused: Sequence[Pause], now: datetime, zone: str = ""
) -> dict[UUID, list[str]]:
    """What became of each message, what stands in its way, and its tries. Times are on the clock of ``zone``, or of the
    place each message is about.

    One query; needs ``appointment``, ``change_set`` and ``patient__site`` loaded.
    """
    tries: dict[UUID, list[Attempt]] = {}
    for attempt in Attempt.objects.filter(message__in=rows).order_by("created_at", "pk"):
        tries.setdefault(attempt.message_id, []).append(attempt)
    hindered = reach.hindrances(rows)
    told = {}
    for row in rows:
        clock_of = zone or zone_of(row)
        lines = [_state(row, zone=clock_of)]
        if row.copy:
            lines.append("A member of staff had the same sent again; this is the copy.")
        if row.state in WAITING:
            lines += _ahead(row, pauses.holding(row, paused), hindered.get(row.pk, Reason.NONE), now=now)
        lines += [_attempt(attempt, clock_of) for attempt in tries.get(row.pk, [])]
        if row.possible_duplicates:
            lines.append(f"The patient may have it {row.possible_duplicates + 1} times.")
        told[row.pk] = lines
    return told


def zone_of(message: Message) -> str:
    """The zone of the place a message is about. No query with ``appointment`` and ``patient__site`` loaded."""
    return message.appointment.zone if message.appointment else message.patient.site.zone


def _state(message: Message, *, zone: str) -> str:
    state = State(message.state)
    if state is State.SENDING:
        return "being sent at this moment."
    if state is State.UNCERTAIN:
        return _uncertain(message, zone=zone)
    if message.is_held:
        return "held back by a member of staff; it goes out when somebody lets it go."
    if state in WAITING:
        again = " again" if state is State.RETRY_WAIT else ""
        return f"will be sent{again} {_when(message.next_try_at, zone)}."
    why = f": {_WHY[Reason(message.reason)]}" if message.reason else ""
    return _FINALLY[state].format(at=_when(message.settled_at, zone), why=why)


def _uncertain(message: Message, *, zone: str) -> str:
    at = message.next_try_at
    following = f"this is settled {_when(at, zone)}." if at else "a person has to decide."
    return f"may have been sent: {_WHY.get(Reason(message.reason), _WHY[Reason.NO_ANSWER])}; {following}"


def _ahead(message: Message, pause: Pause | None, hindrance: Reason, *, now: datetime) -> list[str]:
    """What stands in the way of a message that waits."""
    told = []
    if pause is not None:
        told.append(f"It is held back ({_lower(str(pause))}) since {_when(pause.since, zone_of(message))}.")
    if hindrance:
        told.append(f"As things stand it will not be sent: {_WHY[hindrance]}.")
    if message.next_try_at and message.next_try_at <= now and pause is None:
        told.append("It is due now; a dispatcher takes it as soon as one runs.")
    return told


def _attempt(attempt: Attempt, zone: str) -> str:
    ended = {
        Outcome.OPEN: "not ended yet, or the dispatcher is gone",
        Outcome.ACCEPTED: "accepted",
        Outcome.REJECTED_PERMANENT: "refused for good",
        Outcome.REJECTED_RETRYABLE: "refused for now",
        Outcome.UNKNOWN: "no answer",
        Outcome.NOT_MADE: "put off before the request was made",
    }[Outcome(attempt.outcome)]
    code = f" ({attempt.code})" if attempt.code else ""
    return f"Tried {_when(attempt.created_at, zone)}: {ended}{code}."


def _without(appointment: Appointment, rows: Sequence[Message], *, now: datetime) -> list[str]:
    """The steps of the visit's present time that have no row, and why."""
    if appointment.patient is None:
        return ["Nobody is booked yet, so there is nobody to tell."]
    if appointment.status != Status.BOOKED:
        return []
    zone = appointment.patient.home_zone
    there = {row.step for row in rows if row.schedule_epoch == appointment.schedule_epoch}
    policy, times = policies.in_force(), {"starts_at": appointment.starts_at, "booked_at": appointment.created_at}
    of_type = visit_types.of_appointments([appointment]).get(appointment.pk, ladder.USUAL)
    planned = {each.step for each in ladder.reminders(zone=zone, policy=policy, of_type=of_type, **times)}
    coming = {each.step for each in ladder.still_to_come(zone=zone, now=now, policy=policy, of_type=of_type, **times)}
    told = []
    for step in (each for each in Step if each in OF_VISIT and each not in there):
        if not policy.wants(step, of_type):
            told.append(f"{step.label}: {_not_wanted(step, policy, of_type)}.")
        elif step in ASKS and appointment.confirmed_at:
            told.append(f"{step.label}: needless, as the patient said that they come.")
        elif step in coming:
            told.append(f"{step.label}: missing; the next sweep writes it.")
        elif step in planned:
            told.append(f"{step.label}: its time had passed when the visit was booked or moved.")
        elif step is Step.SEVEN_DAYS:
            told.append(f"{step.label}: only for visits booked more than {ladder.LONG_LEAD.days} days ahead.")
        else:
            told.append(f"{step.label}: a visit at this hour has none.")
    return told


def _not_wanted(step: Step, policy: Policy, of_type: OfType) -> str:
    if not policy.wants(step, OfType(prepares=True)):
        return "the clinic sends none"
    return "there is nothing to do before this visit" if of_type.steps is None else "visits of this type have none"


def _when(at: datetime | None, zone: str) -> str:
    local = clock.local(at, zone) if at else None
    return f"{local:%a %-d %b %Y}, {clock.in_words(local.time())}" if local else "at no set time"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
