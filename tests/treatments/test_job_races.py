"""Planning jobs that are carried out at the same time: one is, the others hear that they come too late."""

import threading
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db.models import QuerySet

from clinics.models import SiteDay
from core import locks
from scheduler.models import Absence, ChangeSet
from scheduler.models.change_set import Verb
from tests.concurrency.conftest import overlaps, race
from tests.factories.clinics import PatientFactory
from tests.faults.processes import until
from tests.waiting import somebody_waits_for_a_lock
from treatments.actions import jobs
from treatments.many.batches import Batch
from treatments.many.closures import Closure
from treatments.models import JobState, PlanningJob, Visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def booked(book, site):
    """Two courses with infusions on Thursday 7, Monday 11 and Thursday 14 May."""
    return [book(patient=PatientFactory(site=site)).course for _ in range(2)]


@pytest.fixture
def ready(booked, site, mona, now):
    def ready(**closed) -> PlanningJob:
        jobs.close(closure=Closure(site, "Away", **closed), by=mona, now=now)
        with time_machine.travel(now):
            return jobs.work()

    return ready


class Doorway:
    """Counts who is between reading and writing. Whoever comes first waits for the other to come in, or to wait for a lock."""

    def __init__(self, monkeypatch) -> None:
        self.came, self.inside, self.most = 0, 0, 0
        self.counting = threading.Lock()
        restored = Batch.restored

        def entering(batch, answer):
            with self.counting:
                self.came, self.inside = self.came + 1, self.inside + 1
                self.most = max(self.most, self.inside)
            until(lambda: self.came == 2 or somebody_waits_for_a_lock(), "the other one")
            try:
                return restored(batch, answer)
            finally:
                with self.counting:
                    self.inside -= 1

        monkeypatch.setattr(Batch, "restored", entering)


def closings() -> int:
    return ChangeSet.objects.filter(verb=Verb.CLOSE).count()


def test_one_job_is_carried_out_once(ready, mona, now, monkeypatch):
    job = ready(on=date(2026, 5, 11))
    doorway = Doorway(monkeypatch)
    outcome = race([lambda: jobs.apply(job=job, digest=job.digest, by=mona, now=now)] * 2)

    assert (len(outcome.results), outcome.kinds) == (1, {"NotReady"})
    assert doorway.most == 1
    assert closings() == SiteDay.objects.count() == 1
    assert overlaps() == 0
    assert not Visit.objects.filter(appointment__local_on=date(2026, 5, 11)).exists()


def test_of_two_jobs_about_the_same_visits_one_is_carried_out(ready, clinic, mona, now, monkeypatch):
    day = (datetime(2026, 5, 11, 4, tzinfo=UTC), datetime(2026, 5, 12, 4, tzinfo=UTC))
    nurse = (
        Visit.objects.filter(key="infusions.2").first().appointment.allocations.filter(role="nurse").first().resource
    )
    made = [ready(on=date(2026, 5, 11)), ready(resource=nurse, starts_at=day[0], ends_at=day[1])]
    assert all(job.answer["courses"] for job in made)
    doorway = Doorway(monkeypatch)
    outcome = race([lambda job=job: jobs.apply(job=job, digest=job.digest, by=mona, now=now) for job in made])

    assert (len(outcome.results), outcome.kinds) == (1, {"AnswerOutdated"})
    assert (doorway.came, doorway.most) == (2, 1)
    assert closings() == SiteDay.objects.count() + Absence.objects.count() == 1
    assert sorted(PlanningJob.objects.values_list("state", flat=True)) == [JobState.APPLIED, JobState.READY]
    assert overlaps() == 0


def test_without_locks_both_work_on_the_same_visits(ready, mona, now, monkeypatch):
    """The control: what the doorway shows when nothing keeps them apart."""
    job = ready(on=date(2026, 5, 11))
    monkeypatch.setattr(locks, "acquire", lambda *_args, **_kwargs: None)
    monkeypatch.setattr(locks, "acquire_all", lambda *_args, **_kwargs: None)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_kwargs: self)
    doorway = Doorway(monkeypatch)
    race([lambda: jobs.apply(job=job, digest=job.digest, by=mona, now=now)] * 2)
    assert doorway.most == 2
