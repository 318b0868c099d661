"""Claiming and recording without sending: by batch size, and beside many finished rows.

    python -m devtools.local run -- python -m benchmarks.claims [finished rows] [messages]

Ratios: a batch against one at a time, and the same work beside the finished rows and beside a thousand. On a machine that has
other work, what a claim makes this process and its server process work says more than the clock on the wall.
"""

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

from benchmarks import scratch

BATCHES = (1, 10, 50)
FEW = 1_000
SLICE = 250_000


@dataclass
class Claims:
    """``rate`` is in messages a second; the lists hold milliseconds of every claim, ``worked`` those of both processors."""

    rate: float = 0.0
    lasted: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    worked_in_all: float = 0.0


def main(finished: int, number: int) -> None:
    from benchmarks.dispatch import make_due

    with scratch.database():
        print(f"{number} messages, claimed, an attempt opened and closed for each\n")
        make_due(1)
        fill(1, FEW)
        few = {batch: measure(add_due, batch, number if batch > 1 else number // 4) for batch in BATCHES}
        report(few, f"beside {FEW:,} finished rows")
        fill(FEW + 1, finished)
        many = {batch: measure(add_due, batch, number if batch > 1 else number // 4) for batch in BATCHES}
        report(many, f"beside {finished:,} finished rows")
        most = BATCHES[-1]
        print(f"batch of {most} to batch of 1: {few[most].rate / few[1].rate:.1f}, beside all: ", end="")
        print(f"{many[most].rate / many[1].rate:.1f}")
        print(f"many finished rows to few, batch of {most}: {many[most].rate / few[most].rate:.2f}, ", end="")
        print(f"by work {few[most].worked_in_all / many[most].worked_in_all:.2f}\n")
        look()


def measure(prepare: Callable[[int], None], batch: int, number: int) -> Claims:
    """Claims, opens and closes; nothing is sent."""
    import logging

    from notifications.actions import attempts, delivery, outcomes
    from notifications.actions.outcomes import Ended
    from notifications.engine.states import Outcome
    from notifications.queries.database_clock import database_clock

    logging.getLogger().setLevel(logging.WARNING)
    prepare(number)
    gc.collect()
    gc.freeze()  # as ``manage.py dispatch --loop`` does
    clock, found, done, seen = database_clock(), Claims(), delivery.Delivered(), 0
    start, worked_before = perf_counter(), worked()
    while seen < number:
        claimed, before = perf_counter(), worked()
        taken = delivery.claim(clock=clock, batch=batch, done=done)
        found.lasted.append((perf_counter() - claimed) * 1000)
        found.worked.append(worked() - before)
        opened = attempts.open_all(taken, now=clock())
        outcomes.record(
            [Ended(message, attempt, Outcome.ACCEPTED) for message, attempt in zip(taken, opened, strict=True)],
            now=clock(),
        )
        seen += len(taken)
        assert taken, "fewer were due than were made"
    found.rate = number / (perf_counter() - start)
    found.worked_in_all = worked() - worked_before
    return found


def worked() -> float:
    """Milliseconds that this process and the server process of its connection have worked; of the latter only on Linux."""
    from django.db import connection

    connection.ensure_connection()
    told = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    server = int(told.read_text().split()[0]) / 1e6 if told.exists() else 0.0
    return process_time() * 1000 + server


def report(found: dict[int, Claims], name: str) -> None:
    for batch, claims in found.items():
        lasted = [scratch.percentile(claims.lasted, share) for share in (0.5, 0.99)]
        work = [scratch.percentile(claims.worked, share) for share in (0.5, 0.99)]
        print(
            f"{name:34} batch {batch:3} {claims.rate:6.0f}/s   a claim: {lasted[0]:6.1f} ms, p99 {lasted[1]:6.1f};"
            f" work {work[0]:5.1f} ms, p99 {work[1]:5.1f}"
        )


def look() -> None:
    """What people and sweeps ask beside all these rows; and that a claim uses its index."""
    from core import clock
    from notifications.actions import sweeps
    from notifications.models import Message
    from notifications.queries import messages

    now = clock.now()
    asked: dict[str, Callable[[], object]] = {
        "messages page, newest first": lambda: list(messages.look().order_by("-due_at", "-id")[:50]),
        "for people, counted": lambda: messages.look(attention=True).count(),
        "expiry": lambda: sweeps.expire(now=now),
        "the next that is due": messages.next_due_at,
    }
    for name, ask in asked.items():
        print(f"{name:34} {scratch.median_ms(ask, times=5):6.1f} ms")
    due = Message.objects.due(now=now).order_by("next_try_at", "id")[: BATCHES[-1]]
    assert "notifications_message_due" in due.explain(), due.explain()


def add_due(number: int) -> None:
    """More messages that are due, beside those there are."""
    from benchmarks.dispatch import make_due

    make_due(number, afresh=False)


def fill(first: int, last: int) -> None:
    """Finished rows of one visit, numbered by its epochs; without the audit, which is another table."""
    from django.db import connection

    from notifications.models import Message

    patient, visit = Message.objects.order_by("id").values_list("patient", "appointment")[0]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_message DISABLE TRIGGER USER")
        for start in range(first, last + 1, SLICE):
            cursor.execute(
                """
                INSERT INTO notifications_message (
                  id, created_at, updated_at, patient_id, appointment_id, schedule_epoch, step, channel, copy, due_at, not_after,
                  heeds_quiet_hours, knew, state, reason, settled_at, token, attempts, unknown_outcomes, possible_duplicates,
                  provider_id)
                SELECT gen_random_uuid(), now(), now(), %s, %s, 1 + n, 'one_day', 'email', 0,
                  now() - interval '1 day', now(), false, '{}', 'accepted', '', now(), 1, 1, 0, 0, ''
                FROM generate_series(%s::bigint, %s::bigint) AS n
                """,
                [patient, visit, start, min(start + SLICE - 1, last)],
            )
        cursor.execute("ALTER TABLE notifications_message ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE notifications_message")


if __name__ == "__main__":
    main(*(int(argument) for argument in [*sys.argv[1:], "1000000", "2000"][:2]))
