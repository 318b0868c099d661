"""Decisions over the API: when they are due, and what waits for a clinician."""

from uuid import uuid4

import pytest
import time_machine

from tests.api.caller import problem
from tests.treatments.documents import branching
from treatments.actions import protocols

pytestmark = pytest.mark.django_db


@pytest.fixture
def series(mona, now):
    return protocols.publish(document=branching(), by=mona, now=now)


def test_the_decisions_of_a_course(desk, course):
    answer = desk.get(f"courses/{course.pk}/decisions/")
    assert answer.status_code == 200
    first = answer.json()["points"][0]
    assert {name: first[name] for name in ("decision", "title", "after", "state", "opens_at", "due_on", "record")} == {
        "decision": "response",
        "title": "Response",
        "after": "infusions.3",
        "state": "ahead",
        "opens_at": "2026-05-14T13:00:00Z",
        "due_on": "2026-05-18",
        "record": None,
    }
    assert [choice["goes_to"] for choice in first["choices"]] == ["weekly", "stop", "clinician"]
    assert answer.json()["records"] == []


def test_what_waits_for_a_clinician(desk, course, site):
    assert desk.get("reviews/", site=site.pk).json() == {"results": []}
    with time_machine.travel("2026-05-19T12:00:00Z"):
        [review] = desk.get("reviews/", site=site.pk).json()["results"]
    assert review["patient"]["name"] == "Pat Example"
    assert (review["kind"], review["course"], review["visit"], review["overdue"], review["then"]) == (
        "decision",
        str(course.pk),
        "infusions.3",
        True,
        "response",
    )


@pytest.mark.parametrize("query", [{}, {"site": "here"}, {"site": str(uuid4())}])
def test_which_site(desk, query):
    answer = desk.get("reviews/", **query)
    assert answer.status_code == 400
    assert problem(answer, "site")


def test_no_such_course(desk):
    assert desk.get(f"courses/{uuid4()}/decisions/").status_code == 404
