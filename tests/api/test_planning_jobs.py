"""Closing over the API: asked, polled, carried out, taken back."""

import pytest
from django.core.management import call_command

from tests.api.caller import problem
from tests.factories.clinics import PatientFactory
from treatments.models import PlanningJob, Visit

pytestmark = pytest.mark.django_db


def starts():
    return dict(Visit.objects.values_list("key", "appointment__starts_at"))


def test_from_asking_to_undoing(manager, desk, course, site, capsys):
    before = starts()
    body = {"site": str(site.pk), "on": "2026-05-11", "reason": "Water damage"}
    asked = manager.post("planning-jobs/close", body, key="ask")
    assert (asked.status_code, asked.json()["state"], asked.json()["answer"]) == (202, "queued", None)
    path = f"planning-jobs/{asked.json()['id']}/"
    assert manager.post("planning-jobs/close", body, key="ask").json()["id"] == asked.json()["id"]
    assert PlanningJob.objects.count() == 1

    call_command("plan_together")
    assert "ready" in capsys.readouterr().out
    ready = desk.get(path).json()
    assert ready["state"] == "ready"
    [answer] = ready["answer"]["courses"]
    assert answer["course"] == str(course.pk)
    assert sum(answer["counts"].values()) == len(answer["steps"]) == 6
    assert starts() == before

    assert desk.post(f"{path}apply", {"digest": ready["digest"]}, key="do").status_code == 403
    refused = manager.post(f"{path}apply", {"digest": "0"}, key="wrong")
    assert (refused.status_code, refused.json()["code"]) == (409, "outdated")
    done = manager.post(f"{path}apply", {"digest": ready["digest"]}, key="do")
    assert (done.status_code, done.json()["state"]) == (200, "applied")
    assert starts() != before
    assert manager.post(f"{path}apply", {"digest": ready["digest"]}, key="do").headers["Idempotency-Replayed"] == "true"
    assert manager.post(f"{path}apply", {"digest": ready["digest"]}, key="again").json()["code"] == "not_ready"

    assert manager.post(f"{path}undo", {}, key="undo").status_code == 200
    assert starts() == before


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"on": None}, "on"),
        ({"on": "2020-01-01"}, "on"),
        ({"on": "soon"}, "on"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 101}, "reason"),
        ({"site": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}, "site"),
        ({"resource": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}, "resource"),
        ({"starts_at": "2026-05-11T08:00:00"}, "starts_at"),
        ({"who": "me"}, "who"),
    ],
)
def test_what_cannot_be_asked(manager, site, changes, pointer):
    body = {"site": str(site.pk), "on": "2026-05-11", "reason": "Water damage"} | changes
    body = {name: value for name, value in body.items() if value is not None}
    answer = manager.post("planning-jobs/close", body, key="ask")
    assert answer.status_code == 400
    assert problem(answer, pointer)
    assert not PlanningJob.objects.exists()


def test_levelling(manager, course, site, capsys):
    body = {"site": str(site.pk), "from_on": "2026-05-11", "until_on": "2026-05-15", "target": 1, "most_moves": 5}
    asked = manager.post("planning-jobs/level", body, key="ask")
    assert (asked.status_code, asked.json()["kind"]) == (202, "level")
    call_command("plan_together")
    ready = manager.get(f"planning-jobs/{asked.json()['id']}/").json()
    assert ready["state"] == "ready"
    days = ready["answer"]["days"]
    assert [day["on"] for day in days] == [f"2026-05-{number}" for number in range(11, 16)]
    assert sum(day["before"] for day in days) == sum(day["after"] for day in days) > 0
    path = f"planning-jobs/{asked.json()['id']}/apply"
    assert manager.post(path, {"digest": ready["digest"]}, key="do").json()["state"] == "applied"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"until_on": "2026-05-11"}, "until_on"),
        ({"from_on": "2020-05-11"}, "from_on"),
        ({"target": 0}, "target"),
        ({"target": "few"}, "target"),
        ({"most_moves": 1000}, "most_moves"),
        ({"site": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}, "site"),
    ],
)
def test_what_cannot_be_levelled(manager, site, changes, pointer):
    body = {"site": str(site.pk), "from_on": "2026-05-11", "until_on": "2026-05-15"} | changes
    answer = manager.post("planning-jobs/level", body, key="ask")
    assert answer.status_code == 400
    assert problem(answer, pointer)
    assert not PlanningJob.objects.exists()


@pytest.fixture
def wanted(plan):
    """Two new courses."""
    course = {name: plan[name] for name in ("protocol_version", "start_on")}
    patients = [PatientFactory(site_id=plan["site"]) for _ in range(2)]
    return {"site": plan["site"], "courses": [course | {"patient": str(patient.pk)} for patient in patients]}


def test_two_courses_at_once(desk, wanted):
    asked = desk.post("planning-jobs/book", wanted, key="ask")
    assert asked.status_code == 202
    path = f"planning-jobs/{asked.json()['id']}/"
    call_command("plan_together")
    ready = desk.get(path).json()
    assert ready["answer"]["unplaced"] == []
    assert sorted(course["number"] for course in ready["answer"]["courses"]) == [0, 1]
    done = desk.post(f"{path}apply", {"digest": ready["digest"]}, key="do")
    assert (done.status_code, done.json()["state"]) == (200, "applied")
    assert Visit.objects.filter(status="booked").count() == 12


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"patient": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}, "courses/1/patient"),
        ({"protocol_version": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}, "courses/1/protocol_version"),
        ({"start_on": "2020-01-01"}, "courses/1/start_on"),
        ({"wishes": {"weekdays": [8]}}, "courses/1/wishes/weekdays/0"),
        ({"who": "me"}, "courses/1/who"),
    ],
)
def test_courses_that_cannot_be_wanted(desk, wanted, change, pointer):
    wanted["courses"][1] |= change
    answer = desk.post("planning-jobs/book", wanted, key="ask")
    assert answer.status_code == 400
    assert problem(answer, pointer)
