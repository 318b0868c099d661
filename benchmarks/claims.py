"""Claiming and recording without sending: by batch size, and beside many finished rows.

    python -m devtools.local run -- python -m benchmarks.claims [finished rows] [messages]

Ratios: a batch against one at a time, and the same work beside the finished rows against an empty table.
"""

import sys
from collections.abc import Callable
from time import perf_counter

from benchmarks import scratch

BATCHES = (1, 10, 50)
SLICE = 250_000


def main(finished: int, number: int) -> None:
    from benchmarks.dispatch import make_due

    with scratch.database():
        print(
            f"{number} messages, claimed, an attempt opened and closed for each; per second, median and p99 of a claim\n"
        )
        empty = {batch: measure(make_due, batch, number if batch > 1 else number // 4) for batch in BATCHES}
        report(empty, "empty table")
        make_due(1)
        fill(finished)
        full = {batch: measure(add_due, batch, number if batch > 1 else number // 4) for batch in BATCHES}
        report(full, f"beside {finished:,} finished rows")
        print(f"batch of {BATCHES[-1]} to batch of 1: {empty[BATCHES[-1]][0] / empty[1][0]:.1f}")
        print(f"full to empty, batch of {BATCHES[-1]}: {full[BATCHES[-1]][0] / empty[BATCHES[-1]][0]:.2f}")


def measure(prepare: Callable[[int], None], batch: int, number: int) -> tuple[float, list[float]]:
    """Messages a second, and the milliseconds of every claim."""
    import logging

    from notifications.actions import attempts, delivery, outcomes
    from notifications.actions.outcomes import Ended
    from notifications.engine.states import Outcome
    from notifications.queries.database_clock import database_clock

    logging.getLogger().setLevel(logging.WARNING)
    prepare(number)
    clock, claims, done, seen = database_clock(), [], delivery.Delivered(), 0
    start = perf_counter()
    while seen < number:
        claimed = perf_counter()
        taken = delivery.claim(clock=clock, batch=batch, done=done)
        claims.append((perf_counter() - claimed) * 1000)
        opened = attempts.open_all(taken, now=clock())
        outcomes.record(
            [Ended(message, attempt, Outcome.ACCEPTED) for message, attempt in zip(taken, opened, strict=True)],
            now=clock(),
        )
        seen += len(taken)
        assert taken, "fewer were due than were made"
    return number / (perf_counter() - start), claims


def report(found: dict[int, tuple[float, list[float]]], name: str) -> None:
    for batch, (rate, claims) in found.items():
        middle, worst = scratch.percentile(claims, 0.5), scratch.percentile(claims, 0.99)
        print(f"{name:34} batch {batch:3} {rate:8.0f}/s   claim {middle:6.1f} ms, p99 {worst:6.1f} ms")


def add_due(number: int) -> None:
    """More messages that are due, beside those there are."""
    from benchmarks.dispatch import make_due

    make_due(number, afresh=False)


def fill(finished: int) -> None:
    """Finished rows of one visit, an epoch each; without the audit, which is another table."""
    from django.db import connection

    from notifications.models import Message

    patient, visit = Message.objects.values_list("patient", "appointment")[0]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_message DISABLE TRIGGER USER")
        for start in range(1, finished, SLICE):
            cursor.execute(
                """
                INSERT INTO notifications_message (
                  id, created_at, updated_at, patient_id, appointment_id, schedule_epoch, step, channel, due_at, not_after,
                  heeds_quiet_hours, state, reason, settled_at, token, attempts, unknown_outcomes, possible_duplicates,
                  provider_id)
                SELECT gen_random_uuid(), now(), now(), %s, %s, 1 + n, 'one_day', 'email',
                  now() - interval '1 day', now(), false, 'accepted', '', now(), 1, 1, 0, 0, ''
                FROM generate_series(%s::bigint, %s::bigint) AS n
                """,
                [patient, visit, start, min(start + SLICE - 1, finished)],
            )
        cursor.execute("ALTER TABLE notifications_message ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE notifications_message")


if __name__ == "__main__":
    main(*(int(argument) for argument in [*sys.argv[1:], "1000000", "2000"][:2]))
