"""Visits and courses follow the calendar; a whole course is cancelled."""

from datetime import timedelta

import pytest

from core.errors import InvalidInput, Stale
from scheduler.actions import appointments
from scheduler.models import Appointment, Resource, Status
from treatments.actions import courses, visits
from treatments.models import Course, VisitStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def set_status(flora):
    def set_status(visit, status):
        appointment = Appointment.objects.get(pk=visit.appointment_id)
        later = appointment.starts_at + timedelta(hours=2)
        appointments.set_status(appointment=appointment, status=status, by=flora, now=later, version=None)

    return set_status


def statuses(course) -> list[str]:
    return list(course.visits.order_by("position").values_list("status", flat=True))


@pytest.mark.parametrize(
    ("status", "visit"), [("arrived", "booked"), ("in_treatment", "booked"), ("done", "done"), ("missed", "missed")]
)
def test_a_visit_follows_its_appointment_and_comes_back(book, set_status, status, visit):
    course = book().course
    first = course.visits.get(key="infusions.1")

    set_status(first, status)
    assert statuses(course)[0] == visit
    set_status(first, "booked")
    assert statuses(course)[0] == "booked"


def test_cancelling_in_the_calendar_cancels_the_visit(book, flora, now):
    course = book().course
    first = course.visits.get(key="infusions.1")
    appointments.cancel(appointments=[first.appointment], by=flora, now=now, reason="")
    assert statuses(course) == ["cancelled"] + ["booked"] * 5


def test_a_course_is_completed_with_its_last_visit_and_resumes_if_that_comes_back(book, set_status, flora, now):
    course = book().course
    everything = list(course.visits.order_by("appointment__starts_at"))
    visits.cancel(visit=everything[0], by=flora, now=now, version=None, reason="")
    for number, visit in enumerate(everything[1:], start=1):
        assert Course.objects.get().status == "active"
        set_status(visit, "missed" if number == 2 else "done")

    assert Course.objects.get().status == "completed"
    version = Course.objects.get().version
    set_status(everything[-1], "booked")
    assert (Course.objects.get().status, Course.objects.get().version) == ("active", version + 1)


def test_a_course_with_a_visit_to_be_placed_is_not_completed(book, set_status):
    Resource.objects.filter(name__in=["Theo", "Tessa"]).update(is_active=False)
    course = book(partial=True).course
    for visit in course.visits.exclude(appointment=None):
        set_status(visit, "done")
    assert Course.objects.get().status == "active"


def test_a_course_whose_visits_were_all_cancelled_is_cancelled(book, flora, now):
    course = book().course
    for visit in course.visits.all():
        visits.cancel(visit=visit, by=flora, now=now, version=None, reason="")
    assert Course.objects.get().status == "cancelled"


def test_a_tentative_visit_stays_tentative(book, flora, set_status):
    course = book().course
    visit = course.visits.get(key="talks.3")
    course.visits.filter(pk=visit.pk).update(status=VisitStatus.TENTATIVE)
    set_status(visit, "arrived")
    assert course.visits.get(pk=visit.pk).status == VisitStatus.TENTATIVE


# --- the whole course ----------------------------------------------------------------------------------------


def test_cancelling_a_course_frees_what_has_not_happened(book, set_status, flora, now):
    course = book().course
    set_status(course.visits.get(key="infusions.1"), "done")
    set_status(course.visits.get(key="talks.1"), "missed")

    made = courses.cancel(course=course, by=flora, now=now, reason="Moved away", version=1)

    assert statuses(course) == ["done", "cancelled", "cancelled", "missed", "cancelled", "cancelled"]
    assert (course.status, course.version) == ("cancelled", 2)
    assert (made.verb, made.reason) == ("cancel", "Moved away")
    cancelled = Appointment.objects.filter(status=Status.CANCELLED)
    assert cancelled.count() == 4
    assert set(cancelled.values_list("change_set", flat=True)) == {made.pk}


def test_a_visit_under_way_is_not_cancelled_with_its_course(book, set_status, flora, now):
    course = book().course
    first = course.visits.get(key="infusions.1")
    set_status(first, "in_treatment")
    courses.cancel(course=course, by=flora, now=now, reason="")
    assert statuses(course) == ["booked"] + ["cancelled"] * 5
    assert Appointment.objects.get(pk=first.appointment_id).allocations.filter(is_active=True).exists()
    set_status(first, "done")
    assert statuses(course)[0] == "done"
    assert Course.objects.get().status == "cancelled"


def test_visits_to_be_placed_are_cancelled_with_their_course(book, flora, now):
    Resource.objects.filter(name__in=["Theo", "Tessa"]).update(is_active=False)
    course = book(partial=True).course
    courses.cancel(course=course, by=flora, now=now, reason="")
    assert set(statuses(course)) == {"cancelled"}


def test_a_course_without_any_place_can_be_cancelled(book, flora, now):
    Resource.objects.update(is_active=False)
    course = book(partial=True).course
    made = courses.cancel(course=course, by=flora, now=now, reason="")
    assert (Course.objects.get().status, made.verb) == ("cancelled", "cancel")


def test_a_reason_that_cannot_be_kept_is_refused(book, flora, now):
    Resource.objects.update(is_active=False)
    course = book(partial=True).course
    visit = course.visits.first()
    for reason in ("x" * 501, "\x00"):
        with pytest.raises(InvalidInput):
            courses.cancel(course=course, by=flora, now=now, reason=reason)
        with pytest.raises(InvalidInput):
            visits.cancel(visit=visit, by=flora, now=now, version=None, reason=reason)


def test_a_course_is_cancelled_once(book, flora, now):
    course = book().course
    courses.cancel(course=course, by=flora, now=now, reason="")
    with pytest.raises(courses.CourseOver):
        courses.cancel(course=course, by=flora, now=now, reason="")


def test_a_stale_cancel_changes_nothing(book, flora, now):
    course = book().course
    with pytest.raises(Stale) as raised:
        courses.cancel(course=course, by=flora, now=now, reason="", version=9)
    assert raised.value.detail["current"] == {"version": 1, "status": "active"}
    assert set(statuses(course)) == {"booked"}


def test_a_cancelled_course_stays_cancelled(book, flora, now, set_status):
    """A visit that was done on the day is set back by mistake: the course does not come to life again."""
    course = book().course
    first = course.visits.get(key="infusions.1")
    set_status(first, "done")
    courses.cancel(course=course, by=flora, now=now, reason="")
    set_status(first, "booked")
    assert Course.objects.get().status == "cancelled"
