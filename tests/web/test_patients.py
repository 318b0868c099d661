"""Finding, registering, editing patients."""

import pytest

from clinics.models import Patient
from tests.factories.clinics import PatientFactory, SiteFactory
from web import words

pytestmark = pytest.mark.django_db
ANA = {
    "given_name": "Ana",
    "family_name": "Ruiz Peña",
    "birth_on": "2/29/1980",
    "phone": "(212) 555-0134",
    "email": "ana@example.org",
    "language": "es",
    "may_email": "on",
    "may_call": "on",
    "key": "a-key",
}


@pytest.fixture
def pena(site):
    return PatientFactory(site=site, given_name="María José", family_name="Peña", birth_on="1975-11-03")


@pytest.mark.parametrize("typed", ["pena", "MARIA pen", "11/3/1975", "3 nov 1975", "1975-11-03"])
def test_finds_by_names_and_birth_dates(desk, pena, typed):
    page = desk.get("/patients/", {"q": typed}).content.decode()
    assert "María José Peña" in page
    assert "<title>1 patient found" in page


def test_shows_the_next_visit_and_the_course(desk, course):
    page = desk.get("/patients/", {"q": "pat exam"}).content.decode()
    first = course.visits.order_by("appointment__starts_at").first().appointment
    assert f"Next visit {words.day(first.local_on)}, {words.clock(first.local_time)}" in page
    assert "Test series" in page


def test_one_character_is_too_little(desk, pena):
    page = desk.get("/patients/", {"q": "p"}).content.decode()
    assert "at least 2 characters" in page
    assert "Peña" not in page


def test_nothing_found_offers_to_register_what_was_typed(desk, site):
    page = desk.get("/patients/", {"q": "ana ruiz"}).content.decode()
    assert "No one called “ana ruiz”" in page
    form = desk.get("/patients/new?name=ana%20ruiz").content.decode()
    assert 'value="Ana"' in form
    assert 'value="Ruiz"' in form


@pytest.mark.parametrize("typed", ["\x00\x00", "%", "_ _", "'; drop", "a" * 500, "\ud800\ud800"])
def test_any_search_gives_a_page(desk, pena, typed):
    assert desk.get("/patients/", {"q": typed.encode("utf-8", "surrogatepass").decode("latin-1")}).status_code == 200
    assert desk.get("/patients/?q=%00%00").status_code == 200


def test_a_nurse_sees_no_button_to_register(nurse, site):
    assert "Register a patient" not in nurse.get("/patients/").content.decode()


def test_registers_and_goes_on_to_book(desk, site):
    answer = desk.post("/patients/new", ANA | {"then": "book"})
    ana = Patient.objects.get()
    assert answer["Location"] == f"/courses/book?patient={ana.pk}"
    assert (ana.full_name, str(ana.birth_on), str(ana.phone)) == ("Ana Ruiz Peña", "1980-02-29", "+12125550134")
    assert (ana.may_email, ana.may_text, ana.may_call, ana.language) == (True, False, True, "es")


def test_the_same_form_sent_twice_registers_once(desk, site):
    first = desk.post("/patients/new", ANA)
    second = desk.post("/patients/new", ANA | {"do": "register-anyway"})
    assert first["Location"] == second["Location"]
    assert Patient.objects.count() == 1


def test_possible_duplicates_are_shown_before_anything_is_saved(desk, site):
    known = PatientFactory(site=site, given_name="Anna", family_name="Ruiz Pena", birth_on="1980-02-29")
    answer = desk.post("/patients/new", ANA | {"then": "book"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert f'href="/patients/{known.pk}/"' in page
    assert 'value="Ruiz Peña"' in page  # nothing typed is lost
    assert Patient.objects.count() == 1
    desk.post("/patients/new", ANA | {"do": "register-anyway"})
    assert Patient.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"given_name": " "}, "given_name", "Enter a given name."),
        ({"birth_on": "31/31/1980"}, "birth_on", "Write the birth date"),
        ({"birth_on": "5/27/80"}, "birth_on", "a year of four figures"),
        ({"birth_on": "5/27/2039"}, "birth_on", "between 1900 and today"),
        ({"phone": "12"}, "phone", "Enter the whole number"),
        ({"email": ""}, "email", "Enter an e-mail address to write to."),
        ({"email": "ana at home"}, "email", "address"),
        ({"phone": "", "may_text": "on"}, "phone", "Enter a mobile number"),
        ({"language": "tlh"}, "language", ""),
        ({"given_name": "a" * 101}, "given_name", ""),
        ({"family_name": "a\x00b"}, "family_name", "character"),
    ],
)
def test_says_what_is_wrong_and_loses_nothing(desk, site, change, field, sentence):
    answer = desk.post("/patients/new", ANA | change)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error: Register a patient</title>" in page
    assert f'href="#id_{field}"' in page
    assert sentence in page
    assert 'value="5/27' in page or 'value="2/29/1980"' in page or "31/31" in page
    assert not Patient.objects.exists()


def test_the_birth_date_is_read_as_the_country_writes_it(desk):
    SiteFactory(country="DE", subdivision="", zone="Europe/Berlin")
    assert "Day first: 27/5/1980" in desk.get("/patients/new").content.decode()
    desk.post("/patients/new", ANA | {"birth_on": "3.4.1980", "phone": ""})
    assert str(Patient.objects.get().birth_on) == "1980-04-03"


def test_the_page_of_a_patient(desk, course):
    page = desk.get(f"/patients/{course.patient_id}/").content.decode()
    assert "Pat Example" in page
    assert "Born 29 February 1980, 46" in page
    assert page.count('class="therapy') == 6


def test_edits(desk, site):
    known = PatientFactory(site=site, email="old@example.org")
    form = {**ANA, "email": "new@example.org", "version": known.version}
    answer = desk.post(f"/patients/{known.pk}/edit", form, follow=True)
    assert "Saved." in answer.content.decode()
    known.refresh_from_db()
    assert known.email == "new@example.org"


def test_a_stale_edit_keeps_what_was_typed(desk, site):
    known = PatientFactory(site=site)
    answer = desk.post(f"/patients/{known.pk}/edit", {**ANA, "version": 0})
    assert answer.status_code == 422
    assert "Somebody else changed this patient" in answer.content.decode()
    assert 'value="Ruiz Peña"' in answer.content.decode()
