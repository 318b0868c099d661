"""What a closure does beyond the visits it hits: to those that follow them, and to limits that count many."""

import pytest
import time_machine

from clinics.models import User
from scheduler.engine import followers, many
from scheduler.models import Resource
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AbsenceFactory
from tests.scheduler.engine.independent import faults
from tests.treatments.changing import at, where
from tests.treatments.documents import series as document
from treatments.actions import jobs, protocols
from treatments.life.running import Running
from treatments.many.closures import Closure
from treatments.models import Course, JobState, PlanningJob

pytestmark = pytest.mark.django_db


def away(resource: Resource, starts_at, ends_at, *, by: User, now) -> PlanningJob:
    """A job that is worked out: somebody or something is away."""
    closure = Closure(resource.site, "Away", resource=resource, starts_at=starts_at, ends_at=ends_at)
    jobs.close(closure=closure, by=by, now=now)
    with time_machine.travel(now, tick=False):
        job = jobs.work()
    assert job is not None
    assert job.state == JobState.READY, job.failure
    return job


def switch_off(*names: str) -> None:
    Resource.objects.filter(name__in=names).update(is_active=False)


def faults_of(course: Course, now) -> list[str]:
    """What the independent checker finds wrong with a course in the calendars as they are."""
    running = Running.read(course.pk, now=now)
    question = running.ask(about=running.movable)
    return faults(question.request, running.current(question, running.movable))


# --- what follows a visit without a place --------------------------------------------------------------------

BEGUN = at(8, 12)
"""The first infusion took place the day before, so that the second is due on the 11th or 12th."""


@pytest.fixture
def course(clinic, book) -> Course:
    """Infusions on Thursday 7, Monday 11 and Thursday 14 May in the only chair, each with a talk the day after."""
    switch_off("Chair 2", "Chair 3")
    return book().course


def test_what_follows_a_visit_without_a_place_moves_or_stays_and_is_told(course, clinic, mona):
    before = where(course)
    job = away(clinic["Chair 1"], at(11, 0), at(15, 0), by=mona, now=BEGUN)
    [answer] = job.answer["courses"]
    told = {step["visit"]: (step["fate"], [each["code"] for each in step["reasons"]]) for step in answer["steps"]}
    assert told["infusions.2"][0] == "invalid"
    assert told["infusions.3"] == ("moves", ["depends_on_unplaced"])
    assert told["talks.2"] == ("stays", ["depends_on_unplaced"])
    assert told["talks.3"] == ("moves", ["too_soon"]), "it follows its infusion"

    jobs.apply(job=job, digest=job.digest, by=mona, now=BEGUN)
    after = where(course)
    assert after["infusions.2"] == "to_place"
    assert after["talks.2"] == before["talks.2"]
    assert after["infusions.3"].startswith("18"), "the chair is there on Friday, but no day for the talk after it"
    assert after["talks.3"].startswith("19")
    assert faults_of(course, BEGUN) == []
    jobs.undo(job=job, by=mona, now=BEGUN)
    assert where(course) == before


def test_visits_of_an_absence_that_is_known_already_are_seen_to_as_well(course, clinic, mona, now):
    AbsenceFactory(resource=clinic["Chair 1"], starts_at=at(11, 0), ends_at=at(12, 0), reason="Service")
    before = where(course)
    job = away(clinic["Chair 1"], at(11, 0), at(12, 0), by=mona, now=BEGUN)
    assert job.answer["left"] == []
    jobs.apply(job=job, digest=job.digest, by=mona, now=BEGUN)
    assert where(course)["infusions.2"] != before["infusions.2"]
    assert faults_of(course, BEGUN) == []


def test_without_that_whatever_follows_goes_with_it(course, clinic, mona, monkeypatch):
    """The control: the best partial plan alone leaves out all that depends on what is left out."""
    monkeypatch.setattr(followers, "kept", lambda request, _, planned: (planned(request).placements, {}))
    job = away(clinic["Chair 1"], at(11, 0), at(15, 0), by=mona, now=BEGUN)
    [answer] = job.answer["courses"]
    fates = {step["visit"]: step["fate"] for step in answer["steps"]}
    assert fates["infusions.3"] == "invalid"


# --- limits that count many ----------------------------------------------------------------------------------


@pytest.fixture
def limited(book, site, patient, mona, now) -> list[Course]:
    """Four courses of two infusions with the only nurse, two of them the same patient's.

    One infusion a calendar week, two begin on a day in the clinic, and those of a patient are three days apart.
    """
    switch_off("Nurse Ben")
    parts = document(
        relations=[],
        continuity=[],
        caps=[{"visits": "infusion", "at_most": 1, "in_days": 3, "source": "T"}],
        daily_loads=[{"visits": "infusion", "at_most": 2, "source": "T"}],
    )
    week = {"at_most": 1, "week": "calendar", "source": "T"}
    parts["blocks"] = [{"block": "infusions", "visit": "infusion", "count": 2, "per_week": week, "source": "T"}]
    parts["visit_types"].pop("talk")
    version = protocols.publish(document=parts, by=mona, now=now)
    patients = [patient, patient, PatientFactory(site=site), PatientFactory(site=site)]
    return [book(protocol_version=version, patient=each).course for each in patients]


def carried_out(clinic, mona, now) -> PlanningJob:
    """The nurse is away for the second week."""
    job = away(clinic["Nurse Ada"], at(11, 0), at(16, 0), by=mona, now=now)
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    return job


def test_what_a_closure_moves_keeps_every_limit(limited, clinic, mona, now):
    assert [faults_of(course, now) for course in limited] == [[]] * 4
    job = carried_out(clinic, mona, now)
    assert len(job.answer["courses"]) == 4
    assert all(place.startswith(("0", "1", "2")) for course in limited for place in where(course).values())
    assert [faults_of(course, now) for course in limited] == [[]] * 4


@pytest.mark.parametrize("limit", ["with_caps", "with_loads"])
def test_the_checker_sees_a_limit_that_is_broken(limited, clinic, mona, now, monkeypatch, limit):
    """The control: courses that do not hear of each other."""
    monkeypatch.setattr(many, limit, lambda request, _: request)
    carried_out(clinic, mona, now)
    assert any(faults_of(course, now) for course in limited)
