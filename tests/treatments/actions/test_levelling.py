"""Levelling a week: fewer starts on full days, every course still by its rules, one change set, one undo."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from core.errors import InvalidInput, NotAllowed
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory
from tests.scheduler.engine.independent import faults
from tests.treatments.documents import series as document
from treatments.actions import jobs, protocols, visits
from treatments.actions.jobs import AnswerOutdated
from treatments.life.running import Running
from treatments.many.levels import Levelling
from treatments.models import JobState, PlanningJob, Visit

pytestmark = pytest.mark.django_db

WEEK = (date(2026, 5, 11), date(2026, 5, 15))
"""Monday to Friday."""


@pytest.fixture
def series(mona, now):
    """Infusions three to five days apart, and no talks: where one goes the others need not."""
    whole = document()
    only = document(
        visit_types={"infusion": whole["visit_types"]["infusion"]},
        blocks=[block for block in whole["blocks"] if block["block"] == "infusions"],
        relations=[],
        continuity=[],
    )
    return protocols.publish(document=only, by=mona, now=now)


@pytest.fixture
def booked(book, site):
    """Four courses that begin in the week before, all with infusions on Monday 11 and Thursday 14 May."""
    made = [book(patient=PatientFactory(site=site), start_on=date(2026, 5, 7)).course for _ in range(4)]
    assert {on.day: count for on, count in starts().items() if on >= WEEK[0]} == {11: 4, 14: 4}
    return made


@pytest.fixture(autouse=True)
def at_that_moment(now):
    with time_machine.travel(now):
        yield


@pytest.fixture
def level(site, mona, now):
    def level(**changed) -> PlanningJob:
        asked = replace(Levelling(site, *WEEK, target=2), **changed)
        jobs.level(levelling=asked, by=mona, now=now)
        job = jobs.work()
        assert job.state == JobState.READY, job.failure
        return job

    return level


def starts() -> Counter[date]:
    return Counter(Appointment.objects.taking().values_list("local_on", flat=True))


def surplus(target: int = 2) -> int:
    """Starts above the target in the week."""
    return sum(max(0, count - target) for on, count in starts().items() if WEEK[0] <= on <= WEEK[1])


def places() -> dict:
    return {
        visit.pk: (visit.status, visit.appointment.starts_at, sorted(taken(visit.appointment)))
        for visit in Visit.objects.select_related("appointment")
    }


def taken(appointment):
    return appointment.allocations.filter(is_active=True).values_list("resource__name", "lane")


def moved(before: dict) -> list:
    return [key for key, place in places().items() if place != before[key]]


def test_full_days_lose_visits_and_one_undo_brings_them_back(level, booked, mona, now):
    before = places()
    job = level()
    assert places() == before, "working it out changes nothing"
    told = {date.fromisoformat(each["on"]): (each["before"], each["after"]) for each in job.answer["days"]}
    assert told[WEEK[0]][0] == told[date(2026, 5, 14)][0] == 4

    made = jobs.apply(job=job, digest=job.digest, by=mona, now=now)

    assert {on: after for on, (_, after) in told.items()} == {on: starts()[on] for on in told}
    assert surplus() == 0
    assert {visit.appointment.local_on for visit in Visit.objects.filter(pk__in=moved(before))} <= {
        WEEK[0] + timedelta(days=n) for n in range(5)
    }
    assert made.verb == "level"
    for course in booked:
        running = Running.read(course.pk, now=now)
        question = running.ask(about=running.standing)
        assert faults(question.request, running.current(question, running.standing)) == []

    jobs.undo(job=job, by=mona, now=now)
    assert places() == before


def test_no_more_moves_than_asked_for(level, booked, mona, now):
    before = places()
    job = level(most_moves=1)
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    assert len(moved(before)) == 1
    assert surplus() == 3


def test_the_mean_is_the_target_unless_one_is_named(level, booked):
    """Eight starts on five open days."""
    assert max(each["after"] for each in level(target=None).answer["days"]) == 2


def test_confirmed_visits_stay_unless_asked(level, booked, now):
    Appointment.objects.update(confirmed_at=now)
    assert level().answer["courses"] == []
    assert level(confirmed_too=True).answer["courses"]


def test_what_is_level_stays(level, booked, mona, now):
    before = places()
    job = level(target=4)
    assert job.answer["courses"] == []
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    assert places() == before


def test_an_answer_is_out_of_date_when_anything_changed(level, booked, book, site, flora, mona, now):
    job = level()
    visits.move(
        visit=booked[0].visits.get(key="infusions.2"),
        starts_at=datetime(2026, 5, 11, 20, tzinfo=UTC),
        by=flora,
        now=now,
        version=None,
    )
    before = places()
    with pytest.raises(AnswerOutdated):
        jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    assert places() == before

    job = level()
    book(patient=PatientFactory(site=site), start_on=date(2026, 5, 7))
    with pytest.raises(AnswerOutdated):
        jobs.apply(job=job, digest=job.digest, by=mona, now=now)


def test_the_same_question_has_the_same_answer(level, booked):
    assert level().answer == level().answer


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"from_on": date(2026, 5, 3)}, "from_on"),
        ({"until_on": WEEK[0]}, "until_on"),
        ({"until_on": WEEK[0] + timedelta(days=31)}, "until_on"),
        ({"target": 0}, "target"),
        ({"most_moves": 0}, "most_moves"),
        ({"most_moves": 201}, "most_moves"),
    ],
)
def test_what_makes_no_sense(level, changed, pointer):
    with pytest.raises(InvalidInput) as raised:
        level(**changed)
    assert raised.value.pointer == pointer
    assert not PlanningJob.objects.exists()


def test_only_managers(site, flora, now):
    with pytest.raises(NotAllowed):
        jobs.level(levelling=Levelling(site, *WEEK), by=flora, now=now)
