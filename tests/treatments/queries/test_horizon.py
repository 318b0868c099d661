"""Open-ended blocks that have to be planned further."""

import pytest

from scheduler.actions import appointments
from tests.treatments.documents import branching
from treatments.actions import protocols, visits
from treatments.protocols import stored
from treatments.queries import horizon

pytestmark = pytest.mark.django_db


@pytest.fixture
def series(mona, now):
    return protocols.publish(document=branching(), by=mona, now=now)


@pytest.fixture
def course(book):
    return book().course


def short(course) -> dict[str, int]:
    return horizon.short(stored.document(course.protocol_version.document), course.visits.all())


def test_as_many_as_wanted(course):
    assert short(course) == {}
    assert horizon.to_extend() == []


def test_one_took_place(course, nora, django_assert_num_queries):
    appointment = course.visits.get(key="maintenance.1").appointment
    appointments.set_status(appointment=appointment, status="done", by=nora, now=appointment.ends_at, version=None)
    assert short(course) == {"maintenance": 1}
    with django_assert_num_queries(2):
        assert horizon.to_extend() == [course]


def test_a_block_that_was_given_back_is_over(course, flora, now):
    visits.cancel(visit=course.visits.get(key="maintenance.2"), by=flora, now=now, version=None, reason="")
    assert short(course) == {}


def test_one_in_the_middle_that_was_given_back(course, flora, now):
    visits.cancel(visit=course.visits.get(key="maintenance.1"), by=flora, now=now, version=None, reason="")
    assert short(course) == {"maintenance": 1}
