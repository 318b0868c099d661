"""A course over the API: asked for, booked, looked at, moved, cancelled."""

import pytest

from scheduler.models import Allocation, Appointment, Status
from tests.api.caller import problem
from tests.factories.clinics import PatientFactory
from treatments.models import Course, Visit, VisitStatus

pytestmark = pytest.mark.django_db


def chosen(proposal) -> list[dict]:
    """The places of a proposal as they are sent back."""
    return [
        {
            "key": visit["key"],
            "starts_at": visit["starts_at"],
            "resources": {each["role"]: each["id"] for each in visit["resources"]},
        }
        for visit in proposal["visits"]
    ]


def test_a_proposal_says_when_with_whom_and_why(desk, plan):
    proposal = desk.post("courses/propose", plan).json()
    assert proposal["complete"] is True
    assert {name: proposal[name] for name in plan} == plan
    assert len(proposal["visits"]) == 6
    first = proposal["visits"][0]
    assert (first["key"], first["label"], first["minutes"]) == ("infusions.1", "Infusion 1", 60)
    assert (first["starts_at"], first["local_start"]) == ("2026-05-07T12:00:00Z", "2026-05-07T08:00")
    assert {each["role"] for each in first["resources"]} == {"chair", "nurse"}
    assert first["reason"]
    assert not Appointment.objects.exists()


def test_a_partial_proposal_says_what_is_missing(desk, plan, clinic):
    for name in ("Theo", "Tessa"):
        clinic[name].is_active = False
        clinic[name].save()
    proposal = desk.post("courses/propose", plan).json()
    assert proposal["complete"] is False
    left = [visit for visit in proposal["visits"] if visit["starts_at"] is None]
    assert [visit["family"] for visit in left] == [left[0]["family"]] * 3
    assert all(visit["unplaced"] and visit["local_start"] is None for visit in left)
    assert proposal["explanation"]["causes"]
    assert proposal["explanation"]["verdict"].startswith("Even if every rule and every wish gave way")
    assert desk.post("courses/propose", plan | {"explain": False}).json() == proposal | {"explanation": None}


def test_a_proposal_is_booked_as_it_was_seen(desk, plan, wanted):
    proposal = desk.post("courses/propose", wanted).json()
    answer = desk.post("courses/", wanted | {"visits": chosen(proposal)}, key="first")
    assert answer.status_code == 201
    course = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert "Idempotency-Replayed" not in answer.headers
    assert (course["patient"]["name"], course["protocol"]["title"], course["status"]) == (
        "Pat Example",
        "Test series",
        "active",
    )
    assert [(visit["key"], visit["appointment"]["starts_at"]) for visit in course["visits"]] == [
        (visit["key"], visit["starts_at"]) for visit in proposal["visits"]
    ]
    assert desk.get(f"courses/{course['id']}/").json() == course


def test_a_course_is_booked_without_looking(desk, wanted, clara):
    course = desk.post("courses/", wanted | {"clinician": str(clara.pk)}, key="first").json()
    assert len(course["visits"]) == 6
    assert course["clinician"] == str(clara.pk)


def test_a_place_taken_meanwhile_is_a_conflict_with_the_next_free_times(desk, plan, wanted, site):
    proposal = desk.post("courses/propose", plan).json()
    other = wanted | {"patient": str(PatientFactory(site=site).pk), "visits": chosen(proposal)}
    assert desk.post("courses/", other, key="other").status_code == 201
    answer = desk.post("courses/", wanted | {"visits": chosen(proposal)}, key="mine")
    assert (answer.status_code, answer.json()["code"]) == (409, "taken")
    assert answer.json()["pointer"].startswith("visits/")
    assert answer.json()["detail"]["resource"]["name"]
    assert len(answer.json()["detail"]["next_free"]) == 3
    assert Course.objects.count() == 1


def test_broken_rules_are_listed_with_their_places(desk, plan, wanted):
    visits = chosen(desk.post("courses/propose", plan).json())
    second = next(number for number, visit in enumerate(visits) if visit["key"] == "infusions.2")
    first = next(visit for visit in visits if visit["key"] == "infusions.1")
    visits[second]["starts_at"] = first["starts_at"].replace("-05-07T", "-05-08T")
    answer = desk.post("courses/", wanted | {"visits": visits}, key="k")
    assert (answer.status_code, answer.json()["code"]) == (422, "rules_broken")
    assert problem(answer, f"visits/{second}")["code"] == "too_soon"
    assert not Course.objects.exists()


def test_what_does_not_fit_is_refused_or_kept_on_the_work_list(desk, wanted, clinic, site):
    for name in ("Theo", "Tessa"):
        clinic[name].is_active = False
        clinic[name].save()
    refused = desk.post("courses/", wanted, key="all")
    assert (refused.status_code, refused.json()["code"]) == (409, "incomplete")
    assert len(refused.json()["detail"]["unplaced"]) == 3
    course = desk.post("courses/", wanted | {"partial": True}, key="some").json()
    waiting = desk.get("visits/", site=site.pk, status="to_place").json()["results"]
    assert [visit["key"] for visit in waiting] == ["talks.1", "talks.2", "talks.3"]
    assert waiting[0]["course"] == course["id"]
    assert waiting[0]["patient"]["name"] == "Pat Example"
    assert waiting[0]["unplaced"]


def test_a_visit_on_the_work_list_gets_a_place(desk, wanted, clinic):
    for name in ("Theo", "Tessa"):
        clinic[name].is_active = False
        clinic[name].save()
    course = desk.post("courses/", wanted | {"partial": True}, key="some").json()
    clinic["Theo"].is_active = True
    clinic["Theo"].save()
    visit = next(each for each in course["visits"] if each["key"] == "talks.1")
    answer = desk.post(f"visits/{visit['id']}/place", {"starts_at": "2026-05-06T15:00:00Z"}, key="place")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["status"] == "booked"
    assert answer.json()["appointment"]["starts_at"] == "2026-05-06T15:00:00Z"
    again = desk.post(f"visits/{visit['id']}/place", {"starts_at": "2026-05-06T15:00:00Z"}, key="place")
    assert again.headers["Idempotency-Replayed"] == "true"


def test_courses_are_listed(desk, course, patient, site):
    (row,) = desk.get("courses/", patient=patient.pk, site=site.pk, status="active").json()["results"]
    assert (row["id"], row["patient"]["name"]) == (str(course.pk), "Pat Example")
    assert desk.get("courses/", status="cancelled").json()["results"] == []


def test_a_course_is_cancelled(desk, course):
    answer = desk.post(f"courses/{course.pk}/cancel", {"reason": "moved away"}, key="k", version=1)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert {visit["status"] for visit in answer.json()["visits"]} == {"cancelled"}
    assert not Allocation.objects.filter(is_active=True).exists()
    again = desk.post(f"courses/{course.pk}/cancel", {"reason": "moved away"}, key="other", version=2)
    assert (again.status_code, again.json()["code"]) == (409, "course_over")


def test_the_messages_of_a_course_are_listed(desk, course):
    rows = desk.get(f"courses/{course.pk}/messages/", limit=200).json()["results"]
    assert {"plan", "day_before"} & {row["step"] for row in rows}, rows
    assert [row["due_at"] for row in rows] == sorted(row["due_at"] for row in rows)
    assert all(row["state"] == "scheduled" for row in rows)


def appointment(course, key) -> Appointment:
    return Appointment.objects.get(visit__course=course, visit__key=key)


def test_a_visit_is_moved(desk, course):
    talk = appointment(course, "talks.3")
    other = talk.starts_at.replace(hour=19)
    answer = desk.post(
        f"appointments/{talk.pk}/move", {"starts_at": other.isoformat(), "reason": "school"}, key="k", version=1
    )
    assert answer.status_code == 200, answer.json()
    assert answer.json()["starts_at"] == other.isoformat().replace("+00:00", "Z")
    assert answer.headers["ETag"] == '"2"'


def test_a_move_against_the_protocol_is_refused(desk, course):
    talk = appointment(course, "talks.3")
    infusion = appointment(course, "infusions.3")
    same_day = infusion.ends_at.replace(hour=20, minute=0)
    answer = desk.post(f"appointments/{talk.pk}/move", {"starts_at": same_day.isoformat()}, key="k", version=1)
    assert (answer.status_code, answer.json()["code"]) == (422, "rules_broken")
    assert answer.json()["problems"]


def test_one_visit_is_cancelled_and_the_course_goes_on(desk, course):
    talk = appointment(course, "talks.3")
    answer = desk.post(f"appointments/{talk.pk}/cancel", {}, key="k", version=1)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert Visit.objects.get(appointment=talk).status == VisitStatus.CANCELLED
    course.refresh_from_db()
    assert course.status == "active"


def test_the_status_follows_the_patient(desk, course, now):
    import time_machine

    infusion = appointment(course, "infusions.1")
    with time_machine.travel(infusion.starts_at):
        path = f"appointments/{infusion.pk}/status"
        for version, status in enumerate(["arrived", "in_treatment", "done"], start=1):
            answer = desk.post(path, {"status": status}, version=version)
            assert (answer.status_code, answer.json()["status"]) == (200, status)
        refused = desk.post(path, {"status": "missed"}, version=4)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_status")
    assert Visit.objects.get(appointment=infusion).status == VisitStatus.DONE


def test_a_status_that_cannot_be_set(desk, course):
    path = f"appointments/{appointment(course, 'infusions.1').pk}/status"
    assert desk.post(path, {"status": "cancelled"}, version=1).json()["pointer"] == "status"
    assert desk.post(path, {"status": "done"}, version=1).status_code == 409  # not before its day


def test_what_is_no_visit_is_cancelled_and_not_moved(desk, site):
    from tests.factories.scheduler import AppointmentFactory

    other = AppointmentFactory(site=site)
    path = f"appointments/{other.pk}"
    refused = desk.post(f"{path}/move", {"starts_at": "2026-05-06T15:00:00Z"}, key="k", version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert desk.post(f"{path}/cancel", {}, key="k", version=1).json()["status"] == Status.CANCELLED
