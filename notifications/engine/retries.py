"""What follows an attempt.

A mail server cannot be asked afterwards whether it took a message. So an attempt whose outcome is unknown is repeated
once, as one reminder too many is better than none; after a second unknown outcome a person decides.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications.engine.states import Outcome, Reason, State

MOST_ATTEMPTS = 6
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=30)
REPEAT_AFTER = timedelta(minutes=1)
"""How long a message with an unknown outcome waits before its one repeat."""


@dataclass(frozen=True, slots=True)
class Next:
    """What a message becomes after an attempt. ``next_try_at`` None: no dispatcher touches it again."""

    state: State
    reason: Reason = Reason.NONE
    next_try_at: datetime | None = None


def delay(attempts: int, *, jitter: float) -> timedelta:
    """How long to wait after this many attempts; doubles each time. ``jitter`` in [0, 1) spreads it over 50 to 150 %."""
    doubled: int = 2 ** (attempts - 1)
    return min(FIRST_DELAY * doubled, LONGEST_DELAY) * (0.5 + jitter)


def after(outcome: Outcome, *, attempts: int, unknown_before: int, now: datetime, jitter: float) -> Next:
    """What follows the ``attempts``-th attempt, given how many before it ended unknown."""
    if outcome is Outcome.ACCEPTED:
        return Next(State.ACCEPTED)
    if outcome is Outcome.REJECTED_PERMANENT:
        return Next(State.DEAD, Reason.REFUSED)
    if outcome is Outcome.UNKNOWN:
        repeat = now + REPEAT_AFTER if unknown_before == 0 and attempts < MOST_ATTEMPTS else None
        return Next(State.UNCERTAIN, Reason.NO_ANSWER, repeat)
    if attempts >= MOST_ATTEMPTS:
        return Next(State.DEAD, Reason.GAVE_UP)
    return Next(State.RETRY_WAIT, Reason.NONE, now + delay(attempts, jitter=jitter))


def resting(*, attempts: int, unknown: int) -> State:
    """The waiting state of a message that was taken but whose turn did not come, or that is put off."""
    if unknown:
        return State.UNCERTAIN
    return State.RETRY_WAIT if attempts else State.SCHEDULED
