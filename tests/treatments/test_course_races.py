"""Clients who book courses on the same few chairs at once: no overlaps, at most two attempts, the second one succeeds.

The protection is the site's lock, held alone while the second attempt plans; the control shows what happens without it.
"""

import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from core import locks
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, Take, Taken
from scheduler.models import Appointment, ChangeSet
from tests.concurrency.conftest import overlaps, race
from tests.factories.clinics import PatientFactory
from tests.treatments.clinic import equip
from tests.waiting import somebody_waits_for_a_lock
from treatments import places, planning
from treatments.actions import changes, courses, visits
from treatments.models import Course, Visit, VisitStatus

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 8


@pytest.fixture
def attempts(monkeypatch):
    """How often each thread planned."""
    counted: Counter[int] = Counter()
    best = planning.best

    def counting(question):
        counted[threading.get_ident()] += 1
        return best(question)

    monkeypatch.setattr(planning, "best", counting)
    return counted


def test_eight_clients_and_two_chairs(site, series, flora, now, attempts):
    equip(site, chairs=2, rooms=1)
    patients = PatientFactory.create_batch(CLIENTS, site=site)

    def booker(patient):
        return lambda: courses.book(
            protocol_version=series,
            site=site,
            patient=patient,
            start_on=date(2026, 5, 5),
            wishes={},
            by=flora,
            now=now,
        )

    outcome = race([booker(patient) for patient in patients])

    assert outcome.kinds <= {"Incomplete"}
    assert overlaps() == 0
    assert Course.objects.count() == len(outcome.results) == CLIENTS
    assert Visit.objects.filter(status=VisitStatus.BOOKED).count() == Appointment.objects.count() == 6 * CLIENTS
    assert len(attempts) == CLIENTS
    assert max(attempts.values()) == 2, "they did meet, and nobody needed a third attempt"


class Rival:
    """Takes the first chair of a plan before its planner can book it; needs its own thread and connection."""

    def __init__(self, site, flora, now) -> None:
        self.site, self.flora, self.now = site, flora, now
        # made before anybody's transaction, so that every connection sees them
        self.patients = PatientFactory.create_batch(2, site=site)
        self.outcomes: list[object] = []
        self.threads: list[threading.Thread] = []

    def rob(self, question, plan) -> None:
        """Books what the plan wants; comes back when that is done, or when it has to wait for a lock."""
        place = next(each for each in plan.placements if each.visit.startswith("infusions"))
        chair = question.resources[dict(place.resources)["chair"]]
        starts_at = question.request.grid.instant(place.start)
        ends_at = starts_at + timedelta(hours=1)
        booking = Booking(starts_at, ends_at, "Rival", (Take(chair, "chair", starts_at, ends_at),))
        patient = self.patients[len(self.threads)]

        def book() -> None:
            try:
                self.outcomes.append(
                    appointments.book(site=self.site, patient=patient, bookings=[booking], by=self.flora, now=self.now)
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
                self.outcomes.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=book)
        self.threads.append(thread)
        thread.start()
        deadline = time.monotonic() + 20
        while thread.is_alive() and not somebody_waits_for_a_lock():
            assert time.monotonic() < deadline
            thread.join(0.01)


@pytest.fixture
def robbed_twice(site, series, flora, now, monkeypatch):
    """Books a course whose every plan somebody else tries to rob before it is booked."""
    equip(site)
    rival = Rival(site, flora, now)
    patient = PatientFactory(site=site)
    best = planning.best

    def robbed(question):
        plan = best(question)
        rival.rob(question, plan)
        return plan

    monkeypatch.setattr(planning, "best", robbed)

    def book():
        try:
            return courses.book(
                protocol_version=series,
                site=site,
                patient=patient,
                start_on=date(2026, 5, 5),
                wishes={},
                by=flora,
                now=now,
            )
        finally:
            for thread in rival.threads:
                thread.join(20)

    return book, rival


def test_the_second_attempt_cannot_be_robbed(robbed_twice):
    book, rival = robbed_twice

    booked = book()

    assert booked.course.visits.filter(status=VisitStatus.BOOKED).count() == 6
    first, second = rival.outcomes
    assert isinstance(first, appointments.Made)
    assert isinstance(second, Taken)
    assert overlaps() == 0


def test_control_without_the_sites_lock_it_is_robbed_again(robbed_twice, monkeypatch):
    book, rival = robbed_twice
    acquire = locks.acquire
    monkeypatch.setattr(
        locks, "acquire", lambda space, keys: None if space is locks.Space.SITE else acquire(space, keys)
    )

    with pytest.raises(Taken):
        book()
    assert [type(outcome) for outcome in rival.outcomes] == [appointments.Made, appointments.Made]
    assert not Course.objects.exists()


def _cancel_the_course(visit, flora, now):
    courses.cancel(course=visit.course, by=flora, now=now, reason="")


def _cancel_the_visit(visit, flora, now):
    visits.cancel(visit=visit, by=flora, now=now, version=None, reason="")


@pytest.mark.parametrize("cancel", [_cancel_the_course, _cancel_the_visit])
def test_nothing_stays_booked_that_is_cancelled_while_it_is_placed(site, series, flora, now, monkeypatch, cancel):
    equip(site)
    course = courses.book(
        protocol_version=series,
        site=site,
        patient=PatientFactory(site=site),
        start_on=date(2026, 5, 5),
        wishes={},
        by=flora,
        now=now,
        visits=[],
        partial=True,
    ).course
    visit = course.visits.get(key="infusions.1")
    threads: list[threading.Thread] = []
    fill = places.fill

    def run() -> None:
        try:
            cancel(visit, flora, now)
        finally:
            connection.close()

    def interrupted(*args):
        threads.append(threading.Thread(target=run))
        threads[0].start()
        deadline = time.monotonic() + 20
        while threads[0].is_alive() and not somebody_waits_for_a_lock():
            assert time.monotonic() < deadline
            threads[0].join(0.01)
        return fill(*args)

    monkeypatch.setattr(places, "fill", interrupted)

    visits.place(visit=visit, starts_at=datetime(2026, 5, 7, 12, tzinfo=UTC), by=flora, now=now)
    threads[0].join(20)

    assert Visit.objects.get(pk=visit.pk).status == VisitStatus.CANCELLED
    assert [appointment.status for appointment in Appointment.objects.all()] == ["cancelled"]


# --- changing a course ---------------------------------------------------------------------------------------


@pytest.fixture
def previewed(site, series, flora, now):
    """Four clients who have all seen the same preview of the same move."""
    equip(site)
    course = courses.book(
        protocol_version=series,
        site=site,
        patient=PatientFactory(site=site),
        start_on=date(2026, 5, 5),
        wishes={},
        by=flora,
        now=now,
    ).course
    visit = course.visits.select_related("appointment").get(key="infusions.2")
    event = changes.Move(course.pk, visit.key, visit.appointment.starts_at + timedelta(hours=2))
    digest = changes.preview(event=event, by=flora, now=now).digest
    return [lambda: changes.apply(event=event, by=flora, now=now, digest=digest)] * 4


def test_of_those_who_saw_the_same_preview_one_has_it_done(previewed):
    outcome = race(previewed)
    assert len(outcome.results) == 1
    assert outcome.kinds == {"AlreadyThere"}
    assert ChangeSet.objects.filter(verb="move").count() == 1


def test_control_without_keeping_changes_apart_it_is_done_twice(previewed, monkeypatch):
    """All read the course before anybody writes."""
    barrier = threading.Barrier(len(previewed))
    work_out = changes.work_out

    def together(event, running):
        change = work_out(event, running)
        barrier.wait(timeout=20)
        return change

    monkeypatch.setattr(changes, "keep_apart", lambda _courses: None)
    monkeypatch.setattr(changes, "work_out", together)
    assert len(race(previewed).results) > 1


def test_a_change_set_is_undone_once(previewed, flora, now):
    change_set = previewed[0]().change_set
    outcome = race([lambda: changes.undo(change_set=change_set, by=flora, now=now)] * 4)
    assert len(outcome.results) == 1
    assert outcome.kinds == {"CannotUndo"}
    assert ChangeSet.objects.filter(undoes=change_set).count() == 1
