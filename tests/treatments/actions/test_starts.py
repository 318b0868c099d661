"""The times of a day at which a visit could begin, against what a move then does."""

from datetime import timedelta

import pytest

from clinics.models import User
from core.errors import InvalidInput, NotAllowed
from treatments.actions import changes, starts
from treatments.actions.changes import Fate, Move
from treatments.models import Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(book):
    """The series, booked for Pat from tomorrow."""
    return book().course


def visit(course, key):
    return Visit.objects.select_related("appointment", "course__site").get(course=course, key=key)


def moved(course, key, at, *, by, now):
    ripple = changes.preview(event=Move(course.pk, key, at), by=by, now=now)
    return [step.visit for step in ripple.steps if step.fate is not Fate.STAYS]


@pytest.mark.parametrize("key", ["talks.1", "infusions.2"])
def test_each_start_does_what_it_says(booked, flora, now, key):
    wanted = visit(booked, key)
    seen = set()
    for later in range(4):
        found = starts.for_visit(
            visit=wanted, on=wanted.appointment.local_on + timedelta(days=later), by=flora, now=now
        )
        for start in found[::8]:
            others = moved(booked, key, start.starts_at, by=flora, now=now) != [key]
            assert others != start.keeps, start
            seen.add(start.keeps)
    assert seen == {True, False} or key == "talks.1"


def test_its_own_start_and_a_closed_day_are_not_offered(booked, flora, now):
    talk = visit(booked, "talks.1")
    found = starts.for_visit(visit=talk, on=talk.appointment.local_on, by=flora, now=now)
    assert found
    assert talk.appointment.starts_at not in [start.starts_at for start in found]
    saturday = talk.appointment.local_on + timedelta(days=5 - talk.appointment.local_on.weekday())
    assert starts.for_visit(visit=talk, on=saturday, by=flora, now=now) == ()


def test_costs_the_same_whatever_it_finds(booked, flora, now, django_assert_max_num_queries):
    talk = visit(booked, "talks.1")
    with django_assert_max_num_queries(13):
        starts.for_visit(visit=talk, on=talk.appointment.local_on, by=flora, now=now)


def test_the_next_time_is_looked_for_among_so_many(booked, flora, now, monkeypatch):
    talk = visit(booked, "talks.1")
    found = starts.next_for_visit(visit=talk, by=flora, now=now)
    assert found.keeps
    assert moved(booked, "talks.1", found.starts_at, by=flora, now=now) == ["talks.1"]
    late = found.starts_at - timedelta(minutes=50)
    assert starts.next_for_visit(visit=talk, by=flora, now=late).starts_at >= late + timedelta(hours=1), (
        "nobody can hurry so"
    )
    monkeypatch.setattr(starts, "MOST_NEXT", 1)
    assert starts.next_for_visit(visit=talk, by=flora, now=now) is None, "it comes after its infusion"


def test_refuses_what_cannot_be(booked, flora, nora: User, now):
    talk = visit(booked, "talks.1")
    with pytest.raises(InvalidInput):
        starts.for_visit(visit=talk, on=now.date() - timedelta(days=1), by=flora, now=now)
    with pytest.raises(NotAllowed):
        starts.for_visit(visit=talk, on=now.date(), by=nora, now=now)
