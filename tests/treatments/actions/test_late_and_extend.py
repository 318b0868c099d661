"""Patients who come late, and courses that are planned further ahead: as previewed, taken back as a whole."""

from datetime import UTC, datetime, timedelta

import pytest

from clinics.models import Role, User
from core import clock
from core.errors import InvalidInput
from scheduler.actions import appointments
from scheduler.actions.appointments import Booking, Take
from scheduler.actions.terms import WrongStatus
from scheduler.models import ChangeSet
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AbsenceFactory
from tests.treatments.documents import branching, series
from treatments.actions import changes, history, horizons, protocols
from treatments.life.delays import DelayTooLong
from treatments.life.effects import CourseOver
from treatments.life.events import Cancel, Decide, Delay, Extend, Late
from treatments.life.late_arrivals import TooLate
from treatments.models import Visit

pytestmark = pytest.mark.django_db


def at(hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of Thursday 7 May 2026 in New York, the day of the first infusion at 8:00."""
    return datetime(2026, 5, 7, hour + 4, minute, tzinfo=UTC)


def starts(course) -> dict[str, datetime]:
    rows = Visit.objects.filter(course=course, appointment__isnull=False).select_related("appointment")
    return {visit.key: visit.appointment.starts_at for visit in rows}


# --- late ----------------------------------------------------------------------------------------------------


def test_a_late_patient_is_treated_as_soon_as_it_goes(book, flora):
    course = book().course
    before, states = starts(course), history.states([course.pk])
    event = Late(course.pk, "infusions.1", arrives_at=at(8, 20))

    ripple = changes.preview(event=event, by=flora, now=at(8, 5))
    assert [(note.code, note.message) for note in ripple.notes] == [
        ("start_by", "It can begin until 4:45pm at the latest; after that it needs another day.")
    ]
    applied = changes.apply(event=event, by=flora, now=at(8, 5), digest=ripple.digest)

    assert starts(course) == before | {"infusions.1": at(8, 30)}
    assert applied.change_set.verb == "late"
    # the time it had goes on until 9:00; after that there is nothing to go back to
    with pytest.raises(changes.CannotUndo, match="is over"):
        changes.undo(change_set=applied.change_set, by=flora, now=at(9))
    changes.undo(change_set=applied.change_set, by=flora, now=at(8, 6))
    assert (starts(course), history.states([course.pk])) == (before, states)


def test_an_announced_delay_can_be_taken_back(book, flora):
    course = book().course
    before, states = starts(course), history.states([course.pk])
    event = Late(course.pk, "infusions.1", arrives_at=at(9))
    applied = changes.apply(event=event, by=flora, now=at(7, 30))
    assert starts(course)["infusions.1"] == at(9)
    changes.undo(change_set=applied.change_set, by=flora, now=at(7, 40))
    assert (starts(course), history.states([course.pk])) == (before, states)


def test_too_late_says_until_when_it_could_have_been(book, clinic, site, flora, now):
    course = book().course
    chairs = [clinic[f"Chair {number}"] for number in (1, 2, 3)]
    takes = tuple(Take(chair, f"r{number}", at(10), at(18)) for number, chair in enumerate(chairs))
    booking = Booking(at(10), at(18), "Other", takes)
    appointments.book(site=site, patient=PatientFactory(site=site), bookings=[booking], by=flora, now=now)

    in_time = changes.preview(event=Late(course.pk, "infusions.1", at(8, 45)), by=flora, now=at(8, 5))
    assert in_time.notes[0].message == "It can begin until 8:45am at the latest; after that it needs another day."
    with pytest.raises(TooLate, match="could begin until 8:45am") as raised:
        changes.apply(event=Late(course.pk, "infusions.1", at(8, 46)), by=flora, now=at(8, 5))
    assert raised.value.detail["latest"] == at(8, 45).isoformat()
    assert starts(course)["infusions.1"] == at(8)


def test_in_time_changes_nothing(book, flora):
    course = book().course
    before = starts(course)
    applied = changes.apply(event=Late(course.pk, "infusions.1", at(7, 55)), by=flora, now=at(7, 50))
    assert applied.ripple.notes[0].code == "in_time"
    assert starts(course) == before


@pytest.mark.parametrize("key", ["infusions.2", "talks.1"])
def test_nobody_is_late_for_another_day(book, flora, key):
    with pytest.raises(WrongStatus, match="not today"):
        changes.preview(event=Late(book().course.pk, key), by=flora, now=at(8, 5))


def test_nobody_is_late_for_what_is_cancelled(book, flora, now):
    course = book().course
    changes.apply(event=Cancel(course.pk, "infusions.1"), by=flora, now=now)
    with pytest.raises(WrongStatus, match="nobody is late"):
        changes.preview(event=Late(course.pk, "infusions.1"), by=flora, now=at(8, 5))


@pytest.fixture
def under(book, mona, now):
    """The series under a policy for late patients of its infusions."""

    def under(then: str):
        policy = {"visits": "infusions", "grace_minutes": 10, "then": then, "source": "T"}
        version = protocols.publish(document=series(late_arrivals=[policy]), by=mona, now=now)
        return book(protocol_version=version).course

    return under


def test_a_few_minutes_change_nothing(under, flora):
    course = under("start_late")
    preview = changes.preview(event=Late(course.pk, "infusions.1", at(8, 10)), by=flora, now=at(8, 5))
    assert preview.notes[0].code == "in_time"
    later = changes.preview(event=Late(course.pk, "infusions.1", at(8, 11)), by=flora, now=at(8, 5))
    assert later.counts["moves"] == 1


def test_where_late_patients_need_another_day(under, flora):
    course = under("rebook")
    assert changes.preview(event=Late(course.pk, "infusions.1", at(8, 10)), by=flora, now=at(8, 5))
    with pytest.raises(TooLate, match="more than 10 minutes late"):
        changes.preview(event=Late(course.pk, "infusions.1", at(8, 11)), by=flora, now=at(8, 5))


# --- waiting -------------------------------------------------------------------------------------------------


def days(course) -> dict[str, int]:
    """Days of May of the visits."""
    return {key: clock.local(start, "America/New_York").day for key, start in starts(course).items()}


@pytest.fixture
def waits(book, mona, now):
    """A course whose infusions may wait a week: on the 7th, the 11th and the 14th, a talk on the day after each."""
    policy = {"visits": "infusions", "max_days": 7, "then": "escalate", "source": "T"}
    version = protocols.publish(document=series(delays=[policy]), by=mona, now=now)
    return book(protocol_version=version).course


def test_what_comes_after_a_visit_that_waits_moves_with_it(waits, flora, now):
    before, states = days(waits), history.states([waits.pk])
    event = Delay(waits.pk, "infusions.2", 7)

    ripple = changes.preview(event=event, by=flora, now=now)
    applied = changes.apply(event=event, by=flora, now=now, digest=ripple.digest)

    after = days(waits)
    assert {key: after[key] for key in ("infusions.1", "talks.1")} == {"infusions.1": 7, "talks.1": 8}
    # a week later than the 11th, although eleven days after the first are more than the usual five
    assert after["infusions.2"] == before["infusions.2"] + 7 == 18
    assert 3 <= after["infusions.3"] - after["infusions.2"] <= 5
    for number in (2, 3):
        assert 1 <= after[f"talks.{number}"] - after[f"infusions.{number}"] <= 2
    assert ripple.counts == {"stays": 2, "moves": 4}

    changes.undo(change_set=applied.change_set, by=flora, now=now)
    assert (days(waits), history.states([waits.pk])) == (before, states)


def test_longer_than_the_protocol_allows(waits, flora, now):
    with pytest.raises(DelayTooLong) as raised:
        changes.apply(event=Delay(waits.pk, "infusions.2", 8), by=flora, now=now)
    assert raised.value.detail == {"max_days": 7, "waited_days": 0, "then": "escalate"}
    assert days(waits)["infusions.2"] == 11


def test_several_delays_add_up(waits, flora, clara, now):
    def wait(number):
        return changes.apply(event=Delay(waits.pk, "infusions.2", number), by=flora, now=now)

    wait(3)
    with pytest.raises(DelayTooLong) as raised:
        wait(5)
    assert raised.value.message == (
        "Infusion 2 may wait 7 days at the most and has waited 3 days. After that a clinician decides."
    )
    assert raised.value.detail == {"max_days": 7, "waited_days": 3, "then": "escalate"}
    changes.apply(event=Delay(waits.pk, "infusions.1", 3), by=flora, now=now)  # another visit has a week of its own
    with pytest.raises(DelayTooLong):
        wait(5)
    changes.apply(event=Decide(waits.pk, "continue"), by=clara, now=now)
    wait(5)  # since the decision it has not waited


def test_a_delay_that_was_taken_back_does_not_count(waits, flora, now):
    first = changes.apply(event=Delay(waits.pk, "infusions.2", 7), by=flora, now=now)
    undone = changes.undo(change_set=first.change_set, by=flora, now=now)
    again = changes.apply(event=Delay(waits.pk, "infusions.2", 7), by=flora, now=now)
    changes.undo(change_set=again.change_set, by=flora, now=now)
    changes.undo(change_set=undone, by=flora, now=now)
    with pytest.raises(DelayTooLong):
        changes.preview(event=Delay(waits.pk, "infusions.2", 1), by=flora, now=now)


def test_what_finds_no_place_within_the_delay_goes_to_the_work_list(waits, clinic, mona, flora, now):
    for name in ("Nurse Ada", "Nurse Ben"):
        AbsenceFactory(
            resource=clinic[name],
            starts_at=datetime(2026, 5, 14, 4, tzinfo=UTC),
            ends_at=datetime(2026, 5, 19, 4, tzinfo=UTC),
        )
    ripple = changes.preview(event=Delay(waits.pk, "infusions.2", 3), by=flora, now=now)
    step = next(step for step in ripple.steps if step.visit == "infusions.2")
    assert step.fate == "invalid"
    assert any("until 18 May at the most" in why.message for why in step.reasons), step.reasons


@pytest.mark.parametrize("number", [0, -1, 367])
def test_no_delay_at_all(waits, flora, now, number):
    with pytest.raises(InvalidInput) as raised:
        changes.preview(event=Delay(waits.pk, "infusions.2", number), by=flora, now=now)
    assert raised.value.pointer == "days"


# --- further ahead -------------------------------------------------------------------------------------------


@pytest.fixture
def open_ended(mona, now, book):
    """A course of which the first maintenance visit took place, and the instant after it."""
    version = protocols.publish(document=branching(), by=mona, now=now)
    course = book(protocol_version=version).course
    appointment = course.visits.get(key="maintenance.1").appointment
    appointments.set_status(appointment=appointment, status="done", by=mona, now=appointment.ends_at, version=None)
    return course, appointment.ends_at


def test_the_next_visit_is_planned(open_ended, flora):
    course, after = open_ended
    before, states = starts(course), history.states([course.pk])

    ripple = changes.preview(event=Extend(course.pk), by=flora, now=after)
    applied = changes.apply(event=Extend(course.pk), by=flora, now=after, digest=ripple.digest)

    found = starts(course)
    assert {key: found[key] for key in before} == before
    [added] = found.keys() - before.keys()
    assert added == "maintenance.3"
    assert Visit.objects.get(course=course, key=added).status == "tentative"
    days = (
        clock.local(found[added], "America/New_York").date()
        - clock.local(found["maintenance.2"], "America/New_York").date()
    )
    assert days == timedelta(days=14)
    with pytest.raises(WrongStatus, match="planned ahead"):
        changes.preview(event=Extend(course.pk), by=flora, now=after)

    changes.undo(change_set=applied.change_set, by=flora, now=after)
    assert history.states([course.pk]) == states


def test_a_clock_keeps_courses_planned_ahead(open_ended, now):
    course, after = open_ended
    service = User.objects.service()
    assert horizons.extend_all(by=service, now=after) == 1
    assert horizons.extend_all(by=service, now=after) == 0
    assert ChangeSet.objects.filter(verb="extend", by__role=Role.SERVICE).count() == 1
    assert Visit.objects.filter(course=course, key="maintenance.3").exists()


def test_one_that_cannot_be_extended_keeps_no_other(open_ended, book, clara, now):
    course, after = open_ended
    changes.apply(event=Decide(course.pk, "hold"), by=clara, now=after)
    with pytest.raises(WrongStatus, match="paused"):
        changes.preview(event=Extend(course.pk), by=clara, now=after)
    other = book(protocol_version=course.protocol_version, patient=PatientFactory(site=course.site)).course
    Visit.objects.filter(course=other, key="maintenance.1").update(status="done")
    assert horizons.extend_all(by=User.objects.service(), now=after) == 1
    assert Visit.objects.filter(course=other, key="maintenance.3").exists()
    assert not Visit.objects.filter(course=course, key="maintenance.3").exists()


def test_enough_is_enough(open_ended):
    _, after = open_ended
    assert horizons.extend_all(by=User.objects.service(), now=after, enough=lambda: True) == 0


def test_a_course_that_is_over(book, flora, now):
    course = book().course
    changes.apply(event=Cancel(course.pk, scope="course"), by=flora, now=now)
    with pytest.raises(CourseOver):
        changes.preview(event=Extend(course.pk), by=flora, now=now)
