"""The waitlist over the API: joining once, who fits, taking the place."""

from datetime import timedelta

import pytest

from tests.api.caller import problem
from treatments.actions import visits
from treatments.models import WaitlistEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(course, flora, now):
    """The third talk, moved to Friday 15 May at 14:00."""
    visit = course.visits.get(key="talks.3")
    later = visit.appointment.starts_at + timedelta(hours=6)
    visits.move(visit=visit, starts_at=later, by=flora, now=now, version=1)
    return course.visits.get(key="talks.3")


@pytest.fixture
def asked(talk):
    return {"visit": str(talk.pk), "valid_until": "2026-05-30", "wishes": {"weekdays": [4]}, "notice_hours": 2}


def freed(site, **changes):
    return {"site": site.pk, "starts_at": "2026-05-15T13:00:00Z", "ends_at": "2026-05-15T15:00:00Z"} | changes


def test_from_waiting_to_a_place(desk, asked, talk, site):
    joined = desk.post("waitlist/", asked, key="join")
    assert joined.status_code == 201
    entry = joined.json()
    assert (entry["status"], entry["visit"]["label"], entry["sooner"]) == ("waiting", "Talk 3", True)
    assert desk.post("waitlist/", asked, key="join").json()["id"] == entry["id"]
    assert WaitlistEntry.objects.count() == 1

    [match] = desk.get("waitlist/matches", **freed(site)).json()["results"]
    assert match["entry"]["id"] == entry["id"]
    assert (match["local_start"], match["by_phone"]) == ("2026-05-15T09:00", False)
    assert {each["role"] for each in match["resources"]} == {"room", "therapist"}
    assert [each["code"] for each in match["merits"]] == ["fits_course"]

    place = {"starts_at": match["starts_at"], "resources": {each["role"]: each["id"] for each in match["resources"]}}
    taken = desk.post(f"waitlist/{entry['id']}/take", place, key="take")
    assert taken.status_code == 200
    assert taken.json()["status"] == "taken"
    assert taken.json()["visit"]["appointment"]["starts_at"] == match["starts_at"]
    again = desk.post(f"waitlist/{entry['id']}/take", place, key="take")
    assert again.headers["Idempotency-Replayed"] == "true"
    refused = desk.post(f"waitlist/{entry['id']}/take", place, key="another")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_waiting")
    assert desk.get("waitlist/", site=site.pk, status="waiting").json()["results"] == []


def test_a_time_is_offered_once_and_no_more(desk, asked, site):
    entry = desk.post("waitlist/", asked, key="join").json()
    wanted = {**freed(site), "site": str(site.pk), "entries": [entry["id"]]}
    for _ in range(2):
        made = desk.post("waitlist/offers/", wanted, key="offer")
        assert made.status_code == 201, made.json()
    [offer] = made.json()["results"]
    assert (offer["standing"], offer["entry"], offer["starts_at"]) == ("open", entry["id"], "2026-05-15T13:00:00Z")
    refused = desk.post("waitlist/offers/", wanted, key="again")
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_offer")
    assert desk.post("waitlist/offers/", wanted | {"entries": []}, key="nobody").status_code == 400
    assert [each["id"] for each in desk.get("waitlist/offers/", site=site.pk).json()["results"]] == [offer["id"]]
    for _ in range(2):
        ended = desk.post(f"offers/{offer['id']}/withdraw", {})
        assert (ended.status_code, ended.json()["results"][0]["standing"]) == (200, "withdrawn")


def test_leaving(desk, asked):
    entry = desk.post("waitlist/", asked, key="join").json()
    assert desk.post(f"waitlist/{entry['id']}/leave", {}).json()["status"] == "left"
    assert desk.post(f"waitlist/{entry['id']}/leave", {}).status_code == 409
    assert desk.get(f"waitlist/{entry['id']}/").json()["status"] == "left"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"visit": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}, "visit"),
        ({"visit": 1}, "visit"),
        ({"valid_until": "tomorrow"}, "valid_until"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"wishes": {"weekdays": [7]}}, "wishes/weekdays/0"),
        ({"wishes": {"colour": "blue"}}, "wishes/colour"),
        ({"notice_hours": 1000}, "notice_hours"),
        ({"notice_hours": "2"}, "notice_hours"),
        ({"urgent": "yes"}, "urgent"),
        ({"when": "soon"}, "when"),
    ],
)
def test_what_cannot_be_joined_with(desk, asked, changes, pointer):
    answer = desk.post("waitlist/", asked | changes, key="join")
    assert answer.status_code == 400
    assert answer.json()["pointer"] == pointer, answer.json()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"ends_at": "2026-05-15T12:00:00Z"}, "ends_at"),
        ({"ends_at": "2026-06-15T12:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-05-15T12:00:00"}, "starts_at"),
        ({"resource": "0199b2c4-5a10-7c3e-9f21-3d5e8a7b1c01"}, "resource"),
        ({"chair": "1"}, "chair"),
    ],
)
def test_periods_that_cannot_be_matched(desk, asked, site, changes, pointer):
    desk.post("waitlist/", asked, key="join")
    answer = desk.get("waitlist/matches", **freed(site, **changes))
    assert answer.status_code == 400
    assert problem(answer, pointer)
