"""One search for everything: people, then what can be done, then pages."""

from __future__ import annotations

import re

import pytest

from tests.factories.clinics import PatientFactory
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db


def found(page: str) -> list[str]:
    return re.findall(r'class="name" href="[^"]*">([^<]+)<', page)


def test_people_come_first_then_what_can_be_done(desk, patient):
    assert found(desk.get("/search?q=exam").content.decode()) == ["Pat Example", "Book a course for Pat Example"]


def test_accents_do_not_matter(desk, site):
    PatientFactory(site=site, given_name="María", family_name="Núñez")
    assert found(desk.get("/search?q=nunez").content.decode())[0] == "María Núñez"


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("wait", "Waitlist"),
        ("to sch", "To schedule"),
        ("undo", "Recent changes"),
        ("tomorrow", "Tuesday 5 May"),
        ("5/6/2026", "Wednesday 6 May"),
        ("book", "Book a course"),
        ("register", "Register a patient"),
        ("anna br", "Register anna br"),
    ],
)
def test_actions_and_pages_are_found_by_what_one_would_call_them(desk, site, typed, first):
    assert found(desk.get(f"/search?q={typed}").content.decode())[0] == first


def test_at_most_eight_and_what_can_be_done_keeps_a_place(desk, site):
    for _ in range(9):
        PatientFactory(site=site, given_name="Mess", family_name="Age")
    page = desk.get("/search?q=mess").content.decode()
    assert found(page).count("Mess Age") == 5
    assert found(page)[5:7] == ["Everybody called “mess”", "Messages"]
    assert '/patients/?q=mess"' in page


def test_without_words_whom_one_dealt_with_last(desk, course):
    assert found(desk.get("/search").content.decode())[0] == "Pat Example"


def test_who_may_not_register_is_not_offered_it(nurse, site):
    page = nurse.get("/search?q=anna br").content.decode()
    assert "Register" not in page
    assert "No results fit" in page


def test_while_typing_only_the_choices_come(desk, patient):
    page = desk.get("/search?q=exam", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert 'role="listbox"' in page
    assert page.count('role="option"') == 2


def test_strange_characters_do_no_harm(desk, site):
    for typed in ("%00", "<script>", "%F0%9F%98%80", "'", "x" * 300):
        page = desk.get(f"/search?q={typed}")
        assert page.status_code == 200
        assert "<script>" not in page.content.decode().split('id="results"')[1]


def test_a_person_of_each_role_finds_only_what_opens(site, mona, nora):
    for user in (mona, nora):
        page = signed_in(user).get("/search?q=m").content.decode()
        for address in re.findall(r'class="name" href="([^"]+)"', page):
            assert signed_in(user).get(address).status_code == 200
