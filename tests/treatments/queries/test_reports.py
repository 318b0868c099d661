"""The numbers of reports against a clinic that was counted by hand, on paper."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from clinics.models import Patient
from core import clock
from scheduler.models import Allocation, Appointment, ChangeSet, Kind, Status
from tests.factories.clinics import OpeningHoursFactory, PatientFactory, SiteDayFactory
from tests.factories.scheduler import (
    AbsenceFactory,
    AllocationFactory,
    AppointmentFactory,
    ChairFactory,
    ChangeLineFactory,
    ChangeSetFactory,
    PersonFactory,
    RoomFactory,
)
from tests.factories.treatments import BookedVisitFactory, CourseFactory
from treatments.actions import changes
from treatments.actions import visits as visits_of_courses
from treatments.actions.changes import Move
from treatments.models import VisitStatus
from treatments.queries import attendance, refills, scopes, use
from treatments.queries.attendance import Outcome
from treatments.queries.scopes import Scope

pytestmark = pytest.mark.django_db
MARCH = date(2026, 3, 2), date(2026, 3, 15)
"""Two weeks from Monday to Sunday. On Sunday 8 March New York's clocks skip the hour from 2 to 3."""


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return clock.resolve(date(2026, month, day), time(hour, minute), "America/New_York").at


def taken(place, starts_at: datetime, ends_at: datetime, *, lane: int = 0, status: str = Status.DONE, **more) -> None:
    made = AppointmentFactory(site=place.site, starts_at=starts_at, ends_at=ends_at, status=status, **more)
    AllocationFactory(
        appointment=made, resource=place, lane=lane, is_active=status not in (Status.MISSED, Status.CANCELLED)
    )


@pytest.fixture
def counted(site):
    """Weekdays from 8 to 18 and Sundays from 0 to 6; closed on Wednesday 4 March."""
    OpeningHoursFactory(site=site, weekday=6, opens=time(0), closes=time(6))
    SiteDayFactory(site=site, on=date(2026, 3, 4))
    one, two = ChairFactory(site=site, name="One", position=1), ChairFactory(site=site, name="Two", position=2)
    group = RoomFactory(site=site, name="Group", position=3, lanes=4)
    ChairFactory(site=site, name="Old", is_active=False)
    AbsenceFactory(resource=two, starts_at=at(3, 0), ends_at=at(4, 0))
    made = BookedVisitFactory(
        course__patient__site=site,
        appointment__starts_at=at(2, 10),
        appointment__ends_at=at(2, 11, 30),
        appointment__status=Status.DONE,
        status=VisitStatus.DONE,
    )
    AllocationFactory(appointment=made.appointment, resource=one, ends_at=at(2, 11, 45))  # with its turnover
    nurse = PersonFactory(site=site)
    AllocationFactory(appointment=made.appointment, resource=nurse, role="nurse")
    taken(one, at(8, 0, 30), at(8, 3, 30))  # two hours: the clocks skip one
    taken(one, at(4, 9), at(4, 10))  # closed
    taken(one, at(3, 17, 30), at(3, 18, 30))  # half of it after closing time
    taken(two, at(3, 9), at(3, 10))  # out of service
    taken(two, at(6, 9), at(6, 10), status=Status.MISSED)
    taken(two, at(9, 9), at(9, 10), status=Status.HELD)
    taken(two, at(16, 9), at(16, 10))  # the day after the period
    taken(group, at(5, 9), at(5, 10))
    taken(group, at(5, 9, 30), at(5, 10, 30), lane=1)  # two at once are one hour and a half
    return site


def test_use_as_counted_by_hand(counted):
    found = use.use(Scope(counted, *MARCH))
    # nine weekdays of ten hours, a Sunday of five and one of six; chair two has a day less
    assert [(place.name, share.open / 60, share.booked / 60) for place, share in found.places] == [
        ("One", 101, 1.75 + 2 + 0.5),
        ("Two", 91, 0),
        ("Group", 101, 1.5),
    ]
    assert (found.total.open, found.total.booked) == (293 * 60, 5.75 * 60)
    assert found.outside == (1 + 0.5 + 1) * 60
    assert [found.cells[6, hour].open for hour in range(4)] == [360, 360, 180, 360]
    assert [found.cells[6, hour].booked for hour in range(4)] == [30, 60, 0, 30]
    assert [found.cells[0, hour].booked for hour in (9, 10, 11)] == [0, 60, 45]
    assert [found.cells[3, hour].booked for hour in (9, 10)] == [60, 30]
    assert (2, 9) in found.cells
    assert found.cells[2, 9].open == 3 * 60, "the closed Wednesday is not open"
    for what in ("open", "booked"):
        assert sum(getattr(share, what) for share in found.cells.values()) == getattr(found.total, what)
        assert sum(getattr(share, what) for _, share in found.places) == getattr(found.total, what)


def test_use_by_one_kind_of_visit_keeps_the_open_hours(counted):
    found = use.use(Scope(counted, *MARCH, family="infusion"))
    assert (found.total.open, found.total.booked, found.outside) == (293 * 60, 105, 0)


def test_the_hour_that_comes_twice_is_measured_twice(site):
    OpeningHoursFactory(site=site, weekday=6, opens=time(0), closes=time(6))
    chair = ChairFactory(site=site)
    taken(chair, datetime(2025, 11, 2, 5, tzinfo=UTC), datetime(2025, 11, 2, 7, tzinfo=UTC))  # 1:00 to 2:00, twice
    found = use.use(Scope(site, date(2025, 11, 2), date(2025, 11, 2)))
    assert found.total.open == 7 * 60
    assert {at: share.booked for at, share in found.cells.items() if share.booked} == {(6, 1): 120}


def test_a_site_without_places_has_no_use(site):
    found = use.use(Scope(site, *MARCH))
    assert (found.places, found.total.of_open) == ((), None)


# --- who came -----------------------------------------------------------------------------------------------------


def made(visit, *, booked: datetime) -> Appointment:
    """When the visit was booked is written by the database's clock; here it is told."""
    Appointment.objects.filter(pk=visit.appointment_id).update(created_at=booked)
    return visit.appointment


def cancelled(appointment: Appointment, when: datetime, *, before: str = "booked") -> None:
    change = ChangeSetFactory(site=appointment.site, verb="cancel")
    ChangeSet.objects.filter(pk=change.pk).update(created_at=when)
    ChangeLineFactory(
        change_set=change, appointment=appointment, before={"status": before}, after={"status": "cancelled"}
    )


@pytest.fixture
def visits(site):
    """One course of six visits from 2 to 12 March, and what is in no course."""
    course = CourseFactory(patient=PatientFactory(site=site))

    def visit(day: int, status: str, *, booked: datetime, family: str = "infusion", of=course) -> Appointment:
        after = {
            Status.DONE: VisitStatus.DONE,
            Status.MISSED: VisitStatus.MISSED,
            Status.CANCELLED: VisitStatus.CANCELLED,
        }
        return made(
            BookedVisitFactory(
                course=of,
                family=family,
                appointment__starts_at=at(day, 10),
                appointment__status=status,
                status=after.get(status, VisitStatus.BOOKED),
            ),
            booked=booked,
        )

    before = at(28, 12, month=2)
    visit(2, Status.DONE, booked=before)  # first, lead 2
    visit(3, Status.MISSED, booked=before)  # lead 3
    late = visit(5, Status.CANCELLED, booked=before)  # lead 5
    cancelled(late, at(4, 10, 1))  # 23 h 59 min before
    in_time = visit(6, Status.CANCELLED, booked=before)
    cancelled(in_time, at(5, 10))  # 24 h before
    visit(9, Status.BOOKED, booked=before)  # nobody recorded it
    visit(12, Status.DONE, booked=at(1, 9, month=2), family="psychotherapy")  # lead 39
    released = visit(11, Status.CANCELLED, booked=before)
    cancelled(released, at(11, 9), before="held")  # a hold that was given back
    other = CourseFactory(patient=PatientFactory(site=site))
    visit(13, Status.MISSED, booked=at(13, 8), of=other)  # first, lead 0
    lone = AppointmentFactory(site=site, patient=PatientFactory(site=site), starts_at=at(10, 15), status=Status.DONE)
    Appointment.objects.filter(pk=lone.pk).update(created_at=at(10, 8))
    visit(16, Status.MISSED, booked=before)  # the day after
    return site


def test_who_came_as_counted_by_hand(visits):
    found = attendance.attendance(Scope(visits, *MARCH))
    seen = {
        (kind.family, kind.lead, kind.first): {outcome.value: count for outcome, count in tally.counts.items()}
        for kind, tally in found.items()
    }
    assert seen == {
        ("infusion", 0, True): {"came": 1, "missed": 1},
        ("infusion", 1, False): {"missed": 1, "late": 1, "in_time": 1},
        ("infusion", 2, False): {"open": 1},
        ("psychotherapy", 3, False): {"came": 1},
        ("", 0, True): {"came": 1},
    }
    assert sum(tally.expected for tally in found.values()) == 6
    assert sum(tally.counts[Outcome.OPEN] for tally in found.values()) == 1


def test_who_came_to_one_kind_of_visit(visits):
    found = attendance.attendance(Scope(visits, *MARCH, family="psychotherapy"))
    assert [(kind.family, tally.expected) for kind, tally in found.items()] == [("psychotherapy", 1)]


def test_the_first_visit_ever(visits, now):
    assert scopes.first_visit_on(visits) == date(2026, 3, 2)
    assert scopes.first_visit_on(AppointmentFactory(status=Status.CANCELLED).site) is None


def test_a_visit_given_up_on_the_work_list_keeps_its_kind(book, clinic, site, flora, now):
    course = book().course
    for name in ("Theo", "Tessa"):
        AbsenceFactory(resource=clinic[name], starts_at=at(13, 0, month=5), ends_at=at(15, 0, month=5))
    gone = course.visits.get(key="talks.2").appointment
    made = changes.apply(event=Move(course.pk, "infusions.2", at(12, 8, month=5)), by=flora, now=now).change_set
    ChangeSet.objects.filter(pk=made.pk).update(created_at=gone.starts_at - timedelta(hours=2))
    waiting = course.visits.get(key="talks.2")
    assert waiting.appointment is None
    scope = Scope(site, date(2026, 5, 1), date(2026, 5, 31), family=waiting.family)

    def counted() -> tuple[object, int]:  # the third talk gave up its time too, with more notice
        came = attendance.attendance(scope)
        late = {(kind.family, kind.first): tally.late for kind, tally in came.items() if tally.late}
        return late, refills.refills(scope)[-1].given_up

    assert counted() == ({("psychotherapy", False): 1}, 2)
    visits_of_courses.cancel(visit=waiting, by=flora, now=now, version=None, reason="")
    assert counted() == ({("psychotherapy", False): 1}, 2)


# --- refills ------------------------------------------------------------------------------------------------------


def given_up(chair, day: int, when: datetime, *, kind: str = Kind.CHAIR) -> Appointment:
    gone = AppointmentFactory(site=chair.site, starts_at=at(day, 10), status=Status.CANCELLED)
    AllocationFactory(appointment=gone, resource=chair, is_active=False)
    cancelled(gone, when)
    return gone


def refilled(chair, starts_at: datetime, when: datetime, patient: Patient | None = None) -> None:
    taker = AppointmentFactory(site=chair.site, starts_at=starts_at, status=Status.DONE)
    row = AllocationFactory(appointment=taker, resource=chair)
    Allocation.objects.filter(pk=row.pk).update(created_at=when)


def test_refills_as_counted_by_hand(site):
    one, two, nurse = ChairFactory(site=site), ChairFactory(site=site), PersonFactory(site=site)
    given_up(one, 3, at(3, 4))  # 6 hours' notice, nobody came
    given_up(one, 5, at(4, 10))  # 24 hours
    refilled(one, at(5, 10), at(4, 12))  # after 2 hours
    given_up(two, 5, at(1, 10))  # 4 days
    refilled(two, at(5, 10, 30), at(2, 10))  # after 24 hours, half an hour later in the same chair
    given_up(two, 6, at(1, 10))  # 5 days
    refilled(two, at(6, 11), at(2, 10))  # begins when the place was over: no refill
    refilled(one, at(6, 10), at(2, 10))  # another chair
    given_up(two, 9, at(1, 10))  # 8 days
    refilled(two, at(9, 9, 30), at(28, 10, month=2))  # was there before: an overlap that cannot be, and no refill
    given_up(nurse, 10, at(1, 10))  # gives up no chair
    given_up(one, 12, at(12, 11))  # cancelled after it had begun
    found = refills.refills(Scope(site, *MARCH))
    assert [(each.band, each.given_up, each.taken_again, each.median_hours) for each in found] == [
        (0, 1, 0, None),
        (1, 1, 1, 2),
        (2, 2, 1, 24),
        (3, 1, 0, None),
        (None, 5, 2, 13),
    ]
    assert sum(each.given_up for each in found[:-1]) == found[-1].given_up
    assert sum(each.taken_again for each in found[:-1]) == found[-1].taken_again


def test_a_cancellation_taken_back_gave_nothing_up(site):
    chair = ChairFactory(site=site)
    kept = given_up(chair, 3, at(2, 10))
    Appointment.objects.filter(pk=kept.pk).update(status=Status.DONE)
    assert refills.refills(Scope(site, *MARCH))[-1].given_up == 0


def test_nothing_of_another_site_counts(visits, counted):
    elsewhere = AppointmentFactory(status=Status.MISSED, starts_at=at(3, 10))
    here = attendance.attendance(Scope(visits, *MARCH))
    there = attendance.attendance(Scope(elsewhere.site, *MARCH))
    assert sum(tally.missed for tally in there.values()) == 1
    assert sum(tally.missed for tally in here.values()) == 3
