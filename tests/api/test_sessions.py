"""The day of a visit over the API: what is ticked off, taken back, and in the way of leaving."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine

from scheduler.models import Status
from tests.api.caller import problem
from tests.treatments.actions.test_sessions import watched
from treatments.actions import protocols, sessions
from treatments.models import VisitTick

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def series(mona, now):
    return protocols.publish(document=watched(), by=mona, now=now)


@pytest.fixture
def visit(course, nora):
    """The first infusion, 8:00 to 9:30, whose patient is here; it is 8:20."""
    found = course.visits.select_related("appointment").get(key="infusions.1")
    at = found.appointment.starts_at
    sessions.set_status(appointment=found.appointment, status="arrived", by=nora, now=at, version=None)
    with time_machine.travel(at + 20 * MINUTE, tick=False):
        yield found


def tick(caller, visit, step, *, key=None, **more):
    return caller.post(f"visits/{visit.pk}/tick", {"step": step, **more}, key=key or step)


def test_a_whole_session(nurse, visit, nora):
    at = visit.appointment.starts_at
    shown = nurse.get(f"visits/{visit.pk}/session/").json()
    assert (shown["visit"]["key"], shown["appointment"], shown["status"], shown["needs_escort"]) == (
        "infusions.1",
        str(visit.appointment_id),
        "arrived",
        True,
    )
    assert [(each["step"], each["when"], each["tick"]) for each in shown["checks"]] == [
        ("pressure.0", "before the start", None),
        ("pressure.40", "40 min after the start", None),
        ("pressure.leaving", "before leaving", None),
    ]
    assert (shown["ticks"], shown["observed_until"]) == ([], None)

    early = (at + 14 * MINUTE).isoformat()
    answer = tick(nurse, visit, "pressure.0", at=early)
    assert answer.json()["checks"][0]["tick"]["by"] == nora.name
    answer = tick(nurse, visit, "start")
    assert (answer.status_code, answer.json()["status"]) == (200, "in_treatment")
    assert [(each["step"], each["at"]) for each in answer.json()["ticks"]] == [
        ("pressure.0", "2026-05-07T12:14:00Z"),
        ("start", "2026-05-07T12:20:00Z"),
    ]
    assert answer.json()["observed_until"] == "2026-05-07T13:35:00Z"
    again = tick(nurse, visit, "start")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    twice = tick(nurse, visit, "start", key="other")
    assert (twice.status_code, twice.json()["code"]) == (409, "ticked_already")

    refused = nurse.post(f"visits/{visit.pk}/discharge", {}, key="a")
    assert (refused.status_code, refused.json()["code"]) == (422, "may_not_leave")
    obstacles = refused.json()["detail"]["obstacles"]
    assert [each["code"] for each in obstacles] == ["escort", "observation", "check", "check"]
    assert obstacles == answer.json()["in_the_way"]
    left = nurse.post(f"visits/{visit.pk}/discharge", {"reason": "Felt ill"}, key="a")
    assert (left.status_code, left.json()["status"], left.json()["in_the_way"]) == (200, "done", [])
    [last] = [each for each in left.json()["ticks"] if each["step"] == "left"]
    assert last["note"] == "Felt ill"

    back = nurse.post(f"ticks/{last['id']}/withdraw", {}, key="b")
    assert (back.status_code, back.json()["status"]) == (200, "in_treatment")
    assert nurse.post(f"ticks/{last['id']}/withdraw", {}, key="b").headers["Idempotency-Replayed"] == "true"
    gone = nurse.post(f"ticks/{last['id']}/withdraw", {}, key="c")
    assert (gone.status_code, gone.json()["message"]) == (409, "This was taken back already.")


def test_what_cannot_be_ticked(nurse, desk, visit):
    for body, pointer in (
        ({}, "step"),
        ({"step": 1}, "step"),
        ({"step": "nonsense"}, "step"),
        ({"step": "start", "by": "somebody"}, "by"),
        ({"step": "start", "at": "8:20"}, "at"),
        ({"step": "start", "at": "2026-05-07T23:00:00Z"}, "at"),
        ({"step": "start", "at": "2026-05-06T12:00:00Z"}, "at"),
    ):
        answer = nurse.post(f"visits/{visit.pk}/tick", body, key="a")
        assert answer.status_code == 400, body
        assert problem(answer, pointer)["message"]
    assert nurse.post(f"visits/{visit.pk}/tick", {"step": "end"}, key="a").status_code == 409, "it has not started"
    assert nurse.post(f"visits/{visit.pk}/tick", {"step": "start"}).status_code == 400, "a key is needed"
    later = visit.course.visits.get(key="infusions.2")
    assert tick(nurse, later, "start").json()["message"] == "The patient is not here."
    for path in (f"visits/{uuid4()}/tick", f"visits/{uuid4()}/discharge", f"ticks/{uuid4()}/withdraw"):
        assert nurse.post(path, {"step": "start"} if "tick" in path[-4:] else {}, key="a").status_code == 404
    visit.appointment.refresh_from_db()
    assert visit.appointment.status == Status.ARRIVED
    assert not VisitTick.objects.exists()
