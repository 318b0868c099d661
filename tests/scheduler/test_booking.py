"""Holding and booking: all or nothing, never two in one place, and a clear word when it cannot be."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from clinics.models import SiteDay
from core import clock
from core.errors import InvalidInput, NotAllowed
from scheduler.actions import appointments, holds
from scheduler.actions.appointments import Booking, NotWorking, OutOfRange, Take, Taken, Use, WrongStatus
from scheduler.engine.request import HANDS_LANE
from scheduler.models import Allocation, Appointment, ChangeSet, Status
from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
from tests.factories.scheduler import AbsenceFactory, ChairFactory, PersonFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced")]


def test_a_course_is_booked_as_one_change(site, patient, flora, chair, nurse, booking, at, now, announced):
    days = [date(2026, 5, 5), date(2026, 5, 8), date(2026, 5, 12)]
    asked = [booking(at(10, on=on), chair, shared=(nurse,)) for on in reversed(days)]
    made = appointments.book(site=site, patient=patient, bookings=asked, by=flora, now=now, reason="First course")

    assert [each.starts_at for each in made.appointments] == [each.starts_at for each in asked]
    assert {each.status for each in Appointment.objects.all()} == {Status.BOOKED}
    assert made.change_set.verb == "book"
    assert (made.change_set.by, made.change_set.patient, made.change_set.reason) == (flora, patient, "First course")
    assert Allocation.objects.filter(is_active=True).count() == 6
    assert announced == [(made.change_set, list(made.appointments))]


def test_the_wall_clock_intent_is_kept(site, patient, flora, chair, booking, at, now):
    made = appointments.book(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
    kept = Appointment.objects.get(id=made.appointments[0].id)
    assert (kept.local_on, f"{kept.local_time:%H:%M}", kept.zone, kept.fold) == (
        date(2026, 5, 5),
        "10:00",
        "America/New_York",
        0,
    )
    assert kept.starts_at.isoformat() == "2026-05-05T14:00:00+00:00"


@pytest.mark.parametrize(
    ("on", "utc", "wall", "fold"),
    [
        (date(2026, 3, 8), 6, "01:00", 0),  # the clocks go from 2:00 to 3:00
        (date(2026, 3, 8), 7, "03:00", 0),
        (date(2026, 11, 1), 5, "01:00", 0),  # and from 2:00 back to 1:00
        (date(2026, 11, 1), 6, "01:00", 1),
        (date(2026, 11, 1), 7, "02:00", 0),
    ],
)
def test_the_wall_clock_intent_is_kept_when_the_clocks_change(flora, booking, now, on, utc, wall, fold):
    site = SiteFactory(hours=[6], hours__opens=time(0), hours__closes=time(12))
    starts_at = datetime(on.year, on.month, on.day, utc, tzinfo=UTC)
    appointments.book(
        site=site,
        patient=PatientFactory(site=site),
        bookings=[booking(starts_at, ChairFactory(site=site))],
        by=flora,
        now=min(now, starts_at - timedelta(days=1)),
    )
    kept = Appointment.objects.get()
    assert (kept.local_on, f"{kept.local_time:%H:%M}", kept.fold) == (on, wall, fold)
    assert clock.resolve(kept.local_on, kept.local_time, kept.zone, fold=kept.fold).at == kept.starts_at == starts_at


def test_all_or_nothing(site, patient, flora, chair, booking, at, now, announced):
    appointments.book(site=site, patient=PatientFactory(), bookings=[booking(at(14), chair)], by=flora, now=now)
    announced.clear()
    with pytest.raises(Taken) as refused:
        appointments.book(
            site=site,
            patient=patient,
            bookings=[booking(at(10), chair), booking(at(14, 30), chair)],
            by=flora,
            now=now,
        )
    assert refused.value.pointer == "bookings/1/takes/0"
    assert Appointment.objects.filter(patient=patient).count() == 0
    assert ChangeSet.objects.count() == 1
    assert announced == []


def test_taken_names_the_resource_and_the_next_free_times_and_nobody_else(
    site, patient, flora, chair, booking, at, now
):
    stranger = PatientFactory(given_name="Secret", family_name="Stranger")
    appointments.book(site=site, patient=stranger, bookings=[booking(at(10), chair)], by=flora, now=now)
    with pytest.raises(Taken) as refused:
        appointments.book(site=site, patient=patient, bookings=[booking(at(10, 30), chair)], by=flora, now=now)

    error = refused.value
    assert error.message == "Chair 1 is taken on 5 May 2026 from 10:30am to 11:30am."
    assert error.detail == {
        "resource": {"id": str(chair.id), "name": "Chair 1"},
        "starts_at": at(10, 30).isoformat(),
        "ends_at": at(11, 30).isoformat(),
        "next_free": [at(11).isoformat(), at(11, 15).isoformat(), at(11, 30).isoformat()],
        "pointer": "bookings/0/takes/0",
    }
    said = repr(error) + error.message + repr(error.detail) + repr(error.__cause__)
    assert "Secret" not in said
    assert str(stranger.id) not in said


def test_neighbours_touch(site, flora, chair, booking, at, now):
    for hour in (10, 11, 9):
        patient = PatientFactory()
        appointments.book(site=site, patient=patient, bookings=[booking(at(hour), chair)], by=flora, now=now)
    assert Appointment.objects.count() == 3


def test_a_patient_is_never_in_two_places(site, patient, flora, chair, other_chair, booking, at, now):
    appointments.book(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
    with pytest.raises(Taken) as refused:
        appointments.book(site=site, patient=patient, bookings=[booking(at(10, 45), other_chair)], by=flora, now=now)
    assert refused.value.detail["resource"] is None
    assert refused.value.message == "The patient has another appointment on 5 May 2026 from 10:45am to 11:45am."
    with pytest.raises(Taken):  # nor within one request
        appointments.book(
            site=site,
            patient=patient,
            bookings=[booking(at(14), chair), booking(at(14), other_chair)],
            by=flora,
            now=now,
        )


def test_shared_use_fills_the_lanes_and_then_is_taken(site, flora, nurse, booking, at, now):
    for _ in range(3):
        patient = PatientFactory()
        appointments.book(site=site, patient=patient, bookings=[booking(at(10), shared=(nurse,))], by=flora, now=now)
    assert sorted(Allocation.objects.values_list("lane", flat=True)) == [0, 1, 2]
    with pytest.raises(Taken):
        appointments.book(
            site=site, patient=PatientFactory(), bookings=[booking(at(10, 30), shared=(nurse,))], by=flora, now=now
        )


def test_exclusive_use_takes_every_lane(site, flora, nurse, booking, at, now):
    appointments.book(site=site, patient=PatientFactory(), bookings=[booking(at(10), nurse)], by=flora, now=now)
    assert sorted(Allocation.objects.values_list("lane", flat=True)) == [0, 1, 2]
    for shared, exclusive in (((nurse,), ()), ((), (nurse,))):
        with pytest.raises(Taken):
            appointments.book(
                site=site,
                patient=PatientFactory(),
                bookings=[booking(at(10), *exclusive, shared=shared)],
                by=flora,
                now=now,
            )


def hands_on(resource, start, *, minutes=15):
    end = start + timedelta(minutes=minutes)
    return Booking(start, end, "Set-up", (Take(resource, "nurse", start, end, Use.HANDS_ON),))


def test_a_nurse_sets_up_one_while_others_are_watched(site, flora, nurse, booking, at, now):
    watched = [booking(at(9), minutes=180, shared=(nurse,))]
    appointments.book(site=site, patient=PatientFactory(), bookings=watched, by=flora, now=now)
    made = appointments.book(
        site=site, patient=PatientFactory(), bookings=[hands_on(nurse, at(10))], by=flora, now=now
    ).appointments[0]
    assert sorted(made.allocations.values_list("lane", flat=True)) == [1, HANDS_LANE]
    with pytest.raises(Taken):  # both hands are busy, though a lane is free
        appointments.book(site=site, patient=PatientFactory(), bookings=[hands_on(nurse, at(10, 5))], by=flora, now=now)
    appointments.book(
        site=site, patient=PatientFactory(), bookings=[booking(at(10), shared=(nurse,))], by=flora, now=now
    )


def test_hands_come_back_from_missed(site, flora, nurse, at, now):
    made = appointments.book(
        site=site, patient=PatientFactory(), bookings=[hands_on(nurse, at(10))], by=flora, now=now
    ).appointments[0]
    later = at(10, 30)
    for status in (Status.MISSED, Status.BOOKED):
        appointments.set_status(appointment=made, status=status, by=flora, now=later, version=None)
        made.refresh_from_db()
    active = made.allocations.filter(is_active=True)
    assert sorted(active.values_list("lane", flat=True)) == [0, HANDS_LANE]


def test_a_lane_is_free_for_the_whole_period_or_not_at_all(site, flora, booking, at, now):
    pair = PersonFactory(site=site, lanes=2)
    for hour, minutes in ((10, 60), (10, 120), (11, 30)):  # lanes: 0, 1, 0 again
        asked = [booking(at(hour), minutes=minutes, shared=(pair,))]
        appointments.book(site=site, patient=PatientFactory(), bookings=asked, by=flora, now=now)
    assert list(Allocation.objects.order_by("id").values_list("lane", flat=True)) == [0, 1, 0]
    with pytest.raises(Taken):  # lane 0 is free from 11:30 only, lane 1 from 12:00
        appointments.book(
            site=site, patient=PatientFactory(), bookings=[booking(at(11, 15), shared=(pair,))], by=flora, now=now
        )


def test_a_hold_takes_its_place_until_it_lapses(site, patient, flora, chair, booking, at, now, announced):
    held = appointments.hold(site=site, patient=None, bookings=[booking(at(10), chair)], by=flora, now=now)
    with pytest.raises(Taken):
        appointments.book(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
    assert announced == []

    later = now + timedelta(minutes=10)
    appointments.book(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=later)
    lapsed = Appointment.objects.get(id=held.appointments[0].id)
    assert (lapsed.status, lapsed.previous_status) == (Status.CANCELLED, Status.HELD)
    assert not lapsed.allocations.filter(is_active=True).exists()


def test_a_lapsed_hold_of_the_patient_is_swept_as_well(site, patient, flora, chair, other_chair, booking, at, now):
    appointments.hold(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
    later = now + timedelta(minutes=10)
    appointments.book(site=site, patient=patient, bookings=[booking(at(10), other_chair)], by=flora, now=later)
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 1


def test_holds_become_bookings(site, patient, flora, chair, nurse, booking, at, now, announced):
    asked = [booking(at(10), chair, shared=(nurse,)), booking(at(14), chair)]
    held = appointments.hold(site=site, patient=None, bookings=asked, by=flora, now=now)
    made = appointments.book_held(
        appointments=held.appointments, patient=patient, by=flora, now=now + timedelta(minutes=9)
    )
    rows = list(Appointment.objects.order_by("starts_at"))
    assert [(row.status, row.patient, row.hold_expires_at, row.version) for row in rows] == [
        (Status.BOOKED, patient, None, 2)
    ] * 2
    assert list(made.appointments) == rows
    assert [each.version for each in made.appointments] == [2, 2]
    assert announced == [(made.change_set, list(made.appointments))]


def test_a_hold_that_lapsed_cannot_be_booked(site, patient, flora, chair, booking, at, now):
    held = appointments.hold(site=site, patient=None, bookings=[booking(at(10), chair)], by=flora, now=now)
    with pytest.raises(WrongStatus):
        appointments.book_held(
            appointments=held.appointments, patient=patient, by=flora, now=now + timedelta(minutes=10)
        )
    appointments.book(site=site, patient=patient, bookings=[booking(at(10, 30))], by=flora, now=now)
    with pytest.raises(Taken):  # not yet lapsed, but the patient is elsewhere
        appointments.book_held(appointments=held.appointments, patient=patient, by=flora, now=now)


def test_a_hold_for_one_patient_is_not_booked_for_another(site, patient, flora, chair, booking, at, now):
    held = appointments.hold(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
    with pytest.raises(WrongStatus):
        appointments.book_held(appointments=held.appointments, patient=PatientFactory(), by=flora, now=now)


def test_a_released_hold_is_free_again(site, patient, flora, chair, booking, at, now):
    held = appointments.hold(site=site, patient=None, bookings=[booking(at(10), chair)], by=flora, now=now)
    appointments.release(appointments=held.appointments, by=flora, now=now)
    appointments.release(appointments=held.appointments, by=flora, now=now)  # again: nothing to do
    made = appointments.book(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
    with pytest.raises(WrongStatus):
        appointments.release(appointments=made.appointments, by=flora, now=now)


def test_holds_lapse_by_themselves(site, flora, chair, booking, at, now):
    service = UserFactory(role="service")
    held = [
        appointments.hold(site=site, patient=None, bookings=[booking(at(hour), chair)], by=flora, now=now)
        for hour in (9, 10, 11)
    ]
    fresh = appointments.hold(
        site=site, patient=None, bookings=[booking(at(14), chair)], by=flora, now=now + timedelta(minutes=5)
    )
    later = now + timedelta(minutes=10)
    assert holds.lapse(by=service, now=later, at_most=2) == 2
    assert holds.lapse(by=service, now=later) == 1
    assert holds.lapse(by=service, now=later) == 0
    assert Appointment.objects.filter(status=Status.HELD).get() == fresh.appointments[0]
    assert len(held) == 3
    with pytest.raises(NotAllowed):
        holds.lapse(by=flora, now=later)


def test_nobody_works_when_the_site_is_closed(site, patient, flora, chair, booking, at, now):
    def refused(bookings):
        with pytest.raises(NotWorking) as error:
            appointments.book(site=site, patient=patient, bookings=bookings, by=flora, now=now)
        return error.value.message

    assert refused([booking(at(17, 30), chair)]) == "Riverside Clinic is open from 8am to 6pm on 5 May 2026."
    saturday = date(2026, 5, 9)
    assert refused([booking(at(10, on=saturday), chair)]) == (
        "Riverside Clinic is closed on 9 May 2026: Closed on Saturdays."
    )
    memorial_day = date(2026, 5, 25)
    assert "Memorial Day" in refused([booking(at(10, on=memorial_day), chair)])
    SiteDay.objects.create(site=site, on=date(2026, 5, 6), reason="Power cut")
    assert "Power cut" in refused([booking(at(10, on=date(2026, 5, 6)), chair)])


def test_nobody_works_outside_their_hours(site, patient, flora, chair, nurse, booking, at, now):
    AbsenceFactory(resource=nurse, starts_at=at(12), ends_at=at(15), reason="Training")
    with pytest.raises(NotWorking) as refused:
        appointments.book(
            site=site, patient=patient, bookings=[booking(at(11, 30), chair, shared=(nurse,))], by=flora, now=now
        )
    assert refused.value.message == "Nina Nurse does not work on 5 May 2026 from 11:30am to 12:30pm."
    assert refused.value.pointer == "bookings/0/takes/1"


def test_a_resource_that_is_switched_off_or_elsewhere_is_not_booked(site, patient, flora, chair, booking, at, now):
    chair.is_active = False
    chair.save()
    with pytest.raises(NotWorking, match="Chair 1 is switched off"):
        appointments.book(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
    elsewhere = ChairFactory(site=SiteFactory())
    with pytest.raises(InvalidInput):
        appointments.book(site=site, patient=patient, bookings=[booking(at(10), elsewhere)], by=flora, now=now)


@pytest.mark.parametrize(
    ("shift", "minutes", "pointer"),
    [
        (timedelta(days=-2), 60, "bookings/0/starts_at"),
        (timedelta(days=4000), 60, "bookings/0/starts_at"),
        (timedelta(), 0, "bookings/0/ends_at"),
        (timedelta(), -30, "bookings/0/ends_at"),
        (timedelta(), 24 * 60 + 1, "bookings/0/ends_at"),
    ],
)
def test_absurd_periods_are_refused(site, patient, flora, chair, booking, at, now, shift, minutes, pointer):
    with pytest.raises(OutOfRange) as refused:
        appointments.book(
            site=site, patient=patient, bookings=[booking(at(10) + shift, chair, minutes=minutes)], by=flora, now=now
        )
    assert refused.value.pointer == pointer


def test_input_the_database_cannot_keep_is_refused(site, patient, flora, chair, booking, at, now):
    for bad in ("x" * 501, "a\x00b"):
        with pytest.raises(InvalidInput):
            appointments.book(
                site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now, reason=bad
            )
    with pytest.raises(InvalidInput):
        appointments.book(site=site, patient=patient, bookings=[], by=flora, now=now)
    with pytest.raises(OutOfRange):
        appointments.hold(site=site, patient=None, bookings=[booking(at(10))], by=flora, now=now, minutes=0)
    naive = booking(at(10).replace(tzinfo=None))
    with pytest.raises(OutOfRange, match="no time zone"):
        appointments.book(site=site, patient=patient, bookings=[naive], by=flora, now=now)


def test_a_nurse_books_nothing(site, patient, nora, chair, booking, at, now):
    with pytest.raises(NotAllowed):
        appointments.book(site=site, patient=patient, bookings=[booking(at(10), chair)], by=nora, now=now)
    with pytest.raises(NotAllowed):
        appointments.hold(site=site, patient=patient, bookings=[booking(at(10), chair)], by=nora, now=now)


@pytest.mark.parametrize("visits", [1, 3])
def test_the_number_of_queries_does_not_grow_with_the_course(
    site, patient, flora, chair, nurse, booking, at, now, visits, django_assert_num_queries
):
    days = [date(2026, 5, day) for day in (5, 6, 7)][:visits]
    asked = [booking(at(10, on=on), chair, shared=(nurse,)) for on in days]
    # 2 for the savepoint, 2 locks, 5 hours and resources, 2 in the way, 4 inserts
    with django_assert_num_queries(16):
        appointments.book(site=site, patient=patient, bookings=asked, by=flora, now=now)


def test_history_records_who_booked(site, patient, flora, chair, booking, at, now):
    from django.apps import apps

    appointments.book(site=site, patient=patient, bookings=[booking(at(10), chair)], by=flora, now=now)
    event = apps.get_model("scheduler", "AppointmentEvent").objects.get()
    assert (event.pgh_label, event.pgh_context.metadata) == ("insert", {"user": str(flora.id)})
