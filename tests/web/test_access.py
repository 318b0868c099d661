"""Every address of the pages against every role; nothing is open by accident."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern

from clinics.models import Role
from clinics.permissions import MATRIX
from tests.factories.clinics import UserFactory
from tests.web.conftest import signed_in
from tests.writes import written
from web import urls

ROLES = [Role.FRONT_DESK, Role.CLINICIAN, Role.NURSE, Role.MANAGER]
PAGES = {pattern.name: pattern for pattern in urls.urlpatterns}
POSTED = {
    "set-status",
    "display",
    "finish-desk-task",
    "tick-visit",
    "untick-visit",
    "reopen-desk-task",
    "act-on-unconfirmed",
    "work-on",
    "take-from-waitlist",
    "leave-waitlist",
    "offer-from-waitlist",
    "withdraw-offer",
    "calendar-subscribe",
    "calendar-end",
    "withdraw-gate",
    "act-on-message",
    "pause-messages",
    "lift-pause",
    "edit-text",
    "edit-mail-text",
    "alike-patients",
    "add-note",
    "setup-resource-hours",
    "setup-away",
    "setup-remove-away",
    "setup-switch",
    "setup-day",
    "setup-clear-day",
    "setup-change-reminders",
    "setup-switch-account",
    "lock",
}
"""Pages that only take forms."""
NEEDS_NOTHING_MORE = {"calendar-subscribe", "calendar-end"}
"""Forms without fields: for those who may, pressing is enough."""


WORDS = {"name": "plan", "language": "en"}
"""Parts of addresses that are no ids."""


def address(pattern: URLPattern) -> str:
    from django.urls import reverse

    return reverse(pattern.name, kwargs={name: WORDS.get(name) or str(uuid4()) for name in pattern.pattern.converters})


def ask(client: Client, name: str, method: str):
    return getattr(client, method)(address(PAGES[name]))


def test_every_page_carries_a_permission():
    assert PAGES
    assert [name for name, page in PAGES.items() if getattr(page.callback, "permission", None) not in MATRIX] == []


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_sees_anything_without_signing_in(method):
    answers = {name: ask(Client(), name, method) for name in PAGES}
    through = [
        name
        for name, answer in answers.items()
        if answer.status_code != 302 or not answer["Location"].startswith("/accounts/login/?next=/")
    ]
    assert through == []


def deciding(role: Role, names: list[str], method: Callable[[str], str]) -> list[str]:
    """Where the answer to this role is not what the matrix says, or something was written by it."""
    client = signed_in(UserFactory(role=role))
    wrong = []
    for name in names:
        before = written()
        answer = ask(client, name, method(name))
        allowed = role in MATRIX[PAGES[name].callback.permission]
        if (answer.status_code == 403) is allowed:
            wrong.append(f"{name} answered {answer.status_code}")
        if not allowed and "Your role does not allow this" not in answer.content.decode():
            wrong.append(f"{name} does not say why")
        if written() != before and not (allowed and name in NEEDS_NOTHING_MORE):
            wrong.append(f"{name} wrote something")
    return wrong


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.long
def test_the_matrix_decides(site, role):
    assert deciding(role, list(PAGES), lambda name: "post" if name in POSTED else "get") == []


@pytest.mark.django_db
def test_a_form_from_somebody_who_may_not_is_refused(site):
    assert deciding(Role.NURSE, [name for name in PAGES if name not in POSTED], lambda _: "post") == []


@pytest.mark.django_db
def test_what_is_written_is_seen(site):
    before = written()
    site.name = "Renamed"
    site.save()
    assert written() > before


@pytest.mark.django_db
def test_somebody_switched_off_is_out(site, flora):
    client = signed_in(flora)
    flora.is_active = False
    flora.save()
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_a_locked_screen_opens_nothing_until_somebody_signs_in(site, flora):
    client = signed_in(flora)
    assert client.post("/lock", {"next": "//evil.example"})["Location"] == "/"
    assert client.get("/patients/")["Location"] == "/accounts/login/?next=/patients/"
    assert client.get("/api/v1/courses/").status_code in (401, 403)
    assert client.get("/accounts/login/").status_code == 200
    client.force_login(flora)
    assert client.get("/patients/").status_code == 200


@pytest.mark.django_db
def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(site):
    answer = Client().post("/courses/book", headers={"referer": "http://testserver/courses/book?patient=1"})
    assert answer["Location"] == "/accounts/login/?next=/courses/book%3Fpatient%3D1"


@pytest.mark.django_db
def test_a_swap_after_the_session_ended_takes_the_browser_there(site):
    answer = Client().post("/courses/book", headers={"HX-Request": "true", "referer": "http://evil.example/x?y"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/accounts/login/?next=/")


@pytest.mark.django_db
def test_nothing_is_kept_by_the_browser(desk, site):
    assert "no-store" in desk.get("/")["Cache-Control"]
