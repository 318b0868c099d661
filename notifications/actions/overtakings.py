"""News that later news overtook while a dispatcher had them: one content reaches a patient once.

A change that commits while a message is claimed cannot merge with it, and is told by a message of its own. When the claimed
one is not sent after all (given back, refused for now), its words would be those of the later one, as both speak of the
visits as they are now. So before every request the later ones are looked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from notifications.actions import news, outcomes
from notifications.engine import retries
from notifications.engine.states import NEWS, UNSENT, WAITING, Reason, State
from notifications.models import Message
from notifications.queries.verdicts import Verdict
from scheduler.models import Appointment, ChangeSet

Held = tuple[Message, list[Appointment]]

SAID = (*sorted(WAITING), State.SENDING, State.ACCEPTED, State.DELIVERED, State.UNDELIVERED)
"""States of what was said, or will be."""


@dataclass(slots=True)
class Looked:
    """What may go on, each with the visits that are left to speak of; what is needless; what later news are to say, too."""

    going: list[Held] = field(default_factory=list)
    needless: list[Message] = field(default_factory=list)
    to_merge: list[tuple[Message, UUID]] = field(default_factory=list)


@dataclass(slots=True)
class _Later:
    """A later message of the same patient on the same channel, and which visits it is about."""

    change_set: UUID
    waits: bool
    visits: set[UUID] = field(default_factory=set)


def look(held: Sequence[Held]) -> Looked:
    """Sorts messages we hold by what was said after them. One query if any of them are news.

    To be asked after the visits were read: whoever sees a change there sees its message here.
    """
    found = Looked()
    later = _later([message for message, _ in held if message.step in NEWS])
    for message, visits in held:
        after = [
            each
            for key, each in later.get((message.patient_id, message.channel), {}).items()
            if key > message.pk and any(visit.pk in each.visits for visit in visits)
        ]
        waiting = [each.change_set for each in after if each.waits]
        left = [visit for visit in visits if not any(visit.pk in each.visits for each in after)]
        if not after or message.step not in NEWS:
            found.going.append((message, visits))
        elif waiting and not message.copy and not message.unknown_outcomes:
            found.to_merge.append((message, waiting[-1]))
        elif left:
            found.going.append((message, left))
        else:
            found.needless.append(message)
    return found


def needless(message: Message, *, now: datetime) -> State:
    """Gives up a message all of which later news say. The caller holds it."""
    return outcomes.settle_unsent(message=message, verdict=Verdict(State.WITHDRAWN, Reason.MERGED), now=now)


def merge(message: Message, change_set: UUID, *, now: datetime) -> State | None:
    """Has the news of a later change set say what this message would have said, and withdraws it. None: not ours any more.

    Where that cannot be, as the later one was just claimed or it is too late, it is looked at once more after the hold.
    """
    rest = retries.resting(attempts=message.attempts, unknown=0)
    with transaction.atomic():
        ours = Message.objects.filter(pk=message.pk, token=message.token, state=State.SENDING).update(
            state=rest,
            lease_until=None,
            next_try_at=now + timedelta(seconds=settings.PLAN_HOLD_SECONDS),
            updated_at=now,
        )
        if not ours:
            return None
        news.tell(
            change_set=ChangeSet.objects.get(pk=change_set),
            appointments=Appointment.objects.filter(lines__change_set=change_set),
            now=now,
        )
    return State(Message.objects.values_list("state", flat=True).get(pk=message.pk))


def _later(messages: Iterable[Message]) -> dict[tuple[UUID, str], dict[UUID, _Later]]:
    patients = {message.patient_id for message in messages}
    if not patients:
        return {}
    rows = (
        Message.visits.through.objects.filter(
            message__patient__in=patients, message__step__in=NEWS, message__state__in=SAID, message__copy=0
        )
        .order_by("message")
        .values_list(
            "message", "message__patient", "message__channel", "message__change_set", "message__state", "appointment"
        )
    )
    found: dict[tuple[UUID, str], dict[UUID, _Later]] = {}
    for key, patient, channel, change_set, state, visit in rows:
        of_patient = found.setdefault((patient, channel), {})
        of_patient.setdefault(key, _Later(change_set, state in UNSENT)).visits.add(visit)
    return found
