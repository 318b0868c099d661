"""The outbox over the API: reading, holding, pauses, texts; and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.actions import pauses
from notifications.engine.states import Channel, Step
from notifications.models import Message, Pause, Template
from tests.factories.clinics import UserFactory
from tests.notifications.booking import book

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 5, 8, 14, tzinfo=UTC)


@pytest.fixture
def row(patient, now) -> Message:
    book(patient, FRIDAY, now=now)
    return Message.objects.get(step=Step.ONE_DAY, channel=Channel.EMAIL)


def test_the_list_takes_filters(desk, patient, row) -> None:
    found = desk.get("messages/", patient=patient.pk, due_on="2026-05-07", state="scheduled").json()["results"]
    assert str(row.pk) in {each["id"] for each in found}
    assert desk.get("messages/", attention="true").json()["results"] == []
    for wrong in ({"state": "x"}, {"attention": "yes"}, {"due_on": "today"}, {"who": "me"}, {"patient": "1"}):
        assert desk.get("messages/", **wrong).status_code == 400, wrong


def test_hold_release_and_send(desk, row, now) -> None:
    held = desk.post(f"messages/{row.pk}/hold").json()
    assert held["held"] is True
    assert held["told"] == ["held back by a member of staff; it goes out when somebody lets it go."]
    assert desk.post(f"messages/{row.pk}/hold").json()["held"] is True
    assert desk.post(f"messages/{row.pk}/release").json()["held"] is False
    sent = desk.post(f"messages/{row.pk}/send").json()
    assert sent["next_try_at"] < (now + timedelta(minutes=5)).isoformat()
    refused = desk.post(f"messages/{row.pk}/handled")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_for_people")
    assert desk.post(f"messages/{row.pk}/send", {"now": True}).status_code == 400


def test_pauses(manager, row, mona, site) -> None:
    made = manager.post("message-pauses/", {"site": str(site.pk), "reason": "Flood"})
    assert (made.status_code, made.json()["by"]) == (201, mona.name)
    assert len(manager.get("message-pauses/").json()["results"]) == 1
    lifted = manager.post(f"message-pauses/{made.json()['id']}/lift")
    assert lifted.json()["lifted_at"]
    assert manager.post(f"message-pauses/{made.json()['id']}/lift").status_code == 409
    assert manager.post("message-pauses/", {"channel": "pigeon", "reason": "x"}).status_code == 400
    assert manager.post("message-pauses/", {"site": str(row.pk), "reason": "x"}).json()["pointer"] == "site"
    assert Pause.objects.count() == 1


def test_texts(manager) -> None:
    wanted = {"name": "plan", "language": "en", "version": 0, "body": "{sender}: see {link}"}
    assert manager.post("message-templates/", wanted).json()["version"] == 1
    assert manager.post("message-templates/", wanted).status_code == 412
    wrong = manager.post("message-templates/", wanted | {"version": 1, "body": "{sender}: ketamine {link}"})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["pointer"]) == (400, "unfit_text", "body")
    assert manager.post("message-templates/", wanted | {"version": "1"}).status_code == 400
    assert len(manager.get("message-templates/", name="plan").json()["results"]) == 1


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_lists_cost_the_same_with_more_rows(desk, patient, now, rows, mona, django_assert_num_queries) -> None:
    book(patient, *[FRIDAY + timedelta(days=2 * number) for number in range(rows)], now=now)
    for number in range(rows):
        Template.objects.create(
            channel="sms", name="plan", language="en", version=number + 1, by=UserFactory(email=f"{number}@example.org")
        )
    pauses.pause(by=mona, now=now, channel=Channel.SMS)
    with django_assert_num_queries(2):
        assert len(desk.get("messages/", limit=200).json()["results"]) >= rows
    with django_assert_num_queries(2):
        assert len(desk.get("message-templates/").json()["results"]) == rows
    with django_assert_num_queries(2):
        assert len(desk.get("message-pauses/").json()["results"]) == 1


def test_a_day_is_the_sites(desk, patient, row) -> None:
    """Due on 7 May at 16:00 in New York; a site in Auckland has the 8th by then."""
    evening = datetime(2026, 5, 8, 2, tzinfo=UTC)
    Message.objects.filter(pk=row.pk).update(due_at=evening)
    assert str(row.pk) in {each["id"] for each in desk.get("messages/", due_on="2026-05-07").json()["results"]}
    assert str(row.pk) not in {each["id"] for each in desk.get("messages/", due_on="2026-05-08").json()["results"]}
    patient.site.zone = "Pacific/Auckland"
    patient.site.save()
    assert str(row.pk) in {each["id"] for each in desk.get("messages/", due_on="2026-05-08").json()["results"]}


def test_a_message_is_sent_again_once(desk, row, now) -> None:
    Message.objects.filter(pk=row.pk).update(
        state="dead", reason="gave_up", next_try_at=None, settled_at=now, due_at=now
    )
    made = desk.post(f"messages/{row.pk}/resend")
    assert (made.status_code, made.json()["copy"], made.json()["state"]) == (201, 1, "scheduled")
    assert made.json()["told"][1].startswith("A member of staff had the same sent again")
    refused = desk.post(f"messages/{row.pk}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_to_be_sent_again")
