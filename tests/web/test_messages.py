"""The messages pages: states in words, filters, presses, pauses; and the clinic's own texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail

from notifications.actions import messages as actions
from notifications.actions import pauses
from notifications.engine.states import Channel, Reason, State, Step
from notifications.models import Handling, Message, Pause, Template
from notifications.models.message import Message as Row
from tests.notifications.booking import book
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 5, 8, 14, tzinfo=UTC)


@pytest.fixture
def booked(patient, now):
    [visit] = book(patient, FRIDAY, now=now)
    return visit


@pytest.fixture
def manager(mona):
    return signed_in(mona)


def one(step: Step) -> Row:
    return Message.objects.get(step=step, channel=Channel.EMAIL)


def test_what_would_not_go_out_is_not_announced(desk, booked, patient) -> None:
    type(patient).objects.filter(pk=patient.pk).update(email="", may_email=False)
    page = text(desk.get("/messages/?state=scheduled"))
    assert "Would not go out: no address or number" in page
    type(patient).objects.filter(pk=patient.pk).update(email="pat@example.org", may_email=False)
    page = text(desk.get("/messages/?state=scheduled"))
    assert "Would not go out: the patient did not agree to it" in page
    assert "Goes out at" not in page


def dead(step: Step, now: datetime) -> Row:
    row = one(step)
    Message.objects.filter(pk=row.pk).update(
        state=State.DEAD, reason=Reason.GAVE_UP, next_try_at=None, settled_at=now, due_at=now
    )
    return one(step)


def text(page) -> str:
    return " ".join(page.content.decode().split())


def test_states_in_words_with_the_reason_behind_each(desk, booked, patient) -> None:
    page = text(desk.get("/messages/"))
    assert "Goes out at 8:03am, undo is silent until then" in page
    assert patient.short_name in page
    page = text(desk.get("/messages/?state=scheduled"))
    assert "Will be sent Thu 7 May" in page
    assert "Will be sent Thu 7 May 2026" in page


def test_filters_are_in_the_address(desk, booked, patient) -> None:
    assert text(desk.get("/messages/?on=2026-05-07")).count('class="presses') == 1
    assert "No messages fit" in text(desk.get("/messages/?channel=call"))
    assert "No messages fit" in text(desk.get(f"/messages/?patient={booked.pk}"))
    assert "Only messages to" in text(desk.get(f"/messages/?patient={patient.pk}"))
    assert "Clear the filters" in text(desk.get("/messages/?state=dead"))


@pytest.mark.parametrize(
    "query", ["state=x", "channel=%00", "on=2026-13-01", "patient=1", "page=x", "page=9999", "on=9999-12-31"]
)
def test_filters_that_are_none_are_no_error_of_ours(desk, booked, query) -> None:
    assert desk.get(f"/messages/?{query}").status_code in {200, 400}


def test_without_messages_it_says_what_will_be_here(desk, site) -> None:
    assert "No messages yet" in text(desk.get("/messages/"))


def press(client, row: Row, do: str, **more):
    return client.post(f"/messages/{row.pk}/act", {"do": do, "next": "/messages/", **more}, follow=True)


def test_hold_let_go_and_send_now(desk, booked, now) -> None:
    row = one(Step.ONE_DAY)
    assert "is held back" in text(press(desk, row, "hold"))
    assert one(Step.ONE_DAY).is_held
    assert "Held back until let go" in text(desk.get("/messages/?state=scheduled"))
    press(desk, row, "release")
    again = one(Step.ONE_DAY)
    assert (again.next_try_at, again.heeds_quiet_hours) == (row.next_try_at, True)
    press(desk, row, "send")
    assert one(Step.ONE_DAY).next_try_at < now + timedelta(minutes=5)


def test_a_message_that_failed_is_marked_handled_once(desk, flora, booked, now) -> None:
    row = dead(Step.ONE_DAY, now)
    assert "1 message not delivered" in text(desk.get("/messages/"))
    assert "Failed" in text(desk.get("/messages/?state=attention"))
    press(desk, row, "handled", note="Called")
    assert Handling.objects.get().by == flora
    assert "not delivered" not in text(desk.get("/messages/"))
    assert "was not changed" in text(press(desk, row, "hold"))
    assert press(desk, row, "nonsense").status_code == 404


def test_the_words_without_the_private_link(desk, booked) -> None:
    page = text(desk.get(f"/messages/{one(Step.PLAN).pk}/"))
    assert "[private link]" in page
    assert "/v/" not in page


def test_who_may_not_read_sees_none_on_other_pages(nurse, desk, booked, patient) -> None:
    assert "All messages to" not in text(nurse.get(f"/patients/{patient.pk}/"))
    assert "All messages to" in text(desk.get(f"/patients/{patient.pk}/"))


def test_a_late_dispatcher_is_said_unless_somebody_holds_back(desk, manager, booked, mona, now) -> None:
    assert "not going out" not in text(desk.get("/messages/"))
    with time_machine.travel(now + timedelta(minutes=20)):
        assert "the oldest is 17 minutes late" in text(desk.get("/messages/"))
        pauses.pause(by=mona, now=now, reason="Flood")
        page = text(desk.get("/messages/"))
        assert "not going out" not in page
        assert f"By {mona.name}, since 4 May, 8am." in page
        assert "Flood" in page
        assert "Resume" not in page, "only a manager may"
        assert "Resume" in text(manager.get("/messages/"))


def test_a_manager_holds_back_and_resumes(manager, desk, site, booked) -> None:
    form = {"site": site.code, "channel": "email", "step": "", "reason": "Flood"}
    assert desk.post("/messages/pause", form).status_code == 403
    assert "Nothing was held back" in text(manager.post("/messages/pause", form | {"reason": ""}, follow=True))
    assert "Nothing was held back" in text(manager.post("/messages/pause", form | {"site": "x"}, follow=True))
    assert "Held back: " in text(manager.post("/messages/pause", form, follow=True))
    held = Pause.objects.get()
    assert (held.site, held.channel, held.reason) == (site, "email", "Flood")
    assert "Not held back any more" in text(manager.post(f"/messages/pauses/{held.pk}/lift", follow=True))
    assert "not held back any more" in text(manager.post(f"/messages/pauses/{held.pk}/lift", follow=True))


GOOD = "{first_name}, {sender}: see your visits: {link}"


def send(client, do: str, body: str, version: int = 0):
    return client.post("/texts/plan/en/edit", {"do": do, "body": body, "version": version}, follow=True)


def test_texts_are_listed_and_shown_in_every_language(desk, site) -> None:
    assert "Alder: your visits are booked" in text(desk.get("/texts/"))
    page = text(desk.get("/texts/plan/"))
    assert 'lang="es"' in page
    assert "Put in use" not in page, "only a manager may"
    assert desk.get("/texts/nothing/").status_code == 404


def test_a_preview_stores_nothing(manager, site) -> None:
    page = send(manager, "preview", GOOD)
    assert "Ana, Alder: see your visits" in text(page)
    assert page.status_code == 200
    assert not Template.objects.exists()


def test_red_words_are_named_and_kept_out(manager, site) -> None:
    for do in ("preview", "publish", "test"):
        assert "Leave out ketamine" in text(send(manager, do, GOOD + " ketamine")), do
    assert not Template.objects.exists()
    assert mail.outbox == []


def test_a_new_version_is_in_use_and_the_old_page_is_refused(manager, mona, site) -> None:
    assert "In use from the next message on" in text(send(manager, "publish", GOOD))
    assert Template.objects.get().by == mona
    assert "Somebody else changed this text" in text(send(manager, "publish", GOOD))
    assert "The shipped text is back" in text(send(manager, "publish", "", 1))
    assert send(manager, "publish", GOOD + "\0", 2).status_code == 422
    assert send(manager, "publish", "x" * 5000, 2).status_code == 422


def test_a_test_goes_to_nobody_but_whoever_asks(manager, mona, site) -> None:
    assert f"on its way to {mona.email}" in text(send(manager, "test", GOOD))
    [sent] = mail.outbox
    assert sent.to == [mona.email]
    assert "Ana, Alder: see your visits" in sent.body


def test_a_mail_server_that_is_away_is_said(manager, site, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert "did not take the test" in text(send(manager, "test", GOOD))


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_the_list_costs_the_same_with_more_rows(desk, patient, now, rows, django_assert_num_queries) -> None:
    book(patient, *[FRIDAY + timedelta(days=2 * number) for number in range(rows)], now=now)
    with django_assert_num_queries(9):
        page = desk.get("/messages/?state=scheduled").content.decode()
    assert page.count('class="presses') >= rows


@pytest.mark.parametrize("rows", [1, 3, 10])
def test_a_patients_page_costs_the_same_with_more_messages(desk, patient, now, rows, django_assert_num_queries) -> None:
    for number in range(rows):
        book(patient, FRIDAY + timedelta(days=number), now=now)
    with django_assert_num_queries(9):
        page = desk.get(f"/patients/{patient.pk}/").content.decode()
    assert page.count("Why<span") == rows


def test_only_who_may_send_holds_a_message(nora, booked) -> None:
    from core.errors import NotAllowed

    with pytest.raises(NotAllowed):
        actions.hold(message=one(Step.PLAN), by=nora)
    with pytest.raises(NotAllowed):
        actions.release(message=one(Step.PLAN), by=nora, now=FRIDAY)


def test_a_message_that_went_out_is_sent_again(desk, booked, now) -> None:
    row = dead(Step.ONE_DAY, now)
    assert "the same goes out once more" in text(press(desk, row, "resend"))
    copy = Message.objects.get(step=Step.ONE_DAY, channel=Channel.EMAIL, copy=1)
    assert "sent again" in text(desk.get(f"/messages/{copy.pk}/"))
    assert "was not changed. This is on its way already" in text(press(desk, row, "resend"))


def test_the_table_has_no_words_and_no_formulas(desk, nurse, booked, patient, now) -> None:
    patient.given_name = "=1+1"
    patient.save()
    dead(Step.ONE_DAY, now)
    page = desk.get("/messages/list.csv?state=attention")
    assert page["Content-Type"].startswith("text/csv")
    head, line = page.content.decode().splitlines()
    assert head.startswith("message,patient,about,message for,channel")
    assert "'=1+1" in line
    assert "Failed" in line
    assert "Call" not in page.content.decode()
    assert nurse.get("/messages/list.csv").status_code == 403


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_the_table_costs_the_same_with_more_rows(desk, patient, now, rows, django_assert_num_queries) -> None:
    book(patient, *[FRIDAY + timedelta(days=2 * number) for number in range(rows)], now=now)
    with django_assert_num_queries(4):
        page = desk.get("/messages/list.csv?state=scheduled").content.decode()
    assert len(page.splitlines()) > rows


MAIL = "Dear {first_name},\n\nsee your visits: {link}"


def send_mail_text(client, do: str, body: str, version: int = 0, subject: str = ""):
    form = {"do": do, "body": body, "subject": subject, "version": version}
    return client.post("/texts/mails/plan/en/edit", form, follow=True)


def test_mails_are_listed_and_written_anew(manager, desk, nurse, site) -> None:
    assert "English: as shipped" in text(desk.get("/texts/mails/"))
    assert nurse.get("/texts/mails/").status_code == 403
    assert "Put in use" not in text(desk.get("/texts/mails/plan/"))
    assert desk.get("/texts/mails/nothing/").status_code == 404
    page = text(send_mail_text(manager, "preview", MAIL, subject="On {day}"))
    assert "<b>On Thursday 26 November</b>" in page
    assert "Dear Ana," in page
    assert not Template.objects.exists()
    assert "In use from the next message on" in text(send_mail_text(manager, "publish", MAIL))
    assert "English: the clinic's own, version 1" in text(desk.get("/texts/mails/")).replace("&#x27;", "'")
    assert "Somebody else changed this text" in text(send_mail_text(manager, "publish", MAIL))
    assert "The shipped mail is back" in text(send_mail_text(manager, "publish", "", 1))


def test_red_words_in_a_subject_are_named_at_the_subject(manager, site) -> None:
    page = text(send_mail_text(manager, "publish", MAIL, subject="Your infusion"))
    assert '<a href="#subject-en">Leave out infusion' in page
    assert not Template.objects.exists()


def test_a_test_of_a_mail_goes_to_whoever_asks(manager, mona, site) -> None:
    send_mail_text(manager, "test", MAIL, subject="On {day}")
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == ([mona.email], "On Thursday 26 November")
    assert "Write something first" in text(send_mail_text(manager, "test", ""))
