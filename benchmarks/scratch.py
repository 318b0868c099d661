"""A database of their own for the timed scenarios, and how their numbers are told."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clinics.models import Patient, Site

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


@contextmanager
def database() -> Iterator[None]:
    """A migrated, empty database beside the one DATABASE_URL names; dropped afterwards."""
    import django
    from django.db import connection

    django.setup()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def newcomers(site: "Site", number: int, *, now: datetime) -> "list[Patient]":
    """Patients who have no visit yet."""
    from clinics.actions import patients
    from clinics.models import User

    return [
        patients.register(
            site=site,
            by=User.objects.service(),
            now=now,
            given_name=f"Ana {n}",
            family_name="New",
            birth_on=date(1980, 1, 1),
        )
        for n in range(number)
    ]


def median_ms(do: Callable[[], object], *, times: int) -> float:
    """The median time of ``do`` in milliseconds, after one run that does not count."""
    do()
    taken = []
    for _ in range(times):
        start = perf_counter()
        do()
        taken.append((perf_counter() - start) * 1000)
    return percentile(taken, 0.5)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")
