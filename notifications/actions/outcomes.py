"""Writing down what became of a message. Whoever writes holds the row, or shows the newest token."""

import random
from collections.abc import Iterable
from datetime import datetime

import structlog

from notifications.actions import attempts
from notifications.engine import retries
from notifications.engine.retries import Next
from notifications.engine.states import FINAL, Outcome, Reason, State
from notifications.models import Attempt, Message
from notifications.queries.verdicts import Verdict

log = structlog.get_logger(__name__)


def record(*, message: Message, attempt: Attempt, outcome: Outcome, code: str, now: datetime) -> State | None:
    """Closes an attempt and moves its message on; both or neither.

    None when another dispatcher holds a newer token: then nothing is written, as whoever took the message away has
    already closed the attempt.
    """
    following = retries.after(
        outcome,
        attempts=message.attempts + 1,
        unknown_before=message.unknown_outcomes,
        now=now,
        jitter=random.random(),  # noqa: S311 - jitter, not a secret
    )
    may_have_arrived = outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN}
    copies = message.possible_duplicates + bool(may_have_arrived and message.unknown_outcomes)
    if not attempts.close(
        attempt, message=message, outcome=outcome, code=code, following=following, copies=copies, now=now
    ):
        return None
    log.info(
        "message_tried", message=str(message.pk), step=message.step, outcome=outcome.value, state=following.state.value
    )
    return following.state


def settle_unsent(*, message: Message, verdict: Verdict, now: datetime) -> State:
    """Gives a message up, or puts it off, without a request. The caller holds the row."""
    following = Next(verdict.state, verdict.reason, verdict.next_try_at)
    Message.objects.filter(pk=message.pk).update(**_moved_on(following, now=now))
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
        attempts=tries,
        unknown_before=0,
        now=now,
        jitter=random.random(),  # noqa: S311
    )
    following = Next(following.state, Reason.UNWRITABLE, following.next_try_at)
    Message.objects.filter(pk=message.pk).update(**_moved_on(following, now=now), attempts=tries)
    log.error("message_unwritable", message=str(message.pk), step=message.step, failure=type(failure).__name__)
    return following.state


def give_back(*, messages: Iterable[Message], now: datetime) -> None:
    """Frees messages that were taken and whose turn did not come, for whoever asks next."""
    for message in messages:
        rest = retries.resting(attempts=message.attempts, unknown=message.unknown_outcomes)
        Message.objects.filter(pk=message.pk, token=message.token, state=State.SENDING).update(
            state=rest, lease_until=None, next_try_at=now, updated_at=now
        )


def _moved_on(following: Next, *, now: datetime) -> dict[str, object]:
    return {
        "state": following.state,
        "reason": following.reason,
        "next_try_at": following.next_try_at,
        "settled_at": now if following.state in FINAL else None,
        "lease_until": None,
        "updated_at": now,
    }
