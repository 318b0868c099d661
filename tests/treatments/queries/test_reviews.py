"""What waits for a clinician, and when it appears on the list and leaves it."""

from datetime import date, datetime, timedelta

import pytest

from scheduler.actions import appointments
from scheduler.models import Appointment, ChangeSet
from tests.factories.clinics import PatientFactory
from tests.treatments.documents import branching
from treatments.actions import changes, courses, protocols, visits
from treatments.life.events import Decide
from treatments.models import CourseStatus, DecisionRecord, Visit, VisitStatus
from treatments.queries import reviews as reading
from treatments.queries.decisions import DecisionState, points
from treatments.queries.reviews import ReviewKind, reviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def series(mona, now):
    return protocols.publish(document=branching(), by=mona, now=now)


@pytest.fixture
def course(book):
    """Infusions on Thursday 7, Monday 11 and Thursday 14 May at 8:00."""
    return book().course


def ends_at(course, key: str) -> datetime:
    return course.visits.get(key=key).appointment.ends_at


def states(course, now) -> dict[str, DecisionState]:
    return {point.decision.decision: point.state for point in points(course, now=now)}


def decided(course, visit: str, now, by, decision: str = "response") -> DecisionRecord:
    change_set = ChangeSet.objects.create(verb="status", by=by, site=course.site, patient=course.patient)
    return DecisionRecord.objects.create(
        course=course,
        decision=decision,
        after=visit,
        choice="continue",
        decided_at=now,
        by=by,
        change_set=change_set,
    )


def done(course, keys, nora) -> datetime:
    """The visits take place; the instant after the last of them."""
    at = course.created_at
    for key in keys:
        appointment = course.visits.get(key=key).appointment
        at = appointment.ends_at
        appointments.set_status(appointment=appointment, status="done", by=nora, now=at, version=None)
    return at


def test_a_decision_comes_falls_due_and_is_late(course):
    end = ends_at(course, "infusions.3")
    assert states(course, end - timedelta(minutes=1))["response"] == DecisionState.AHEAD
    assert states(course, end)["response"] == DecisionState.DUE
    [point] = [point for point in points(course, now=end) if point.decision.decision == "response"]
    assert (point.opens_at, point.due_on, point.after.key) == (end, date(2026, 5, 18), "infusions.3")
    # the whole of the last local date counts: until midnight in New York
    assert states(course, datetime.fromisoformat("2026-05-18T23:59:59-04:00"))["response"] == DecisionState.DUE
    assert states(course, datetime.fromisoformat("2026-05-19T00:00:00-04:00"))["response"] == DecisionState.OVERDUE


def test_a_decision_that_was_made(course, clara):
    end = ends_at(course, "infusions.3")
    record = decided(course, "infusions.3", end, clara)
    [point] = [point for point in points(course, now=end + timedelta(days=30)) if point.record is not None]
    assert (point.state, point.record) == (DecisionState.DECIDED, record)


def test_a_decision_about_another_visit_does_not_count(course, clara):
    end = ends_at(course, "infusions.3")
    decided(course, "infusions.2", end, clara)
    assert states(course, end)["response"] == DecisionState.DUE


def test_a_cancelled_last_visit_makes_the_one_before_it_the_last(course, flora, now):
    visits.cancel(visit=course.visits.get(key="infusions.3"), by=flora, now=now, version=None, reason="")
    assert states(course, ends_at(course, "infusions.2"))["response"] == DecisionState.DUE


def test_the_list(book, course, site, clara, django_assert_num_queries):
    end = ends_at(course, "infusions.3")
    assert reviews(site, now=end - timedelta(minutes=1)) == []
    book(patient=PatientFactory(site=site))
    with django_assert_num_queries(4):
        found = reviews(site, now=end + timedelta(hours=3))
    assert [(review.kind, review.then, review.overdue) for review in found] == [
        (ReviewKind.DECISION, "response", False)
    ] * 2
    assert found[0].message == "To be decided by 18 May 2026."
    assert reviews(site, now=end + timedelta(days=5))[0].overdue

    decided(course, "infusions.3", end, clara)
    assert [review.course != course for review in reviews(site, now=end + timedelta(hours=3))] == [True]


@pytest.mark.parametrize("choice", ["stop", "continue"])
def test_a_course_without_visits_left_waits_for_its_decision(course, site, nora, clara, flora, choice):
    at = done(course, ["infusions.1", "talks.1", "infusions.2", "talks.2", "infusions.3", "talks.3"], nora)
    for visit in course.visits.exclude(status=VisitStatus.DONE):
        visits.cancel(visit=visit, by=flora, now=at, version=None, reason="")
    course.refresh_from_db()
    assert course.status == CourseStatus.COMPLETED
    [review] = reviews(site, now=at)
    assert (review.kind, review.then, review.course) == (ReviewKind.DECISION, "response", course)

    changes.apply(event=Decide(course.pk, choice, "response"), by=clara, now=at)
    assert reviews(site, now=at) == []


def test_a_completed_course_that_was_stopped_waits_for_nothing(course, site, nora, clara, flora):
    at = done(course, ["infusions.1", "talks.1", "infusions.2", "talks.2", "infusions.3", "talks.3"], nora)
    for visit in course.visits.exclude(status=VisitStatus.DONE):
        visits.cancel(visit=visit, by=flora, now=at, version=None, reason="")
    [_] = reviews(site, now=at)
    stopped = changes.apply(event=Decide(course.pk, "stop"), by=clara, now=at)
    assert reviews(site, now=at) == []
    changes.undo(change_set=stopped.change_set, by=clara, now=at)
    assert len(reviews(site, now=at)) == 1


def test_courses_that_are_over_wait_for_nobody(course, site, flora):
    courses.cancel(course=course, by=flora, now=course.created_at, reason="")
    assert reviews(site, now=ends_at(course, "infusions.3")) == []


def test_a_missed_visit_that_a_clinician_decides_about(course, site, nora, clara):
    appointment = course.visits.get(key="infusions.2").appointment
    at = appointment.ends_at
    appointments.set_status(appointment=appointment, status="missed", by=nora, now=at, version=None)
    [review] = reviews(site, now=at)
    assert (review.kind, review.visit.key, review.title) == (ReviewKind.MISSED, "infusions.2", "Infusion 2 was missed")

    decided(course, "infusions.2", at + timedelta(minutes=1), clara, decision="")
    assert reviews(site, now=at + timedelta(hours=1)) == []


def test_a_missed_talk_is_nobodys_decision(course, site, nora):
    appointment = course.visits.get(key="talks.2").appointment
    appointments.set_status(appointment=appointment, status="missed", by=nora, now=appointment.ends_at, version=None)
    assert reviews(site, now=appointment.ends_at) == []


def test_a_break_that_became_too_long(course, site, nora, clara):
    at = done(course, ["infusions.1", "infusions.2"], nora)
    # somebody decided before the last one took place: that did not know of the break
    decided(course, "infusions.1", at - timedelta(hours=2), clara, decision="")
    third = Visit.objects.filter(course=course, key__in=["infusions.3", "weekly.1", "weekly.2"])
    Appointment.objects.filter(visit__in=third).update(status="cancelled")
    third.update(status=VisitStatus.TO_PLACE, appointment=None)

    def lapses(days: int):
        found = reviews(site, now=at + timedelta(days=days))
        return [(review.title, review.then, review.visit.key) for review in found if review.kind == ReviewKind.LAPSE]

    assert lapses(20) == []
    assert lapses(21) == [("A break of 21 days", "clinician", "infusions.2")]

    decided(course, "infusions.2", at + timedelta(days=1), clara, decision="")
    assert lapses(21) == []


def test_completed_courses_are_not_read_for_ever(book, course, site, nora, clara, flora, monkeypatch):
    read = []
    found = reading.of_course
    monkeypatch.setattr(reading, "of_course", lambda each, now: read.append(each) or found(each, now=now))

    def courses_read(at: datetime) -> set:
        read.clear()
        reviews(site, now=at)
        return set(read)

    running = book(patient=PatientFactory(site=site)).course
    at = done(course, ["infusions.1", "talks.1", "infusions.2", "talks.2", "infusions.3", "talks.3"], nora)
    for visit in course.visits.exclude(status=VisitStatus.DONE):
        visits.cancel(visit=visit, by=flora, now=at, version=None, reason="")
    assert courses_read(at) == {running, course}
    # one of its two decisions was made, and the other never came up: it is read for a year
    decided(course, "infusions.3", at, clara)
    assert courses_read(at) == {running, course}
    assert courses_read(at + timedelta(days=365)) == {running, course}
    assert courses_read(at + timedelta(days=367)) == {running}
    decided(course, "", at, clara, decision="interval")
    assert courses_read(at) == {running}
