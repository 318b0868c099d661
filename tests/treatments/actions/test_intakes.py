"""Several new courses at once: all that fit together, as one change set, taken back as one."""

from contextlib import nullcontext
from datetime import date, datetime, timedelta

import pytest
import time_machine

from core.errors import InvalidInput, NotAllowed
from scheduler.actions.terms import Taken
from scheduler.models import Appointment, Status
from tests.factories.clinics import PatientFactory
from tests.treatments.actions.test_jobs import lose
from tests.treatments.documents import series as document
from treatments.actions import changes, courses, jobs, protocols
from treatments.actions.jobs import AnswerOutdated
from treatments.many import differing
from treatments.many.intakes import Intake
from treatments.models import Course, CourseStatus, JobState, PlanningJob, Visit, VisitStatus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_that_moment(now):
    with time_machine.travel(now):
        yield


@pytest.fixture
def wanted(site, clinic, series):
    return [Intake(PatientFactory(site=site), series, date(2026, 5, 5), {}) for _ in range(3)]


def worked() -> PlanningJob:
    job = jobs.work()
    assert job.state == JobState.READY, job.failure
    return job


def test_all_that_fit_are_booked_as_one_change_and_taken_back_as_one(wanted, site, flora, now):
    jobs.book(site=site, wanted=wanted, by=flora, now=now)
    job = worked()
    assert job.answer["unplaced"] == []
    assert not Course.objects.exists()

    made = jobs.apply(job=job, digest=job.digest, by=flora, now=now)

    assert Course.objects.filter(status=CourseStatus.ACTIVE).count() == 3
    assert Visit.objects.filter(status=VisitStatus.BOOKED).count() == 18
    assert set(Appointment.objects.values_list("change_set", flat=True)) == {made.pk}
    told = {
        (course["patient"], step["visit"]): (step["after"]["starts_at"], step["after"]["resources"])
        for course in job.answer["courses"]
        for step in course["steps"]
    }
    assert told == {
        (str(visit.course.patient_id), visit.key): (
            visit.appointment.starts_at.isoformat(),
            {each.role: str(each.resource_id) for each in visit.appointment.allocations.all()},
        )
        for visit in Visit.objects.select_related("course", "appointment")
    }

    changes.undo(change_set=made, by=flora, now=now)
    assert not Appointment.objects.filter(status=Status.BOOKED).exists()
    assert not Course.objects.filter(status=CourseStatus.ACTIVE).exists()


def test_a_course_that_fits_nowhere_is_left_and_named(wanted, site, flora, now):
    nobody = Intake(
        PatientFactory(site=site), wanted[0].protocol_version, date(2026, 5, 5), {"weekdays": [6], "firm": True}
    )
    jobs.book(site=site, wanted=[nobody, *wanted[:1]], by=flora, now=now)
    job = worked()
    assert job.answer["unplaced"] == [0]
    assert [course["number"] for course in job.answer["courses"]] == [1]


def test_a_place_that_was_taken_meanwhile(wanted, book, site, flora, now):
    jobs.book(site=site, wanted=wanted[:2], by=flora, now=now)
    job = worked()
    for _ in range(2):
        book(patient=PatientFactory(site=site))
    with pytest.raises(AnswerOutdated) as raised:
        jobs.apply(job=job, digest=job.digest, by=flora, now=now)
    assert Course.objects.count() == 2
    changed = raised.value.detail["changed"]
    assert changed[0]["course"] == "0"
    assert changed[0]["visit"] == "infusions.1"
    assert changed[0]["message"].endswith(" taken then.")


@pytest.mark.parametrize(("guarded", "error"), [(True, AnswerOutdated), (False, Taken)])
def test_a_place_that_is_lost_at_the_last_moment(wanted, site, flora, now, monkeypatch, guarded, error):
    """Nothing stands in the way of a course by itself; then a chair goes. Without the guard it shows as what it is."""
    jobs.book(site=site, wanted=wanted[:2], by=flora, now=now)
    job = worked()
    checked = differing.of_intake

    def then_lost(number, *rest):
        yield from checked(number, *rest)
        if number == 1:
            lose(job)

    monkeypatch.setattr(differing, "of_intake", then_lost)
    if not guarded:
        monkeypatch.setattr(jobs, "_lost", nullcontext)
    with pytest.raises(error):
        jobs.apply(job=job, digest=job.digest, by=flora, now=now)
    assert not Course.objects.exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"start_on": date(2026, 5, 1)}, "courses/0/start_on"),
        ({"wishes": {"weekdays": [8]}}, "courses/0/wishes/weekdays"),
    ],
)
def test_what_cannot_be_wanted(wanted, site, flora, now, change, pointer):
    from dataclasses import replace

    with pytest.raises(InvalidInput) as raised:
        jobs.book(site=site, wanted=[replace(wanted[0], **change)], by=flora, now=now)
    assert raised.value.pointer == pointer


def test_how_many(wanted, site, flora, nora, now):
    for many in ([], wanted[:1] * 101):
        with pytest.raises(InvalidInput):
            jobs.book(site=site, wanted=many, by=flora, now=now)
    with pytest.raises(NotAllowed):
        jobs.book(site=site, wanted=wanted, by=nora, now=now)


# --- what lies beyond the course itself -------------------------------------------------------------------------


def firsts(job: PlanningJob) -> dict[str, date]:
    """For each course of an answer, by number, the date of its first visit."""
    return {
        course["number"]: min(datetime.fromisoformat(step["after"]["starts_at"]).date() for step in course["steps"])
        for course in job.answer["courses"]
    }


def test_a_patient_with_another_course_keeps_the_caps_over_both(site, clinic, mona, flora, now):
    cap = {"visits": "infusions", "at_most": 1, "in_days": 3, "source": "T"}
    version = protocols.publish(document=document(caps=[cap]), by=mona, now=now)
    patient, other = PatientFactory(site=site), PatientFactory(site=site)
    courses.book(
        protocol_version=version, site=site, patient=patient, start_on=date(2026, 5, 5), wishes={}, by=flora, now=now
    )
    wanted = [Intake(each, version, date(2026, 5, 5), {}) for each in (patient, other)]
    jobs.book(site=site, wanted=wanted, by=flora, now=now)
    found = firsts(worked())
    assert found[1] == date(2026, 5, 7)
    assert found[0] >= date(2026, 5, 17), "three days after the last infusion of the other course"


def test_what_has_to_be_there_first_takes_its_time(site, clinic, mona, flora, now):
    labs = {"gate": "labs", "title": "Labs", "before": "infusions.first", "lead_hours": 24 * 9, "source": "T"}
    version = protocols.publish(document=document(gates=[labs]), by=mona, now=now)
    jobs.book(site=site, wanted=[Intake(PatientFactory(site=site), version, date(2026, 5, 5), {})], by=flora, now=now)
    job = worked()
    assert firsts(job) == {0: date(2026, 5, 14)}
    # some time goes by until somebody presses the button: what was early enough then is early enough now
    jobs.apply(job=job, digest=job.digest, by=flora, now=now + timedelta(hours=20))
    assert Course.objects.count() == 1
