"""The desk's list of answers, and one's own calendar subscription."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from clinics.models import User
from notifications.actions import answers
from notifications.models import DeskTask
from tests.notifications.booking import book

pytestmark = pytest.mark.django_db

FRIDAY = datetime(2026, 5, 8, 14, tzinfo=UTC)


@pytest.fixture
def asked(patient, now) -> DeskTask:
    book(patient, FRIDAY, now=now)
    say(str(patient.phone), "Can I come <later>?", "SM1", now)
    return DeskTask.objects.get()


def say(sender: str, text: str, event: str, now: datetime) -> None:
    answers.take_text(provider="twilio", event_id=event, sender=sender, text=text, by=User.objects.service(), now=now)


def test_it_shows_the_words_the_visit_and_the_phone(desk, patient, asked) -> None:
    page = desk.get("/desk/").content.decode()
    assert '<blockquote class="words">Can I come &lt;later&gt;?</blockquote>' in page
    assert "Wrote to us, Friday 8 May, 10am" in page
    assert patient.phone.as_national in page
    assert f"/patients/{patient.pk}/" in page


def test_done_takes_it_off_the_list(desk, flora, asked) -> None:
    answer = desk.post(f"/desk/{asked.pk}/done", follow=True)
    assert "Noted as done." in answer.content.decode()
    assert "Nothing is waiting" in answer.content.decode()
    asked.refresh_from_db()
    assert asked.done_by == flora


def test_a_stranger_has_a_number_and_no_name(desk, now, site) -> None:
    say("+12125550199", "hello", "SM2", now)
    page = desk.get("/desk/").content.decode()
    assert "Not one patient&#x27;s number" in page or "Not one patient's number" in page
    assert "+12125550199" in page


def test_the_list_takes_as_many_queries_for_three_as_for_one(
    desk, patient, asked, now, django_assert_max_num_queries
) -> None:
    desk.get("/desk/")
    with django_assert_max_num_queries(8) as one:
        desk.get("/desk/")
    for number in range(2):
        say(str(patient.phone), "hello", f"SM1{number}", now)
    with django_assert_max_num_queries(len(one.captured_queries)):
        desk.get("/desk/")


def test_there_is_no_such_task(desk, site) -> None:
    assert desk.post("/desk/01920000-0000-7000-8000-000000000000/done").status_code == 404


def test_a_subscription_shows_its_address_once(nurse, site) -> None:
    assert "You have none yet." in nurse.get("/my-calendar/").content.decode()
    page = nurse.post("/my-calendar/subscribe").content.decode()
    address = re.search(r"/calendar/[\w-]{22}\.ics", page)[0]
    assert Client().get(address).status_code == 200
    again = nurse.get("/my-calendar/").content.decode()
    assert "You have a subscription until" in again
    assert "has ended" in nurse.post("/my-calendar/end", follow=True).content.decode()
    assert "You have none yet." in nurse.get("/my-calendar/").content.decode()
    assert "no subscription to end" in nurse.post("/my-calendar/end", follow=True).content.decode()
    assert address not in again
