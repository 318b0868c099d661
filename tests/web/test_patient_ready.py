"""The get-ready list, how far along, several confirmed at once, how we write, links that ended: on the patient's page."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from clinics import red_words
from core import clock
from notifications.actions import delivery, links
from notifications.engine.states import State
from notifications.models import Consent, Link, Message
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book
from tests.notifications.fake_sender import FakeSender
from tests.treatments.documents import series as document
from tests.web.patient_phone import Phone, born, known, link_of, text_of
from treatments.actions import protocols
from treatments.models import GateFulfilment, PreparationTick, Visit, VisitStatus
from treatments.queries import readiness
from web import open_urls

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def uncounted():
    cache.clear()


@pytest.fixture
def series(mona, now):
    """Fasting before infusions, and somebody who drives home."""
    asked = document()
    asked["visit_types"]["infusion"]["prepare"] = {"fasting": {"food_hours": 6, "clear_fluids_hours": 2, "source": "T"}}
    asked["visit_types"]["infusion"]["patient_labels"] = {"es": "Cita de tratamiento"}
    asked["gates"] = [{"gate": "escort", "title": "Escort", "before": "infusions.each", "source": "T"}]
    return protocols.publish(document=asked, by=mona, now=now)


@pytest.fixture
def link(course, patient):
    return link_of(patient)


@pytest.fixture
def first(course):
    return Appointment.objects.get(visit__course=course, visit__key="infusions.1")


def about(appointment: Appointment, **more: str) -> dict[str, str]:
    return {"visit": str(appointment.pk), "epoch": str(appointment.schedule_epoch), **more}


def test_the_list_is_ticked_and_unticked_and_starts_anew_at_another_time(link, first, patient):
    page, ready = f"/v/{link.token}", f"/v/{link.token}/ready"
    closed = text_of(Phone().get(page))
    assert "Your birth date opens it." in closed
    assert red_words.found(closed) == []
    assert Phone().post(ready, about(first, item="food", done="1"))["Location"] == f"{page}/birth"
    client = known(link)
    assert client.get(page).content.count(b'aria-pressed="false"') == 2
    for _ in range(2):
        assert client.post(ready, about(first, item="food", done="1"))["Location"] == f"{page}#ready"
    assert client.get(page).content.count(b'aria-pressed="true"') == 1
    client.post(ready, about(first, item="drink", done="1"))
    client.post(ready, about(first, item="food", done="0"))
    assert set(PreparationTick.objects.values_list("item", flat=True)) == {"drink"}
    Appointment.objects.filter(pk=first.pk).update(schedule_epoch=2)
    assert client.get(page).content.count(b'aria-pressed="true"') == 0, "other times, other list"
    assert client.post(ready, about(first, item="food", done="1"))["Location"] == f"{page}?moved#ready"
    for odd in ({}, {"item": "x", "done": "1"}, {"epoch": "x"}, {"visit": "x"}, {"item": "\x00"}):
        assert client.post(ready, about(first) | odd).status_code in {303, 422}
    assert PreparationTick.objects.count() == 1


def test_what_a_visit_is_called_is_told_after_the_birth_date_in_the_patients_language(link, patient):
    page = f"/v/{link.token}"
    assert "Treatment visit" not in text_of(Phone().get(page))
    client = known(link)
    shown = text_of(client.get(page))
    assert (shown.count("Treatment visit"), shown.count("Talk visit")) == (3, 3)
    patient.language = "es"
    patient.save()
    shown = text_of(client.get(page))
    assert shown.count("Cita de tratamiento") == 3
    assert "visit" not in shown, "where the protocol has no Spanish, there is no English either"


def test_who_drives_home_is_what_the_visit_waits_for(link, course, first, clinic):
    client, ready = known(link), f"/v/{link.token}/ready"

    def standing() -> str:
        found = readiness.readiness(course, now=clock.now())
        return next(each for each in found.visits if each.visit.key == "infusions.1").items[0].standing

    assert standing() != "in_place"
    wrong = client.post(ready, about(first, name="María López", phone="12"))
    assert wrong.status_code == 422
    assert "Write the phone number of the person." in text_of(wrong)
    assert "María López" in wrong.content.decode(), "what was typed stays"
    assert client.post(ready, about(first, name=" ", phone="555 0100")).status_code == 422
    assert client.post(ready, about(first, name="A\x00", phone="555 0100")).status_code == 422
    assert not GateFulfilment.objects.exists()
    assert client.post(ready, about(first, name="María López", phone="555 0100")).status_code == 303
    assert standing() == "in_place"
    assert "María López, 555 0100 drives you home." in text_of(client.get(f"/v/{link.token}"))
    client.post(ready, about(first, name="Juan", phone="555 0101"))
    shown = text_of(client.get(f"/v/{link.token}"))
    assert "Juan, 555 0101 drives you home." in shown
    assert "María" not in shown
    assert GateFulfilment.objects.filter(withdrawal=None).get().note == "Juan, 555 0101"
    assert "Juan" not in text_of(Phone().get(f"/v/{link.token}")), "not before the birth date"
    other = known(link_of(PatientFactory(site=course.site)))
    assert other.post(ready, about(first, name="Eve", phone="555 0102")).status_code == 303
    assert GateFulfilment.objects.filter(withdrawal=None).get().note == "Juan, 555 0101"


def test_the_desk_sees_what_is_not_seen_to(link, first, desk):
    page = f"/unconfirmed/?on={first.local_on}"

    def seen() -> str:
        return text_of(desk.get(page))

    assert "Not ticked: not eating and not drinking. Nobody named who drives home." in seen()
    client, ready = known(link), f"/v/{link.token}/ready"
    client.post(ready, about(first, item="food", done="1"))
    client.post(ready, about(first, name="Juan", phone="555 0101"))
    assert "Not ticked: not drinking." in seen()
    assert "Nobody named" not in seen()
    client.post(ready, about(first, item="drink", done="1"))
    assert "Not seen to yet" not in seen()


def test_how_far_along_is_there_at_once_and_a_week_is_confirmed_with_one_press(link, course, first):
    Visit.objects.filter(course=course, key="talks.1").update(status=VisitStatus.DONE)
    page = Phone().get(f"/v/{link.token}")
    assert "1 of 6 visits done" in text_of(page)
    assert page.content.count(b'<span class="done">') == 1
    assert "Somebody may come with you." in text_of(page)
    form = page.content.decode().partition("</section>")[2].partition("</form>")[0]
    assert "I will come to all " in form
    keys = re.findall(r'name="visit" value="([^"]+)"', form)
    epochs = re.findall(r'name="epoch" value="([^"]+)"', form)
    assert len(keys) > 1
    answer = Phone().post(f"/v/{link.token}", {"visit": keys, "epoch": epochs, "answer": "confirm"})
    assert answer.status_code == 303
    assert set(map(str, Appointment.objects.exclude(confirmed_at=None).values_list("pk", flat=True))) == set(keys)
    shown = text_of(Phone().get(f"/v/{link.token}"))
    assert "Thank you. This visit is confirmed. Nothing more to do until " in shown


def test_texts_stop_and_e_mails_go_on_and_the_language_changes(link, patient):
    page = f"/v/{link.token}/contact"
    assert f'href="/v/{link.pk}/contact"' in Phone().get(f"/v/{link.token}").content.decode(), (
        "one tap, and one more there"
    )
    assert Phone().post(page, {"do": "stop-texts"})["Location"] == f"{page}?done"
    patient.refresh_from_db()
    assert (patient.may_text, patient.may_email) == (False, True)
    assert "This is noted." in text_of(Phone().get(f"{page}?done"))
    Phone().post(page, {"do": "start-texts"})
    assert Consent.objects.latest("recorded_at").words.startswith("I agree")
    assert Phone().post(page, {"do": "es"}).status_code == 303
    assert "Cómo le escribimos" in text_of(Phone().get(page))
    for odd in ({}, {"do": "x"}, {"do": "\x00"}):
        assert Phone().post(page, odd).status_code == 422
    assert str(patient.phone)[2:] not in text_of(Phone().get(page)).replace(" ", "")


class TestEndedLinks:
    @pytest.fixture
    def old(self, patient, now, service):
        book(patient, now + timedelta(days=5), now=now)
        sender = FakeSender()
        delivery.deliver_due(by=service, clock=lambda: now + timedelta(minutes=4), open_sender=lambda _: sender)
        assert Message.objects.filter(state=State.ACCEPTED).exists()
        link = link_of(patient)
        Link.objects.filter(pk=link.pk).update(expires_at=now)
        return link

    def test_a_new_one_goes_to_where_the_patient_is_known_to_be(self, old, patient, settings):
        shown = Phone().get(f"/v/{old.token}")
        assert shown.status_code == 404
        assert "We can send a new one to the e-mail address" in text_of(shown)
        assert patient.email not in text_of(shown)
        settings.TEXTS_OVER = "sms"
        assert f"phone that ends in {str(patient.phone)[-2:]}." in text_of(Phone().get(f"/v/{old.token}"))
        settings.TEXTS_OVER = "none"
        before = Message.objects.count()
        assert "a new link is on its way" in text_of(Phone().post(f"/v/{old.token}/new"))
        made = Message.objects.latest("created_at")
        assert (Message.objects.count(), made.copy, made.heeds_quiet_hours) == (before + 1, 1, False)
        said = {text_of(Phone().post(f"/v/{old.token}/new")).partition("Or call")[0] for _ in range(3)}
        assert any("Wait some minutes" in each for each in said)
        assert Message.objects.count() == before + 1

    def test_what_was_taken_back_and_what_is_not_known_offer_nothing(self, old, patient, flora, now):
        unknown = Phone().get("/v/nothing").content
        long_ago = link_of(patient)
        Link.objects.filter(pk=long_ago.pk).update(expires_at=now - timedelta(days=200))
        assert Phone().get(f"/v/{long_ago.token}").content == unknown
        back = link_of(patient)
        links.revoke_all(patient=patient, by=flora, now=now)
        Link.objects.filter(pk=back.pk).update(expires_at=now)
        assert Phone().get(f"/v/{back.token}").content == unknown
        before = Message.objects.count()
        assert Phone().post(f"/v/{back.token}/new").content == unknown
        assert Phone().get(f"/v/{old.token}/new").status_code == 404
        assert Message.objects.count() == before


def addresses(link, first) -> list[str]:
    """Every open page, with this link."""
    parts = {"token": link.token, "appointment": first.pk, "form": first.pk, "assessment": first.pk, "number": 1}
    return [
        reverse(pattern.name, kwargs={name: parts[name] for name in pattern.pattern.converters})
        for pattern in open_urls.urlpatterns
        if getattr(pattern.callback, "open_page", False)
    ]


def test_looking_writes_nothing_on_any_open_page(link, first, service):
    written = []

    def watch(execute, sql, params, many, context):
        if sql.split(None, 1)[0].upper() in {"INSERT", "UPDATE", "DELETE"} or "FOR UPDATE" in sql.upper():
            written.append(sql)
        return execute(sql, params, many, context)

    opened = known(link)
    with connection.execute_wrapper(watch):
        for path in addresses(link, first):
            for client in (Client(), Phone(), opened):
                for response in (
                    client.get(path),
                    client.head(path),
                    client.get(path, headers={"Sec-Purpose": "prefetch;prerender"}),
                ):
                    assert response.status_code < 500
                    assert "no-store" in response["Cache-Control"]
                    assert response["Referrer-Policy"] == "no-referrer"
        assert written == []
        opened.post(f"/v/{link.token}/ready", about(first, item="food", done="1"))
    assert written, "the watch sees a write"


def test_the_page_asks_as_little_for_thirty_visits_more_as_for_one(
    link, patient, first, now, django_assert_max_num_queries
):
    client = known(link)
    phones = Phone(), client
    for phone in phones:
        phone.get(
            f"/v/{link.token}"
        )  # leads to the address without it; what a published version asks for is read and kept
    costs = {}
    for rows in (range(1), range(1, 3), range(3, 30)):
        book(patient, *(now + timedelta(days=30, hours=3 * number) for number in rows), now=now)
        coming = Appointment.objects.filter(patient=patient).count()
        for browser in phones:
            with django_assert_max_num_queries(8) as asked:
                page = browser.get(f"/v/{link.pk}").content.decode()
            assert page.count('<button class="button" name="answer" value="cannot_come">') == coming
            costs.setdefault(browser is client, set()).add(len(asked))
    assert [len(different) for different in costs.values()] == [1, 1]


def test_it_weighs_little(link, first, patient):
    page = known(link).get(f"/v/{link.token}").content
    scripts = styles = 0
    for name in set(re.findall(rb'(?:src|href)="/static/(web/[^"]+)"', page)):
        size = len(gzip.compress(Path(finders.find(name.decode())).read_bytes()))
        scripts += size if name.endswith(b".js") else 0
        styles += 0 if name.endswith(b".js") else size
    assert scripts
    assert scripts <= 6_000
    assert len(gzip.compress(page)) + scripts + styles <= 60_000
    assert len(page) <= 60_000


def test_the_birth_date_is_tried_five_times_an_hour_wherever_it_is_asked(link, patient):
    page = f"/v/{link.token}/birth"
    for _ in range(5):
        assert "not the birth date" in text_of(Phone().post(page, born(patient) | {"year": "1900"}))
    assert "tried too often" in text_of(Phone().post(page, born(patient)))
    assert "tried too often" in text_of(Phone().post(f"/v/{link.token}/questions", born(patient)))
