"""The main job in a real browser: by mouse, by keyboard alone, and without JavaScript."""

from datetime import date, datetime, timedelta

import pytest
from playwright.sync_api import Route, expect

from clinics.models import Patient
from scheduler.models import Appointment
from tests.factories.clinics import PASSWORD, PatientFactory, UserFactory
from tests.factories.treatments import ProtocolVersionFactory
from treatments.models import Course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def in_a_week() -> str:
    return (date.today() + timedelta(days=7)).isoformat()  # noqa: DTZ011 - any day soon


def test_by_mouse(visitor, series, patient, flora):
    """Somebody known: found, a protocol chosen, booked. Each click and each filled field counts."""
    window = visitor.open(flora)
    page = window.page
    operations = 0

    def counted(action: object) -> None:  # the action has been carried out by the time it is counted
        nonlocal operations
        operations += 1

    page.goto("/")
    counted(page.locator("[data-find]").fill("pat exam"))
    counted(page.get_by_role("option", name="Book a course for Pat Example").click())
    counted(page.get_by_text("Test series").click())
    expect(page.get_by_role("heading", name="Test series: 6 visits")).to_be_visible()
    expect(page.locator("#status")).to_have_text("Plan found: 6 visits.")
    assert f"protocol={series.protocol_id}" in page.url
    assert series.protocol.code not in page.url, "an address does not say what somebody is treated for"
    counted(page.get_by_label("Not before").fill(in_a_week()))
    page.get_by_label("Not before").blur()
    page.wait_for_url(f"**start_on={in_a_week()}**")
    assert not Course.objects.exists()
    counted(page.get_by_role("button", name="Book 6 visits").click())
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    assert Course.objects.get().patient == patient
    assert operations <= 8
    assert window.complaints == []


def test_by_mouse_for_somebody_new(visitor, series, flora):
    """Registered and booked: each click and each filled field counts."""
    page = visitor.open(flora).page
    page.goto("/")
    steps = [
        lambda: page.locator("[data-find]").fill("ana ruiz"),
        lambda: page.get_by_role("option", name="Register ana ruiz").click(),
        lambda: page.get_by_label("Birth date").fill("5/27/1980"),
        lambda: page.get_by_label("Mobile").fill("212 555 0134"),
        lambda: page.get_by_role("button", name="Save and book a course").click(),
        lambda: page.get_by_text("Test series").click(),
        lambda: page.get_by_role("button", name="Book 6 visits").click(),
    ]
    for step in steps:
        step()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    assert len(steps) <= 14


def test_a_plan_is_worked_on_before_it_is_booked(visitor, series, patient, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto(f"/courses/book?patient={patient.pk}&protocol={series.protocol_id}&start_on={in_a_week()}")
    row = page.locator("#row-talks\\.2")
    before = row.locator("time").get_attribute("datetime")
    page.get_by_role("button", name="Move… Talk 2").click()
    expect(page.get_by_role("heading", name="Talk 2 on")).to_be_focused()
    page.locator(".choose button[name=put]").last.click()
    expect(row.get_by_text("moved", exact=True)).to_be_visible()
    expect(page.locator("#status")).to_have_text("1 visit moved, all rules met.")
    after = row.locator("time").get_attribute("datetime")
    assert after != before
    expect(row.get_by_label("Lock Talk 2")).to_be_checked()
    page.get_by_role("button", name="Hold for 10 minutes").click()
    expect(page.get_by_text("Held for you until")).to_contain_text("left)")
    assert Appointment.objects.filter(status="held").count() == 6
    page.get_by_role("button", name="Book 6 visits").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    talk = Course.objects.get().visits.get(key="talks.2")
    assert talk.appointment.starts_at == datetime.fromisoformat(after)
    assert window.complaints == []


def test_by_keyboard_alone_for_somebody_new(visitor, series, flora):
    window = visitor.open(flora)
    page, keyboard = window.page, window.page.keyboard
    page.goto("/")
    window.press("Control+k")
    keyboard.type("ana ruiz")
    expect(page.get_by_role("option", name="Register ana ruiz")).to_have_attribute("aria-selected", "true")
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
    expect(page.get_by_role("heading", name="Test series: 6 visits")).to_be_visible()
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
    page.get_by_role("button", name="Move… Talk 2").click()
    page.locator(".choose button[name=put]").last.click()
    page.get_by_text("moved", exact=True).wait_for()
    page.get_by_role("button", name="Book 6 visits").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    page.get_by_role("link", name="Move… Talk 3").click()
    page.locator("#id_at").fill("16:00")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Move 1 visit and send 1 message").click()
    expect(page.get_by_text("Talk 3 is moved to")).to_be_visible()
    page.get_by_role("link", name="Cancel… Talk 2").click()
    page.get_by_text("This and the later ones of its kind").click()
    page.get_by_text("The patient asked: cannot come then").click()
    page.get_by_role("button", name="Cancel 2 visits and send 1 message").click()
    expect(page.get_by_text("Talk 2 is cancelled, and 1 more visit with it")).to_be_visible()
    page.get_by_role("link", name="Cancel the course…").click()
    page.get_by_text("The patient asked: cannot come then").click()
    page.get_by_role("button", name="Cancel 4 visits and send 1 message").click()
    expect(page.get_by_text("is cancelled: 4 visits.")).to_be_visible()


def test_two_people_at_once(visitor, series, clinic, patient, flora, mona):
    """While one looks at a plan, another books the chair for somebody else: nothing is lost, and the next place is one press away."""
    window = visitor.open(flora)
    page = window.page
    page.goto(f"/courses/book?patient={patient.pk}")
    page.get_by_label("Dates not possible").fill("24 Dec")
    page.get_by_label("Not before").fill(in_a_week())
    page.get_by_text("Test series").click()
    page.get_by_role("heading", name="Test series: 6 visits").wait_for()
    other = visitor.open(mona).page
    omar = PatientFactory(site=clinic, given_name="Omar", family_name="Haddad")
    other.goto(f"/courses/book?patient={omar.pk}&protocol={series.protocol_id}&start_on={in_a_week()}")
    other.get_by_role("button", name="Book 6 visits").click()
    other.get_by_role("heading", name="What happens next").wait_for()
    page.get_by_role("button", name="Book 6 visits").click()
    expect(page.get_by_text("Nothing was booked.")).to_be_visible()
    expect(page.get_by_text("Omar H., booked by Mona Manager")).to_be_visible()
    expect(page.get_by_label("Dates not possible")).to_have_value("24 Dec")
    page.locator(".why-not button[name=put]").first.click()
    expect(page.get_by_text("Nothing was booked.")).to_have_count(0)
    page.get_by_role("button", name="Book 6 visits").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    assert Course.objects.filter(patient=patient).count() == 1


def test_the_session_ends_in_between(visitor, series, patient):
    from django.contrib.sessions.models import Session

    vera = UserFactory(email="vera@example.org", role="front_desk", password=PASSWORD)
    page = visitor.open(vera).page
    page.goto(f"/courses/book?patient={patient.pk}")
    page.get_by_label("Dates not possible").fill("24 Dec")
    Session.objects.all().delete()
    page.get_by_text("Test series").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").fill(vera.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Test series: 6 visits")).to_be_visible()
    page.locator(".wishes > summary").click()
    expect(page.get_by_label("Dates not possible")).to_have_value("24 Dec")


def test_a_failure_leaves_what_was_typed(visitor, series, patient, flora):
    """U42: a part that cannot be had empties nothing, and the sentence of the failure is shown."""
    for _ in range(7):
        ProtocolVersionFactory()
    page = visitor.open(flora).page
    page.goto(f"/courses/book?patient={patient.pk}")
    page.get_by_label("Dates not possible").fill("27 Dec")
    failure = '<main><div class="panel"><h1>Something failed on our side</h1><p>Reference 12ab</p></div></main>'
    page.route("**/courses/book", lambda route: route.fulfill(status=500, content_type="text/html", body=failure))
    page.get_by_label("Part of its name").fill("TÉST ser")
    expect(page.locator(".option:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("Something failed on our side. Reference 12ab")
    expect(page.get_by_label("Dates not possible")).to_have_value("27 Dec")
    page.unroute_all()
    page.route("**/courses/book", lambda route: route.abort())
    page.get_by_role("button", name="Find a plan").click()
    expect(page.locator("#messages")).to_contain_text("The server could not be reached")
    expect(page.get_by_label("Dates not possible")).to_have_value("27 Dec")
    page.unroute_all()
    waiting: list[Route] = []
    # an answer that takes long is said to be on its way; a lambda, as Playwright cannot take a method written in C
    page.route("**/courses/book", lambda route: waiting.append(route))  # noqa: PLW0108
    page.get_by_role("button", name="Find a plan").click()
    expect(page.locator("#status")).to_have_text("Still looking for a plan.")
    expect(page.locator(".still")).to_be_visible()
    waiting[0].continue_()
    expect(page.get_by_role("heading", name="Test series: 6 visits")).to_be_visible()
    expect(page.locator(".still")).to_be_hidden()
    expect(page.locator("#messages [data-failure]")).to_have_count(0)
