"""Courses that are booked, moved, cancelled, missed, decided about, closed around and taken back in any order.

They are compared with a plain model of dictionaries.

After every step: nothing is used twice, no patient is in two places, every course keeps its protocol in the eyes of the
independent checker or has the visits that cannot on the work list, and the calendar is what the previews promised.
"""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, count

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from core.errors import DomainError
from scheduler.actions import appointments
from scheduler.actions.terms import Taken
from scheduler.models import Allocation, Appointment, ChangeSet
from scheduler.models.appointment import TAKING
from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
from tests.scheduler.engine.independent import faults
from tests.treatments.clinic import equip
from tests.treatments.documents import series
from treatments.actions import changes, courses, gates, jobs, protocols, waitlist
from treatments.actions.changes import Cancel, Move, NoShow, Place, Scope, Then
from treatments.actions.waitlist import CannotWait
from treatments.life import replanning
from treatments.life.events import Decide, Delay, Late
from treatments.life.running import Running
from treatments.many import waiting
from treatments.many.closures import Closure
from treatments.models import Course, GateFulfilment, JobState, PlanningJob, Visit

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
"""Monday 4 May 2026, 8:00 in New York."""
MOST_COURSES = 3

hours = st.sampled_from([8, 9, 11, 13, 16])
picks = st.integers(0, 40)


class Clinic:
    """What is there before anything happens."""

    def __init__(self) -> None:
        self.site = SiteFactory(code="riverside", name="Riverside Clinic")
        self.desk = UserFactory(role="front_desk")
        self.manager = UserFactory(role="manager")
        self.clinician = UserFactory(role="clinician")
        made = equip(self.site, chairs=2, rooms=2)
        self.away = [made[name] for name in ("Chair 1", "Nurse Ada", "Theo", "Room 1", "Tessa")]
        missed = [
            {"visits": "infusions", "then": "append", "within_days": 7, "source": "T"},
            {"visits": "talks", "then": "fill", "within_days": 3, "source": "T"},
        ]
        freed = [
            {"visits": "infusions", "notice_hours": 48, "frees": "course", "only_first": True, "source": "T"},
            {"visits": "infusions", "notice_hours": 48, "frees": "visit", "source": "T"},
        ]
        labs = {"gate": "labs", "title": "Labs", "before": "infusions.each", "lead_hours": 48, "source": "T"}
        waits = {"visits": ["infusions"], "max_days": 6, "then": "escalate", "source": "T"}
        document = series(missed=missed, cancellations=freed, gates=[labs], delays=[waits])
        self.version = protocols.publish(document=document, by=self.manager, now=START)


class Life(RuleBasedStateMachine):
    """The model: for every course, visit to status and start. ``before`` has what each change set found."""

    clinic: Clinic

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.model: dict[object, dict[str, tuple[str, datetime | None]]] = {}
        self.before: dict[object, dict[object, tuple[dict, dict]]] = {}
        self.jobs: dict[object, PlanningJob] = {}
        self.outer = transaction.atomic()
        self.outer.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    # --- what happens ----------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.model) < MOST_COURSES)
    @rule(days=st.integers(1, 6))
    def book(self, days):
        patient = PatientFactory(site=self.clinic.site)
        booked = courses.book(
            protocol_version=self.clinic.version,
            site=self.clinic.site,
            patient=patient,
            start_on=date(2026, 5, 4) + timedelta(days=max(days, (self.now - START).days + 1)),
            wishes={},
            by=self.clinic.desk,
            now=self.now,
            partial=True,
        )
        self.model[booked.course.pk] = found(booked.course.pk)
        cancelled = dict.fromkeys(self.model[booked.course.pk], ("cancelled", None))
        self.before[booked.change_set.pk] = {booked.course.pk: (cancelled, dict(self.model[booked.course.pk]))}

    @precondition(lambda self: self.model)
    @rule(pick=picks, days=st.integers(-2, 5), hour=hours, only_this=st.booleans())
    def move(self, pick, days, hour, only_this):
        course, key, starts_at = self.picked(pick, {"booked", "tentative"})
        if key is not None:
            target = starts_at.replace(hour=hour + 4) + timedelta(days=days)
            self.happens(Move(course, key, target, only_this=only_this))

    @precondition(lambda self: self.model)
    @rule(pick=picks, days=st.integers(1, 3))
    def move_with_what_follows(self, pick, days):
        """A day or more later at the same time: seldom does everything else stay."""
        course, key, starts_at = self.picked(pick, {"booked", "tentative"})
        if key is not None:
            self.happens(Move(course, key, starts_at + timedelta(days=days)))

    @precondition(lambda self: self.model)
    @rule(pick=picks, days=st.integers(0, 12), hour=hours)
    def place(self, pick, days, hour):
        course, key, _ = self.picked(pick, {"to_place"})
        if key is not None:
            self.happens(Place(course, key, self.now.replace(hour=hour + 4, minute=0) + timedelta(days=days)))

    @precondition(lambda self: self.model)
    @rule(pick=picks, scope=st.sampled_from([Scope.THIS, Scope.THIS, Scope.LATER, Scope.COURSE]))
    def cancel(self, pick, scope):
        course, key, _ = self.picked(pick, {"booked", "tentative", "to_place"})
        if key is not None:
            self.happens(Cancel(course, key, scope))

    @precondition(lambda self: self.model)
    @rule(come=st.booleans(), then=st.sampled_from([None, Then.SHIFT, Then.APPEND, Then.KEEP]))
    def next_visit_begins(self, come, then):
        """Time goes on to the next visit in the book; the patient comes or not."""
        expected = [
            (starts_at, str(course), key)
            for course, visits in self.model.items()
            for key, (status, starts_at) in visits.items()
            if status in {"booked", "tentative"}
        ]
        if not expected:
            return
        starts_at, course, key = min(expected)
        course = next(each for each in self.model if str(each) == course)
        self.now = max(self.now, starts_at + timedelta(minutes=15))
        if not come:
            self.happens(NoShow(course, key, then))
            return
        appointment = Visit.objects.select_related("appointment").get(course=course, key=key).appointment
        before = dict(self.model[course])
        made = appointments.set_status(
            appointment=appointment, status="done", by=self.clinic.desk, now=self.now, version=None
        )
        self.model[course][key] = ("done", starts_at)
        self.before[made.change_set.pk] = {course: (before, dict(self.model[course]))}

    @precondition(lambda self: self.model)
    @rule(minutes=st.sampled_from([5, 20, 40, 200]))
    def next_patient_is_late(self, minutes):
        expected = [
            (starts_at, str(course), course, key)
            for course, visits in self.model.items()
            for key, (status, starts_at) in visits.items()
            if status in {"booked", "tentative"}
        ]
        if expected:
            starts_at, _, course, key = min(expected)
            self.now = max(self.now, starts_at + timedelta(minutes=1))
            self.happens(Late(course, key, arrives_at=self.now + timedelta(minutes=minutes)))

    @precondition(lambda self: self.model)
    @rule(pick=picks, days=st.sampled_from([1, 2, 4, 9]))
    def delay(self, pick, days):
        course, key, _ = self.picked(pick, {"booked", "tentative"})
        if key is not None:
            self.happens(Delay(course, key, days))

    @precondition(lambda self: self.model)
    @rule(pick=picks, is_there=st.booleans())
    def what_has_to_be_there_is_or_is_not(self, pick, is_there):
        """By itself that moves nothing; it counts for the places that the planner chooses later."""
        course, key, _ = self.picked(pick, {"booked", "tentative", "to_place"})
        if key is None or not key.startswith("infusions"):
            return
        everything = calendar()
        if is_there:
            visit = Visit.objects.get(course=course, key=key)
            gates.fulfil(course=visit.course, gate="labs.1", visits=[visit], by=self.clinic.clinician, now=self.now)
        else:
            fact = GateFulfilment.objects.filter(course=course, withdrawal=None).first()
            if fact is not None:
                gates.withdraw(fulfilment=fact, reason="Lost", by=self.clinic.clinician, now=self.now)
        assert calendar() == everything

    @precondition(lambda self: self.model)
    @rule(pick=picks, days=st.integers(0, 8), urgent=st.booleans())
    def take_from_the_waitlist(self, pick, days, urgent):
        """Whoever is offered a place that has become free can take it."""
        course, key, _ = self.picked(pick, {"booked", "tentative", "to_place"})
        if key is None:
            return
        clinic, starts_at = self.clinic, self.now + timedelta(days=days)
        with suppress(CannotWait):  # it waits already
            waitlist.join(
                visit=Visit.objects.select_related("course__site").get(course=course, key=key),
                valid_until=(self.now + timedelta(days=30)).date(),
                by=clinic.desk,
                now=self.now,
                sooner=False,
                notice_hours=4,
                urgent=urgent,
            )
        everything = calendar()
        fits = waiting.matches(
            site=clinic.site, starts_at=starts_at, ends_at=starts_at + timedelta(days=1), now=self.now
        )
        assert calendar() == everything, "looking only reads"
        if not fits:
            return
        entry, course = fits[0].entry, fits[0].entry.visit.course_id
        made = waitlist.take(
            entry=entry,
            starts_at=fits[0].starts_at,
            resources={role: str(each.pk) for role, each in fits[0].resources.items()},
            by=clinic.desk,
            now=self.now,
        )
        before = dict(self.model[course])
        self.model[course][entry.visit.key] = ("booked", fits[0].starts_at)
        self.before[made.pk] = {course: (before, dict(self.model[course]))}

    @precondition(lambda self: self.model)
    @rule(pick=picks, choice=st.sampled_from(["continue", "hold", "resume", "spacing", "stop"]), gap=st.integers(2, 6))
    def decide(self, pick, choice, gap):
        course = list(self.model)[pick % len(self.model)]
        of_spacing = {"block": "infusions", "gap_days": gap} if choice == "spacing" else {}
        self.happens(Decide(course, choice, **of_spacing), by=self.clinic.clinician)

    @precondition(lambda self: self.model)
    @rule(pick=picks, days=st.integers(1, 6), hours=st.sampled_from([3, 10, 60]))
    def close(self, pick, days, hours):
        """Somebody or something is away: asked, worked out and carried out, or only looked at."""
        clinic, away = self.clinic, self.clinic.away[pick % len(self.clinic.away)]
        starts_at = self.now.replace(hour=12, minute=0) + timedelta(days=days)
        closure = Closure(
            clinic.site, "Away", resource=away, starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours)
        )
        everything = calendar()
        jobs.close(closure=closure, by=clinic.manager, now=self.now)
        with time_machine.travel(self.now, tick=False):
            job = jobs.work()
        assert job.state == JobState.READY, job.failure
        assert calendar() == everything, "working it out only reads"
        made = jobs.apply(job=job, digest=job.digest, by=clinic.manager, now=self.now)
        touched = {}
        for answer in job.answer["courses"]:
            course = next(each for each in self.model if str(each) == answer["course"])
            was = dict(self.model[course])
            for step in answer["steps"]:
                if step["fate"] == "moves":
                    self.model[course][step["visit"]] = ("booked", datetime.fromisoformat(step["after"]["starts_at"]))
                elif step["fate"] == "invalid":
                    self.model[course][step["visit"]] = ("to_place", None)
            touched[course] = (was, dict(self.model[course]))
        self.before[made.pk], self.jobs[made.pk] = touched, job

        savepoint = transaction.savepoint()
        jobs.undo(job=job, by=clinic.manager, now=self.now)
        assert calendar() == everything, "one undo restores everything"
        transaction.savepoint_rollback(savepoint)

    @precondition(lambda self: self.before)
    @rule(pick=picks, latest=st.booleans())
    def undo(self, pick, latest):
        sets = list(self.before)
        key = sets[-1] if latest else sets[pick % len(sets)]
        everything = calendar()
        change_set = ChangeSet.objects.get(pk=key)
        try:
            if key in self.jobs:
                made = jobs.undo(job=self.jobs[key], by=self.clinic.manager, now=self.now)
            else:
                by = self.clinic.clinician if change_set.verb in ("decide", "undo") else self.clinic.desk
                made = changes.undo(change_set=change_set, by=by, now=self.now)
        except DomainError:
            assert calendar() == everything, "a refusal changes nothing"
            return
        done = {}
        for course, (before, after) in self.before.pop(key).items():
            was = dict(self.model[course])
            for name in {name for name in {**before, **after} if before.get(name) != after.get(name)}:
                if name in before:
                    self.model[course][name] = before[name]
                else:
                    del self.model[course][name]
            done[course] = (was, dict(self.model[course]))
        self.before[made.pk] = done

    # --- what every event has to do ----------------------------------------------------------------------------

    def happens(self, event, by=None) -> None:
        """Preview, apply, compare; a refusal by one is a refusal by the other and changes nothing."""
        by = by or self.clinic.desk
        everything = calendar()
        try:
            ripple = changes.preview(event=event, by=by, now=self.now)
        except DomainError as refused:
            assert calendar() == everything, "a preview only reads"
            with pytest.raises(type(refused)):
                changes.apply(event=event, by=by, now=self.now)
            assert calendar() == everything, "a refusal changes nothing"
            return
        assert calendar() == everything, "a preview only reads"
        before = dict(self.model[event.course])
        applied = changes.apply(event=event, by=by, now=self.now, digest=ripple.digest)
        assert applied.ripple == ripple
        for step in ripple.steps:
            known = before.get(step.visit, (None, None))
            self.model[event.course][step.visit] = promised(step, known)
        self.before[applied.change_set.pk] = {event.course: (before, dict(self.model[event.course]))}

        if any(step.before and step.before.ends_at <= self.now for step in ripple.steps if step.is_told):
            return  # what was over already does not come back
        savepoint = transaction.savepoint()
        changes.undo(change_set=applied.change_set, by=by, now=self.now)
        assert calendar() == everything, "one undo restores everything"
        transaction.savepoint_rollback(savepoint)

    def picked(self, pick, statuses):
        """One of the visits with such a status, or nothing."""
        fitting = [
            (course, key, starts_at)
            for course, visits in self.model.items()
            for key, (status, starts_at) in sorted(visits.items())
            if status in statuses
        ]
        return fitting[pick % len(fitting)] if fitting else (None, None, None)

    # --- what always holds ---------------------------------------------------------------------------------------

    @invariant()
    def the_calendar_is_what_was_promised(self):
        for course, visits in self.model.items():
            assert found(course) == visits

    @invariant()
    def nothing_is_used_twice(self):
        taking = list(Allocation.objects.filter(is_active=True).select_related("resource", "appointment"))
        for one, other in combinations(taking, 2):
            if one.resource_id == other.resource_id and overlap(one, other):
                assert one.lane != other.lane
                assert one.is_shared or other.is_shared or one.appointment_id == other.appointment_id
        booked = list(Appointment.objects.filter(status__in=TAKING))
        for one, other in combinations(booked, 2):
            assert one.patient_id != other.patient_id or not overlap(one, other)

    @invariant()
    def courses_keep_their_protocol_or_say_what_cannot(self):
        for course in self.model:
            running = Running.read(course, now=START)
            for visit in running.visits:
                assert visit.status != "to_place" or (visit.appointment_id is None and visit.unplaced)
            question = running.ask(about=running.standing)
            request = replace(question.request, not_before=0)
            standing = [key for key in running.standing if key in question.visits]
            assert faults(request, running.current(question, standing)) == []


def promised(step, known):
    """Status and start of a visit after a step, as a preview says it."""
    if step.fate.value in {"moves", "placed", "added"}:
        return ("booked", step.after.starts_at)
    if step.fate.value == "stays":
        assert step.before == step.after
        assert step.before.starts_at == known[1]
        return known
    if step.fate.value in {"invalid", "unplaced"}:
        return ("to_place", None)
    return (step.fate.value, None)


def found(course):
    """Status and start of the visits of a course; a start only where it takes place."""
    return {
        visit.key: (
            visit.status,
            visit.appointment.starts_at if visit.status in {"booked", "tentative", "done"} else None,
        )
        for visit in Visit.objects.filter(course=course).select_related("appointment")
    }


def calendar():
    """All that is known, apart from versions, ids of allocations and instants of writing."""
    takes = ("appointment", "resource", "role", "lane", "is_shared", "starts_at", "ends_at", "is_active")
    stands = ("pk", "status", "previous_status", "starts_at", "ends_at", "local_on", "local_time", "confirmed_at")
    return (
        sorted(Course.objects.values_list("pk", "status", "extra", "spacing", "delayed", "on_hold"), key=str),
        sorted(Visit.objects.values_list("course", "key", "position", "status", "appointment", "unplaced"), key=str),
        sorted(Appointment.objects.filter(visit__isnull=False).values_list(*stands), key=str),
        sorted(Allocation.objects.filter(appointment__visit__isnull=False).values_list(*takes), key=str),
    )


def overlap(one, other) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


SIZES = settings(
    max_examples=16 if int(os.environ.get("SOAK", "1")) > 1 else 8,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def the_same_everywhere(monkeypatch):
    """Lives are the same whatever else runs in this process: ids made in one millisecond would be in any order."""
    numbers = count()
    monkeypatch.setattr("core.ids.secrets.randbits", lambda _bits: next(numbers))


@pytest.mark.django_db
@pytest.mark.long
def test_any_life(monkeypatch):
    Life.clinic = Clinic()
    fates = Counter()
    apply = changes.apply

    def counting(**asked):
        applied = apply(**asked)
        fates.update(applied.ripple.counts)
        return applied

    monkeypatch.setattr(changes, "apply", counting)
    run_state_machine_as_test(Life, settings=SIZES)
    assert fates.keys() >= {"stays", "moves", "invalid", "released", "cancelled", "missed", "added"}, fates


@pytest.mark.django_db
@pytest.mark.long
def test_a_planner_that_lets_everything_stay_is_caught(monkeypatch):
    """The control: visits that cannot stay beside a moved one are left where they are.

    Then a course breaks its protocol, or a preview promises what the calendar refuses.
    """
    Life.clinic = Clinic()
    monkeypatch.setattr(replanning, "_clashes", lambda *_args, **_kwargs: False)
    with pytest.raises((AssertionError, Taken)):
        run_state_machine_as_test(Life, settings=SIZES)
