"""Writing down what became of a message. Whoever writes holds the row, or shows the newest token."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from notifications.actions import attempts, consents
from notifications.actions.attempts import Closing
from notifications.channels import Accepted, recourse
from notifications.engine import retries
from notifications.engine.retries import Next, Recourse, Tried, Unanswered
from notifications.engine.states import FINAL, Outcome, Reason, State
from notifications.models import Attempt, Message
from notifications.queries.verdicts import Verdict

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request ended. The last three are what the provider told beside it."""

    message: Message
    attempt: Attempt
    outcome: Outcome
    code: str = ""
    provider_id: str = ""
    retry_after: timedelta | None = None
    opted_out: bool = False


def record(ended: Sequence[Ended], *, now: datetime) -> dict[UUID, State]:
    """Closes attempts and moves their messages on, each with its attempt or not at all.

    Returns the new state of each message. One is left out when another dispatcher holds a newer token: then nothing is
    written, as whoever took the message away has already closed the attempt.
    """
    closings = [_closing(each, now=now) for each in ended]
    with transaction.atomic():
        written = attempts.close_all(closings, now=now)
        for each in ended:
            if each.opted_out and each.message.pk in written:
                consents.opted_out_with_provider(message=each.message, code=each.code, now=now)
    found: dict[UUID, State] = {}
    for closing in closings:
        message = closing.message
        if message.pk not in written:
            log.warning("message_taken_over", message=str(message.pk), outcome=closing.outcome.value)
            continue
        found[message.pk] = closing.following.state
        log.info(
            "message_tried",
            message=str(message.pk),
            step=message.step,
            outcome=closing.outcome.value,
            state=closing.following.state.value,
        )
    return found


def _closing(ended: Ended, *, now: datetime) -> Closing:
    message = ended.message
    first_at = message.first_tried_at or ended.attempt.created_at
    tried = Tried(message.attempts + 1, message.unknown_outcomes, first_at)
    provider = recourse(message.channel)
    if ended.outcome is Outcome.NOT_MADE:
        rest = retries.resting(attempts=message.attempts, unknown=message.unknown_outcomes)
        following, tried = Next(rest, Reason.NONE, now), Tried(message.attempts, tried.unknown_before, first_at)
    elif ended.opted_out:
        following = Next(State.STOPPED, Reason.OPTED_OUT)
    else:
        following = retries.after(
            ended.outcome,
            tried=tried,
            recourse=provider,
            unanswered=Unanswered(settings.UNANSWERED),
            now=now,
            jitter=random.random(),  # noqa: S311 - jitter, not a secret
            retry_after=ended.retry_after,
        )
    return Closing(
        attempt=ended.attempt,
        message=message,
        outcome=ended.outcome,
        code=ended.code,
        following=following,
        attempts=tried.attempts,
        unknown_outcomes=message.unknown_outcomes + (ended.outcome is Outcome.UNKNOWN),
        possible_duplicates=message.possible_duplicates + _is_possible_copy(ended, provider, first_at, now=now),
        first_tried_at=message.first_tried_at if ended.outcome is Outcome.NOT_MADE else first_at,
        provider_id=ended.provider_id or message.provider_id,
    )


def _is_possible_copy(ended: Ended, provider: Recourse, first_at: datetime, *, now: datetime) -> bool:
    """Whether the patient may have it once more now: an earlier try may have arrived, and so may this one."""
    if not ended.message.unknown_outcomes or ended.outcome not in {Outcome.ACCEPTED, Outcome.UNKNOWN}:
        return False
    if provider is Recourse.KEY:
        return not retries.key_held(first_at, now=now)
    return provider is Recourse.NONE


def found(*, message: Message, accepted: Accepted, now: datetime) -> State | None:
    """The provider says that it has a message nobody was sure of. None when the message is not ours any more."""
    following = Next(State.ACCEPTED)
    if not _move_on(message, following, now=now, provider_id=accepted.provider_id or message.provider_id):
        return None
    log.info("message_found", message=str(message.pk), step=message.step)
    return following.state


def put_off(*, message: Message, until: datetime | None, now: datetime) -> State | None:
    """Leaves a message nobody is sure of for later; with ``until`` None, to a person."""
    following = Next(State.UNCERTAIN, Reason.NO_ANSWER, until)
    return following.state if _move_on(message, following, now=now) else None


def settle_unsent(*, message: Message, verdict: Verdict, now: datetime) -> State:
    """Gives a message up, or puts it off, without a request. The caller holds the row."""
    _move_on(message, Next(verdict.state, verdict.reason, verdict.next_try_at), now=now)
    log.info(
        "message_not_sent",
        message=str(message.pk),
        step=message.step,
        state=verdict.state.value,
        reason=verdict.reason.value,
    )
    return verdict.state


def unwritable(*, message: Message, failure: Exception, now: datetime) -> State:
    """Something in this one record cannot be worked with: it waits, and fails for good in the end. The caller holds it.

    The others go on; the failure's own text is not logged, as it may quote what it stumbled over.
    """
    tries = message.attempts + 1
    following = retries.after(
        Outcome.REJECTED_RETRYABLE,
        tried=Tried(tries, 0, now),
        recourse=Recourse.NONE,
        unanswered=Unanswered.HOLD,
        now=now,
        jitter=random.random(),  # noqa: S311
    )
    following = Next(following.state, Reason.UNWRITABLE, following.next_try_at)
    _move_on(message, following, now=now, attempts=tries)
    log.error("message_unwritable", message=str(message.pk), step=message.step, failure=type(failure).__name__)
    return following.state


def give_back(*, messages: Iterable[Message], now: datetime) -> None:
    """Frees messages that were taken and whose turn did not come, for whoever asks next. One query."""
    taken = list(messages)
    rests = [retries.resting(attempts=message.attempts, unknown=message.unknown_outcomes) for message in taken]
    attempts.put_back(taken, rests, now=now)


def _move_on(message: Message, following: Next, *, now: datetime, **more: object) -> bool:
    return bool(
        Message.objects.filter(pk=message.pk, token=message.token)
        .exclude(state__in=FINAL)
        .update(
            state=following.state,
            reason=following.reason,
            next_try_at=following.next_try_at,
            settled_at=now if following.state in FINAL else None,
            lease_until=None,
            updated_at=now,
            **more,
        )
    )
