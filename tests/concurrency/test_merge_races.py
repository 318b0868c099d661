"""A visit is booked for a duplicate in the very moment in which it is merged: the booking waits, and is refused."""

import threading
import time
from datetime import UTC, datetime

import pytest

from clinics.actions import merges
from clinics.models import Patient
from scheduler.actions import taking
from scheduler.models import Appointment
from tests.concurrency.conftest import race
from tests.waiting import somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def somebody_waits(*, seconds: float = 20) -> None:
    """Returns once another connection waits for a lock of this database."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if somebody_waits_for_a_lock():
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def merged_while_booking(clinic, flora, monkeypatch):
    """The merge holds its locks until the booking waits for them."""
    kept, duplicate = clinic.patients[:2]
    holds = threading.Event()
    take_over = merges._take_over

    def slowly(stays, goes):
        take_over(stays, goes)
        holds.set()
        somebody_waits()

    monkeypatch.setattr(merges, "_take_over", slowly)
    book = clinic.booker(duplicate, clinic.booking(clinic.chairs[0], hour=1))

    def merge():
        return merges.merge(
            kept=kept,
            duplicate=duplicate,
            kept_version=kept.version,
            duplicate_version=duplicate.version,
            by=flora,
            now=NOW,
        )

    def book_then():
        assert holds.wait(20)
        return book()

    return race([merge, book_then]), duplicate


def test_the_booking_is_refused(clinic, flora, monkeypatch):
    outcome, duplicate = merged_while_booking(clinic, flora, monkeypatch)
    assert outcome.kinds == {"AlreadyMerged"}
    assert Patient.objects.get(pk=duplicate.pk).merged_into_id
    assert not Appointment.objects.filter(patient=duplicate).exists()


def test_control_without_the_look_under_the_locks_a_duplicate_is_booked(clinic, flora, monkeypatch):
    class Unmerged:
        objects = Patient.objects.none()

    monkeypatch.setattr(taking, "Patient", Unmerged)
    outcome, duplicate = merged_while_booking(clinic, flora, monkeypatch)
    assert not outcome.errors
    assert Appointment.objects.filter(patient=duplicate).exists()


def test_two_merges_in_opposite_directions_make_one(clinic, flora):
    one, other = clinic.patients[:2]

    def merge(kept, duplicate):
        return lambda: merges.merge(
            kept=kept,
            duplicate=duplicate,
            kept_version=kept.version,
            duplicate_version=duplicate.version,
            by=flora,
            now=NOW,
        )

    outcome = race([merge(one, other), merge(other, one)])
    assert len(outcome.results) == 1
    assert outcome.kinds <= {"AlreadyMerged"}
    assert Patient.objects.filter(merged_into__isnull=False).count() == 1
