"""Reading everybody's calendar for a quarter of a year, and whether history makes it slower.

    python -m devtools.local run -- python -m benchmarks.availability [old allocations]

Compares ``calendars()`` with asking the database about every quarter hour, which is how most calendars search; then fills the
past from 10,000 allocations to 200,000 (or the number given) and reads the same window again.
"""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from benchmarks import scratch

if TYPE_CHECKING:
    from clinics.models import Site
    from scheduler.models import Appointment

RESOURCES, DAYS = 60, 90
FIRST_ON = date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)

FILL = """
    INSERT INTO scheduler_allocation
        (id, created_at, updated_at, appointment_id, resource_id, role, lane, is_shared, starts_at, ends_at, is_active)
    SELECT gen_random_uuid(), now(), now(), %(appointment)s, r.id, 'chair', 0, false,
        at, at + interval '80 minutes', true
    FROM scheduler_resource r,
        generate_series(%(first)s::timestamptz, %(last)s::timestamptz - interval '1 day', '1 day') AS day,
        generate_series(day + interval '12 hours', day + interval '20 hours', '2 hours') AS at
    ORDER BY at, r.id
"""
"""Five allocations of 80 minutes a day: two thirds of a working day."""

PROBE = """
    SELECT count(*) FROM unnest(%(resources)s::uuid[]) AS r (id),
        generate_series(%(first)s::timestamptz, %(last)s::timestamptz - interval '1 day', '1 day') AS day,
        generate_series(day + interval '12 hours', day + interval '22 hours' - interval '1 hour', '15 minutes') AS at
    WHERE extract(isodow FROM day) < 6 AND NOT EXISTS (
        SELECT FROM scheduler_allocation a
        WHERE a.resource_id = r.id AND a.is_active AND a.ends_at > at AND a.starts_at < at + interval '1 hour'
    )
"""
"""Every quarter hour of the working days at which an hour is free. One statement, which is kind to this method."""


def main(history: int) -> None:
    with scratch.database():
        site, appointment = clinic()
        first = datetime(2026, 5, 4, tzinfo=UTC)
        fill(appointment, first, first + timedelta(days=DAYS))
        per_day = RESOURCES * 5
        rows = [fill(appointment, first - timedelta(days=10_000 // per_day), first)]
        read, probe, one = readers(site, first)
        small, small_one, probed = (
            scratch.median_ms(do, times=times) for do, times in ((read, 9), (one, 9), (probe, 3))
        )
        rows.append(
            fill(appointment, first - timedelta(days=history // per_day), first - timedelta(days=10_000 // per_day))
        )
        big, big_one = (scratch.median_ms(do, times=9) for do in (read, one))
        queries = count_queries(read)
    print(f"{RESOURCES} resources, {DAYS} days, {per_day * DAYS:,} allocations in the window, {queries} queries\n")
    print(f"{'':34} {'10 k old':>9} {f'{sum(rows) // 1000} k old':>9} {'ratio':>6}")
    print(f"{f'calendars(), {RESOURCES} resources':34} {small:7.1f}ms {big:7.1f}ms {big / small:6.2f}")
    print(f"{'calendars(), 1 resource':34} {small_one:7.1f}ms {big_one:7.1f}ms {big_one / small_one:6.2f}")
    print(f"{'a probe for every quarter hour':34} {probed:7.1f}ms")
    print(f"\nprobing takes {probed / small:.0f} times as long")


def clinic() -> "tuple[Site, Appointment]":
    from tests.factories.clinics import SiteFactory
    from tests.factories.scheduler import AppointmentFactory, ChairFactory

    site = SiteFactory(code="bench")
    ChairFactory.create_batch(RESOURCES, site=site)
    return site, AppointmentFactory(site=site)


def fill(appointment: "Appointment", first: datetime, last: datetime) -> int:
    """Allocations of every resource on every day of the period; says how many."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE scheduler_allocation DISABLE TRIGGER USER"
        )  # the history of history is not the point
        cursor.execute(FILL, {"appointment": appointment.id, "first": first, "last": last})
        count: int = cursor.rowcount
        cursor.execute("ALTER TABLE scheduler_allocation ENABLE TRIGGER USER")
        cursor.execute("VACUUM (ANALYZE) scheduler_allocation")
    return count


def readers(site: "Site", first: datetime) -> tuple[Callable[[], object], ...]:
    from django.db import connection

    from scheduler.models import Resource
    from scheduler.queries import calendars

    grid = calendars.grid(site, first_on=FIRST_ON, days=DAYS)
    ids = list(Resource.objects.values_list("id", flat=True))

    def probe() -> None:
        with connection.cursor() as cursor:
            cursor.execute(PROBE, {"resources": ids, "first": first, "last": first + timedelta(days=DAYS)})
            cursor.fetchall()

    return (
        lambda: calendars.calendars(site, grid, now=NOW),
        probe,
        lambda: calendars.calendars(site, grid, now=NOW, resources=ids[:1]),
    )


def count_queries(do: Callable[[], object]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        do()
    return len(captured)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
