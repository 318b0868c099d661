"""Decisions over the API: when they are due, and what waits for a clinician."""

from uuid import uuid4

import pytest
import time_machine

from core import clock
from tests.api.caller import problem, with_token
from tests.treatments.documents import branching
from treatments.actions import handovers, protocols
from treatments.life.events import Decide

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


def test_a_decision_is_previewed_and_made(desk, clara, course):
    clinician = with_token(clara)
    body = {"event": "decide", "choice": "stop", "decision": "response", "reason": "no change"}
    ripple = clinician.post(f"courses/{course.pk}/changes/preview", body).json()
    assert ripple["counts"]["released"] == 6
    answer = clinician.post(f"courses/{course.pk}/changes", body | {"digest": ripple["digest"]}, key="a", version=1)
    assert (answer.status_code, answer.json()["verb"]) == (201, "decide")

    shown = desk.get(f"courses/{course.pk}/decisions/").json()
    [record] = shown["records"]
    assert (record["choice"], record["after"], record["reason"], record["by"], record["change_set"]) == (
        "stop",
        "infusions.3",
        "no change",
        clara.name,
        answer.json()["id"],
    )
    assert shown["points"][0]["state"] == "decided"

    # the desk may look and may not decide, nor take it back
    assert desk.post(f"courses/{course.pk}/changes/preview", body).status_code == 403
    assert desk.post(f"change-sets/{answer.json()['id']}/undo", {}, key="b").status_code == 403
    undone = clinician.post(f"change-sets/{answer.json()['id']}/undo", {}, key="b")
    assert (undone.status_code, undone.json()["undoes"]) == (201, answer.json()["id"])
    assert desk.get(f"courses/{course.pk}/decisions/").json()["records"] == []


def test_where_the_desk_carries_decisions_out_they_are_handed_over(clara, flora, course, site):
    site.desk_carries_out = True
    site.save()
    clinician, body = with_token(clara), {"event": "decide", "choice": "hold"}
    assert clinician.post(f"courses/{course.pk}/changes/preview", body).status_code == 200, "anybody may look"
    answer = clinician.post(f"courses/{course.pk}/changes", body, key="a", version=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "desk_carries_out")
    assert answer.json()["message"] == "At this site the desk carries decisions out: hand it over."
    course.refresh_from_db()
    assert not course.on_hold
    handed = handovers.hand_over(event=Decide(course.pk, "hold"), by=clara, now=clock.now(), reason="Infection")
    handovers.carry_out(handover=handed, by=flora, now=clock.now(), digest=None)
    course.refresh_from_db()
    assert course.on_hold


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "choice"),
        ({"choice": "wait"}, "choice"),
        ({"choice": "hold", "after": "infusions.3"}, "after"),
        ({"choice": "spacing", "block": "maintenance", "gap_days": "20"}, "gap_days"),
        ({"choice": "spacing", "block": "maintenance", "gap_days": 0}, "gap_days"),
        ({"choice": "spacing", "block": "maintenance", "gap_days": 40}, "gap_days"),
        ({"choice": "stop", "cancel_booked": "yes"}, "cancel_booked"),
        ({"choice": "go_to", "block": "nothing"}, "block"),
    ],
)
def test_what_is_no_decision(clara, course, body, pointer):
    answer = with_token(clara).post(f"courses/{course.pk}/changes", body | {"event": "decide"}, key="a", version=1)
    assert answer.status_code == 400
    assert problem(answer, pointer)["message"]


def test_a_late_patient(desk, course):
    visit = course.visits.get(key="infusions.1")
    with time_machine.travel("2026-05-07T12:20:00Z"):
        late = desk.get(f"visits/{visit.pk}/late/").json()
        assert late["starts"][0] == "2026-05-07T12:30:00Z"
        assert late["latest"] == "2026-05-07T20:45:00Z"
        assert late["why"]
        body = {"event": "late", "visit": "infusions.1", "arrives_at": "2026-05-07T12:40:00Z"}
        answer = desk.post(f"courses/{course.pk}/changes", body, key="a", version=1)
        assert (answer.status_code, answer.json()["lines"][0]["after"]["starts_at"]) == (
            201,
            "2026-05-07T12:45:00+00:00",
        )
        too_late = body | {"arrives_at": "2026-05-07T21:00:00Z"}
        answer = desk.post(f"courses/{course.pk}/changes", too_late, key="b", version=2)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]["latest"]) == (
        409,
        "too_late",
        "2026-05-07T20:45:00+00:00",
    )


def test_nothing_to_extend(desk, course):
    answer = desk.post(f"courses/{course.pk}/changes", {"event": "extend"}, key="a", version=1)
    assert answer.status_code == 409
