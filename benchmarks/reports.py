"""How long the seven reports take to count, beside counting the visits of the same period and nothing else.

``python -m devtools.local run -- python -m benchmarks.reports [visits]``

A clinic with two years and a quarter of courses. Counted are the twelve weeks that the pages show first, and everything. On a machine
that has other work, what a report makes this process and its server process work says more than the clock on the wall.
"""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks import scratch

if TYPE_CHECKING:
    from treatments.queries.scopes import Scope

DAYS = 820
ROUNDS = 3
TARGET = 1000
"""Milliseconds, for the twelve weeks."""


def main(visits: int) -> None:
    """Builds the clinic, counts, prints."""
    with scratch.database():
        from benchmarks import history
        from core import clock
        from treatments.queries.scopes import Scope
        from web.forms.reports import USUAL_DAYS

        now = clock.now()
        began = time.perf_counter()
        site = history.fill(visits, DAYS, now=now)
        yesterday = clock.local(now, site.zone).date() - timedelta(days=1)
        print(f"built in {time.perf_counter() - began:.0f} s\n")
        for name, days in ((f"{USUAL_DAYS // 7} weeks", USUAL_DAYS), ("everything", DAYS)):
            measure(name, Scope(site, yesterday - timedelta(days=days - 1), yesterday))


def measure(name: str, scope: "Scope") -> None:
    """Prints what each report of this period takes; the median of a few."""
    from core.errors import Unprocessable
    from scheduler.models import Appointment
    from treatments.models import Course
    from web.reports.catalogue import KINDS

    period = Appointment.objects.filter(site=scope.site, starts_at__gte=scope.starts_at, starts_at__lt=scope.ends_at)
    begun = Course.objects.filter(site=scope.site, start_on__gte=scope.first_on, start_on__lte=scope.last_on).count()
    print(f"{name}: {period.count():,} visits, {begun:,} courses begun; ms, target {TARGET} for twelve weeks")
    print(f"{'report':36} {'wall':>7} {'work':>7} {'ratio':>7}")
    alone, _ = timed("counting the visits", lambda: list(period.values_list("status", "local_on")), None)
    for kind in KINDS:
        try:
            timed(kind.title, lambda make=kind.make: make(scope), alone)
        except Unprocessable as error:
            print(f"{kind.title:36} {error.message}")
    print()


def timed(name: str, do: Callable[[], object], alone: float | None) -> tuple[float, float]:
    """The medians of work and wall in milliseconds, after one run that does not count."""
    from benchmarks.claims import worked

    do()
    took = []
    for _ in range(ROUNDS):
        began, before = time.perf_counter(), worked()
        do()
        took.append((worked() - before, 1000 * (time.perf_counter() - began)))
    work, wall = sorted(took)[len(took) // 2]
    print(f"{name:36} {wall:7.0f} {work:7.0f} {work / (alone or work):7.1f}", flush=True)
    return work, wall


if __name__ == "__main__":
    main(int([*sys.argv[1:], "100000"][0]))
