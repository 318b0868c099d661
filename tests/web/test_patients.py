"""Finding, registering, editing patients."""

from datetime import timedelta

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
    PatientFactory(site=site, given_name="Milo", family_name="Brown", birth_on="1990-01-01")
    return PatientFactory(
        site=site,
        given_name="María José",
        family_name="Peña",
        birth_on="1975-11-03",
        phone="+12125550163",
        email="mj@example.org",
        may_text=False,
    )


@pytest.mark.parametrize(
    "typed",
    [
        "pena",
        "MARIA pen",
        "pen jos",
        "11/3/1975",
        "3 nov 1975",
        "1975-11-03",
        "3 of November 1975",
        "peña 11/3/1975",
        "3 nov 1975 maria",
        "1975 pena",
        "0163",
        "(212) 555-0163",
        "+1 212 555 0163",
        "01 212 555 0163",
        "Peña 0163",
        "mj@example",
    ],
)
def test_finds_by_names_and_birth_dates(desk, pena, typed):
    page = desk.get("/patients/", {"q": typed}).content.decode()
    assert "María José Peña" in page
    assert "<title>1 patient found" in page


def test_shows_the_next_visit_and_the_course(desk, course):
    page = desk.get("/patients/", {"q": "pat exam"}).content.decode()
    first = course.visits.order_by("appointment__starts_at").first().appointment
    assert f"Next visit {words.day(first.local_on)}, {words.clock(first.local_time)}" in page
    assert "Course running: 0 of 6 visits done" in page
    assert "Test series" not in page  # a list is read over shoulders


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
    second = desk.post("/patients/new", ANA | {"seen": [str(Patient.objects.get().pk)]})
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
    assert f'name="seen" value="{known.pk}" form="register"' in page
    desk.post("/patients/new", ANA | {"seen": [str(known.pk)]})
    assert Patient.objects.count() == 2


def test_a_duplicate_nobody_was_shown_is_shown(desk, site):
    shown = PatientFactory(site=site, given_name="Anna", family_name="Ruiz Pena", birth_on="1980-02-29")
    PatientFactory(site=site, given_name="A.", family_name="Ruiz", phone="+12125550134")  # registered meanwhile
    answer = desk.post("/patients/new", ANA | {"seen": [str(shown.pk)]})
    assert answer.status_code == 409
    assert Patient.objects.count() == 2


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({"given_name": "Ana", "family_name": "Ruis", "birth_on": "29 Feb 1980"}, True),
        ({"given_name": "Ruiz", "family_name": "Ana", "birth_on": "29 Feb 1980"}, True),  # the wrong way round
        ({"phone": "212 555 0134"}, True),
        ({"given_name": "Ana", "family_name": "Ruiz"}, False),
        ({"given_name": "Ana", "family_name": "Ruiz", "birth_on": "28 Feb 1980"}, False),
        ({"given_name": "Milo", "family_name": "Brown", "birth_on": "29 Feb 1980"}, False),
        ({"birth_on": "soon", "phone": "1"}, False),
        ({}, False),
    ],
)
def test_duplicates_are_shown_while_the_form_is_filled_in(desk, site, typed, found):
    known = PatientFactory(site=site, given_name="Ana", family_name="Ruíz", birth_on="1980-02-29", phone="+12125550134")
    page = desk.post("/patients/alike", typed).content.decode()
    assert (f"/patients/{known.pk}/" in page) is found
    assert Patient.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"given_name": " "}, "given_name", "Enter a given name."),
        ({"birth_on": "31/31/1980"}, "birth_on", "Write the birth date"),
        ({"birth_on": "5/27/80"}, "birth_on", "a year of four figures"),
        ({"birth_on": "5/27/2039"}, "birth_on", "between 1900 and today"),
        ({"phone": "12"}, "phone", "Enter the whole number"),
        ({"phone": "1"}, "phone", "Enter the whole number"),
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


@pytest.mark.parametrize(
    "typed", ["Ferandez", "fernadez", "Fernández Vilasenor", "Jhon", "jon fernandes", "1990 fernadez"]
)
def test_names_spelt_a_little_otherwise_are_found(desk, site, typed):
    PatientFactory(site=site, given_name="John", family_name="Fernández-Villaseñor", birth_on="1990-05-04")
    PatientFactory(site=site, given_name="Milo", family_name="Brown", birth_on="1990-05-04")
    page = desk.get("/patients/", {"q": typed}).content.decode()
    assert "John Fernández-Villaseñor" in page
    assert "Milo Brown" not in page
    assert "This name is like it" in page


def test_finds_by_the_number_of_the_clinic(desk, pena):
    page = desk.get("/patients/", {"q": str(Patient.objects.get(pk=pena.pk).number)}).content.decode()
    assert "María José Peña" in page


def test_a_row_says_who_it_is_without_saying_everything(desk, site, pena):
    page = desk.get("/patients/", {"q": "pena"}).content.decode()
    assert "Born 1975" in page
    assert "phone ends in 0163" in page
    assert "texts off" in page
    assert "3 November" not in page


def test_who_looks_is_logged_but_not_for_whom(desk, pena, caplog):
    with caplog.at_level("INFO"):
        desk.get("/patients/", {"q": "pena 0163"})
    said = [record.getMessage() for record in caplog.records if "patients searched" in record.getMessage()]
    assert len(said) == 1
    assert "'found': 1" in said[0]
    assert "pena" not in said[0].lower()


def test_what_was_agreed_is_kept_with_its_words_and_time(desk, site, now):
    desk.post("/patients/new", ANA)
    ana = Patient.objects.get()
    kept = {fact.channel: fact for fact in ana.consents.all()}
    assert set(kept) == {"email", "call"}
    assert (
        kept["email"].words
        == "Acepto que la clínica me escriba o me llame sobre mis citas. Puedo cambiarlo en cualquier momento."
    )
    assert kept["email"].recorded_at - now < timedelta(minutes=1)
    page = desk.get(f"/patients/{ana.pk}/contact").content.decode()
    assert page.count("Acepto que") == 2
    assert "Noted by staff, Flora" in page


def test_a_choice_taken_back_stays_in_the_list(desk, site):
    desk.post("/patients/new", ANA)
    ana = Patient.objects.get()
    desk.post(f"/patients/{ana.pk}/edit", {**ANA, "may_email": "", "version": 1})
    page = desk.get(f"/patients/{ana.pk}/contact").content.decode()
    assert page.index("E-mail: stopped") < page.index("E-mail: agreed")


def test_notes_are_added_and_stay(desk, nurse, patient):
    desk.post(f"/patients/{patient.pk}/notes", {"text": " Brings a dog. ", "key": "n1"})
    desk.post(f"/patients/{patient.pk}/notes", {"text": " Brings a dog. ", "key": "n1"})
    desk.post(f"/patients/{patient.pk}/notes", {"text": "Parks behind the house.", "key": "n2"})
    page = nurse.get(f"/patients/{patient.pk}/").content.decode()
    assert page.count("Brings a dog.") == 1
    assert page.index("Parks behind") < page.index("Brings a dog.")
    assert "New note" not in page


@pytest.mark.parametrize("text", ["", "  ", "x" * 501, "a\x00b"])
def test_a_note_that_cannot_be_kept_says_why(desk, patient, text):
    answer = desk.post(f"/patients/{patient.pk}/notes", {"text": text, "key": "n1"})
    assert answer.status_code == 422
    assert 'aria-describedby="text-hint text-error"' in answer.content.decode()
    assert not patient.notes.exists()
