"""Finding one patient among many (goal U11): time and queries of the search page, first letter to typing error.

    python -m devtools.local run -- python -m benchmarks.patients [patients]

Fills a scratch database with made-up people of 600 given and 900 family names, then asks the page as the front desk does.
The baselines are the page before anything is typed, and the same table read with ``ILIKE`` on unaccented names, which
no index can help.
"""

import logging
import sys
from time import perf_counter

from benchmarks import scratch

PATIENTS = 50_000
TIMES = 40
GOAL_MS = 150
AROUND = 4
"""Queries of every page: session, account, what needs attention, what can be undone."""

FILL = """
    INSERT INTO clinics_patient
        (id, created_at, updated_at, site_id, given_name, family_name, birth_on, phone, email, language, zone,
         may_email, may_text, may_call, desk_note, formerly, version)
    SELECT gen_random_uuid(), now(), now(), %(site)s,
        (%(given)s::text[])[1 + n %% array_length(%(given)s::text[], 1)],
        (%(family)s::text[])[1 + (n * 7919) %% array_length(%(family)s::text[], 1)],
        date '1930-01-01' + ((n * 104729) %% 32000)::int, '+1212' || lpad(n::text, 7, '0'),
        'person' || n || '@example.org', 'en', '', true, false, true, '', '', 1
    FROM generate_series(1, %(number)s::bigint) AS n
"""
ASKED = {
    "two letters": "an",
    "a name": "lopez",
    "two names, no accents": "jose garcia",
    "phone digits": "212 0012345",
    "a birth date": "3 nov 1975",
    "name and year": "garcia 1975",
    "misspelt": "gracia jsoe",
    "nobody": "zzyzx qqq",
}


def main(number: int) -> None:
    with scratch.database():
        fill(number)
        report(number)


def fill(number: int) -> None:
    from django.db import connection
    from faker import Faker

    from tests.factories.clinics import SiteFactory

    faker = Faker(["es_ES", "en_US", "fr_FR"])
    faker.seed_instance(7)
    given = sorted({"José", *(faker.first_name() for _ in range(600))})
    family = sorted({"García", "López", *(faker.last_name() for _ in range(900))})
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE clinics_patient DISABLE TRIGGER USER")  # the history of history is not the point
        cursor.execute(FILL, {"site": SiteFactory().pk, "given": given, "family": family, "number": number})
        cursor.execute("ALTER TABLE clinics_patient ENABLE TRIGGER USER")
        cursor.execute("VACUUM (ANALYZE) clinics_patient")


def report(number: int) -> None:
    from django.db import connection
    from django.db.models import Q
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from clinics.models import Patient
    from tests.factories.clinics import UserFactory

    logging.getLogger().setLevel(logging.WARNING)
    client = Client(SERVER_NAME="localhost")
    client.force_login(UserFactory())
    slowest = 0.0
    empty = scratch.median_ms(lambda: client.get("/patients/"), times=TIMES)
    print(f"{number:,} patients\n\n{'':24} {'median':>9} {'p95':>9} {'queries':>8} {'found':>6}")
    for name, text in ASKED.items():
        taken = []
        for _ in range(TIMES + 1):
            start = perf_counter()
            page = client.get("/patients/", {"q": text})
            taken.append((perf_counter() - start) * 1000)
        with CaptureQueriesContext(connection) as asked:
            client.get("/patients/", {"q": text})
        p95 = scratch.percentile(taken[1:], 0.95)
        slowest = max(slowest, p95)
        queries = len(asked) - AROUND
        found = page.content.count(b'class="name"')
        print(f"{name:24} {scratch.percentile(taken[1:], 0.5):7.1f}ms {p95:7.1f}ms {queries:8} {found:6}")

    def plainly() -> object:
        named = Q(given_name__unaccent__icontains="lopez") | Q(family_name__unaccent__icontains="lopez")
        return list(Patient.objects.filter(named).order_by("family_name", "given_name", "id")[:26])

    baseline = scratch.median_ms(plainly, times=9)
    print(f"\n{'before typing':24} {empty:7.1f}ms\n{'unaccented ILIKE alone':24} {baseline:7.1f}ms")
    print(
        f"slowest p95 {slowest:.0f} ms, {slowest / empty:.1f} times an empty page; the goal is {GOAL_MS} ms on an idle machine"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS)
