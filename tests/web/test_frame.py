"""What surrounds every page: the rail, what needs attention, the undo line, initials for a shared screen."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError

from clinics.models import Patient, User
from notifications.actions import answers
from notifications.engine.states import Reason, State, Step
from notifications.models import Message
from scheduler.actions import appointments
from scheduler.models import Appointment, ChangeSet
from tests.factories.clinics import PASSWORD
from tests.factories.scheduler import AppointmentFactory
from tests.factories.treatments import WaitlistEntryFactory
from tests.web.conftest import signed_in
from treatments.actions import changes
from web import attention, rail

pytestmark = pytest.mark.django_db
TOMORROW = datetime(2026, 5, 5, 13, tzinfo=UTC)


def chips(page: str) -> dict[str, str]:
    """What needs attention, and where it leads."""
    return {words: address for address, words in re.findall(r'<a class="chip[^"]*" href="([^"]+)">([^<]+)</a>', page)}


def test_the_rail_shows_what_each_role_may_open(site, flora, nora):
    titles = [place.title for place in rail.rail(flora)]
    assert titles == ["Day board", "Patients", "To schedule", "Unconfirmed", "Waitlist", "Messages", "Set-up"]
    assert len({place.name for place in (*rail.RAIL, *rail.OTHERS)}) == len(rail.RAIL) + len(rail.OTHERS)
    assert "Messages" not in [place.title for place in rail.rail(nora)]
    page = signed_in(nora).get("/unconfirmed/").content.decode()
    assert re.search(r'<a href="/unconfirmed/" aria-current="page">', page)
    assert 'href="/messages/"' not in page


def test_chips_count_what_needs_attention(desk, site, patient, now):
    assert chips(desk.get("/changes/").content.decode()) == {}
    AppointmentFactory(site=site, patient=patient, starts_at=TOMORROW)
    AppointmentFactory(site=site, starts_at=TOMORROW + timedelta(days=1))
    AppointmentFactory(site=site, starts_at=TOMORROW, confirmed_at=now)
    answers.take_text(
        provider="twilio", event_id="1", sender=str(patient.phone), text="?", by=User.objects.service(), now=now
    )
    WaitlistEntryFactory(visit__course__patient__site=site)
    assert chips(desk.get("/changes/").content.decode()) == {
        "1 unconfirmed for tomorrow": "/unconfirmed/?on=2026-05-05",
        "1 answer to see to": "/desk/",
        "1 on the waitlist": "/waitlist/",
    }


def test_a_message_that_failed_is_counted_until_somebody_handles_it(desk, course, now):
    Message.objects.filter(pk=Message.objects.order_by("-due_at", "-id")[0].pk).update(
        state=State.DEAD, reason=Reason.GAVE_UP, next_try_at=None, settled_at=now
    )
    found = chips(desk.get("/work-list/").content.decode())
    assert found["1 message not delivered"] == "/messages/?state=attention"


def test_decisions_are_for_those_who_decide(site, clara, flora, now, monkeypatch):
    monkeypatch.setattr("treatments.queries.reviews.reviews", lambda *_args, **_kwargs: [1, 2])
    assert "2 decisions due" in [chip.words for chip in attention.of(clara, site="", now=now).chips]
    assert attention.of(flora, site="", now=now).chips == ()


def test_a_day_further_on_is_named_and_other_sites_are_left_out(desk, site):
    AppointmentFactory(starts_at=TOMORROW)
    AppointmentFactory(site=site, starts_at=TOMORROW + timedelta(days=2))
    page = desk.get(f"/work-list/?site={site.code}").content.decode()
    assert list(chips(page)) == ["1 unconfirmed for Thursday"]


def test_the_page_works_when_nothing_can_be_counted(desk, site, monkeypatch):
    def fail(*_args, **_kwargs):
        raise DatabaseError

    monkeypatch.setattr("web.attention.of", fail)
    page = desk.get("/work-list/").content.decode()
    assert "could not be counted just now" in page
    assert "Every visit has a time" in page


def test_the_undo_line_names_the_change_and_takes_it_back_silently(desk, course, flora, now):
    page = desk.get("/work-list/").content.decode()
    assert "Undo: book Pat E., 6 visits" in page
    assert "Nothing has been sent to the patient about it." in page
    made = ChangeSet.objects.get()
    page = desk.post(f"/changes/{made.pk}/undo", {"next": "/work-list/"}, follow=True).content.decode()
    assert "Taken back: book Pat E., 6 visits." in page
    assert "Do it again: book Pat E., 6 visits" in page
    waiting = Message.objects.filter(state__in=(State.SCHEDULED, State.SENDING))
    # the message about a week stays until it finds that it has nothing to say
    assert {message.step for message in waiting} <= {Step.YOUR_WEEK}
    assert not waiting.filter(visits__status="booked").exists()


def test_the_undo_line_is_gone_after_a_minute_and_is_nobody_elses(desk, course, mona, now):
    assert 'id="undo"' not in signed_in(mona).get("/work-list/").content.decode()
    with time_machine.travel(now + timedelta(seconds=62)):
        assert 'id="undo"' not in desk.get("/work-list/").content.decode()


def test_the_next_change_takes_the_line_over(desk, course, flora, now):
    appointment = Appointment.objects.order_by("starts_at")[0]
    with time_machine.travel(appointment.starts_at):
        desk.force_login(flora)  # the session of the days before is over
        at = datetime.now(UTC)
        appointments.set_status(appointment=appointment, status="arrived", by=flora, now=at, version=1)
        page = desk.get("/work-list/").content.decode()
    assert page.count('id="undo"') == 1
    assert "Undo: mark Pat E. as here" in page


def test_an_undo_within_the_hold_restores_everything_and_sends_nothing(course, flora, now):
    """U26: every row of the course is as it was, and no message is left to go out."""

    def rows() -> list[object]:
        visits = course.visits.order_by("key").values_list("key", "status", "appointment_id", "reason", "unplaced")
        calendar = Appointment.objects.order_by("pk").values_list(
            "pk", "status", "starts_at", "ends_at", "confirmed_at"
        )
        return [*visits, *calendar]

    before = rows()
    visit = course.visits.get(key="talks.1")
    event = changes.Cancel(course=course.pk, visit=visit.key)
    made = changes.apply(event=event, by=flora, now=now).change_set
    assert rows() != before
    changes.undo(change_set=made, by=flora, now=now + timedelta(minutes=2))
    assert rows() == before
    assert not Message.objects.filter(first_tried_at__isnull=False).exists()


def test_initials_only_while_the_screen_is_shared(desk, course):
    desk.post("/display", {"names": "initials"})
    for path in (f"/patients/{course.patient_id}/", f"/courses/{course.pk}/", "/unconfirmed/", "/search?q=pat", "/"):
        page = desk.get(path).content.decode()
        assert "P. E." in page, path
        assert "Pat Example" not in page, path
        assert 'data-names="initials"' in page
    assert Patient.objects.get().full_name == "Pat Example"
    desk.post("/display", {"names": "full"})
    assert "Pat Example" in desk.get(f"/patients/{course.patient_id}/").content.decode()


def test_the_rail_is_widened_for_good(desk, site):
    desk.post("/display", {"rail": "wide"})
    desk.post("/display", {"theme": "dark"})
    page = desk.get("/").content.decode()
    assert 'data-rail="wide"' in page
    assert 'data-theme="dark"' in page


def test_the_keys_of_pages_are_those_of_pages_one_may_open(desk, site):
    page = desk.get("/keys/").content.decode()
    assert re.findall(r"then <kbd>(\w)</kbd></dt><dd>([^<]+)<", page) == [
        ("B", "Day board"),
        ("P", "Patients"),
        ("U", "Unconfirmed"),
        ("W", "Waitlist"),
    ]
    assert 'data-letters="off"' in page
    desk.post("/display", {"letters": "on"})
    assert 'data-letters="on"' in desk.get("/").content.decode()


def test_every_place_is_a_page_with_a_permission_or_of_the_account(site, mona):
    mona.set_password(PASSWORD)
    mona.save()
    places = rail.everywhere(mona)
    assert len(places) >= 11
    for place in places:
        assert signed_in(mona).get(place.address).status_code == 200, place.name
