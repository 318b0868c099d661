"""The main job in a real browser: by mouse, by keyboard alone, and without JavaScript."""

from datetime import date, datetime, timedelta

import pytest
from playwright.sync_api import expect

from clinics.models import Patient
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from treatments.models import Course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def in_a_week() -> str:
    return (date.today() + timedelta(days=7)).isoformat()  # noqa: DTZ011 - any day soon


def test_by_mouse(visitor, series, patient, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto("/")
    page.get_by_label("Find a patient").fill("pat exam")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Book a course for Pat Example").click()
    page.get_by_text("Test series").click()
    page.get_by_label("Not before").fill(in_a_week())
    page.get_by_role("button", name="Find a plan").click()
    expect(page.get_by_role("heading", name="Test series: 6 visits")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Plan found: 6 visits.")
    assert not Course.objects.exists()
    page.get_by_role("button", name="Book 6 visits").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    assert Course.objects.get().patient == patient
    assert window.complaints == []


def test_by_keyboard_alone_for_somebody_new(visitor, series, flora):
    window = visitor.open(flora)
    page, keyboard = window.page, window.page.keyboard
    page.goto("/")
    window.press("Control+k")
    keyboard.type("ana ruiz")
    window.press("Enter")
    expect(page.get_by_role("heading", name="No one called “ana ruiz”")).to_be_visible()
    window.tab_to("Register ana ruiz")
    window.press("Enter")
    expect(page.get_by_role("heading", name="Register a patient")).to_be_visible()
    window.tab_to("Birth date")
    keyboard.type("5/27/1980")
    window.tab_to("Mobile")
    keyboard.type("212 555 0134")
    window.press("Control+Enter")
    expect(page.get_by_role("heading", name="Book a course for Ana Ruiz")).to_be_visible()
    window.tab_to("Test series")
    window.press("Space")
    window.press("Control+Enter")
    expect(page.get_by_role("heading", name="Test series: 6 visits")).to_be_focused()
    window.press("Control+Enter")
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    assert Patient.objects.get().full_name == "Ana Ruiz"
    assert Course.objects.get().visits.count() == 6
    assert window.presses <= 90
    assert window.complaints == []


def test_without_javascript(visitor, series, patient, flora):
    page = visitor.open(flora, java_script_enabled=False).page
    page.goto(f"/courses/book?patient={patient.pk}")
    page.get_by_text("Test series").click()
    page.get_by_label("Not before").fill(in_a_week())
    page.get_by_role("button", name="Find a plan").click()
    page.get_by_role("button", name="Book 6 visits").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    page.get_by_role("link", name="Move… Talk 3").click()
    page.get_by_label("Time").fill("16:00")
    page.get_by_role("button", name="Move 1 visit").click()
    expect(page.get_by_text("Talk 3 is moved to")).to_be_visible()
    page.get_by_role("link", name="Cancel the course…").click()
    page.get_by_text("The patient asked").click()
    page.get_by_role("button", name="Cancel 6 visits").click()
    expect(page.get_by_text("is cancelled: 6 visits.")).to_be_visible()


def test_two_people_at_once(visitor, series, clinic, patient, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto(f"/courses/book?patient={patient.pk}")
    page.get_by_text("Test series").click()
    page.get_by_label("Not before").fill(in_a_week())
    page.get_by_label("Dates not possible").fill("24 Dec")
    page.get_by_role("button", name="Find a plan").click()
    start = datetime.fromisoformat(page.locator("time").first.get_attribute("datetime") or "")
    for chair in clinic.resources.filter(kind="chair"):
        other = AppointmentFactory(site=clinic, starts_at=start, ends_at=start + timedelta(minutes=30))
        AllocationFactory(appointment=other, resource=chair)
    page.get_by_role("button", name="Book 6 visits").click()
    expect(page.get_by_role("heading", name="Nothing was booked")).to_be_visible()
    expect(page.get_by_text("is taken").first).to_be_visible()
    expect(page.get_by_label("Dates not possible")).to_have_value("24 Dec")
    page.locator("#plan").get_by_role("button", name="Find a plan again").click()
    page.get_by_role("button", name="Book 6 visits").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    assert Course.objects.count() == 1


def test_the_session_ends_in_between(visitor, series, patient, flora):
    from django.contrib.sessions.models import Session

    page = visitor.open(flora).page
    page.goto(f"/courses/book?patient={patient.pk}")
    page.get_by_text("Test series").click()
    Session.objects.all().delete()
    page.get_by_role("button", name="Find a plan").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.url.endswith(f"?next=/courses/book%3Fpatient%3D{patient.pk}")
