"""What follows an attempt.

Only an attempt whose outcome is unknown is hard: the provider may have the message or not. What can be done about it
depends on the provider (``Recourse``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from notifications.engine.states import Outcome, Reason, State

MOST_ATTEMPTS = 6
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=30)
REPEAT_AFTER = timedelta(minutes=1)
"""How long a message with an unknown outcome waits before its one repeat, where nothing better can be done."""
ASK_AFTER = timedelta(seconds=30)
"""How long a provider is given to show a message it took before it is asked for it."""


class Recourse(StrEnum):
    """What a provider offers when its answer was lost: classes A, B and C."""

    KEY = "A"
    """It honours a key: the same message handed over twice is taken once."""
    LOOK_UP = "B"
    """It can be asked whether it has the message."""
    NONE = "C"
    """Neither. What is done is a choice (``Unanswered``), and every possible copy is counted."""


class Unanswered(StrEnum):
    """The choice for a provider of class C."""

    REPEAT = "repeat"
    """One message too many is better than none: it is repeated once; after a second unknown outcome a person decides."""
    HOLD = "hold"
    """A person decides at once."""


KEY_HELD = timedelta(hours=1)
"""How long after the first try a key is counted on; the providers we know of keep theirs for a day."""


@dataclass(frozen=True, slots=True)
class Next:
    """What a message becomes after an attempt. ``next_try_at`` None: no dispatcher touches it again."""

    state: State
    reason: Reason = Reason.NONE
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a message has behind it after an attempt: how many attempts with this one, how many unknown before it, since when."""

    attempts: int
    unknown_before: int
    first_at: datetime


def delay(attempts: int, *, jitter: float) -> timedelta:
    """How long to wait after this many attempts; doubles each time. ``jitter`` in [0, 1) spreads it over 50 to 150 %."""
    doubled: int = 2 ** (attempts - 1)
    return min(FIRST_DELAY * doubled, LONGEST_DELAY) * (0.5 + jitter)


def after(
    outcome: Outcome,
    *,
    tried: Tried,
    recourse: Recourse,
    unanswered: Unanswered,
    now: datetime,
    jitter: float,
    retry_after: timedelta | None = None,
) -> Next:
    """What follows an attempt. ``retry_after`` is the provider's own wish, heeded up to ``LONGEST_DELAY``."""
    if outcome is Outcome.ACCEPTED:
        return Next(State.ACCEPTED)
    if outcome is Outcome.REJECTED_PERMANENT:
        return Next(State.DEAD, Reason.REFUSED)
    wait = delay(tried.attempts, jitter=jitter)
    if outcome is Outcome.UNKNOWN:
        again = _doubt(tried, recourse=recourse, unanswered=unanswered, now=now, wait=wait)
        return Next(State.UNCERTAIN, Reason.NO_ANSWER, again)
    if tried.attempts >= MOST_ATTEMPTS:
        if tried.unknown_before and recourse is not Recourse.LOOK_UP:
            return Next(State.UNCERTAIN, Reason.NO_ANSWER)
        return Next(State.DEAD, Reason.GAVE_UP)
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_DELAY))
    return Next(resting(attempts=tried.attempts, unknown=tried.unknown_before), Reason.NONE, now + wait)


def key_held(first_at: datetime, *, now: datetime) -> bool:
    """Whether a provider of class A surely still knows the key of a message first tried at ``first_at``."""
    return now < first_at + KEY_HELD


def _doubt(
    tried: Tried, *, recourse: Recourse, unanswered: Unanswered, now: datetime, wait: timedelta
) -> datetime | None:
    """When a message that may have been sent is looked at again; None leaves it to a person."""
    if tried.attempts >= MOST_ATTEMPTS and recourse is not Recourse.LOOK_UP:
        return None
    if recourse is Recourse.KEY:
        again = now + min(wait, REPEAT_AFTER)
        return again if key_held(tried.first_at, now=again) else None
    if recourse is Recourse.LOOK_UP:
        return now + ASK_AFTER
    return now + REPEAT_AFTER if unanswered is Unanswered.REPEAT and tried.unknown_before == 0 else None


def resting(*, attempts: int, unknown: int) -> State:
    """The waiting state of a message that was taken but whose turn did not come, or that is put off."""
    if unknown:
        return State.UNCERTAIN
    return State.RETRY_WAIT if attempts else State.SCHEDULED
