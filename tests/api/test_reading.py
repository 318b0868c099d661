"""Lists and things: their shape, their filters, their pages."""

from itertools import chain

import pytest

from tests.factories.clinics import PatientFactory, SiteFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory, ChairFactory, PersonFactory
from treatments.models import Protocol

pytestmark = pytest.mark.django_db


def names(answer, field="name") -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [row[field] for row in answer.json()["results"]]


def test_a_site_shows_its_hours(desk, site):
    shown = desk.get(f"sites/{site.pk}/").json()
    assert (shown["name"], shown["zone"], shown["phone"]) == ("Riverside Clinic", "America/New_York", "+12125550100")
    assert shown["opening_hours"][0] == {
        "weekday": 0,
        "opens": "08:00",
        "closes": "18:00",
        "valid_from": "2020-01-01",
        "valid_until": None,
    }


def test_sites_by_whether_they_are_in_use(desk, site):
    SiteFactory(name="Old mill", is_active=False)
    assert names(desk.get("sites/", active="false")) == ["Old mill"]
    assert names(desk.get("sites/", active="true")) == ["Riverside Clinic"]


def test_patients_are_found_by_words(desk, site):
    PatientFactory(site=site, given_name="José", family_name="Núñez")
    PatientFactory(site=site, given_name="Ana", family_name="Ruiz")
    assert names(desk.get("patients/", search="nunez jos"), "family_name") == ["Núñez"]
    assert names(desk.get("patients/", search="nobody"), "family_name") == []


def test_resources_by_kind_skill_site_and_use(desk, clinic, site):
    ChairFactory(name="Elsewhere")
    ChairFactory(site=site, name="Broken chair", is_active=False)
    assert names(desk.get("resources/", kind="chair", site=site.pk, active="true")) == ["Chair 1", "Chair 2", "Chair 3"]
    assert names(desk.get("resources/", skill="infusion_nurse")) == ["Nurse Ada", "Nurse Ben"]
    assert names(desk.get("resources/", active="false")) == ["Broken chair"]


def test_a_resource_shows_its_skills(desk, site):
    nurse = PersonFactory(site=site, name="Nurse Ada", skills=["monitored", "infusion_nurse"], lanes=3)
    shown = desk.get(f"resources/{nurse.pk}/").json()
    assert (shown["kind"], shown["skills"], shown["lanes"]) == ("person", ["infusion_nurse", "monitored"], 3)


def test_protocols_name_the_version_to_book(desk, series):
    (row,) = desk.get("protocols/", code="test-series").json()["results"]
    assert (row["title"], row["current_version"], row["version_number"]) == ("Test series", str(series.pk), 1)
    Protocol.objects.create(code="draft", title="Nothing published")
    assert desk.get("protocols/", code="draft").json()["results"][0]["current_version"] is None


def test_a_protocol_shows_its_document(desk, series):
    current = desk.get(f"protocols/{series.protocol_id}/").json()["current"]
    assert (current["id"], current["indication"]) == (str(series.pk), "Tests")
    assert current["document"]["blocks"][0]["block"] == "infusions"


def test_a_protocol_without_a_version(desk):
    draft = Protocol.objects.create(code="draft", title="Nothing published")
    assert desk.get(f"protocols/{draft.pk}/").json()["current"] is None


def test_appointments_by_day_resource_patient_and_status(desk, course, patient, clinic):
    rows = desk.get("appointments/", patient=patient.pk).json()["results"]
    assert len(rows) == 6
    assert [row["starts_at"] for row in rows] == sorted(row["starts_at"] for row in rows)
    first = rows[0]
    assert (first["patient"]["name"], first["summary"], first["status"]) == ("Pat Example", "Infusion 1 of 3", "booked")
    assert (first["visit"]["key"], first["visit"]["course"]) == ("infusions.1", str(course.pk))
    chair = next(role for role in first["resources"] if role["role"] == "chair")
    assert [row["id"] for row in desk.get("appointments/", day=first["local_on"]).json()["results"]] == [first["id"]]
    of_chair = desk.get("appointments/", resource=chair["id"]).json()["results"]
    assert all(row["visit"]["key"].startswith("infusions") for row in of_chair)
    assert of_chair
    assert desk.get("appointments/", status="done").json()["results"] == []
    later = desk.get("appointments/", from_on=first["local_on"], to_on=first["local_on"]).json()["results"]
    assert len(later) == 1


def test_an_appointment_lists_each_role_once_though_it_takes_three_lanes(desk, site):
    nurse = PersonFactory(site=site, name="Nurse Ada", lanes=3)
    appointment = AppointmentFactory(site=site)
    for lane in range(3):
        AllocationFactory(appointment=appointment, resource=nurse, role="nurse", lane=lane)
    shown = desk.get(f"appointments/{appointment.pk}/").json()
    assert shown["resources"] == [{"role": "nurse", "id": str(nurse.pk), "kind": "person", "name": "Nurse Ada"}]
    assert shown["visit"] is None


def test_free_times_of_one_resource(desk, clinic, site):
    chair = clinic["Chair 1"]
    booked = AppointmentFactory(site=site)  # 10 to 11 on Tuesday
    AllocationFactory(appointment=booked, resource=chair)
    answer = desk.get(
        "availability/", site=site.pk, resource=chair.pk, minutes=90, from_on="2026-05-05", to_on="2026-05-05"
    ).json()
    starts = [each["local_start"][-5:] for each in answer["results"]]
    assert answer["complete"] is True
    assert starts[:4] == ["08:00", "08:15", "08:30", "11:00"]
    assert starts[-1] == "16:30"
    assert answer["results"][0]["starts_at"] == "2026-05-05T12:00:00Z"


def test_free_times_of_a_kind_and_skill(desk, clinic, site):
    answer = desk.get(
        "availability/",
        site=site.pk,
        kind="person",
        skill="infusion_nurse",
        minutes=600,
        from_on="2026-05-04",
        to_on="2026-05-10",
    ).json()
    assert {each["resource"]["name"] for each in answer["results"]} == {"Nurse Ada", "Nurse Ben"}
    # ten hours fit once on each of five weekdays; it is 8:00:00 and some on Monday already
    assert len(answer["results"]) == 2 * 4


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "9" * 30}, "minutes"),
        ({"minutes": "9" * 5000}, "minutes"),
        ({"to_on": "2026-05-03"}, "to_on"),
        ({"to_on": "2026-06-05"}, "to_on"),
        ({"kind": None}, "resource"),
        ({"site": "00000000-0000-7000-8000-000000000000"}, "site"),
    ],
)
def test_free_times_nobody_can_look_up(desk, site, change, pointer):
    asked = {"site": site.pk, "kind": "chair", "minutes": "60", "from_on": "2026-05-04", "to_on": "2026-05-10"} | change
    answer = desk.get("availability/", **{name: value for name, value in asked.items() if value is not None})
    assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)


def pages(desk, path, **query) -> list[list[str]]:
    found = []
    answer = desk.get(path, **query).json()
    while True:
        found.append([row["id"] for row in answer["results"]])
        if answer["next"] is None:
            return found
        answer = desk.get(answer["next"].removeprefix("http://testserver")).json()


@pytest.mark.parametrize(("limit", "sizes"), [(2, [2, 2, 1]), (5, [5]), (4, [4, 1])])
def test_pages_hold_every_row_once(desk, site, limit, sizes):
    everybody = [str(PatientFactory(site=site).pk) for _ in range(5)]
    found = pages(desk, "patients/", limit=limit, site=site.pk)
    assert [len(page) for page in found] == sizes
    assert sorted(chain(*found)) == sorted(everybody)


def test_pages_of_rows_with_the_same_time(desk, site):
    everything = {str(AppointmentFactory(site=site).pk) for _ in range(5)}
    found = pages(desk, "appointments/", limit=2)
    assert [len(page) for page in found] == [2, 2, 1]
    assert set(chain(*found)) == everything


def test_pages_stay_in_place_when_a_row_goes(desk, site):
    rows = [PatientFactory(site=site) for _ in range(4)]
    order = [row["id"] for row in desk.get("patients/").json()["results"]]
    first = desk.get("patients/", limit=2).json()
    next(row for row in rows if str(row.pk) == order[1]).delete()
    after = desk.get(first["next"].removeprefix("http://testserver")).json()
    assert [row["id"] for row in after["results"]] == order[2:]


def test_a_cursor_of_one_list_is_not_one_of_another(desk, site):
    for _ in range(2):
        PatientFactory(site=site)
    following = desk.get("patients/", limit=1).json()["next"]
    cursor = following.partition("cursor=")[2].partition("&")[0]
    assert desk.get("appointments/", cursor=cursor).status_code == 400
