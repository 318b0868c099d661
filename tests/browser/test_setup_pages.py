"""Set-up, print and merging in every look: accessible, no sideways scroll, no word from the content policy, small."""

import gzip
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core import clock
from tests.browser import looks
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AbsenceFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ways(clinic, series, course, flora):
    """The ways to the pages, by name."""
    patient = course.patient
    other = PatientFactory(
        site=clinic, given_name="Patricia María de los Ángeles", family_name="Example", birth_on=patient.birth_on
    )
    ada = clinic.resources.get(name="Nurse Ada")
    now = clock.now()
    AbsenceFactory(resource=ada, starts_at=now, ends_at=now + timedelta(days=2))
    on = course.visits.order_by("appointment__starts_at").first().appointment.local_on
    return {
        "alike": "/patients/?q=exampel",
        "contact": f"/patients/{patient.pk}/contact",
        "duplicate": f"/patients/{patient.pk}/merge",
        "merge": f"/patients/{patient.pk}/merge?with={other.pk}",
        "print": f"/print/?on={on}",
        "rooms": f"/print/day/rooms?on={on}",
        "people": f"/print/day/people?on={on}&names=initials",
        "calls": f"/print/calls?on={on}",
        "nothing to print": "/print/calls?on=2020-01-01",
        "plan": f"/print/courses/{course.pk}",
        "set-up": "/setup/",
        "resources": "/setup/resources/",
        "add resource": "/setup/resources/new",
        "resource": f"/setup/resources/{ada.pk}/",
        "hours": "/setup/hours/",
        "staff": "/setup/staff/",
        "care": "/setup/care/",
        "measures": "/setup/measures/",
        "add account": "/setup/staff/new",
        "account": f"/setup/staff/{flora.pk}/",
        "protocols": "/setup/protocols/",
        "protocol": f"/setup/protocols/{series.protocol.code}/",
        "try": f"/setup/protocols/{series.protocol.code}/try?from={on}&done={'y' * 59}",
        "reminders": "/setup/reminders/",
    }


def consequences(page, ways) -> None:
    """The page that names the visits a closed day hits."""
    page.goto("/setup/hours/")
    page.get_by_label("Date", exact=True).fill(ways["print"].partition("=")[2])
    page.get_by_label("What colleagues read").fill("Stocktaking")
    page.get_by_role("button", name="Save the day").click()
    page.get_by_role("heading", name="This closes 1 booked visit").wait_for()


def test_every_page_in_every_look(visitor, ways, mona):
    window = visitor.open(mona)
    found = []

    def note(name: str) -> None:
        found.extend(f"{name}: {fault}" for fault in looks.faults(window.page))

    for name, path in ways.items():
        before = len(window.received)
        window.page.goto(path)
        if name == "try":
            window.page.get_by_role("heading", name="Fits ").wait_for()
        weight = sum(len(gzip.compress(each.body())) for each in window.received[before:] if each.ok)
        assert weight <= 100_000, name
        note(name)
    assert window.complaints == []
    consequences(window.page, ways)
    note("consequences")
    assert found == []


def test_a_closed_day_leads_to_other_places_without_script(visitor, ways, mona):
    page = visitor.open(mona, java_script_enabled=False).page
    consequences(page, ways)
    page.get_by_role("button", name="Find other places for 1 visit").click()
    page.wait_for_url("**/re-place/*/")


def test_registers_without_script(visitor, clinic, flora):
    page = visitor.open(flora, java_script_enabled=False).page
    page.goto("/patients/new")
    page.get_by_label("Given name").fill("Ana")
    page.get_by_label("Family name").fill("Ruiz Peña")
    page.get_by_label("Birth date").fill("3 Nov 1975")
    page.get_by_label("Mobile").fill("212 555 0177")
    page.get_by_label("Text message", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="Ana Ruiz Peña").wait_for()


def test_duplicates_appear_beside_the_form_while_it_is_filled_in(visitor, clinic, flora):
    PatientFactory(site=clinic, given_name="Anna", family_name="Ruiz", birth_on="1975-11-03")
    page = visitor.open(flora).page
    page.goto("/patients/new")
    page.get_by_label("Given name").fill("Ana")
    page.get_by_label("Family name").fill("Ruíz")
    page.get_by_label("Birth date").fill("3 Nov 1975")
    page.keyboard.press("Tab")
    page.get_by_role("heading", name="Is it this patient?").wait_for()
    assert page.get_by_label("Given name").input_value() == "Ana"
    page.get_by_role("button", name="Save", exact=True).click()  # she was seen, and is somebody else
    page.get_by_role("heading", name="Ana Ruíz").wait_for()


def test_hours_are_dragged_or_typed(visitor, clinic, mona):
    page = visitor.open(mona, java_script_enabled=False).page
    page.goto("/setup/hours/")
    assert not page.locator(".week-strip").first.is_visible()
    page = visitor.open(mona).page
    page.goto("/setup/hours/")
    field, strip = page.get_by_label("Monday"), page.locator(".week-strip").first
    field.fill("9am-noon and 13:30 to 18")
    expect(strip.locator("span")).to_have_count(2)
    box = strip.bounding_box()

    def drag(start: float, end: float) -> str:
        """From one hour to another, on a strip from 6 to 22."""
        for hour, press in ((start, page.mouse.down), (end, page.mouse.up)):
            page.mouse.move(box["x"] + 1 + (hour - 6 + 0.1) / 16 * (box["width"] - 2), box["y"] + 8)
            press()
        return field.input_value()

    assert drag(12, 13) == "9:00 to 18:00"
    assert drag(19.5, 20) == "9:00 to 18:00, 19:30 to 20:30"
    assert drag(13, 10.5) == "9:00 to 10:30, 13:30 to 18:00, 19:30 to 20:30"
    field.fill("when we feel like it")
    expect(strip.locator("span")).to_have_count(0)
    assert drag(12, 13) == "when we feel like it", "what is not understood is left alone"
    page.get_by_label("Tuesday").fill("8 to 9")
    field.fill("8:00 to 20:00")
    page.get_by_role("button", name="Save the week").click()
    page.get_by_text("Saved").first.wait_for()
    assert page.get_by_label("Monday").input_value() == "8:00 to 20:00"
