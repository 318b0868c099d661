"""Gates over the API: what is missing, what was fulfilled, what was taken back."""

from uuid import uuid4

import pytest

from tests.api.caller import problem
from treatments.actions import protocols
from treatments.models import GateFulfilment

pytestmark = pytest.mark.django_db

GATES = [
    {"gate": "consent", "title": "Consent", "before": "infusions.first", "lead_hours": 24, "source": "T"},
    {"gate": "escort", "title": "A ride home", "before": "infusions.each", "source": "T"},
]


@pytest.fixture
def series(mona, now):
    from tests.treatments.documents import series as document

    return protocols.publish(document=document(gates=GATES), by=mona, now=now)


def at(answer, key: str):
    return next(visit for visit in answer.json()["visits"] if visit["key"] == key)


def test_how_ready_a_course_is(nurse, course):
    answer = nurse.get(f"courses/{course.pk}/readiness/")
    assert answer.status_code == 200
    assert (answer.json()["course"], answer.json()["light"]) == (str(course.pk), "amber")
    first = at(answer, "infusions.1")
    assert (first["starts_at"], first["light"]) == ("2026-05-07T12:00:00Z", "amber")
    assert first["items"][0] == {
        "gate": "consent.1",
        "kind": "consent",
        "title": "Consent",
        "standing": "open",
        "message": "Consent: needed by 6 May, 8am.",
        "needed_by": "2026-05-06T12:00:00Z",
        "valid_until": None,
        "earliest_at": first["items"][0]["earliest_at"],
    }
    assert at(answer, "talks.1")["items"] == []
    assert [(gate["gate"], gate["per_visit"], gate["fulfilments"]) for gate in answer.json()["gates"]] == [
        ("consent.1", False, []),
        ("escort.1", True, []),
    ]


def test_a_consent_is_given_once_and_taken_back(nurse, course, nora):
    path = f"courses/{course.pk}/fulfil"
    body = {"gate": "consent.1", "note": "on paper"}
    answer = nurse.post(path, body, key="a")
    assert answer.status_code == 200
    assert at(answer, "infusions.1")["items"][0]["standing"] == "in_place"
    [fact] = answer.json()["gates"][0]["fulfilments"]
    assert (fact["note"], fact["by"], fact["visit"]) == ("on paper", nora.name, "")

    again = nurse.post(path, body, key="a")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert GateFulfilment.objects.count() == 1

    answer = nurse.post(f"fulfilments/{fact['id']}/withdraw", {"reason": "taken back"}, key="b")
    assert at(answer, "infusions.1")["items"][0]["standing"] == "open"
    assert answer.json()["gates"][0]["fulfilments"] == []
    answer = nurse.post(f"fulfilments/{fact['id']}/withdraw", {}, key="c")
    assert (answer.status_code, answer.json()["code"]) == (409, "withdrawn_already")


def test_rides_for_two_visits(nurse, course):
    keys = [str(course.visits.get(key=key).pk) for key in ("infusions.1", "infusions.2")]
    answer = nurse.post(f"courses/{course.pk}/fulfil", {"gate": "escort.1", "visits": keys}, key="a")
    standings = [
        item["standing"] for visit in answer.json()["visits"] for item in visit["items"] if item["gate"] == "escort.1"
    ]
    assert standings == ["in_place", "in_place", "open"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "gate"),
        ({"gate": 1}, "gate"),
        ({"gate": "consent.1", "by": "somebody"}, "by"),
        ({"gate": "nothing.1"}, "gate"),
        ({"gate": "consent.1", "done_at": "2026-05-04T12:00:00"}, "done_at"),
        ({"gate": "consent.1", "done_at": "2036-05-04T12:00:00Z"}, "done_at"),
        ({"gate": "consent.1", "valid_until": "tomorrow"}, "valid_until"),
        ({"gate": "consent.1", "valid_until": "2026-01-01"}, "valid_until"),
        ({"gate": "consent.1", "note": "a\x00"}, "note"),
        ({"gate": "escort.1"}, "visits"),
        ({"gate": "escort.1", "visits": "all"}, "visits"),
        ({"gate": "escort.1", "visits": [str(uuid4())]}, "visits/0"),
    ],
)
def test_what_cannot_be_recorded(nurse, course, body, pointer):
    answer = nurse.post(f"courses/{course.pk}/fulfil", body, key="a")
    assert answer.status_code == 400
    assert problem(answer, pointer)["message"]
    assert not GateFulfilment.objects.exists()


@pytest.mark.parametrize("path", ["courses/{}/readiness/", "courses/{}/fulfil", "fulfilments/{}/withdraw"])
def test_nothing_there(nurse, path):
    path = path.format(uuid4())
    answer = (
        nurse.get(path)
        if path.endswith("/")
        else nurse.post(path, {"gate": "a"} if "fulfil" in path[-7:] else {}, key="a")
    )
    assert answer.status_code == 404
