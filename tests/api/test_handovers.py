"""Decisions handed to the desk over the API: handed over, previewed, carried out once, sent back, withdrawn."""

import pytest

from tests.api.caller import problem, with_token
from treatments.models import DecisionHandover, DecisionRecord

pytestmark = pytest.mark.django_db
SPACED = {"choice": "spacing", "block": "infusions", "gap_days": 4, "reason": "Sleeps badly"}


@pytest.fixture
def clinician(clara):
    return with_token(clara)


def hand_over(caller, course, key="a", **body):
    return caller.post(f"courses/{course.pk}/hand-over", SPACED | body, key=key)


def test_a_decision_is_handed_over_and_carried_out_once(clinician, desk, nurse, course, clara, flora):
    answer = hand_over(clinician, course)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["course"], made["choice"], made["gap_days"], made["by"], made["state"], made["change_set"]) == (
        str(course.pk),
        "spacing",
        4,
        clara.name,
        "open",
        None,
    )
    assert hand_over(clinician, course).headers["Idempotency-Replayed"] == "true"
    twice = hand_over(clinician, course, key="b")
    assert (twice.status_code, twice.json()["code"]) == (409, "handed_over_already")
    [listed] = desk.get("handovers/", site=course.site_id, state="open").json()["results"]
    assert listed == made
    assert desk.get("handovers/", state="done").json()["results"] == []
    assert nurse.get(f"handovers/{made['id']}/").status_code == 403

    shown = desk.get(f"handovers/{made['id']}/")
    assert shown.headers["ETag"] == '"1"', "the version of the course"
    ripple = desk.post(f"handovers/{made['id']}/preview").json()
    assert ripple["verb"] == "decide"
    path = f"handovers/{made['id']}/carry-out"
    assert desk.post(path, {}, key="c").status_code == 428
    stale = desk.post(path, {"digest": ripple["digest"]}, key="c", version=7)
    assert (stale.status_code, stale.json()["detail"]["current"]["version"]) == (412, 1)
    outdated = desk.post(path, {"digest": "0" * 64}, key="c", version=1)
    assert (outdated.status_code, outdated.json()["code"]) == (409, "outdated")
    assert outdated.json()["detail"]["ripple"]["digest"] == ripple["digest"]
    assert not DecisionRecord.objects.exists()

    done = desk.post(path, {"digest": ripple["digest"]}, key="c", version=1)
    assert (done.status_code, done.json()["verb"], done.json()["by"]) == (201, "decide", str(flora.pk))
    again = desk.post(path, {"digest": ripple["digest"]}, key="c", version=1)
    assert (again.json()["id"], again.headers["Idempotency-Replayed"]) == (done.json()["id"], "true")
    record = DecisionRecord.objects.get()
    assert (record.by, record.reason) == (clara, "Sleeps badly")
    closed = desk.get(f"handovers/{made['id']}/").json()
    assert (closed["state"], closed["closed_by"], closed["change_set"]) == ("done", flora.name, done.json()["id"])
    for path, body, version in (("carry-out", {}, 2), ("preview", {}, None), ("send-back", {"note": "No"}, None)):
        late = desk.post(f"handovers/{made['id']}/{path}", body, key="d", version=version)
        assert (late.status_code, late.json()["code"]) == (409, "closed_already")


def test_it_is_sent_back_or_withdrawn(clinician, desk, course, flora):
    first = hand_over(clinician, course).json()["id"]
    assert desk.post(f"handovers/{first}/withdraw", {}, key="b").status_code == 403, "only clinicians withdraw"
    for note in ("", "  ", "a\x00"):
        answer = desk.post(f"handovers/{first}/send-back", {"note": note}, key="b")
        assert answer.status_code == 400
        assert problem(answer, "note")["message"]
    sent = desk.post(f"handovers/{first}/send-back", {"note": "She wants to talk first"}, key="b").json()
    assert (sent["state"], sent["note"], sent["closed_by"]) == ("returned", "She wants to talk first", flora.name)
    second = hand_over(clinician, course, key="c").json()["id"]
    assert clinician.post(f"handovers/{second}/withdraw", {}, key="d").json()["state"] == "withdrawn"
    course.refresh_from_db()
    assert (course.spacing, course.version) == ({}, 1)
    assert not DecisionRecord.objects.exists()


def test_what_cannot_be_handed_over(clinician, desk, course):
    for body, pointer in (
        ({"choice": "wait"}, "choice"),
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"gap_days": "4"}, "gap_days"),
        ({"gap_days": 9}, "gap_days"),
        ({"block": "nothing"}, "block"),
        ({"event": "decide"}, "event"),
    ):
        answer = hand_over(clinician, course, **body)
        assert answer.status_code == 400, body
        assert problem(answer, pointer)["message"]
    assert hand_over(desk, course).status_code == 403
    assert not DecisionHandover.objects.exists()
