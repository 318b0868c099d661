"""Many clients at once: never two in one place, no deadlock, and only answers a person can act on.

Each protection has its control: the same race with the protection off goes wrong.
"""

import threading
import time
from functools import partial

import pytest
from django.db import OperationalError, connection, transaction

from core import locks
from scheduler.actions import appointments, resources, taking
from scheduler.models import Allocation, Appointment, Resource
from tests.concurrency.conftest import CLIENTS, no_exclusion_constraints, overlaps, race
from tests.factories.scheduler import ChairFactory, PersonFactory
from tests.waiting import somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6
DEADLOCK = "40P01"


def everybody_wants_the_same_chair(clinic, hour):
    return race([clinic.booker(patient, clinic.booking(clinic.chairs[0], hour=hour)) for patient in clinic.patients])


class TestOneChair:
    def test_exactly_one_gets_it(self, clinic):
        for hour in range(ROUNDS):
            outcome = everybody_wants_the_same_chair(clinic, hour)
            assert len(outcome.results) == 1
            assert outcome.kinds <= {"Taken", "Busy"}
            assert DEADLOCK not in outcome.sqlstates
        assert overlaps() == 0
        assert Appointment.objects.count() == Allocation.objects.count() == ROUNDS

    def test_the_constraint_alone_is_enough_for_the_truth(self, clinic, no_locks):
        for hour in range(ROUNDS):
            outcome = everybody_wants_the_same_chair(clinic, hour)
            assert len(outcome.results) == 1
            assert outcome.kinds <= {"Taken", "Busy"}
        assert overlaps() == 0

    def test_the_locks_alone_are_enough_for_the_truth(self, clinic):
        with no_exclusion_constraints():
            for hour in range(ROUNDS):
                assert len(everybody_wants_the_same_chair(clinic, hour).results) == 1
            assert overlaps() == 0

    def test_control_without_both_it_is_double_booked(self, clinic, no_locks):
        with no_exclusion_constraints():
            for hour in range(9):
                everybody_wants_the_same_chair(clinic, hour)
                if overlaps():
                    break
            assert overlaps() > 0


class TestOnePatient:
    def race(self, clinic, hour):
        chairs = Resource.objects.filter(kind="chair")
        return race([clinic.booker(clinic.patients[0], clinic.booking(chair, hour=hour)) for chair in chairs])

    def test_is_in_one_place(self, clinic):
        ChairFactory.create_batch(CLIENTS - 2, site=clinic.site)
        for hour in range(ROUNDS):
            outcome = self.race(clinic, hour)
            assert len(outcome.results) == 1
            assert outcome.kinds <= {"Taken", "Busy"}
        assert Appointment.objects.count() == ROUNDS

    def test_control_without_protection_in_two(self, clinic, no_locks):
        ChairFactory.create_batch(CLIENTS - 2, site=clinic.site)
        with no_exclusion_constraints():
            outcomes = [self.race(clinic, hour) for hour in range(ROUNDS)]
            assert max(len(outcome.results) for outcome in outcomes) > 1


def test_a_nurse_who_watches_three_is_given_to_three(clinic):
    nurse = PersonFactory(site=clinic.site, lanes=3)
    for hour in range(ROUNDS):
        outcome = race(
            [clinic.booker(patient, clinic.booking(shared=(nurse,), hour=hour)) for patient in clinic.patients]
        )
        assert len(outcome.results) == 3
        assert outcome.kinds <= {"Taken", "Busy"}
    assert overlaps() == 0


class TestTwoResourcesInOppositeOrder:
    def test_no_deadlock(self, clinic):
        one, other = clinic.chairs
        for day in range(3):
            outcome = race(
                [
                    clinic.booker(
                        patient,
                        clinic.booking(*((one, other) if number % 2 else (other, one)), day=day, hour=number),
                    )
                    for number, patient in enumerate(clinic.patients)
                ]
            )
            assert len(outcome.results) == CLIENTS, outcome.errors
            assert DEADLOCK not in outcome.sqlstates

    def test_control_locks_taken_one_by_one_in_the_order_asked(self, clinic):
        both_hold_one = threading.Barrier(2)

        def take(*keys):
            def run():
                with transaction.atomic():
                    for key in keys:
                        locks.acquire(locks.Space.RESOURCE_DAY, [key])
                        if key == keys[0]:
                            both_hold_one.wait(timeout=30)

            return run

        outcome = race([take("chair 1", "chair 2"), take("chair 2", "chair 1")])
        assert outcome.sqlstates == [DEADLOCK]
        assert [type(error) for error in outcome.errors] == [OperationalError]


def test_a_lapsed_hold_is_given_to_exactly_one(clinic):
    for hour in range(3):
        booking = clinic.booking(*clinic.chairs, hour=hour)
        early = clinic.now.replace(hour=1)
        appointments.hold(site=clinic.site, patient=None, bookings=[booking], by=clinic.desk, now=early)
        outcome = race([clinic.booker(patient, booking) for patient in clinic.patients])
        assert len(outcome.results) == 1
        assert outcome.kinds <= {"Taken", "Busy"}
    assert overlaps() == 0


def test_a_hold_is_booked_once(clinic):
    held = appointments.hold(
        site=clinic.site, patient=None, bookings=[clinic.booking(clinic.chairs[0])], by=clinic.desk, now=clinic.now
    )

    def book_it(patient):
        return lambda: appointments.book_held(
            appointments=held.appointments, patient=patient, by=clinic.desk, now=clinic.now
        )

    outcome = race([book_it(patient) for patient in clinic.patients])
    assert len(outcome.results) == 1
    assert outcome.kinds == {"WrongStatus"}


class TestMoves:
    def moves(self, clinic, booked, *, hour, versions):
        def move(appointment, version):
            return lambda: appointments.move(
                appointment=appointment,
                to=clinic.booking(clinic.chairs[0], hour=hour),
                by=clinic.desk,
                now=clinic.now,
                version=version,
            )

        return race([move(each, version) for each, version in zip(booked, versions, strict=True)])

    def test_two_to_the_same_place(self, clinic):
        booked = [
            clinic.booker(patient, clinic.booking(clinic.chairs[1], hour=hour))().appointments[0]
            for hour, patient in enumerate(clinic.patients)
        ]
        outcome = self.moves(clinic, booked, hour=1, versions=[1] * CLIENTS)
        assert len(outcome.results) == 1
        assert outcome.kinds == {"Taken"}
        assert overlaps() == 0

    def test_one_that_many_move(self, clinic):
        [booked] = clinic.booker(clinic.patients[0], clinic.booking(clinic.chairs[1]))().appointments
        outcome = self.moves(clinic, [booked] * CLIENTS, hour=1, versions=[1] * CLIENTS)
        assert len(outcome.results) == 1
        assert outcome.kinds == {"Changed"}
        assert Allocation.objects.count() == 1


def test_nothing_is_booked_on_what_is_being_switched_off(clinic):
    for day in range(4):
        chair = ChairFactory(site=clinic.site)
        outcome = race(
            [
                *(clinic.booker(patient, clinic.booking(chair, day=day)) for patient in clinic.patients[:4]),
                partial(resources.switch_off, resource=chair, by=clinic.manager, now=clinic.now),
            ]
        )
        chair.refresh_from_db()
        booked = Allocation.objects.filter(resource=chair).exists()
        assert booked == chair.is_active  # either somebody was first, or it is off and empty
        assert outcome.kinds <= ({"Taken", "Busy", "HasBookings"} if booked else {"NotWorking"})


def test_whoever_plans_under_the_sites_lock_is_not_overtaken(clinic):
    """A second attempt holds the site's lock while it plans: what it saw free stays free until it commits."""
    planning, booked = threading.Event(), threading.Event()

    def plan_and_book():
        with transaction.atomic():
            locks.acquire(locks.Space.SITE, [str(clinic.site.id)])
            planning.set()
            while not somebody_waits_for_a_lock():
                pass  # until the other one waits in line
            assert not booked.is_set()
            return clinic.booker(clinic.patients[0], clinic.booking(clinic.chairs[0]))()

    def overtake():
        planning.wait(timeout=30)
        try:
            return clinic.booker(clinic.patients[1], clinic.booking(clinic.chairs[0]))()
        finally:
            booked.set()

    outcome = race([plan_and_book, overtake])
    assert len(outcome.results) == 1
    assert outcome.kinds == {"Taken"}
    assert Appointment.objects.get().patient == clinic.patients[0]


def test_two_resources_of_one_name_are_not_added_at_once(clinic, monkeypatch):
    clean = resources._clean

    def slowly(resource):
        clean(resource)
        time.sleep(0.2)

    monkeypatch.setattr(resources, "_clean", slowly)
    adder = partial(resources.add, site=clinic.site, kind="chair", name="Chair 9", by=clinic.manager)
    outcome = race([adder, adder])
    assert len(outcome.results) == 1
    assert outcome.kinds == {"WrongResource"}


def test_a_resource_does_not_vanish_while_it_is_booked(clinic, monkeypatch):
    refused = []
    threads = []
    check = taking._check_hours

    def remove():
        try:
            resources.remove(resource=clinic.chairs[0], by=clinic.manager)
        except resources.HasBookings as error:
            refused.append(error)
        finally:
            connection.close()

    def interrupted(*args):
        check(*args)
        threads.append(threading.Thread(target=remove))
        threads[0].start()
        threads[0].join(1)

    monkeypatch.setattr(taking, "_check_hours", interrupted)
    clinic.booker(clinic.patients[0], clinic.booking(clinic.chairs[0]))()
    threads[0].join(20)
    assert Allocation.objects.get().resource == clinic.chairs[0]
    assert len(refused) == 1
