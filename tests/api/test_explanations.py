"""Why not, over the API: every reason, where else, what is to blame, and what would help."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.models import Allocation, Appointment
from tests.api.caller import problem
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from treatments.models import Visit

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
        if visit["starts_at"] is not None
    ]


def codes(answer) -> list[tuple[str, str, bool]]:
    assert answer.status_code == 200, answer.json()
    return [(each["code"], each["family"], each["hard"]) for each in answer.json()["reasons"]]


def test_a_place_of_a_proposal_is_refused_with_every_reason_and_with_places_that_are_accepted(desk, plan, wanted):
    proposal = desk.post("courses/propose", plan).json()
    asked = wanted | {"visits": chosen(proposal), "visit": "infusions.2", "starts_at": "2026-05-08T12:05:00Z"}
    answer = desk.post("courses/why-not", asked)
    found = codes(answer)
    assert found[0] == ("off_step", "policy", True)
    assert ("too_soon", "course", True) in found
    assert ("patient_busy", "patient", True) in found  # the first talk is there
    body = answer.json()
    soon = next(each for each in body["reasons"] if each["code"] == "too_soon" and each["hard"])
    assert (body["visit"], body["label"], body["possible"]) == ("infusions.2", "Infusion 2", False)
    assert soon["message"] == "Infusion 2 would be 1 day after infusion 1; at least 3 days are needed."
    assert soon["rule"] == "blocks[0].gap"
    assert (soon["visits"], soon["amount"]) == (["infusions.1"], 2)
    assert 0 < len(body["nearest"]) <= 3
    for number, way in enumerate(body["nearest"]):
        visits = [each for each in chosen(proposal) if each["key"] != "infusions.2"]
        taken = {
            "key": way["key"],
            "starts_at": way["starts_at"],
            "resources": {each["role"]: each["id"] for each in way["resources"]},
        }
        person = str(PatientFactory().pk)
        desk_answer = desk.post("courses/", wanted | {"patient": person, "visits": [*visits, taken]}, key=f"k{number}")
        assert desk_answer.status_code == 201, desk_answer.json()
        Allocation.objects.update(is_active=False)
        Appointment.objects.update(status="cancelled")


def test_a_place_where_nothing_is_wrong(desk, plan):
    proposal = desk.post("courses/propose", plan).json()
    first = proposal["visits"][0]
    asked = plan | {"visits": chosen(proposal), "visit": first["key"], "starts_at": first["starts_at"]}
    body = desk.post("courses/why-not", asked).json()
    assert (body["possible"], body["nearest"]) == (True, [])
    assert [each for each in body["reasons"] if each["hard"]] == []


def test_a_visit_of_a_booked_course_at_another_time(desk, course):
    visit = Visit.objects.get(course=course, key="talks.2")
    infusion = Appointment.objects.get(visit__course=course, visit__key="infusions.2")
    answer = desk.post(f"visits/{visit.pk}/why-not", {"starts_at": infusion.starts_at.isoformat()})
    assert {("patient_busy", "patient", True), ("too_soon", "course", True)} <= set(codes(answer))
    way = answer.json()["nearest"][0]
    assert way["starts_at"] != visit.appointment.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ"), (
        "where it is, is no other place"
    )
    moved = desk.post(f"appointments/{visit.appointment_id}/move", {"starts_at": way["starts_at"]}, key="k", version=1)
    assert moved.status_code == 200, moved.json()


def test_the_visit_itself_does_not_stand_in_its_own_way(desk, course):
    visit = Visit.objects.select_related("appointment").get(course=course, key="talks.2")
    answer = desk.post(f"visits/{visit.pk}/why-not", {"starts_at": visit.appointment.starts_at.isoformat()})
    assert codes(answer) == []


def test_nobody_elses_name_is_in_a_reason(desk, course, clinic, site):
    visit = Visit.objects.select_related("appointment").get(course=course, key="talks.2")
    other = PatientFactory(site=site, given_name="Zebedee", family_name="Zorn")
    at = visit.appointment.starts_at.replace(hour=20)
    taken = AppointmentFactory(site=site, patient=other, starts_at=at, summary="Zebedee's talk")
    for name in ("Theo", "Tessa"):
        AllocationFactory(appointment=taken, resource=clinic[name], role=name.lower())
    answer = desk.post(f"visits/{visit.pk}/why-not", {"starts_at": at.isoformat()})
    assert ("resource_busy", "people", True) in codes(answer)
    assert "Theo and Tessa are taken then." in {each["message"] for each in answer.json()["reasons"]} or (
        "Tessa and Theo are taken then." in {each["message"] for each in answer.json()["reasons"]}
    )
    assert b"Zebedee" not in answer.content
    assert b"Zorn" not in answer.content


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"visit": "infusions.9"}, "visit"),
        ({"visit": 7}, "visit"),
        ({"starts_at": "2026-05-08T12:00:00"}, "starts_at"),
        ({"starts_at": "2026-05-08T12:01:00Z"}, "starts_at"),
        ({"starts_at": "2126-05-08T12:00:00Z"}, "starts_at"),
        ({"resources": {"chair": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}}, "resources/chair"),
        ({"resources": {"cook": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}}, "resources/cook"),
        ({"visits": [{"key": "infusions.9", "starts_at": "2026-05-08T12:00:00Z", "resources": {}}]}, "visits/0/key"),
        ({"start_on": "2020-01-01"}, "start_on"),
        ({"wishes": {"weekdays": [9]}}, "wishes/weekdays/0"),
        ({"patient": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}, "patient"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_where_it_is_wrong(desk, plan, changes, pointer):
    asked = plan | {"visit": "infusions.1", "starts_at": "2026-05-08T12:00:00Z"} | changes
    answer = desk.post("courses/why-not", asked)
    assert 400 <= answer.status_code < 500
    assert answer.json().get("pointer") == pointer or problem(answer, pointer)


def test_a_time_long_gone_is_refused_for_a_booked_visit(desk, course):
    visit = Visit.objects.get(course=course, key="talks.2")
    answer = desk.post(f"visits/{visit.pk}/why-not", {"starts_at": "2020-05-08T12:00:00Z"})
    assert (answer.status_code, answer.json()["pointer"]) == (400, "starts_at")


def test_an_incomplete_proposal_says_who_is_missing(desk, plan, clinic):
    for name in ("Theo", "Tessa"):
        clinic[name].is_active = False
        clinic[name].save()
    explanation = desk.post("courses/propose", plan).json()["explanation"]
    assert [(cause["kind"], cause["message"]) for cause in explanation["causes"]] == [
        ("nobody", "None of 3 visits fits: the clinic has no therapist for them.")
    ]
    assert explanation["proved"] is True
    assert [fix["kind"] for fix in explanation["fixes"]] == ["leave_out"]


def test_a_complete_proposal_has_nothing_to_explain(desk, plan):
    assert desk.post("courses/propose", plan).json()["explanation"] is None


@pytest.mark.parametrize(
    "wishes",
    [
        {"weekdays": [0], "firm": True},
        {"weekdays": [0, 1], "not_after": "09:00", "firm": True},
        {"not_before": "17:30", "firm": True},
    ],
)
def test_every_fix_of_a_proposal_can_be_sent_instead(desk, plan, wanted, wishes):
    proposal = desk.post("courses/propose", plan | {"wishes": wishes}).json()
    assert proposal["complete"] is False
    explanation = proposal["explanation"]
    assert "wish" in [cause["kind"] for cause in explanation["causes"]]
    assert explanation["fixes"]
    for fix in explanation["fixes"]:
        assert fix["message"].endswith(".")
        assert fix["price"]
        if fix["kind"] == "leave_out":
            answer = desk.post("courses/", wanted | {"wishes": wishes} | fix["instead"], key="partly")
            assert answer.status_code == 201, answer.json()
        else:
            answer = desk.post("courses/propose", plan | {"wishes": wishes} | fix["instead"])
            assert answer.json()["complete"] is True, fix


def test_a_clinic_that_is_full_for_weeks_offers_a_later_start(desk, plan, clinic, site):
    first = datetime(2026, 5, 5, 8, tzinfo=ZoneInfo(site.zone))
    for day in range(45):
        at = first + timedelta(days=day)
        taken = AppointmentFactory(site=site, starts_at=at, ends_at=at + timedelta(hours=10))
        for number in (1, 2, 3):
            AllocationFactory(
                appointment=taken, resource=clinic[f"Chair {number}"], role=f"chair{number}",
                starts_at=at, ends_at=at + timedelta(hours=10),
            )  # fmt: skip
    proposal = desk.post("courses/propose", plan).json()
    assert proposal["complete"] is False
    causes = {cause["kind"]: cause for cause in proposal["explanation"]["causes"]}
    assert "bookings" in causes, causes
    fix = next(fix for fix in proposal["explanation"]["fixes"] if fix["kind"] == "start")
    assert fix["instead"] == {"start_on": "2026-06-02"}
    assert desk.post("courses/propose", plan | fix["instead"]).json()["complete"] is True


def test_a_proposal_comes_with_others_each_with_its_price(desk, plan, wanted):
    proposal = desk.post("courses/propose", plan).json()
    assert 0 < len(proposal["alternatives"]) <= 2
    for number, other in enumerate(proposal["alternatives"]):
        assert other["cost"] >= proposal["cost"]
        assert other["price"].endswith(".")
        assert other["kind"] in ("earliest_finish", "same_time", "fewest_trips", "other_person", "other_start")
        assert chosen(other) != chosen(proposal)
        person = str(PatientFactory().pk)
        booked = desk.post("courses/", wanted | {"patient": person, "visits": chosen(other)}, key=f"other{number}")
        assert booked.status_code == 201, booked.json()
        Allocation.objects.update(is_active=False)
        Appointment.objects.update(status="cancelled")


@pytest.mark.parametrize("asked", [0, 1])
def test_as_many_others_as_are_asked_for(desk, plan, asked):
    assert len(desk.post("courses/propose", plan | {"alternatives": asked}).json()["alternatives"]) == asked


@pytest.mark.parametrize("asked", [4, -1, "many"])
def test_not_any_number_of_others(desk, plan, asked):
    answer = desk.post("courses/propose", plan | {"alternatives": asked})
    assert answer.status_code == 400
    assert problem(answer, "alternatives")
