"""Carrying out what is due: claim, commit, send, record.

No transaction is open while the network is used. Whoever dies on the way leaves a lease that runs out and, if a request
was under way, an open attempt: ``sweeps`` picks both up. Any number of dispatchers may run at once.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from clinics.models import User
from core import audit
from notifications.actions import attempts, outcomes
from notifications.channels import NotSent, Sender, open_sender
from notifications.engine.states import Outcome, State
from notifications.models import Attempt, Message
from notifications.queries import verdicts
from notifications.queries.database_clock import Clock, database_clock
from scheduler.models import Appointment

log = structlog.get_logger(__name__)

BATCH = 20
"""Messages taken at once. Claiming 20 costs hardly more than claiming 1, and only so many wait for the lease of a
dispatcher that died."""
LEASE = timedelta(minutes=2)
LONGEST_REQUEST = timedelta(minutes=1)
"""No request is begun later than this before its lease ends: six waits of ``EMAIL_TIMEOUT`` for the SMTP server."""


@dataclass(slots=True)
class Delivered:
    """What a dispatcher did: how many messages it looked at, and in which states it left how many."""

    looked_at: int = 0
    states: dict[State, int] = field(default_factory=dict)

    def count(self, state: State) -> None:
        """One more was left in this state."""
        self.states[state] = self.states.get(state, 0) + 1


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that may be made now: its message as it is now, the attempt written for it, the words."""

    message: Message
    attempt: Attempt
    composed: Any


def deliver_due(
    *,
    by: User,
    clock: Clock | None = None,
    batch: int = BATCH,
    enough: Callable[[], bool] = lambda: False,
    open_sender: Callable[[str], Sender] = open_sender,
) -> Delivered:
    """Sends what is due until nothing is, or until ``enough`` says so, which is asked between messages.

    ``clock`` defaults to the database's, so that dispatchers on machines with wrong clocks agree. The connection to a channel's
    provider is kept until the end.
    """
    clock = clock or database_clock()
    done = Delivered()
    senders: dict[str, Sender] = {}
    with audit.acting(by), ExitStack() as connections:
        while not enough() and (taken := claim(clock=clock, batch=batch, done=done)):
            for position, message in enumerate(taken):
                if enough():
                    outcomes.give_back(messages=taken[position:], now=clock())
                    break
                if message.channel not in senders:
                    senders[message.channel] = connections.enter_context(closing(open_sender(message.channel)))
                _deliver(message, senders[message.channel], clock=clock, done=done)
    return done


def claim(*, clock: Clock, batch: int, done: Delivered) -> list[Message]:
    """Takes due messages, earliest first, for this dispatcher; those that must not go out are settled at once.

    Rows another dispatcher is just taking are skipped, not waited for. Looks at up to ``batch`` and goes on until it
    has taken one or nothing is due.
    """
    while True:
        with transaction.atomic():
            now = clock()
            due = list(
                Message.objects.due(now=now)
                .select_related("appointment__site", "patient__site")
                .prefetch_related("visits__site")
                .order_by("next_try_at", "id")
                .select_for_update(skip_locked=True, of=("self",))[:batch]
            )
            taken = [message for message in due if _may_go_out(message, verdicts.about(message), now=now, done=done)]
            Message.objects.filter(pk__in=[message.pk for message in taken]).update(
                state=State.SENDING, token=F("token") + 1, lease_until=now + LEASE, updated_at=now
            )
        done.looked_at += len(due)
        for message in taken:
            message.token += 1
        if taken or not due:
            return taken


def begin(message: Message, sender: Sender, *, clock: Clock, done: Delivered) -> Begun | None:
    """Looks again, writes the words and then the attempt, and commits: from here on the message may have been sent.

    None when it must not go out any more, or when it is not ours any more.
    """
    return _begin_as_claimed(message, sender, clock=clock) or _begin_afresh(message, sender, clock=clock, done=done)


def _begin_as_claimed(message: Message, sender: Sender, *, clock: Clock) -> Begun | None:
    """The short way, for a reminder about which nothing has changed since its claim; None when anything has."""
    if message.appointment is None:
        return None
    now, visits = clock(), [message.appointment]
    if not verdicts.judge(message, visits=visits, now=now).send:
        return None
    try:
        composed = sender.compose(message, visits)
    except Exception:  # noqa: BLE001 - the other way deals with it
        return None
    attempt = attempts.open_if_unchanged(message, lease_left=LONGEST_REQUEST, now=now)
    return Begun(message, attempt, composed) if attempt else None


def _begin_afresh(message: Message, sender: Sender, *, clock: Clock, done: Delivered) -> Begun | None:
    """The long way: reads everything the verdict goes by again, under a lock."""
    with transaction.atomic():
        now = clock()
        visits = verdicts.look_again(message, lease_left=LONGEST_REQUEST, now=now)
        if visits is None or not _may_go_out(message, visits, now=now, done=done):
            return None
        try:
            composed = sender.compose(message, verdicts.still_expected(message, visits))
        except Exception as failure:  # noqa: BLE001 - one bad record must not stop the batch
            done.count(outcomes.unwritable(message=message, failure=failure, now=now))
            return None
        attempt = Attempt.objects.create(message=message, token=message.token)
    return Begun(message, attempt, composed)


def _deliver(message: Message, sender: Sender, *, clock: Clock, done: Delivered) -> None:
    begun = begin(message, sender, clock=clock, done=done)
    if begun is None:
        return
    try:
        outcome, code = Outcome.ACCEPTED, sender.send(begun.composed)
    except NotSent as failure:
        outcome, code = failure.outcome, failure.code
    except Exception as failure:  # noqa: BLE001 - a defect of a channel; nobody knows how far it got
        outcome, code = Outcome.UNKNOWN, type(failure).__name__
    state = outcomes.record(message=begun.message, attempt=begun.attempt, outcome=outcome, code=code, now=clock())
    if state is None:
        log.warning("message_taken_over", message=str(message.pk), outcome=outcome.value)
    else:
        done.count(state)


def _may_go_out(message: Message, visits: list[Appointment], *, now: datetime, done: Delivered) -> bool:
    """Whether a message we hold may be sent; if not, it is settled here."""
    try:
        verdict = verdicts.judge(message, visits=visits, now=now)
    except Exception as failure:  # noqa: BLE001 - one bad record must not stop the batch
        done.count(outcomes.unwritable(message=message, failure=failure, now=now))
        return False
    if not verdict.send:
        done.count(outcomes.settle_unsent(message=message, verdict=verdict, now=now))
    return verdict.send
