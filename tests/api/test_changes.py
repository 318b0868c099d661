"""Changing a course through the API: preview, apply, undo."""

from datetime import UTC, datetime

import pytest

from scheduler.models import ChangeSet
from tests.factories.clinics import PatientFactory
from tests.treatments.changing import publish
from tests.treatments.documents import series
from treatments.models import Course, Visit

pytestmark = pytest.mark.django_db

MOVE = {"event": "move", "visit": "infusions.2", "starts_at": "2026-05-12T08:00:00-04:00"}


def starts(key: str) -> datetime:
    return Visit.objects.get(key=key).appointment.starts_at


def test_preview_apply_undo(desk, course):
    path = f"courses/{course.pk}/changes"
    ripple = desk.post(f"{path}/preview", MOVE).json()
    assert ripple["counts"] == {"moves": 3, "stays": 2, "invalid": 1}
    assert {step["visit"]: step["fate"] for step in ripple["steps"]}["talks.3"] == "invalid"
    [moved] = [step for step in ripple["steps"] if step["visit"] == "infusions.2"]
    assert (moved["before"]["local_start"], moved["after"]["local_start"]) == ("2026-05-11T08:00", "2026-05-12T08:00")
    assert not ChangeSet.objects.filter(verb="move").exists()

    done = desk.post(path, MOVE | {"digest": ripple["digest"], "reason": "Works"}, key="one", version=1)
    assert done.status_code == 201
    assert done.headers["ETag"] == '"2"'
    assert (done.json()["verb"], done.json()["courses"], done.json()["reason"]) == ("move", [str(course.pk)], "Works")
    assert len(done.json()["lines"]) == 4
    assert starts("infusions.2") == datetime(2026, 5, 12, 12, tzinfo=UTC)
    again = desk.post(path, MOVE | {"digest": ripple["digest"], "reason": "Works"}, key="one", version=1)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (done.json(), "true")

    undone = desk.post(f"change-sets/{done.json()['id']}/undo", {}, key="two")
    assert (undone.status_code, undone.json()["undoes"]) == (201, done.json()["id"])
    assert starts("infusions.2") == datetime(2026, 5, 11, 12, tzinfo=UTC)
    twice = desk.post(f"change-sets/{done.json()['id']}/undo", {}, key="three")
    assert (twice.status_code, twice.json()["code"]) == (409, "cannot_undo")

    listed = desk.get("change-sets/", course=str(course.pk)).json()["results"]
    assert [each["verb"] for each in listed] == ["book", "move", "undo"]
    assert listed[1]["undone_by"] == listed[2]["id"]


def test_what_changed_meanwhile_comes_with_the_refusal(desk, course):
    path = f"courses/{course.pk}/changes"
    answer = desk.post(path, MOVE | {"digest": "0" * 64}, key="one", version=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "outdated")
    ripple = answer.json()["detail"]["ripple"]
    assert desk.post(path, MOVE | {"digest": ripple["digest"]}, key="one", version=1).status_code == 201


def test_a_stale_course(desk, course):
    path = f"courses/{course.pk}/changes"
    assert desk.post(path, MOVE, key="one", version=1).status_code == 201
    answer = desk.post(path, MOVE, key="two", version=1)
    assert (answer.status_code, answer.json()["detail"]["current"]["version"]) == (412, 2)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "event"),
        ({"event": "explode"}, "event"),
        ({"event": 7}, "event"),
        ({"event": "move"}, "visit"),
        (MOVE | {"starts_at": "tomorrow"}, "starts_at"),
        (MOVE | {"starts_at": "2020-05-12T08:00:00-04:00"}, "starts_at"),
        (MOVE | {"visit": "infusions.77"}, "visit"),
        (MOVE | {"scope": "this"}, "scope"),
        (MOVE | {"digest": "abc"}, "digest"),
        (MOVE | {"only_this": "yes"}, "only_this"),
        (MOVE | {"resources": {"chair": "nobody"}}, "resources/chair"),
        (MOVE | {"resources": {"pilot": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}}, "resources/pilot"),
        ({"event": "cancel", "scope": "this"}, "visit"),
        ({"event": "cancel", "scope": "everything"}, "scope"),
        ({"event": "no_show", "visit": "infusions.1", "then": "sing"}, "then"),
    ],
)
def test_events_that_are_none(desk, course, body, pointer):
    for path in (f"courses/{course.pk}/changes/preview", f"courses/{course.pk}/changes"):
        answer = desk.post(path, body, key="one", version=1)
        assert (answer.status_code, answer.json()["pointer"]) == (400, pointer), answer.json()


def test_a_body_that_is_no_event(desk, course):
    assert desk.post(f"courses/{course.pk}/changes/preview", b"[]").status_code == 400


def test_every_broken_rule_is_told(desk, course):
    answer = desk.post(f"courses/{course.pk}/changes/preview", MOVE | {"only_this": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "rules_broken")
    assert len(answer.json()["problems"]) > 1


def test_a_nurse_says_that_somebody_did_not_come_but_moves_nothing(nurse, desk, course):
    import time_machine

    path = f"courses/{course.pk}/changes"
    with time_machine.travel(starts("infusions.1").replace(minute=30)):
        body = {"event": "no_show", "visit": "infusions.1"}
        assert nurse.post(path, body, key="one", version=1).status_code == 201
    assert nurse.post(path, MOVE, key="two", version=2).status_code == 403


def test_the_list_is_filtered(desk, course, site):
    other = PatientFactory(site=site)
    assert desk.get("change-sets/", patient=str(other.pk)).json()["results"] == []
    assert len(desk.get("change-sets/", site=str(site.pk)).json()["results"]) == 1
    assert desk.get("change-sets/", since="2027-01-01T00:00:00Z").json()["results"] == []
    assert desk.get("change-sets/", colour="red").status_code == 400


@pytest.mark.parametrize("key", ["infusions.1", "talks.1"])
def test_a_preview_takes_the_same_number_of_queries_whatever_moves(desk, course, key, django_assert_max_num_queries):
    with django_assert_max_num_queries(22):
        desk.post(f"courses/{course.pk}/changes/preview", {"event": "cancel", "scope": "this", "visit": key})


def test_a_rule_that_may_be_overridden_is_by_who_may_with_a_reason(desk, wanted, mona, clara, now):
    from tests.api.caller import with_token

    blocks = series()["blocks"]
    blocks[0]["gap"]["overridable"] = True
    version = publish(mona, now, blocks=blocks)
    booked = desk.post("courses/", wanted | {"protocol_version": str(version.pk)}, key="zero")
    course = Course.objects.get(pk=booked.json()["id"])
    early = {"event": "move", "visit": "infusions.3", "starts_at": "2026-05-13T10:00:00-04:00", "only_this": True}
    path, why = f"courses/{course.pk}/changes", {"override": "Travels on Thursday"}
    refused = desk.post(path, early, key="one", version=1)
    assert (refused.status_code, refused.json()["code"]) == (422, "rules_broken")
    assert refused.json()["detail"]["overridable"] is True
    assert desk.post(path, early | why, key="two", version=1).status_code == 403
    clinician = with_token(clara)
    for nothing in ("", "   ", None, 7):
        answer = clinician.post(path, early | {"override": nothing}, key="three", version=1)
        assert (answer.status_code, answer.json()["pointer"]) == (400, "override")
    asked = {name: early[name] for name in ("visit", "starts_at")}
    visit = Visit.objects.get(key="infusions.3")
    told = clinician.post(f"visits/{visit.pk}/why-not", {"starts_at": asked["starts_at"]}).json()["reasons"]
    assert [(each["code"], each["overridable"]) for each in told if each["hard"]] == [("too_soon", True)]

    ripple = clinician.post(f"{path}/preview", early | why).json()
    assert [why["code"] for step in ripple["steps"] for why in step["reasons"]] == ["overridden"]
    done = clinician.post(path, early | why | {"digest": ripple["digest"]}, key="four", version=1)
    assert done.status_code == 201, done.json()
    shown = {each["key"]: each["overrides"] for each in desk.get(f"courses/{course.pk}/").json()["visits"]}
    [kept] = shown.pop("infusions.3")
    assert not any(shown.values())
    assert (kept["rule"], kept["reason"]) == ("Infusion: 3 to 5 days apart", "Travels on Thursday")
    assert (kept["by"], kept["by_name"], kept["counts"]) == (str(clara.pk), clara.name, True)

    # one visit at a time takes the same field
    stood = {"starts_at": "2026-05-13T13:00:00-04:00"}
    move, seen = f"appointments/{visit.appointment_id}/move", {"version": 2}
    assert clinician.post(move, stood, key="five", **seen).json()["detail"]["overridable"] is True
    assert clinician.post(move, stood | why, key="six", **seen).status_code == 200
