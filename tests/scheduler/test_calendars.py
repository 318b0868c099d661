"""The calendars that the planner reads, and the free times that people choose from."""

from datetime import date, time, timedelta

import pytest

from scheduler.actions import appointments
from scheduler.queries import calendars
from tests.factories.clinics import OpeningHoursFactory, PatientFactory, SiteFactory
from tests.factories.scheduler import AllocationFactory, ChairFactory, PersonFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced")]

TUESDAY = date(2026, 5, 5)
HOUR = 12  # slots


@pytest.fixture
def grid(site):
    return calendars.grid(site, first_on=TUESDAY, days=2)


def test_working_time_skills_and_lanes(site, grid, chair, nurse, now):
    first, second = calendars.calendars(site, grid, now=now)
    assert (first.id, first.kind, first.lanes, first.skills) == (str(chair.id), "chair", 1, frozenset({"infusion"}))
    assert (second.id, second.kind, second.lanes, second.skills) == (str(nurse.id), "person", 3, frozenset())
    assert first.working == second.working == ((8 * HOUR, 18 * HOUR), (32 * HOUR, 42 * HOUR))
    assert first.busy == ()


def test_what_is_taken(site, grid, patient, flora, chair, nurse, booking, at, now):
    appointments.book(site=site, patient=patient, bookings=[booking(at(9), chair, shared=(nurse,))], by=flora, now=now)
    appointments.book(site=site, patient=PatientFactory(), bookings=[booking(at(11), nurse)], by=flora, now=now)
    by_id = {calendar.id: calendar.busy for calendar in calendars.calendars(site, grid, now=now)}
    assert by_id[str(chair.id)] == ((9 * HOUR, 10 * HOUR, 0),)
    assert by_id[str(nurse.id)] == (
        (9 * HOUR, 10 * HOUR, 0),
        *((11 * HOUR, 12 * HOUR, lane) for lane in range(3)),
    )


def test_rounding_never_promises_too_much(grid, site, at, now):
    site.opening_hours.update(opens=time(8, 2), closes=time(17, 58))
    chair = ChairFactory(site=site)
    AllocationFactory(appointment__site=site, resource=chair, starts_at=at(9, 3), ends_at=at(9, 7))
    [calendar] = calendars.calendars(site, grid, now=now)
    assert calendar.working[0] == (8 * HOUR + 1, 18 * HOUR - 1)
    assert calendar.busy == ((9 * HOUR, 9 * HOUR + 2, 0),)


def test_what_sticks_out_of_the_grid_is_cut(site, grid, chair, at, now):
    AllocationFactory(
        appointment__site=site, resource=chair, starts_at=at(23, on=date(2026, 5, 4)), ends_at=at(1, on=TUESDAY)
    )
    AllocationFactory(
        appointment__site=site,
        resource=chair,
        starts_at=at(23, on=date(2026, 5, 6)),
        ends_at=at(22, on=date(2026, 5, 7)),
    )
    AllocationFactory(appointment__site=site, resource=chair, starts_at=at(9, on=date(2026, 5, 8)), ends_at=at(10, on=date(2026, 5, 8)))  # fmt: skip
    [calendar] = calendars.calendars(site, grid, now=now)
    assert calendar.busy == ((0, HOUR, 0), (47 * HOUR, 48 * HOUR, 0))


def test_what_is_ignored(site, grid, patient, flora, chair, booking, at, now):
    booked = appointments.book(site=site, patient=patient, bookings=[booking(at(9), chair)], by=flora, now=now)
    appointments.hold(site=site, patient=None, bookings=[booking(at(11), chair)], by=flora, now=now)
    cancelled = appointments.book(site=site, patient=patient, bookings=[booking(at(14), chair)], by=flora, now=now)
    appointments.cancel(appointments=cancelled.appointments, by=flora, now=now, reason="")

    def busy(**choices):
        return [slot // HOUR for slot, _, _ in calendars.calendars(site, grid, **choices)[0].busy]

    later = now + timedelta(minutes=10)
    assert busy(now=now) == [9, 11]
    assert busy(now=later) == [9]
    assert busy(now=later, without=[booked.appointments[0].id]) == []


def test_only_those_asked_for_and_switched_on(site, grid, chair, other_chair, nurse, now):
    other_chair.is_active = False
    other_chair.save()
    ChairFactory(site=SiteFactory())
    ids = [calendar.id for calendar in calendars.calendars(site, grid, now=now)]
    assert ids == [str(chair.id), str(nurse.id)]
    assert len(calendars.calendars(site, grid, now=now, resources=[nurse.id, other_chair.id])) == 1
    assert calendars.calendars(SiteFactory(), grid, now=now) == ()


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_is_fixed(site, grid, now, count, django_assert_num_queries):
    for number in range(count):
        chair = ChairFactory(site=site, skills=["infusion", f"skill-{number}"])
        PersonFactory(site=site)
        AllocationFactory(appointment__site=site, resource=chair)
    with django_assert_num_queries(7):
        assert len(calendars.calendars(site, grid, now=now)) == 2 * count


def test_open_days(site):
    fortnight = calendars.grid(site, first_on=date(2026, 5, 23), days=9)  # a Saturday; the Monday is Memorial Day
    assert calendars.open_days(fortnight, calendars.opening(site, fortnight)) == {3, 4, 5, 6}


def test_patient_busy(site, grid, patient, flora, chair, booking, at, now):
    first, second = (
        appointments.book(site=site, patient=patient, bookings=[booking(at(hour))], by=flora, now=now).appointments[0]
        for hour in (9, 14)
    )
    appointments.hold(site=site, patient=patient, bookings=[booking(at(11), chair)], by=flora, now=now)
    appointments.cancel(appointments=[second], by=flora, now=now, reason="")

    hours = [(9 * HOUR, 10 * HOUR), (11 * HOUR, 12 * HOUR)]
    assert list(calendars.patient_busy(patient, grid, now=now)) == hours
    assert list(calendars.patient_busy(patient, grid, now=now, without=[first.id])) == hours[1:]
    assert list(calendars.patient_busy(patient, grid, now=now + timedelta(minutes=10))) == hours[:1]
    assert calendars.patient_busy(PatientFactory(), grid, now=now) == ()


class TestNextFree:
    def test_quarter_hours_at_work_and_free(self, site, patient, flora, chair, booking, at, now):
        appointments.book(site=site, patient=patient, bookings=[booking(at(9), chair)], by=flora, now=now)
        assert calendars.next_free(chair, minutes=60, after=at(8, 1), now=now) == [at(10), at(10, 15), at(10, 30)]
        assert calendars.next_free(chair, minutes=30, after=at(8, 16), now=now, count=2) == [at(8, 30), at(10)]

    def test_every_lane_must_be_free(self, site, patient, flora, nurse, booking, at, now):
        appointments.book(site=site, patient=patient, bookings=[booking(at(8), shared=(nurse,))], by=flora, now=now)
        assert calendars.next_free(nurse, minutes=60, after=at(8), now=now, count=1) == [at(9)]

    def test_goes_on_to_the_next_open_day(self, site, chair, at, now):
        friday, monday = date(2026, 5, 8), date(2026, 5, 11)
        found = calendars.next_free(chair, minutes=60, after=at(17, on=friday), now=now)
        assert found == [at(17, on=friday), at(8, on=monday), at(8, 15, on=monday)]

    def test_there_may_be_none(self, site, chair, at, now):
        assert calendars.next_free(chair, minutes=11 * 60, after=at(8), now=now) == []
        assert calendars.next_free(PersonFactory(site=site, hours=()), minutes=15, after=at(8), now=now) == []

    def test_a_lapsed_hold_is_in_nobodys_way(self, site, flora, chair, booking, at, now):
        appointments.hold(site=site, patient=None, bookings=[booking(at(9), chair)], by=flora, now=now)
        later = now + timedelta(minutes=10)
        assert calendars.next_free(chair, minutes=60, after=at(9), now=now, count=1) == [at(10)]
        assert calendars.next_free(chair, minutes=60, after=at(9), now=later, count=1) == [at(9)]


@pytest.mark.parametrize(("on", "elapsed"), [(date(2026, 3, 8), 4), (date(2026, 11, 1), 6)])
def test_slots_count_elapsed_time_when_the_clocks_change(now, on, elapsed):
    site = SiteFactory(hours=())
    OpeningHoursFactory(site=site, weekday=6, opens=time(0), closes=time(5))
    chair = ChairFactory(site=site)
    grid = calendars.grid(site, first_on=on, days=1)
    [calendar] = calendars.calendars(site, grid, now=now)
    assert calendar.working == ((0, elapsed * HOUR),)
    starts_at = grid.instant(3 * HOUR)
    AllocationFactory(
        appointment__site=site, resource=chair, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1)
    )
    assert calendars.calendars(site, grid, now=now)[0].busy == ((3 * HOUR, 4 * HOUR, 0),)
