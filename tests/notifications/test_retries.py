"""What follows an attempt, by what the provider offers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.engine import retries
from notifications.engine.retries import Next, Recourse, Tried, Unanswered
from notifications.engine.states import Outcome, Reason, State

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(outcome: Outcome, *, attempts: int = 1, unknown: int = 0, first_at: datetime = NOW, **kwargs) -> Next:
    options = {"recourse": Recourse.NONE, "unanswered": Unanswered.REPEAT, "now": NOW, "jitter": 0.5, **kwargs}
    return retries.after(outcome, tried=Tried(attempts, unknown, first_at), **options)


@pytest.mark.parametrize("recourse", Recourse)
def test_an_answer_is_an_answer_whatever_the_provider(recourse: Recourse) -> None:
    assert after(Outcome.ACCEPTED, recourse=recourse) == Next(State.ACCEPTED)
    assert after(Outcome.REJECTED_PERMANENT, recourse=recourse) == Next(State.DEAD, Reason.REFUSED)
    again = Next(State.RETRY_WAIT, Reason.NONE, NOW + timedelta(seconds=30))
    assert after(Outcome.REJECTED_RETRYABLE, recourse=recourse) == again


@pytest.mark.parametrize(
    ("recourse", "unanswered", "unknown", "wait"),
    [
        (Recourse.KEY, Unanswered.HOLD, 0, timedelta(seconds=30)),
        (Recourse.KEY, Unanswered.HOLD, 2, timedelta(seconds=30)),
        (Recourse.LOOK_UP, Unanswered.HOLD, 0, retries.ASK_AFTER),
        (Recourse.LOOK_UP, Unanswered.HOLD, 9, retries.ASK_AFTER),
        (Recourse.NONE, Unanswered.REPEAT, 0, retries.REPEAT_AFTER),
        (Recourse.NONE, Unanswered.REPEAT, 1, None),
        (Recourse.NONE, Unanswered.HOLD, 0, None),
    ],
)
def test_without_an_answer(recourse, unanswered, unknown: int, wait: timedelta | None) -> None:
    following = after(Outcome.UNKNOWN, recourse=recourse, unanswered=unanswered, unknown=unknown)
    expected = None if wait is None else NOW + wait
    assert following == Next(State.UNCERTAIN, Reason.NO_ANSWER, expected)


def test_a_key_is_not_counted_on_for_ever() -> None:
    def next_try(age: timedelta) -> datetime | None:
        return after(Outcome.UNKNOWN, recourse=Recourse.KEY, first_at=NOW - age).next_try_at

    assert next_try(retries.KEY_HELD - 2 * MINUTE) is not None
    assert next_try(retries.KEY_HELD) is None


def test_a_provider_that_wants_to_be_left_alone_is() -> None:
    busy = after(Outcome.REJECTED_RETRYABLE, retry_after=7 * MINUTE)
    assert busy.next_try_at == NOW + 7 * MINUTE
    assert after(Outcome.REJECTED_RETRYABLE, retry_after=timedelta(days=3)).next_try_at == NOW + retries.LONGEST_DELAY


def test_giving_up_never_calls_a_message_unsent_that_may_have_been_sent() -> None:
    last = retries.MOST_ATTEMPTS
    assert after(Outcome.REJECTED_RETRYABLE, attempts=last) == Next(State.DEAD, Reason.GAVE_UP)
    assert after(Outcome.REJECTED_RETRYABLE, attempts=last, unknown=1) == Next(State.UNCERTAIN, Reason.NO_ANSWER)
    asked = after(Outcome.REJECTED_RETRYABLE, attempts=last, unknown=1, recourse=Recourse.LOOK_UP)
    assert asked == Next(State.DEAD, Reason.GAVE_UP), "it was looked for just before, and not found"
