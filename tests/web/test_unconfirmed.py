"""The list of unconfirmed visits: order, presses, shared work, and where the focus goes next."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinics.models import User
from notifications.actions import answers
from notifications.models import PhoneCall
from scheduler.actions import confirmations
from scheduler.models import Appointment, ChangeSet, Status
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AppointmentFactory
from tests.factories.treatments import BookedVisitFactory
from tests.web.conftest import signed_in
from treatments.actions import changes

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 5, 5, 13, tzinfo=UTC)


def visit(site, name: str, *, starts_at=TUESDAY, minutes=60, **kwargs) -> Appointment:
    patient = PatientFactory(site=site, given_name=name, family_name="Roe")
    return AppointmentFactory(
        site=site, patient=patient, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes), **kwargs
    )


def names(page: str) -> list[str]:
    return re.findall(r'class="name" href="/patients/[^"]*">(\w+) Roe', page)


@pytest.fixture
def pressed(desk):
    def press(of: Appointment, do: str, **data) -> str:
        sent = {"do": do, "epoch": of.schedule_epoch, "next": "/unconfirmed/", **data}
        return desk.post(f"/unconfirmed/{of.pk}/act", sent)

    return press


def test_those_whose_loss_would_cost_most_come_first(desk, site):
    visit(site, "Short")
    visit(site, "Long", minutes=120, starts_at=TUESDAY + timedelta(hours=3))
    missed = visit(site, "Missed", starts_at=TUESDAY + timedelta(hours=1))
    AppointmentFactory(site=site, patient=missed.patient, starts_at=TUESDAY - timedelta(days=9), status=Status.MISSED)
    first = BookedVisitFactory(course__patient__site=site, appointment__starts_at=TUESDAY + timedelta(hours=6))
    type(first.course.patient).objects.filter(pk=first.course.patient_id).update(given_name="First", family_name="Roe")
    page = desk.get("/unconfirmed/").content.decode()
    assert names(page) == ["First", "Long", "Missed", "Short"]
    assert "First infusion" in page
    assert "Missed 1 before" in page


def test_only_the_next_three_days_with_visits_and_not_what_is_confirmed(desk, site):
    for days in (0, 1, 4, 5):
        visit(site, f"In{days}", starts_at=TUESDAY + timedelta(days=days))
    visit(site, "Sure", confirmed_at=TUESDAY - timedelta(days=2))
    visit(site, "Gone", status=Status.CANCELLED)
    page = desk.get("/unconfirmed/").content.decode()
    assert sorted(names(page)) == ["In0", "In1", "In4"]
    assert "1 of 4 visits confirmed" in page
    assert names(desk.get("/unconfirmed/?on=2026-05-06").content.decode()) == ["In1"]


def test_the_words_of_an_unclear_reply_are_shown(desk, site, patient, now):
    AppointmentFactory(site=site, patient=patient, starts_at=TUESDAY)
    answers.take_text(
        provider="twilio", event_id="SM1", sender=str(patient.phone), text="<maybe>", by=User.objects.service(), now=now
    )
    page = desk.get("/unconfirmed/").content.decode()
    assert "Unclear reply" in page
    assert '<blockquote class="words">&lt;maybe&gt;</blockquote>' in page


def test_confirmed_by_phone_goes_on_to_the_next_row_and_can_be_undone(desk, site, flora, pressed, now):
    one, two = visit(site, "One"), visit(site, "Two", starts_at=TUESDAY + timedelta(hours=1))
    page = desk.get("/unconfirmed/").content.decode()
    after = re.search(r'name="after" value="([^"]+)"', page)[1]
    assert after == f"visit-{two.pk}"
    assert pressed(one, "confirm", after=after)["Location"] == f"/unconfirmed/#visit-{two.pk}"
    one.refresh_from_db()
    assert one.confirmed_at is not None
    page = desk.get("/unconfirmed/").content.decode()
    assert names(page) == ["Two"]
    assert "Undo: confirm One R." in page
    changes.undo(change_set=ChangeSet.objects.get(reason="Confirmed by phone"), by=flora, now=now)
    one.refresh_from_db()
    assert one.confirmed_at is None
    assert sorted(names(desk.get("/unconfirmed/").content.decode())) == ["One", "Two"]


def test_left_message_counts_and_is_taken_back(desk, site, pressed):
    one = visit(site, "One")
    pressed(one, "left")
    pressed(one, "left")
    page = desk.get("/unconfirmed/").content.decode()
    assert "2 messages left" in page
    call = re.search(r'name="call" value="([^"]+)"', page)[1]
    pressed(one, "take-back", call=call)
    assert "1 message left" in desk.get("/unconfirmed/").content.decode()


def test_colleagues_see_who_is_calling_for_ten_minutes(desk, site, mona, pressed, now):
    one = visit(site, "One")
    pressed(one, "call")
    other = signed_in(mona)
    assert "Flora Desk is calling" in other.get("/unconfirmed/").content.decode()
    assert "You are calling" in desk.get("/unconfirmed/").content.decode()
    answer = other.post(f"/unconfirmed/{one.pk}/act", {"do": "call", "epoch": 1}, follow=True)
    assert "Flora Desk is calling this patient." in answer.content.decode()
    with time_machine.travel(now + timedelta(minutes=11)):
        assert "is calling" not in other.get("/unconfirmed/").content.decode()
        other.post(f"/unconfirmed/{one.pk}/act", {"do": "call", "epoch": 1})
        assert "Mona Manager is calling" in desk.get("/unconfirmed/").content.decode()
    assert PhoneCall.objects.count() == 1


def test_not_calling_leaves_no_trace(desk, site, pressed):
    one = visit(site, "One")
    pressed(one, "call")
    pressed(one, "leave")
    assert not PhoneCall.objects.exists()


def test_a_confirmation_is_written_down_as_a_change(site, flora, now):
    one = visit(site, "One")
    confirmations.confirm(appointment=one, schedule_epoch=1, by=flora, now=now)
    line = ChangeSet.objects.get(by=flora).lines.get()
    assert (line.before["confirmed_at"], line.after["confirmed_at"]) == (None, now.isoformat())


def test_everyone_has_confirmed(desk, site):
    assert "Everyone has confirmed" in desk.get("/unconfirmed/").content.decode()


@pytest.mark.parametrize("data", [{"do": "nonsense"}, {}, {"do": "take-back", "call": "x"}])
def test_nonsense_is_refused(desk, site, data):
    one = visit(site, "One")
    answer = desk.post(f"/unconfirmed/{one.pk}/act", data, follow=True)
    assert answer.status_code in (200, 404)
    assert not PhoneCall.objects.exists()
