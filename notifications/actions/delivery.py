"""Carrying out what is due: claim, commit, send, record.

No transaction is open while the network is used. Whoever dies on the way leaves a lease that runs out and, if requests
were under way, open attempts: ``sweeps`` picks both up. Any number of dispatchers may run at once.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from clinics.models import User
from core import audit
from notifications.actions import outcomes, requests, restores, signs
from notifications.actions.requests import Delivered, Line
from notifications.channels import Sender, open_sender
from notifications.engine.states import State
from notifications.models import Message
from notifications.queries import pauses, verdicts
from notifications.queries.database_clock import Clock, database_clock

BATCH = 50
"""Messages taken at once. Claiming 50 costs hardly more than claiming 1, and only so many wait for the lease of a
dispatcher that died."""
LEASE = timedelta(minutes=2)


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
    provider is kept until the end. Sends nothing from a database that was restored until somebody has looked
    (``restores``).
    """
    clock = clock or database_clock()
    done = Delivered()
    lines: dict[str, Line] = {}
    with audit.acting(by), ExitStack() as connections:
        restores.guard(by=by, now=clock())
        while not enough() and (taken := claim(clock=clock, batch=batch, done=done)):
            for channel in dict.fromkeys(message.channel for message in taken):
                mine = [message for message in taken if message.channel == channel]
                try:
                    if channel not in lines:
                        lines[channel] = Line(connections.enter_context(closing(open_sender(channel))))
                except Exception as failure:  # noqa: BLE001 - a channel that is set wrongly must not stop the others
                    for message in mine:
                        done.count(outcomes.unwritable(message=message, failure=failure, now=clock()))
                    continue
                requests.make(mine, lines[channel], clock=clock, done=done, enough=enough)
        signs.give("dispatch", now=clock())
    return done


def claim(*, clock: Clock, batch: int, done: Delivered) -> list[Message]:
    """Takes due messages, earliest first, for this dispatcher; those that must not go out are settled at once.

    Rows another dispatcher is just taking are skipped, not waited for; those that are held back by a pause are left where
    they are. Looks at up to ``batch`` and goes on until it has taken one or nothing is due.
    """
    while True:
        with transaction.atomic():
            now = clock()
            free = Message.objects.due(now=now)
            if paused := pauses.in_force():
                free = free.exclude(pauses.held_back(paused))
            due = list(
                free.select_related("appointment", "patient")
                .order_by("next_try_at", "id")
                .select_for_update(skip_locked=True, of=("self",))[:batch]
            )
            verdicts.load(due)
            over = requests.over(due, now=now)
            taken = [
                message
                for message in due
                if requests.may_go_out(message, verdicts.about(message), over=over, now=now, done=done)
            ]
            Message.objects.filter(pk__in=[message.pk for message in taken]).update(
                state=State.SENDING, token=F("token") + 1, lease_until=now + LEASE, updated_at=now
            )
        done.looked_at += len(due)
        for message in taken:
            message.token += 1
        if taken or not due:
            return taken
