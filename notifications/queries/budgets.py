"""Which of these texts would be more than a patient is to get. Asked in the claim, and again just before the request."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from core import locks
from notifications.engine import budget, retries
from notifications.engine.budget import Ahead, Allowance
from notifications.engine.states import UNSENT, Channel, Outcome, Reason, State, Step
from notifications.models import Attempt, Message
from notifications.queries import reach
from notifications.queries.verdicts import Verdict

TEXTS = (Channel.SMS, Channel.WEBHOOK)
LOOK = timedelta(days=budget.WEEK + 1)
MAY_HAVE_ARRIVED = (Outcome.OPEN, Outcome.ACCEPTED, Outcome.UNKNOWN)


def lock(messages: Iterable[Message]) -> None:
    """Makes whoever is about to text the same patients wait until this transaction ends, so that two do not both see room."""
    if patients := {str(message.patient_id) for message in messages if _counts(message)}:
        locks.acquire(locks.Space.TEXTS, patients)


def over(messages: Sequence[Message], *, now: datetime) -> dict[UUID, Verdict]:
    """What becomes of those of these texts that may not go out now, in the order given: later, or not at all.

    Three queries if there is any text; needs ``patient`` and its ``site`` loaded. What a record got that was merged into a
    patient's was got by the same person.
    """
    texts = [message for message in messages if _counts(message) and not message.unknown_outcomes]
    if not texts:
        return {}
    allowance = Allowance(settings.TEXTS_PER_DAY, settings.TEXTS_PER_WEEK)
    patients = {message.patient_id for message in texts}
    sent = _sent(reach.persons(patients), now=now)
    ahead = _ahead(patients, now=now)
    found: dict[UUID, Verdict] = {}
    for message in texts:
        mine = sent.setdefault(message.patient_id, {})
        others = ahead.get(message.patient_id, {})
        try:
            allowed = budget.next_allowed(
                Step(message.step),
                at=now,
                not_after=message.not_after,
                zone=message.patient.home_zone,
                sent=[at for key, at in mine.items() if key != message.pk],
                ahead=[each for key, each in others.items() if key != message.pk and key not in mine],
                allowance=allowance,
            )
        except (ValueError, LookupError):
            continue  # a record that cannot be read is found by whoever judges it, and must not stop the others
        if allowed == now:
            mine[message.pk] = now
        elif allowed is None:
            found[message.pk] = Verdict(State.STOPPED, Reason.BUDGET)
        else:
            rest = retries.resting(attempts=message.attempts, unknown=0)
            found[message.pk] = Verdict(rest, Reason(message.reason), allowed)
    return found


def _counts(message: Message) -> bool:
    """Whether it is a text that the budget is for: not what is urgent, nor what somebody sent by hand."""
    by_hand = message.copy > 0 or (not message.heeds_quiet_hours and message.step != Step.PLAN)
    return message.channel in TEXTS and message.step not in budget.URGENT and not by_hand


def _sent(persons: Mapping[UUID, UUID], *, now: datetime) -> dict[UUID, dict[UUID, datetime]]:
    tries = (
        Attempt.objects.filter(
            message__patient__in=list(persons),
            message__channel__in=TEXTS,
            message__due_at__gt=now - 2 * LOOK,
            outcome__in=MAY_HAVE_ARRIVED,
            created_at__gt=now - LOOK,
        )
        .select_related("message")
        .order_by("created_at")
    )
    found: dict[UUID, dict[UUID, datetime]] = {}
    for each in tries:
        if _counts(each.message):
            found.setdefault(persons[each.message.patient_id], {})[each.message_id] = each.created_at
    return found


def _ahead(patients: Iterable[UUID], *, now: datetime) -> dict[UUID, dict[UUID, Ahead]]:
    waiting = Message.objects.filter(
        patient__in=patients,
        channel__in=TEXTS,
        state__in=[*UNSENT, State.SENDING],
        due_at__gt=now - LOOK,
        due_at__lt=now + LOOK,
        not_after__gt=now,
    )
    found: dict[UUID, dict[UUID, Ahead]] = {}
    for each in waiting:
        if _counts(each):
            at = each.next_try_at or each.due_at
            found.setdefault(each.patient_id, {})[each.pk] = Ahead(Step(each.step), at)
    return found
