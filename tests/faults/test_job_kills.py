"""Workers killed while they plan for many courses, or while they carry a plan out: nothing is half done, and all of it is done later."""

from datetime import timedelta
from pathlib import Path

import pytest

from core import clock
from scheduler.models import Appointment, ChangeSet
from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
from tests.faults.processes import environment, running, until
from tests.treatments.clinic import equip
from tests.treatments.documents import series
from treatments.actions import jobs, protocols
from treatments.many.intakes import Intake
from treatments.models import Course, JobState, PlanningJob

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

START = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
import django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
from clinics.models import User
from core import clock
from treatments.actions import jobs
from treatments.models import PlanningJob

def here():
    Path(sys.argv[1]).touch()
    signal.pause()
"""
PLANS = (
    START
    + """
jobs.LEASE, jobs.EVERY_SECONDS = timedelta(seconds=3), 0.0
progress = jobs._Sign.progress
def stops(self, done, total, best):
    progress(self, done, total, best)
    if done > 1:
        here()
jobs._Sign.progress = stops
jobs.work()
"""
)
WRITES = (
    START
    + """
book = jobs.booking.book
def stops(**asked):
    book(**asked)
    here()
jobs.booking.book = stops
job = PlanningJob.objects.get()
jobs.apply(job=job, digest=job.digest, by=User.objects.get(pk=sys.argv[2]), now=clock.now())
"""
)


@pytest.fixture
def desk():
    return UserFactory(role="front_desk")


@pytest.fixture
def job(desk):
    """Three new courses that are to be planned."""
    site, now = SiteFactory(), clock.now()
    equip(site)
    version = protocols.publish(document=series(), by=UserFactory(role="manager"), now=now)
    start_on = (now + timedelta(days=7)).date()
    wanted = [Intake(patient, version, start_on, {}) for patient in PatientFactory.create_batch(3, site=site)]
    return jobs.book(site=site, wanted=wanted, by=desk, now=now)


def killed(script: str, tmp_path: Path, *more: str) -> None:
    """Runs the script until it says that it is where it stops, and kills it there."""
    mark, log = tmp_path / "here", tmp_path / "log"
    with running(["-c", script, str(mark), *more], environment(smtp_port=1), log=log) as process:
        until(lambda: mark.exists() or process.poll() is not None, "the worker is in the middle", log=log)
        assert process.poll() is None, log.read_text()
        process.kill()


def nothing_is_written() -> bool:
    return not (Course.objects.exists() or Appointment.objects.exists() or ChangeSet.objects.exists())


def test_killed_while_it_plans(job, desk, tmp_path):
    killed(PLANS, tmp_path)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.answer) == (JobState.RUNNING, 1, None)
    assert 0 < job.done < job.total
    assert nothing_is_written()

    until(lambda: jobs.work() is not None, "the job is due again")
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.READY, 2)
    assert nothing_is_written()
    jobs.apply(job=job, digest=job.digest, by=desk, now=clock.now())
    assert (Course.objects.count(), Appointment.objects.count()) == (3, 18)


def test_killed_while_it_writes(job, desk, tmp_path):
    ready = jobs.work()
    killed(WRITES, tmp_path, str(desk.pk))
    assert nothing_is_written()
    assert PlanningJob.objects.get().state == JobState.READY
    jobs.apply(job=ready, digest=ready.digest, by=desk, now=clock.now())
    assert (Course.objects.count(), Appointment.objects.count(), ChangeSet.objects.count()) == (3, 18, 1)
