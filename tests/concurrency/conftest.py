"""Races on the real database: every runner has its own thread, connection and transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

CLIENTS = 8
START = datetime(2026, 5, 5, 13, tzinfo=UTC)
"""Tuesday 5 May 2026, 9:00 in New York."""


@dataclass
class Race:
    """What came of it: the results and the errors of the runners, and the SQLSTATEs they met on the way."""

    results: list[Any] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    sqlstates: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> set[str]:
        return {type(error).__name__ for error in self.errors}


def race(runners: Sequence[Callable[[], object]]) -> Race:
    """Runs all at once and waits for the last."""
    from django.db import connection

    from core.locks import sqlstate

    outcome = Race()
    barrier = threading.Barrier(len(runners))

    def note_errors(execute, sql, params, many, context):
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            outcome.sqlstates.append(sqlstate(error) or "")
            raise

    def run(runner: Callable[[], object]) -> None:
        try:
            with connection.execute_wrapper(note_errors):
                connection.ensure_connection()
                barrier.wait(timeout=30)
                outcome.results.append(runner())
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            outcome.errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[runner]) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "a runner hangs"
    return outcome


def overlaps() -> int:
    """Pairs of active allocations that take the same lane of the same resource at once."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM scheduler_allocation a JOIN scheduler_allocation b
                ON a.resource_id = b.resource_id AND a.lane = b.lane AND a.id < b.id
                AND a.is_active AND b.is_active AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
            """
        )
        return cursor.fetchone()[0]


@contextmanager
def no_exclusion_constraints() -> Iterator[None]:
    """The tables without their exclusion constraints; whatever overlaps is deleted before they come back."""
    from django.db import connection

    from scheduler.models import Allocation, Appointment

    constraints = [
        (model, constraint)
        for model in (Allocation, Appointment)
        for constraint in model._meta.constraints
        if type(constraint).__name__ == "ExclusionConstraint"
    ]
    assert constraints
    with connection.schema_editor() as editor:
        for model, constraint in constraints:
            editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        with connection.cursor() as cursor:  # past the triggers that keep change lines
            cursor.execute("TRUNCATE scheduler_allocation, scheduler_appointment CASCADE")
        with connection.schema_editor() as editor:
            for model, constraint in constraints:
                editor.add_constraint(model, constraint)


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actions that think they hold their locks."""
    from core import locks

    monkeypatch.setattr(locks, "acquire_all", lambda *_args, **_kwargs: None)


@pytest.fixture
def clinic(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A site with two chairs, eight patients and a front desk; nobody above the calendar listens."""
    from scheduler.announcements import appointments_changed

    monkeypatch.setattr(appointments_changed, "receivers", [])
    return Clinic()


class Clinic:
    """Makes runners that book."""

    def __init__(self) -> None:
        from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
        from tests.factories.scheduler import ChairFactory

        self.site = SiteFactory(code="races", closed_on_holidays=False)
        self.desk = UserFactory(role="front_desk")
        self.manager = UserFactory(role="manager")
        self.patients = PatientFactory.create_batch(CLIENTS, site=self.site)
        self.chairs = ChairFactory.create_batch(2, site=self.site)
        self.now = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def booking(self, *resources, shared=(), day=0, hour=0):
        from scheduler.actions.appointments import Booking, Take, Use

        starts_at = START + timedelta(days=day, hours=hour)
        ends_at = starts_at + timedelta(hours=1)
        takes = [Take(each, each.kind, starts_at, ends_at) for each in resources]
        takes += [Take(each, each.kind, starts_at, ends_at, Use.SHARED) for each in shared]
        return Booking(starts_at, ends_at, "Infusion", tuple(takes))

    def booker(self, patient, *bookings) -> Callable[[], object]:
        from scheduler.actions import appointments

        return lambda: appointments.book(site=self.site, patient=patient, bookings=bookings, by=self.desk, now=self.now)
