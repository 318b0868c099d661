"""How long proposing and booking a course takes in the demo clinic, and where the time goes.

``python -m devtools.local run -- python -m benchmarks.courses``; ``--record`` keeps the ratios in ``benchmarks/results``.
The course: six infusions and eight follow-ups, in a clinic with weeks of booked courses. The baseline is booking the same
fourteen visits one by one, which is what a calendar without courses makes people do.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - after setup
from django.db import connection  # noqa: E402

from benchmarks import scratch  # noqa: E402
from clinics.models import Site, User  # noqa: E402
from core import clock  # noqa: E402
from devtools.demo import clinic  # noqa: E402
from scheduler.actions import appointments  # noqa: E402
from scheduler.models import Appointment  # noqa: E402
from treatments import places, planning  # noqa: E402
from treatments.actions import courses  # noqa: E402
from treatments.models import Course, Protocol  # noqa: E402

PROTOCOL = "iv-ketamine-depression-twice-weekly"
RESULTS = Path(__file__).parent / "results" / "courses.json"


class Spent:
    """Milliseconds of one call: altogether, in the database, in the planner, of our processor; and its queries."""

    def __init__(self) -> None:
        self.total = self.database = self.planner = self.processor = 0.0
        self.queries = 0


@contextmanager
def measured() -> Iterator[Spent]:
    """Counts what the block spends."""
    spent = Spent()
    ranked = planning.ranked

    def in_database(execute: Callable[..., Any], *args: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*args)
        finally:
            spent.database += 1000 * (time.perf_counter() - began)
            spent.queries += 1

    def in_planner(question: planning.Question, *, alternatives: int) -> Any:
        began = time.perf_counter()
        try:
            return ranked(question, alternatives=alternatives)
        finally:
            spent.planner += 1000 * (time.perf_counter() - began)

    planning.ranked = in_planner
    began, worked = time.perf_counter(), time.process_time()
    try:
        with connection.execute_wrapper(in_database):
            yield spent
    finally:
        spent.processor = 1000 * (time.process_time() - worked)
        spent.total = 1000 * (time.perf_counter() - began)
        planning.ranked = ranked


def main() -> None:
    """Builds the clinic, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--record", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    clinic.ensure(print)
    found = measure(options.rounds)
    for name, value in found.items():
        print(f"{name:38}{value:>10}")
    if options.record:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=2) + "\n")


def measure(rounds: int) -> dict[str, float | int]:
    """Medians in milliseconds, and ratios."""
    site = Site.objects.get(code=clinic.CODE)
    by, now = User.objects.service(), clock.now()
    patients = scratch.newcomers(site, rounds, now=now)
    version = Protocol.objects.get(code=PROTOCOL).current
    booked_before = Appointment.objects.taking().count()
    proposing, booking, singly = [], [], []
    for number in range(rounds):
        wanted: dict[str, Any] = {
            "protocol_version": version,
            "site": site,
            "patient": patients[number],
            "start_on": (now + timedelta(days=1 + number % 14)).date(),
            "wishes": {},
            "by": by,
            "now": now,
        }
        with measured() as spent:
            proposal = courses.propose(**wanted)
        proposing.append(spent)
        chosen = [
            courses.Placed(visit.key, visit.starts_at, {role: str(each.pk) for role, each in visit.resources.items()})
            for visit in proposal.visits
            if visit.starts_at is not None
        ]
        with measured() as spent:
            made = courses.book(**wanted, visits=chosen, partial=True)
        booking.append(spent)
        courses.cancel(course=made.course, by=by, now=now, reason="Measured")
        singly.append(one_by_one(wanted, chosen))
    assert Course.objects.filter(status="active").exists()
    assert Appointment.objects.taking().count() == booked_before, "every round left the clinic as it was"

    def median(of: list[Spent], what: str) -> float:
        return round(statistics.median(getattr(each, what) for each in of), 1)

    return {
        "appointments in the clinic": booked_before,
        "propose, ms": median(proposing, "total"),
        "propose, planner ms": median(proposing, "planner"),
        "propose, database ms": median(proposing, "database"),
        "propose, processor ms": median(proposing, "processor"),
        "propose, queries": int(median(proposing, "queries")),
        "propose, planner : database": round(median(proposing, "planner") / median(proposing, "database"), 2),
        "book what was proposed, ms": median(booking, "total"),
        "book, database ms": median(booking, "database"),
        "book, processor ms": median(booking, "processor"),
        "book, queries": int(median(booking, "queries")),
        "one by one, ms": median(singly, "total"),
        "book : one by one": round(median(booking, "total") / median(singly, "total"), 2),
    }


def one_by_one(wanted: dict[str, Any], chosen: list[courses.Placed]) -> Spent:
    """The baseline: the same visits as so many single appointments, without any rule between them."""
    question = planning.ask(
        **{key: wanted[key] for key in ("protocol_version", "site", "patient", "start_on", "now")},
        wishes=planning.read_wishes({}),
    )
    bookings = [places.booking(question, place) for place in places.placements(question, chosen, now=wanted["now"])]
    made = []
    with measured() as spent:
        for booking in bookings:
            made += appointments.book(
                site=wanted["site"], patient=wanted["patient"], bookings=[booking], by=wanted["by"], now=wanted["now"]
            ).appointments
    appointments.cancel(appointments=made, by=wanted["by"], now=wanted["now"], reason="Measured")
    return spent


if __name__ == "__main__":
    main()
