"""Closing over the API: asked, polled, carried out, taken back."""

import pytest
from django.core.management import call_command

from tests.api.caller import problem
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
