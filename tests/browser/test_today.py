"""The day in a real browser: presses without a new page, and where the focus stays."""

import pytest
from playwright.sync_api import expect

from core import clock
from scheduler.models import Appointment
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from tests.factories.treatments import VisitFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def visit(clinic, patient):
    """Pat, at a chair right now; also on a closed day."""
    made = AppointmentFactory(site=clinic, patient=patient, starts_at=clock.now(), summary="Infusion 1 of 6")
    AllocationFactory(appointment=made, resource=clinic.resources.get(name="Chair 1"))
    VisitFactory(course__patient=patient, appointment=made, status="booked")
    return made


def test_a_press_changes_the_page_in_place_and_keeps_the_focus(visitor, visit, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto("/")
    loads = []
    page.on("load", lambda _page: loads.append(1))
    page.get_by_role("button", name="Arrived Pat E.").press("Enter")
    expect(page.get_by_role("button", name="Start Pat E.")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Pat E. is here.")
    expect(page.locator("#messages")).to_contain_text("Pat E. is here.")
    page.get_by_role("button", name="Undo back to booked, Pat E.").click()
    expect(page.get_by_role("button", name="Arrived Pat E.")).to_be_visible()
    assert loads == []
    assert window.complaints == []


def test_a_press_without_javascript(visitor, visit, flora):
    page = visitor.open(flora, java_script_enabled=False).page
    page.goto("/")
    page.get_by_role("button", name="Arrived Pat E.").click()
    expect(page.get_by_text("Pat E. is here.")).to_be_visible()
    assert page.url.endswith(f"#visit-{visit.pk}")
    assert Appointment.objects.get().status == "arrived"


def test_a_press_on_an_old_page_says_what_happened(visitor, visit, flora):
    page = visitor.open(flora).page
    page.goto("/")
    other = visitor.open(flora).page
    other.goto("/")
    other.get_by_role("button", name="Missed Pat E.").click()
    expect(other.locator("#messages")).to_contain_text("Pat E. missed this visit.")
    page.get_by_role("button", name="Arrived Pat E.").click()
    expect(page.locator("#messages")).to_contain_text("Pat E. was not changed.")
    assert Appointment.objects.get().status == "missed"
