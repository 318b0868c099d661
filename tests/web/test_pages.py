"""Signing in, pages of refusal, and what every page sends along."""

import re
from pathlib import Path

import pytest
from django.test import Client

from clinics.models import Role
from core import caches
from tests.factories.clinics import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
TEMPLATES = Path(__file__).resolve().parents[2] / "web" / "templates"


def test_signs_in_and_goes_where_one_wanted(site):
    UserFactory(email="in@example.org", password=PASSWORD)
    client = Client()
    page = client.get("/accounts/login/?next=/work-list/").content.decode()
    assert 'name="next" value="/work-list/"' in page
    answer = client.post(
        "/accounts/login/", {"login": "in@example.org", "password": PASSWORD, "next": "/work-list/"}, follow=True
    )
    assert answer.redirect_chain == [("/work-list/", 302)]
    assert "Successfully" not in answer.content.decode()


@pytest.mark.parametrize(
    ("backend", "stands"), [("core.caches.RedisCache", True), ("django.core.cache.backends.redis.RedisCache", False)]
)
def test_without_redis_people_sign_in_decide_and_follow_links(
    site, settings, monkeypatch, backend: str, stands: bool
) -> None:
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "unix:///nowhere/at/all?db=1"}}
    monkeypatch.setattr(caches._Client, "away_until", 0.0)
    UserFactory(email="in@example.org", password=PASSWORD, role=Role.CLINICIAN)
    client = Client(raise_request_exception=False)
    given = {"login": "in@example.org", "password": PASSWORD, "next": "/patients/"}
    answers = [client.post("/accounts/login/", given).status_code, client.get("/patients/").status_code]
    assert answers == ([302, 200] if stands else [500, 302])
    if stands:
        assert Client().get("/v/nothing").status_code == 404


def test_a_wrong_password_keeps_the_address_typed(site):
    answer = Client().post("/accounts/login/", {"login": "in@example.org", "password": "no"})
    page = answer.content.decode()
    assert 'value="in@example.org"' in page
    assert 'type="password"' in page
    assert "<title>Error: Sign in</title>" in page


def test_nobody_signs_up(site):
    assert "Accounts are made by a manager" in Client().get("/accounts/signup/").content.decode()


def test_signing_out_needs_a_press(desk, site):
    assert desk.get("/accounts/logout/").status_code == 200
    assert desk.get("/").status_code == 200
    desk.post("/accounts/logout/")
    assert desk.get("/").status_code == 302


@pytest.mark.parametrize(
    "path", ["/nowhere", "/courses/book?patient=x", "/patients/01890000-0000-7000-8000-000000000000/"]
)
def test_not_found_is_a_page_of_ours(desk, site, path):
    answer = desk.get(path)
    assert answer.status_code == 404
    assert "Go to today" in answer.content.decode()


def test_a_form_without_its_token_is_explained(flora, site):
    client = Client(enforce_csrf_checks=True)
    client.force_login(flora)
    answer = client.post("/display", {})
    assert answer.status_code == 403
    assert "The form was not sent" in answer.content.decode()


def test_without_a_site_the_day_says_what_is_missing(desk):
    assert "has no site yet" in desk.get("/").content.decode()


def test_the_policy_allows_nothing_inline(desk, site):
    policy = desk.get("/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_no_template_has_inline_code_or_style():
    found = [
        f"{path.name}: {match[0]}"
        for path in TEMPLATES.rglob("*.html")
        for match in re.finditer(
            r'\son\w+="|\sstyle="|<style|hx-on|hx-vals="js|<script(?![^>]*\bsrc=)', path.read_text()
        )
    ]
    assert found == []


def test_the_choice_of_display_is_kept_and_leads_back(desk, site):
    answer = desk.post("/display", {"theme": "dark", "density": "comfortable", "next": "/work-list/"})
    assert answer["Location"] == "/work-list/"
    page = desk.get("/").content.decode()
    assert 'data-theme="dark"' in page
    assert 'data-density="comfortable"' in page


def test_the_choice_of_display_leads_nowhere_else(desk, site):
    answer = desk.post("/display", {"theme": "<b>", "density": "x", "next": "https://evil.example/"})
    assert answer["Location"] == "/"
    assert desk.cookies["display"].value == "system.compact.full.narrow.off"


def test_pages_name_no_patient_in_their_title(desk, course):
    titles = [
        re.search(r"<title>(.*?)</title>", desk.get(path).content.decode(), re.DOTALL)
        for path in ("/", f"/courses/{course.pk}/", f"/patients/{course.patient_id}/", f"/courses/{course.pk}/cancel")
    ]
    assert all(title and "Example" not in title[1] for title in titles)
