"""Recent changes: what is listed, what can be taken back, and why not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from notifications.models import Message
from scheduler.models import Appointment, ChangeSet
from tests.web.conftest import signed_in
from treatments.actions import visits

pytestmark = pytest.mark.django_db


def move(visit, hours: int, by, now) -> ChangeSet:
    return visits.move(
        visit=visit,
        starts_at=visit.appointment.starts_at + timedelta(hours=hours),
        by=by,
        now=now,
        version=visit.appointment.version,
    )


@pytest.fixture
def talk(course):
    return course.visits.select_related("appointment").get(key="talks.3")


def test_changes_are_listed_with_who_and_when(desk, course):
    page = desk.get("/changes/").content.decode()
    assert "Book Pat E., 6 visits" in page
    assert "Mon 4 May, 8am</time> · Flora Desk" in page


def test_what_was_changed_again_says_why_it_stays(desk, talk, flora, now):
    first = move(talk, 1, flora, now)
    talk.refresh_from_db()
    second = move(talk, 1, flora, now)
    page = desk.get("/changes/").content.decode()
    part = page.split(f'id="change-{first.pk}"')[1].split("</li>")[0]
    assert "Cannot be taken back: Talk 3 of 3" in part
    assert "changed meanwhile" in part
    assert "<button" not in part
    assert "<button" in page.split(f'id="change-{second.pk}"')[1].split("</li>")[0]
    answer = desk.post(f"/changes/{first.pk}/undo")
    assert answer.status_code == 409
    assert "was changed meanwhile" in answer.content.decode()
    assert "Nothing was changed." in answer.content.decode()
    way = re.search(r'href="(/visits/[^"]+/move\?starts_at=[^"]+)#change">Nearest times', answer.content.decode())
    assert "Move 1 visit" in desk.get(way[1]).content.decode()


def test_once_the_patient_knows_it_is_shown_before_it_is_done(desk, talk, flora, now):
    made = move(talk, 1, flora, now)
    Message.objects.filter(change_set=made).update(first_tried_at=now)
    page = desk.get("/changes/").content.decode()
    part = page.split(f'id="change-{made.pk}"')[1].split("</li>")[0]
    assert f'href="/changes/{made.pk}/undo"' in part
    assert "<form" not in part
    page = desk.get(f"/changes/{made.pk}/undo").content.decode()
    assert "taking it back sends one more message" in page
    before = talk.appointment.starts_at
    desk.post(f"/changes/{made.pk}/undo")
    assert Appointment.objects.get(pk=talk.appointment_id).starts_at == before


def test_it_is_taken_back_once(desk, talk, flora, now):
    made = move(talk, 1, flora, now)
    assert desk.post(f"/changes/{made.pk}/undo").status_code == 302
    answer = desk.post(f"/changes/{made.pk}/undo")
    assert (answer.status_code, "undone already" in answer.content.decode()) == (409, True)


def test_nurses_see_changes_and_undo_only_what_they_may_do(nurse, course):
    page = nurse.get("/changes/").content.decode()
    assert "Cannot be taken back: Your role does not allow this." in page
    made = ChangeSet.objects.get()
    assert nurse.post(f"/changes/{made.pk}/undo").status_code == 409
    assert not ChangeSet.objects.filter(undoes=made).exists()


def test_after_a_day_it_is_not_listed_any_more(desk, course, flora, now):
    with time_machine.travel(now + timedelta(hours=25)):
        desk.force_login(flora)  # the session of the day before is over
        assert "Nothing was changed" in desk.get("/changes/").content.decode()


def test_looking_changes_nothing(desk, course):
    made = ChangeSet.objects.get()
    assert desk.get(f"/changes/{made.pk}/undo").status_code == 200
    assert ChangeSet.objects.count() == 1


def test_there_is_no_such_change(desk, site, mona):
    for client in (desk, signed_in(mona)):
        assert client.get("/changes/01920000-0000-7000-8000-000000000000/undo").status_code == 404
