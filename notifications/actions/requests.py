"""Making the requests for messages that were claimed: look again, write the attempts, commit, send, record.

Requests are made in small groups, so that two statements serve several messages. A dispatcher that dies leaves its group
in doubt, not more: where doubt can mean a second copy, a group is what is answered within a tenth of a second. A slow
provider therefore gets groups of one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from notifications.actions import attempts, outcomes, overtakings
from notifications.actions.outcomes import Ended
from notifications.channels import NotSent, Sender
from notifications.engine import retries
from notifications.engine.retries import Recourse
from notifications.engine.states import Outcome, Reason, State
from notifications.models import Attempt, Link, Message
from notifications.queries import budgets, forms, pauses, reach, verdicts, weeks
from notifications.queries.database_clock import Clock
from notifications.queries.verdicts import Verdict
from scheduler.models import Appointment

log = structlog.get_logger(__name__)

LONGEST_REQUEST = timedelta(minutes=1)
"""Every request has ended by then: six waits of ``EMAIL_TIMEOUT`` for the SMTP server. None is begun later than this before
its lease ends.
"""
TOGETHER = {Recourse.KEY: 0.5, Recourse.LOOK_UP: 0.5, Recourse.NONE: 0.1}
"""Seconds of requests in one group."""
MOST_TOGETHER = 25
LOOK_HOLDS = 2.0
"""Seconds for which the last look is relied on; what is not begun by then is looked at again."""
RECORD_PATIENCE = 20.0
"""Seconds for which results are kept in hand while the database is away; well inside the lease."""


@dataclass(slots=True)
class Delivered:
    """What a dispatcher did: how many messages it looked at, and in which states it left how many."""

    looked_at: int = 0
    states: dict[State, int] = field(default_factory=dict)

    def count(self, state: State | None) -> None:
        """One more was left in this state; None counts for nothing: somebody else has the message."""
        if state is not None:
            self.states[state] = self.states.get(state, 0) + 1


@dataclass(slots=True)
class Line:
    """An open channel, and how many requests are made on it as one group."""

    sender: Sender
    group: int = 1

    def learn(self, number: int, seconds: float) -> None:
        """A group of this many took so long."""
        fit = int(number * TOGETHER[self.sender.recourse] / max(seconds, 0.001))
        self.group = max(1, min(fit, 2 * self.group, MOST_TOGETHER))


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that may be made now: its message as it is now, the attempt written for it, the words."""

    message: Message
    attempt: Attempt
    composed: Any


def make(messages: Sequence[Message], line: Line, *, clock: Clock, done: Delivered, enough: Callable[[], bool]) -> None:
    """Makes the requests for claimed messages of one channel, in order; gives back what ``enough`` leaves over."""
    waiting = [message for message in messages if _is_to_be_sent(message, line.sender, clock=clock, done=done)]
    while waiting:
        if enough():
            outcomes.give_back(messages=waiting, now=clock())
            return
        group, waiting = waiting[: line.group], waiting[line.group :]
        begun = begin(group, line.sender, clock=clock, done=done)
        started = time.monotonic()
        ended = _send_all(begun, line.sender, enough=enough)
        if begun:
            line.learn(len(begun), time.monotonic() - started)
        for state in _record(ended, clock=clock).values():
            done.count(state)


def begin(messages: Sequence[Message], sender: Sender, *, clock: Clock, done: Delivered) -> list[Begun]:
    """Looks again, writes the words and then the attempts, and commits: from here on the messages may have been sent.

    Those that must not go out any more are settled; those that are not ours any more are left alone.
    """
    with transaction.atomic():
        budgets.lock(messages)
        now = clock()
        held = verdicts.look_again(messages, lease_left=LONGEST_REQUEST + timedelta(seconds=LOOK_HOLDS), now=now)
        ours = {message.pk for message, _ in held}
        looked = overtakings.look(held)
        held = looked.going
        for message in looked.needless:
            done.count(overtakings.needless(message, now=now))
        paused = pauses.in_force()
        beyond = over([message for message, _ in held], now=now)
        composed: list[tuple[Message, Any]] = []
        needed: list[Link] = []
        for message, visits in held:
            if pauses.holding(message, paused):
                outcomes.give_back(messages=[message], now=now)
            elif may_go_out(message, visits, over=beyond, now=now, done=done):
                spoken_of = verdicts.to_speak_of(message, visits)
                try:
                    composed.append((message, sender.compose(message, spoken_of)))
                    needed += Link.needed_by(message, spoken_of)
                except Exception as failure:  # noqa: BLE001 - one bad record must not stop the batch
                    done.count(outcomes.unwritable(message=message, failure=failure, now=now))
        # whose lease is too short now; what is not ours is left alone by its token
        outcomes.give_back(messages=[message for message in messages if message.pk not in ours], now=now)
        Link.ensure(*needed)
        opened = attempts.open_all([message for message, _ in composed], now=now)
    for message, change_set in looked.to_merge:  # each in a transaction of its own, which locks the rows of one patient
        done.count(overtakings.merge(message, change_set, now=now))
    return [Begun(message, attempt, words) for (message, words), attempt in zip(composed, opened, strict=True)]


def over(messages: Sequence[Message], *, now: datetime) -> dict[UUID, Verdict]:
    """What becomes of those of these messages that must not go out: said with their week, about forms that were filled in,
    or too many texts.
    """
    needless = weeks.said(messages, now=now) | forms.answered(messages, now=now)
    return needless | budgets.over([message for message in messages if message.pk not in needless], now=now)


def may_go_out(
    message: Message, visits: Sequence[Appointment], *, over: Mapping[UUID, Verdict], now: datetime, done: Delivered
) -> bool:
    """Whether a message we hold may be sent; if not, it is settled here. ``over`` is what ``over`` found."""
    try:
        hindrance = reach.hindrances([message]).get(message.pk, Reason.NONE)
        verdict = verdicts.judge(message, visits=visits, hindrance=hindrance, now=now)
        if verdict.send:
            verdict = over.get(message.pk, verdict)
    except Exception as failure:  # noqa: BLE001 - one bad record must not stop the batch
        done.count(outcomes.unwritable(message=message, failure=failure, now=now))
        return False
    if not verdict.send:
        done.count(outcomes.settle_unsent(message=message, verdict=verdict, now=now))
    return verdict.send


def _is_to_be_sent(message: Message, sender: Sender, *, clock: Clock, done: Delivered) -> bool:
    """Whether a message has to be sent that perhaps was before; the provider is asked, if it can be."""
    if not message.unknown_outcomes or sender.recourse is Recourse.NONE:
        return True
    now, first_at = clock(), message.first_tried_at or message.due_at
    if sender.recourse is Recourse.KEY:
        if retries.key_held(first_at, now=now):
            return True
        done.count(outcomes.put_off(message=message, until=None, now=now))
        return False
    try:
        accepted = sender.look_up(message, str(message.pk), since=first_at)
    except Exception as failure:  # noqa: BLE001 - whatever it was, the message stays uncertain
        log.warning("look_up_failed", message=str(message.pk), failure=type(failure).__name__)
        done.count(outcomes.put_off(message=message, until=now + retries.ASK_AFTER, now=now))
        return False
    if accepted is None:
        return True
    done.count(outcomes.found(message=message, accepted=accepted, now=clock()))
    return False


def _send_all(begun: Sequence[Begun], sender: Sender, *, enough: Callable[[], bool]) -> list[Ended]:
    looked_at = time.monotonic()
    ended = []
    for position, each in enumerate(begun):
        if position and (time.monotonic() - looked_at > LOOK_HOLDS or enough()):
            ended.append(Ended(each.message, each.attempt, Outcome.NOT_MADE))
        else:
            ended.append(_send(each, sender))
    return ended


def _send(begun: Begun, sender: Sender) -> Ended:
    message, attempt = begun.message, begun.attempt
    try:
        accepted = sender.send(begun.composed, str(message.pk))
    except NotSent as failure:
        return Ended(
            message,
            attempt,
            failure.outcome,
            failure.code,
            retry_after=failure.retry_after,
            opted_out=failure.opted_out,
        )
    except Exception as failure:  # noqa: BLE001 - a defect of a channel; nobody knows how far it got
        return Ended(message, attempt, Outcome.UNKNOWN, type(failure).__name__)
    return Ended(message, attempt, Outcome.ACCEPTED, accepted.code, accepted.provider_id)


def _record(ended: Sequence[Ended], *, clock: Clock) -> dict[Any, State]:
    """Writes the results; where the database is away, again until it is back.

    Raises what the database raised when it stays away: the leases run out then, and the outcomes are unknown.
    """
    give_up_at = time.monotonic() + RECORD_PATIENCE
    while True:
        try:
            return outcomes.record(ended, now=clock())
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > give_up_at:
                raise
            log.warning("results_wait_for_the_database", number=len(ended))
            connection.close()
            time.sleep(0.2)
