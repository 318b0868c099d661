"""What opens a patient's pages stays in the message: no address bar and no history keeps it, and no other browser opens them."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from core import clock
from notifications.actions import links
from notifications.models import Link
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book
from tests.web.patient_phone import Phone, born, link_of, text_of
from web import link_sessions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def uncounted():
    cache.clear()


@pytest.fixture
def link(patient, now):
    book(patient, now + timedelta(days=5), now=now)
    return link_of(patient)


def closed(response) -> bool:
    return response.status_code == 404 and "This page has closed" in text_of(response)


def test_the_address_and_the_page_keep_nothing_that_opens_them(link, patient):
    phone = Phone()
    shown = phone.get(f"/v/{link.token}")
    assert (shown.status_code, shown.request["PATH_INFO"], shown.request["QUERY_STRING"]) == (200, f"/v/{link.pk}", "")
    assert link.token not in shown.content.decode()
    assert phone.post(f"/v/{link.pk}/birth", born(patient))["Location"] == f"/v/{link.pk}#ready"
    assert phone.get(f"/v/{link.pk}/visits.ics")["Content-Type"].startswith("text/calendar")
    asked = phone.get(f"/v/{link.token}/contact?done=1")
    assert (asked.request["PATH_INFO"], asked.request["QUERY_STRING"]) == (f"/v/{link.pk}/contact", "done=1")
    (cookie,) = (morsel for name, morsel in phone.cookies.items() if name.startswith("link-"))
    assert (cookie["path"], cookie["samesite"], bool(cookie["httponly"])) == ("/v/", "Lax", True)
    assert link.token not in cookie.value


def test_another_browser_opens_nothing_with_it(link):
    Phone().get(f"/v/{link.token}")
    answers = [Client().get(f"/v/{link.pk}{rest}") for rest in ("", "/contact", "/questions", "/birth")]
    answers += [Client().post(f"/v/{link.pk}", {"answer": "confirm"}), Client().get(f"/v/{PatientFactory.build().pk}")]
    assert all(closed(answer) for answer in answers)
    assert len({answer.content for answer in answers}) == 1, "whether there is such a link is not told"
    assert "Esta página se ha cerrado" in text_of(answers[0])
    phone = Phone()
    phone.cookies[f"link-{link.pk}"] = f"{link.pk}:forged"
    assert closed(phone.get(f"/v/{link.pk}"))


def test_it_closes_after_some_hours_and_the_link_opens_it_again(link):
    phone = Phone()
    phone.get(f"/v/{link.token}")
    with time_machine.travel(clock.now() + timedelta(seconds=link_sessions.LIFETIME_SECONDS + 1)):
        assert closed(phone.get(f"/v/{link.pk}"))
        assert phone.get(f"/v/{link.token}").status_code == 200
        assert phone.get(f"/v/{link.pk}").status_code == 200


def test_two_patients_in_one_browser_do_not_mix(link, site, now):
    other = link_of(PatientFactory(site=site, given_name="Zoe"))
    phone = Phone()
    for each in (link, other):
        phone.get(f"/v/{each.token}")
    phone.cookies[f"link-{link_of(other.patient).pk}"] = phone.cookies[f"link-{other.pk}"].value
    assert "Z" in text_of(phone.get(f"/v/{other.pk}")).partition("Hello")[2][:6]
    visit = Appointment.objects.get()
    form = {"visit": str(visit.pk), "epoch": "1", "answer": "confirm"}
    assert phone.post(f"/v/{other.pk}", form).status_code == 409
    assert phone.post(f"/v/{link.pk}", form).status_code == 303
    assert closed(phone.get(f"/v/{Link.objects.latest('created_at').pk}")), "a session of one link opens no other"


def test_what_ended_meanwhile_has_ended(link, patient, flora, now):
    phone = Phone()
    phone.get(f"/v/{link.token}")
    Link.objects.filter(pk=link.pk).update(expires_at=clock.now())
    shown = phone.get(f"/v/{link.pk}")
    assert "We can send a new one" in text_of(shown)
    assert "on its way" in text_of(phone.post(f"/v/{link.pk}/new"))
    links.revoke_all(patient=patient, by=flora, now=now)
    Link.objects.filter(pk=link.pk).update(revoked_at=now, revoked_by=flora)
    assert "This link has ended" in text_of(phone.get(f"/v/{link.pk}"))


def test_a_browser_without_cookies_stays_at_the_link_and_works(link):
    class Forgetful(Phone):
        def request(self, **request):
            self.cookies.clear()
            return super().request(**request)

    phone = Forgetful()
    assert phone.get(f"/v/{link.token}").status_code == 200
    form = {"visit": str(Appointment.objects.get().pk), "epoch": "1", "answer": "confirm"}
    assert phone.post(f"/v/{link.token}", form)["Location"] == f"/v/{link.token}"
    assert "This visit is confirmed." in text_of(phone.get(f"/v/{link.token}"))
