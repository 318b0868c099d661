"""A protocol may leave out reminders for visits of one type."""

import pytest
import time_machine

from notifications.actions import sweeps
from notifications.engine.states import OF_VISIT
from notifications.models import Message
from notifications.queries import explanations
from scheduler.models import Appointment
from tests.treatments.changing import publish
from tests.treatments.documents import series as document

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def series(mona, now, said):
    """``said``: the reminders of infusions and of talks, where their type says so."""
    kinds = document()["visit_types"]
    for kind, reminders in said.items():
        kinds[kind]["reminders"] = reminders
    return publish(mona, now, visit_types=kinds)


@pytest.fixture
def course(book):
    # before earlier visits there is no time for a message of the day
    return book(wishes={"not_before": "11:00", "firm": True}).course


def steps(course, block: str) -> set[str]:
    rows = Message.objects.filter(step__in=OF_VISIT, appointment__visit__course=course)
    return set(rows.filter(appointment__visit__key__startswith=block).values_list("step", flat=True))


@pytest.mark.parametrize(
    ("said", "infusions", "talks"),
    [
        ({}, {"three_days", "one_day"}, {"three_days", "one_day"}),
        ({"infusion": ["one_day", "day_of"], "talk": []}, {"one_day", "day_of"}, set()),
    ],
    ids=["the clinic's", "their own"],
)
def test_visits_have_the_reminders_of_their_type(said, infusions, talks, course, now):
    assert (steps(course, "infusions"), steps(course, "talks")) == (infusions, talks)
    assert not sweeps.repair(now=now, afresh=True), "and the next sweep agrees"
    talk = Appointment.objects.get(visit__course=course, visit__key="talks.1")
    told = explanations.explain(talk, now=now)
    assert any("visits of this type have none" in line for line in told) == ("talk" in said)
