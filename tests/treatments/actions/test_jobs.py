"""Closing a day, doing without somebody: worked out, looked at, carried out, taken back."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from clinics.models import SiteDay
from core import clock
from core.errors import InvalidInput, NotAllowed
from scheduler.actions.terms import NotWorking, Taken
from scheduler.models import Absence, Allocation, Appointment, Resource, Status
from scheduler.queries import consequences
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from treatments.actions import changes, jobs, visits
from treatments.actions.jobs import AnswerOutdated, NotReady
from treatments.many.closures import Closure
from treatments.models import JobState, PlanningJob, Visit, VisitStatus

pytestmark = pytest.mark.django_db

ZONE = "America/New_York"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of May 2026 in New York."""
    return datetime(2026, 5, day, hour + 4, minute, tzinfo=UTC)


@pytest.fixture
def booked(book, site):
    """Three courses: infusions on Thursday 7, Monday 11 and Thursday 14 May, each with a talk the day after."""
    return [book(patient=PatientFactory(site=site)).course for _ in range(3)]


@pytest.fixture(autouse=True)
def at_that_moment(now):
    import time_machine

    with time_machine.travel(now):
        yield


@pytest.fixture
def close(site, mona, now):
    def close(**changed) -> PlanningJob:
        closure = Closure(**({"site": site, "reason": "Water damage"} | changed))
        return jobs.close(closure=closure, by=mona, now=now)

    return close


def worked() -> PlanningJob:
    job = jobs.work()
    assert job is not None
    assert job.state == JobState.READY, job.failure
    return job


def places() -> dict:
    """Every visit's status, time and resources."""
    return {
        visit.pk: (
            visit.status,
            visit.unplaced,
            visit.appointment and (visit.appointment.starts_at, visit.appointment.status),
            visit.appointment
            and sorted(visit.appointment.allocations.filter(is_active=True).values_list("resource__name", "lane")),
        )
        for visit in Visit.objects.select_related("appointment")
    }


def told(job: PlanningJob) -> dict:
    """What the answer says of each visit: its fate and new place."""
    return {
        (course["course"], step["visit"]): (step["fate"], step["after"])
        for course in job.answer["courses"]
        for step in course["steps"]
    }


def is_as_told(job: PlanningJob, before: dict) -> bool:
    """Whether every visit is where the answer said, and whatever it does not name is where it was."""
    answer, after = told(job), places()
    for visit in Visit.objects.select_related("appointment"):
        fate, place = answer.get((str(visit.course_id), visit.key), ("stays", None))
        if fate == "stays":
            if after[visit.pk] != before[visit.pk]:
                return False
        elif fate == "moves":
            taken = {each.role: str(each.resource_id) for each in visit.appointment.allocations.all()}
            if (visit.appointment.starts_at.isoformat(), taken) != (place["starts_at"], place["resources"]):
                return False
        elif fate == "invalid" and (visit.status, visit.appointment) != (VisitStatus.TO_PLACE, None):
            return False
    return True


def test_a_closed_day_moves_its_visits_and_is_one_change_set_and_one_undo(close, booked, site, mona, now):
    before = places()
    close(on=date(2026, 5, 11))
    assert places() == before
    job = worked()
    assert {key: fate for key, (fate, _) in told(job).items() if fate != "stays"}

    made = jobs.apply(job=job, digest=job.digest, by=mona, now=now)

    job.refresh_from_db()
    assert (job.state, job.change_set) == (JobState.APPLIED, made)
    assert is_as_told(job, before)
    assert not Appointment.objects.filter(local_on=date(2026, 5, 11), status=Status.BOOKED).exists()
    assert consequences.unkept(site, now=now) == []
    assert {each.change_set for each in Appointment.objects.filter(change_set=made)} == {made}

    undone = jobs.undo(job=job, by=mona, now=now)
    assert undone.undoes == made
    assert places() == before
    assert not SiteDay.objects.exists()


def test_a_sick_nurse_is_replaced_where_another_is_free(close, booked, clinic, site, mona, now):
    before = places()
    nurse = next(
        each.resource
        for each in Allocation.objects.filter(role="nurse", appointment__local_on=date(2026, 5, 7)).select_related(
            "resource"
        )
    )
    close(resource=nurse, starts_at=at(7, 0), ends_at=at(8, 0))
    job = worked()
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)

    assert is_as_told(job, before)
    assert not Allocation.objects.filter(
        resource=nurse, is_active=True, starts_at__lt=at(8, 0), ends_at__gt=at(7, 0)
    ).exists()
    assert Visit.objects.filter(status=VisitStatus.TO_PLACE).count() == 0
    assert Absence.objects.filter(resource=nurse).count() == 1
    jobs.undo(job=job, by=mona, now=now)
    assert places() == before
    assert not Absence.objects.exists()


def test_what_finds_no_other_place_is_on_the_work_list_with_reasons(close, booked, clinic, mona, now):
    """Both therapists away for weeks: no talk can be, and every infusion stays."""
    before = places()
    job = None
    for name in ("Theo", "Tessa"):
        close(resource=clinic[name], starts_at=at(5, 0), ends_at=at(5, 0) + timedelta(days=90))
        job = worked()
        jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    waiting = Visit.objects.filter(status=VisitStatus.TO_PLACE)
    assert {visit.family for visit in waiting} == {"psychotherapy"}
    assert waiting.count() == 9
    assert all(visit.unplaced for visit in waiting)
    infusions = Visit.objects.filter(key__startswith="infusions")
    assert {visit.pk: places()[visit.pk] for visit in infusions} == {visit.pk: before[visit.pk] for visit in infusions}


def test_an_answer_that_is_out_of_date_is_refused_and_nothing_is_written(close, booked, site, flora, mona, now):
    close(on=date(2026, 5, 11))
    job = worked()
    moved = Visit.objects.get(course=booked[0], key="talks.2")
    visits.move(visit=moved, starts_at=at(12, 15), by=flora, now=now, version=None)
    before = places()

    with pytest.raises(AnswerOutdated) as raised:
        jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    assert raised.value.detail["changed"] == [
        {"course": str(booked[0].pk), "visit": "talks.2", "message": "Talk 2 is not where it was."}
    ]
    assert places() == before
    assert not SiteDay.objects.exists()
    job.refresh_from_db()
    assert job.state == JobState.READY


def lose(job: PlanningJob, key: str = "chair") -> None:
    """Somebody else is in the new place of a visit: without the locks that is possible at any moment."""
    step = next(
        step for course in job.answer["courses"] for step in course["steps"] if key in step["after"]["resources"]
    )
    AllocationFactory(
        appointment__site=job.site,
        appointment__starts_at=datetime.fromisoformat(step["after"]["starts_at"]),
        resource=Resource.objects.get(pk=step["after"]["resources"][key]),
        role=key,
    )


@pytest.fixture
def lost_at_the_last_moment(monkeypatch):
    """When a closure has been checked and is written down, a place of its answer goes."""
    closed = jobs._closed

    def closing(closure, **who):
        lose(PlanningJob.objects.get())
        return closed(closure, **who)

    monkeypatch.setattr(jobs, "_closed", closing)


def test_a_place_that_is_lost_at_the_last_moment_makes_an_answer_out_of_date(
    close, booked, mona, now, lost_at_the_last_moment
):
    close(on=date(2026, 5, 11))
    job, before = worked(), places()
    with pytest.raises(AnswerOutdated) as raised:
        jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    [difference] = raised.value.detail["changed"]
    assert difference["message"].startswith("Chair ")
    assert places() == before
    assert not SiteDay.objects.exists()
    job.refresh_from_db()
    assert job.state == JobState.READY


def test_such_a_place_is_really_lost(close, booked, mona, now, lost_at_the_last_moment, monkeypatch):
    """The control: what is raised where it is raised."""
    monkeypatch.setattr(jobs, "_lost", nullcontext)
    close(on=date(2026, 5, 11))
    job = worked()
    with pytest.raises(Taken):
        jobs.apply(job=job, digest=job.digest, by=mona, now=now)


def test_what_a_closure_moved_goes_back_with_the_closure_only(close, booked, mona, now):
    before = places()
    close(on=date(2026, 5, 11))
    job = worked()
    made = jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    applied = places()
    assert applied != before

    with pytest.raises(changes.CannotUndo, match="Take back the closure") as raised:
        changes.undo(change_set=made, by=mona, now=now)
    assert [each["code"] for each in raised.value.detail["obstacles"]] == ["closure"]
    assert places() == applied
    # and if it were tried, closed hours would stand in the way
    with pytest.raises(NotWorking), transaction.atomic():
        changes.take_back(change_set=made, by=mona, now=now)
    assert places() == applied
    assert SiteDay.objects.count() == 1

    jobs.undo(job=job, by=mona, now=now)
    assert places() == before


def test_a_closure_that_moved_nothing_is_not_taken_back_by_half(close, clinic, mona, now):
    close(on=date(2026, 5, 20))
    job = worked()
    made = jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    with pytest.raises(changes.CannotUndo):
        changes.undo(change_set=made, by=mona, now=now)
    jobs.undo(job=job, by=mona, now=now)
    assert not SiteDay.objects.exists()


def test_a_visit_that_joined_the_day_makes_an_answer_out_of_date(close, booked, book, site, mona, now):
    close(on=date(2026, 5, 11))
    job = worked()
    other = book(patient=PatientFactory(site=site)).course
    with pytest.raises(AnswerOutdated) as raised:
        jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    told = {(each["course"], each["message"]) for each in raised.value.detail["changed"]}
    assert (str(other.pk), "This course has a visit now that cannot stay.") in told


def test_another_answer_than_the_one_seen(close, booked, mona, now):
    close(on=date(2026, 5, 11))
    job = worked()
    with pytest.raises(AnswerOutdated):
        jobs.apply(job=job, digest="0" * 64, by=mona, now=now)


def test_jobs_are_carried_out_once_and_only_when_ready(close, booked, mona, now):
    job = close(on=date(2026, 5, 11))
    with pytest.raises(NotReady):
        jobs.apply(job=job, digest="", by=mona, now=now)
    with pytest.raises(NotReady):
        jobs.undo(job=job, by=mona, now=now)
    job = worked()
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    with pytest.raises(NotReady):
        jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    jobs.undo(job=job, by=mona, now=now)
    with pytest.raises(changes.CannotUndo):
        jobs.undo(job=job, by=mona, now=now)


def test_what_nobody_may_move_is_left_to_the_desk(close, booked, site, mona, now):
    other = AppointmentFactory(site=site, starts_at=at(11, 12), status=Status.BOOKED)
    close(on=date(2026, 5, 11))
    job = worked()
    assert job.answer["left"] == [str(other.pk)]
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    other.refresh_from_db()
    assert other.status == Status.BOOKED


def test_a_day_on_which_nothing_is(close, clinic, mona, now):
    close(on=date(2026, 5, 20))
    job = worked()
    assert job.answer == {"courses": [], "left": [], "unplaced": []}
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    assert SiteDay.objects.filter(on=date(2026, 5, 20)).exists()
    jobs.undo(job=job, by=mona, now=now)
    assert not SiteDay.objects.exists()


def test_an_earlier_exception_of_the_day_comes_back(close, clinic, site, mona, now):
    SiteDay.objects.create(site=site, on=date(2026, 5, 20), opens="10:00", closes="14:00", reason="Short day")
    close(on=date(2026, 5, 20))
    job = worked()
    jobs.apply(job=job, digest=job.digest, by=mona, now=now)
    jobs.undo(job=job, by=mona, now=now)
    day = SiteDay.objects.get()
    assert (f"{day.opens:%H:%M}", f"{day.closes:%H:%M}", day.reason) == ("10:00", "14:00", "Short day")


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({}, "on"),
        ({"on": date(2026, 5, 3)}, "on"),
        ({"on": date(2036, 5, 3)}, "ends_at"),
        ({"resource": "Theo"}, "starts_at"),
        ({"resource": "Theo", "on": date(2026, 5, 11)}, "on"),
        ({"resource": "Theo", "starts_at": at(8, 0), "ends_at": at(7, 0)}, "ends_at"),
        ({"resource": "Theo", "starts_at": at(8, 0), "ends_at": at(8, 0) + timedelta(days=100)}, "ends_at"),
    ],
)
def test_closures_that_make_no_sense(close, clinic, changed, pointer):
    if "resource" in changed:
        changed |= {"resource": clinic[changed["resource"]]}
    with pytest.raises(InvalidInput) as raised:
        close(**changed)
    assert raised.value.pointer == pointer
    assert not PlanningJob.objects.exists()


def test_only_those_who_may_close(close, booked, clinic, site, flora, mona, now):
    with pytest.raises(NotAllowed):
        jobs.close(closure=Closure(site, "ill", on=date(2026, 5, 11)), by=flora, now=now)
    close(on=date(2026, 5, 11))
    job = worked()
    with pytest.raises(NotAllowed):
        jobs.apply(job=job, digest=job.digest, by=flora, now=now)


def test_a_course_that_somebody_agreed_to_have_against_the_rules_is_left_alone(close, booked, site, mona, now):
    """Its talk is too near to the infusion; that is no reason to move it when a chair is away at another time."""
    talk = Visit.objects.get(course=booked[0], key="talks.2")
    away = timedelta(days=21)
    Appointment.objects.filter(pk=talk.appointment_id).update(
        starts_at=talk.appointment.starts_at + away,
        ends_at=talk.appointment.ends_at + away,
        local_on=talk.appointment.local_on + away,
    )
    Allocation.objects.filter(appointment=talk.appointment_id).update(
        starts_at=talk.appointment.starts_at + away, ends_at=talk.appointment.ends_at + away
    )
    nurse = Allocation.objects.filter(role="nurse", appointment__visit__course=booked[0]).first().resource
    close(resource=nurse, starts_at=at(7, 16), ends_at=at(7, 17))
    assert worked().answer["courses"] == []


# --- workers that die ----------------------------------------------------------------------------------------


def test_a_worker_that_died_leaves_a_job_that_is_due_again_and_fails_in_the_end(close, booked, mona, monkeypatch):
    job = close(on=date(2026, 5, 11))
    for attempt in range(1, jobs.MOST_ATTEMPTS + 1):
        claimed = jobs._claimed()
        assert (claimed.pk, claimed.attempts) == (job.pk, attempt)
        assert jobs._claimed() is None  # it is held
        PlanningJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(days=3650))
    failed = jobs.work()
    assert failed.state == JobState.FAILED
    assert "never finished" in failed.failure
    assert jobs.work() is None


def test_whoever_lost_the_job_writes_nothing(close, booked, now):
    job = close(on=date(2026, 5, 11))
    slow = jobs._claimed()
    PlanningJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(days=3650))
    done = worked()
    assert not jobs._settle(slow, state=JobState.READY, answer={"courses": [], "left": [], "unplaced": []}, digest="x")
    sign = jobs._Sign(slow, 10)
    sign.progress(1, 2, None)
    assert sign.stop()
    job.refresh_from_db()
    assert job.digest == done.digest


def test_an_error_is_raised_and_the_job_is_due_again(close, booked, monkeypatch):
    job = close(on=date(2026, 5, 11))

    def broken(*_args, **_kwargs):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("treatments.many.closures.batch", broken)
    with pytest.raises(RuntimeError):
        jobs.work()
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_until) == (JobState.QUEUED, 1, None)


def test_progress_is_written(close, booked, monkeypatch):
    seen = []
    monkeypatch.setattr(jobs, "EVERY_SECONDS", 0.0)
    real = jobs._Sign.progress

    def spying(self, done, total, best):
        real(self, done, total, best)
        seen.append(tuple(PlanningJob.objects.values_list("done", "total").get()))

    monkeypatch.setattr(jobs._Sign, "progress", spying)
    close(on=date(2026, 5, 11))
    job = worked()
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert job.done == job.total > 0


def test_the_database_keeps_jobs_sane(close, booked, mona):
    job = close(on=date(2026, 5, 11))
    for changed in (
        {"state": "lost"},
        {"kind": "lost"},
        {"state": JobState.RUNNING},
        {"lease_until": timezone.now()},
        {"state": JobState.READY},
        {"state": JobState.APPLIED, "answer": {}, "digest": "x"},
        {"state": JobState.FAILED},
        {"failure": "no"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            PlanningJob.objects.filter(pk=job.pk).update(**changed)


def test_times_are_local(close, booked, site):
    close(on=date(2026, 5, 11))
    job = worked()
    moved = [after for fate, after in told(job).values() if fate == "moves"]
    assert all(
        clock.local(datetime.fromisoformat(each["starts_at"]), ZONE).date() != date(2026, 5, 11) for each in moved
    )
