"""Eight clients book courses of six visits in one small clinic, and all want the same morning hours.

    python -m devtools.local run -- python -m benchmarks.booking [seconds]

Compares the product's locking with row-by-row inserts under the exclusion constraint alone, in one run, on one database,
with the same planning; and shows that without locks and constraint the same load double-books.
"""

import multiprocessing
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

from benchmarks import scratch

if TYPE_CHECKING:
    from clinics.models import Patient, Site, User
    from scheduler.actions.appointments import Booking
    from scheduler.models import Appointment, Resource

Book = Callable[["Site", "Patient", "Sequence[Booking]", "User"], "Sequence[Appointment]"]

CLIENTS, CHAIRS, HOURS, VISITS = 8, 8, 3, 6
KEPT = 1  # courses each client leaves booked; older ones are cancelled
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FIRST = datetime(2026, 5, 5, 12, tzinfo=UTC)  # Tuesday, 8:00 in New York
EXCLUSION, DEADLOCK = "23P01", "40P01"


@dataclass
class Tally:
    """What clients did: milliseconds of each booked course with its retries, and how often what happened."""

    times: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def main(seconds: float) -> None:
    with scratch.database():
        clinic()
        results = {
            "locks, re-check, one insert": run(book_with_the_product, seconds),
            "row by row, constraint alone": run(book_row_by_row, seconds),
            "control: neither": run(book_with_the_product, seconds / 2, protected=False),
        }
    print(f"{CLIENTS} clients, {CHAIRS} chairs and nurses, courses of {VISITS} visits, {seconds:.0f} s each\n")
    print(
        f"{'method':30} {'courses/s':>9} {'p50 ms':>7} {'p99 ms':>7} {'taken':>6} {'deadlocks':>9} {'other':>6} {'overlaps':>8}"
    )
    for name, (tally, length, overlaps) in results.items():
        p50, p99 = (scratch.percentile(tally.times, share) for share in (0.5, 0.99))
        counts = tally.counts
        print(
            f"{name:30} {len(tally.times) / length:9.1f} {p50:7.0f} {p99:7.0f} {counts['taken']:6}"
            f" {counts['deadlock']:9} {counts['other']:6} {overlaps:8}"
        )
    (ours, length, overlaps), (theirs, their_length, _), (_, _, control) = results.values()
    print(f"\ncourses/s, product to row by row: {len(ours.times) / length / (len(theirs.times) / their_length):.2f}")
    print(
        f"p99, product to row by row: {scratch.percentile(ours.times, 0.99) / scratch.percentile(theirs.times, 0.99):.2f}"
    )
    assert overlaps == 0, "double-booked"
    assert ours.counts["other"] == 0, "an error nobody can act on"
    assert control > 0, "the control did not double-book: this load proves nothing"


def clinic() -> None:
    """A site with chairs, nurses and a patient for every course at once."""
    from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
    from tests.factories.scheduler import ChairFactory, PersonFactory

    site = SiteFactory(code="bench")
    UserFactory(email="desk@example.org", role="manager")
    for number in range(CHAIRS):
        ChairFactory(site=site, name=f"Chair {number}", position=number)
        PersonFactory(site=site, name=f"Nurse {number}", position=number)
    PatientFactory.create_batch(CLIENTS * (KEPT + 2), site=site)


def run(book: Book, seconds: float, *, protected: bool = True) -> tuple[Tally, float, int]:
    """All clients at once, in processes of their own; then the calendar is emptied."""
    from django.db import connection

    from scheduler.models import Appointment

    with nullcontext() if protected else unprotected():
        connection.close()
        context = multiprocessing.get_context("fork")
        results, ready = context.SimpleQueue(), context.Barrier(CLIENTS + 1)
        clients = [
            context.Process(target=client, args=(n, book, seconds, protected, ready, results)) for n in range(CLIENTS)
        ]
        for each in clients:
            each.start()
        ready.wait(timeout=60)
        start = perf_counter()
        tally = Tally()
        for _ in clients:
            times, counts = results.get()
            tally.times += times
            tally.counts += counts
        length = perf_counter() - start
        for each in clients:
            each.join()
        overlaps = overlapping()
        Appointment.objects.all().delete()
    return tally, length, overlaps


def client(number: int, book: Book, seconds: float, protected: bool, ready: Any, results: Any) -> None:
    from clinics.models import Patient, Site, User
    from core import locks
    from scheduler.actions import appointments
    from scheduler.announcements import appointments_changed
    from scheduler.models import Resource
    from scheduler.queries import hours

    appointments_changed.receivers = []  # the calendar alone
    if not protected:
        locks.acquire_all = lambda *_args, **_kwargs: None
    rng = random.Random(number)
    site, desk = Site.objects.get(), User.objects.get(email="desk@example.org")
    patients = list(Patient.objects.order_by("id"))[number::CLIENTS]
    chairs = list(Resource.objects.filter(kind="chair").order_by("position"))
    nurses = list(Resource.objects.filter(kind="person").order_by("position"))
    tally, kept = Tally(), []
    hours.public_holidays(site.country, site.subdivision, NOW.year)  # a web process has long loaded them
    ready.wait(timeout=60)
    until = perf_counter() + seconds
    while perf_counter() < until:
        patient = patients[len(tally.times) % len(patients)]
        start = perf_counter()
        made = attempt(lambda: book(site, patient, plan(chairs, nurses, rng), desk), tally)  # noqa: B023
        if made is None:
            continue
        tally.times.append((perf_counter() - start) * 1000)
        kept.append(made)
        if len(kept) > KEPT:
            appointments.cancel(appointments=kept.pop(0), by=desk, now=NOW, reason="")
    results.put((tally.times, tally.counts))


def attempt(book: Callable[[], "Sequence[Appointment]"], tally: Tally) -> "Sequence[Appointment] | None":
    """Until it is booked: after a conflict it plans anew, after a deadlock it tries again a moment later."""
    from django.db import DatabaseError

    from core.errors import Busy
    from core.locks import sqlstate
    from scheduler.actions.appointments import Taken

    for _ in range(200):
        try:
            return book()
        except Taken:
            tally.counts["taken"] += 1
        except Busy:
            tally.counts["busy"] += 1
        except DatabaseError as error:
            kind = {EXCLUSION: "taken", DEADLOCK: "deadlock"}.get(sqlstate(error) or "", "other")
            tally.counts[kind] += 1
            sleep(random.uniform(0.01, 0.05))
    tally.counts["gave up"] += 1
    return None


def plan(chairs: "Sequence[Resource]", nurses: "Sequence[Resource]", rng: random.Random) -> "Sequence[Booking]":
    """Six visits on six days, each in the first hours with some free chair and nurse, from one look at the calendar."""
    from scheduler.actions.appointments import Booking, Take
    from scheduler.models import Allocation

    busy = set(Allocation.objects.filter(is_active=True).values_list("resource_id", "starts_at"))
    bookings = []
    for day in (0, 1, 2, 3, 6, 7)[:VISITS]:
        at = FIRST + timedelta(days=day, hours=rng.randrange(HOURS))
        end = at + timedelta(hours=1)
        resources = [rng.choice([each for each in pool if (each.id, at) not in busy]) for pool in (chairs, nurses)]
        rng.shuffle(resources)  # the order in which a form lists them
        bookings.append(Booking(at, end, "Infusion", tuple(Take(each, each.kind, at, end) for each in resources)))
    rng.shuffle(bookings)
    return bookings


def book_with_the_product(
    site: "Site", patient: "Patient", bookings: "Sequence[Booking]", desk: "User"
) -> "Sequence[Appointment]":
    from scheduler.actions import appointments

    return appointments.book(site=site, patient=patient, bookings=bookings, by=desk, now=NOW).appointments


def book_row_by_row(
    site: "Site", patient: "Patient", bookings: "Sequence[Booking]", desk: "User"
) -> "Sequence[Appointment]":
    """What most calendars do: one insert after another in the order of the request, and the constraint decides."""
    from django.db import transaction

    from core import audit
    from scheduler.models import Allocation, Appointment, ChangeSet

    made = []
    with audit.acting(desk), transaction.atomic():
        change_set = ChangeSet.objects.create(verb="book", by=desk, site=site, patient=patient)
        for booking in bookings:
            row = Appointment.objects.create(
                site=site,
                patient=patient,
                change_set=change_set,
                status="booked",
                starts_at=booking.starts_at,
                ends_at=booking.ends_at,
                local_on=booking.starts_at.date(),
                local_time=booking.starts_at.time(),
                zone=site.zone,
                summary=booking.summary,
            )
            made.append(row)
            for take in booking.takes:
                Allocation.objects.create(
                    appointment=row,
                    resource=take.resource,
                    role=take.role,
                    starts_at=take.starts_at,
                    ends_at=take.ends_at,
                )
    return made


@contextmanager
def unprotected() -> Iterator[None]:
    """Without the exclusion constraints: only for the scratch database."""
    from tests.concurrency.conftest import no_exclusion_constraints

    with no_exclusion_constraints():
        yield


def overlapping() -> int:
    from tests.concurrency.conftest import overlaps

    return overlaps()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10)
