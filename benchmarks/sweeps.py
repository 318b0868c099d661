"""Sweeping beside many coming visits: the rows of all, and only of those about which something was written.

    python -m devtools.local run -- python -m benchmarks.sweeps [visits]

The visits are spread over sixty days. Ratios: a sweep that finds everything as it was against one that looks at all.
"""

import logging
import sys
from datetime import date, datetime, timedelta

from benchmarks import scratch
from benchmarks.claims import worked

DAYS = 60
SLICE = 500
CHANGED = 20
"""Visits whose rows are lost between two sweeps."""


def main(number: int) -> None:
    with scratch.database():
        from core import clock
        from notifications.models import Message

        logging.getLogger().setLevel(logging.ERROR)
        now = clock.now()
        make_visits(number, now=now)
        print(f"{number:,} coming visits\n")
        first = timed("all of them looked at", now=now)
        second = timed("nothing was written since", now=now)
        waiting = Message.objects.filter(appointment__isnull=False).order_by("appointment", "id")
        lost = list(waiting.distinct("appointment").values_list("pk", flat=True)[:CHANGED])
        Message.objects.filter(pk__in=lost).delete()
        timed(f"the rows of {len(lost)} visits were lost", now=now, expected=len(lost))
        print(f"\nnothing written to all looked at: {second / first:.3f}")


def timed(name: str, *, now: datetime, expected: int = 0) -> float:
    """The milliseconds of work of one look at the rows, which must find so many missing."""
    from notifications.actions import sweeps

    before = worked()
    found = sweeps.repair(now=now, seconds=float("inf"))  # all at once, though a sweep leaves some of it to the next
    taken = worked() - before
    assert found.written == expected, found
    print(f"{name:36} {taken:8.0f} ms of work")
    return taken


def make_visits(number: int, *, now: datetime) -> None:
    """Booked visits of as many patients with their rows, written as a repair writes them."""
    from clinics.models import Patient, Role, Site, User
    from core import clock
    from notifications.actions import messages
    from scheduler.models import Appointment, ChangeSet, Status

    site = Site.objects.create(
        code="bench",
        name="Bench",
        public_name="Alder",
        zone="America/New_York",
        phone="+12125550100",
        address="1 River Street",
        country="US",
    )
    by = User.objects.create(email="bench@example.org", name="Bench", role=Role.FRONT_DESK)
    made = ChangeSet.objects.create(verb="status", by=by, site=site)
    for first in range(0, number, SLICE):
        patients = Patient.objects.bulk_create(
            Patient(
                site=site,
                given_name=f"Ana {n}",
                family_name="Example",
                birth_on=date(1980, 1, 1),
                email=f"ana{n}@example.org",
                may_email=True,
            )
            for n in range(first, min(first + SLICE, number))
        )
        visits = []
        for position, patient in enumerate(patients, first):
            starts = now + timedelta(days=1) + timedelta(days=DAYS) * position / number
            local = clock.local(starts, site.zone)
            visits.append(
                Appointment(
                    site=site,
                    patient=patient,
                    status=Status.BOOKED,
                    starts_at=starts,
                    ends_at=starts + timedelta(hours=1),
                    local_on=local.date(),
                    local_time=local.time(),
                    zone=site.zone,
                    summary="Visit",
                    change_set=made,
                )
            )
        messages.reconcile(appointments=Appointment.objects.bulk_create(visits), now=now)


if __name__ == "__main__":
    main(int([*sys.argv[1:], "20000"][0]))
