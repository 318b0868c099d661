"""The frame in a real browser: search by keyboard, undo by key, shared names, what comes back with the back button."""

from datetime import time, timedelta

import pytest
from playwright.sync_api import expect

from core import clock
from scheduler.models import Appointment, ChangeSet, Status
from tests.browser import looks
from tests.factories.clinics import PASSWORD, PatientFactory, UserFactory
from tests.factories.scheduler import AppointmentFactory
from treatments.models import CourseStatus

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_search_by_keyboard_alone(visitor, clinic, patient, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto("/work-list/")
    window.press("Control+k")
    field = page.get_by_role("combobox", name="Find a patient")
    expect(field).to_be_focused()
    expect(page.get_by_role("option", name="Day board")).to_be_visible()
    page.keyboard.type("exam")
    expect(page.get_by_role("option")).to_have_count(2)
    expect(page.locator("#status")).to_have_text("2 results")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    window.press("ArrowDown")
    expect(page.get_by_role("option", name="Book a course for Pat Example")).to_have_attribute("aria-selected", "true")
    window.press("ArrowUp")
    window.press("Enter")
    page.wait_for_url(f"**/patients/{patient.pk}/")
    assert window.complaints == []


def test_escape_closes_what_was_found_and_stays_in_the_field(visitor, clinic, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto("/work-list/")
    window.press("Control+k")
    expect(page.locator("#found")).to_be_visible()
    window.press("Escape")
    expect(page.locator("#found")).to_be_hidden()
    expect(page.locator("#find")).to_be_focused()


def test_the_search_without_javascript(visitor, clinic, patient, flora):
    page = visitor.open(flora, java_script_enabled=False).page
    page.goto("/work-list/")
    page.get_by_label("Find a patient, something to do, or a page").fill("exam")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Pat Example", exact=True).click()
    page.wait_for_url(f"**/patients/{patient.pk}/")


def test_control_z_undoes_the_last_change_but_not_in_a_field(visitor, course, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto("/work-list/")
    page.locator("#find").focus()
    window.press("Control+z")
    expect(page.get_by_role("button", name="Undo: book Pat E., 6 visits")).to_be_visible()
    page.locator("h1").click()
    window.press("Control+z")
    expect(page.locator("#messages")).to_contain_text("Taken back: book Pat E., 6 visits.")
    course.refresh_from_db()
    assert course.status == CourseStatus.CANCELLED
    assert ChangeSet.objects.count() == 2


def test_undo_without_javascript(visitor, course, flora):
    page = visitor.open(flora, java_script_enabled=False).page
    page.goto("/work-list/")
    page.get_by_role("button", name="Undo: book Pat E., 6 visits").click()
    expect(page.locator("#messages")).to_contain_text("Taken back")
    assert not Appointment.objects.filter(status=Status.BOOKED).exists()


def test_one_key_shows_initials_only(visitor, course, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto(f"/patients/{course.patient_id}/")
    expect(page.locator("h1")).to_contain_text("Pat Example")
    window.press("Alt+i")
    expect(page.locator("h1")).to_contain_text("P. E.")
    window.press("Alt+i")
    expect(page.locator("h1")).to_contain_text("Pat Example")


def test_a_screen_nobody_uses_is_locked_and_keeps_what_was_typed(visitor, clinic):
    vera = UserFactory(role="front_desk", password=PASSWORD)
    window = visitor.open(vera, bypass_csp=True)
    page = window.page
    page.clock.install()
    page.goto("/patients/new")
    page.get_by_label("Given name").fill("Half a na")
    page.clock.fast_forward("10:00")
    assert not page.locator("#lock").is_visible()
    with page.expect_response("**/lock"):
        page.clock.fast_forward("06:00")
    expect(page.locator("#lock")).to_be_visible()
    window.press("Escape")
    window.press("Escape")
    expect(page.locator("#lock")).to_be_visible()
    assert looks.violations(page) == []
    assert page.request.get("/patients/").url.startswith(f"{visitor.address}/accounts/login/")
    page.keyboard.type("wrong")
    window.press("Enter")
    page.locator("#lock .wrong-text:not(:empty)").wait_for()
    page.keyboard.type(PASSWORD)
    window.press("Enter")
    page.locator("#lock").wait_for(state="hidden")
    expect(page.get_by_label("Given name")).to_have_value("Half a na")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()


def test_letters_act_only_for_those_who_switched_them_on(visitor, clinic, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto("/keys/")
    window.press("g")
    window.press("u")
    page.get_by_role("button", name="Switch the letters on").click()
    page.get_by_role("button", name="Switch the letters off").wait_for()
    page.locator("#find").focus()
    page.keyboard.type("gu?")
    expect(page.locator("#find")).to_have_value("gu?")
    page.locator("h1").click()
    window.press("g")
    window.press("u")
    page.wait_for_url("**/unconfirmed/")
    window.press("?")
    page.wait_for_url("**/keys/")
    assert window.complaints == []


@pytest.fixture
def calls(clinic):
    """Twelve visits tomorrow at midday that nobody confirmed, in a fixed order."""
    tomorrow = clock.local(clock.now(), clinic.zone).date() + timedelta(days=1)
    starts_at = clock.resolve(tomorrow, time(12), clinic.zone).at
    return [
        AppointmentFactory(
            site=clinic,
            patient=PatientFactory(site=clinic, given_name=f"Nr{number:02d}", family_name="Roe"),
            starts_at=starts_at + timedelta(minutes=number),
            ends_at=starts_at + timedelta(minutes=300 - number),
        )
        for number in range(12)
    ]


def test_the_list_is_worked_through_by_keyboard(visitor, calls, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto("/unconfirmed/")
    row = page.locator("[data-rows] > li")
    row.first.focus()
    window.press("ArrowDown")
    expect(row.nth(1)).to_be_focused()
    window.press("1")
    expect(page.locator("#messages")).to_contain_text("Nr01 R. has confirmed.")
    expect(page.locator(f"#visit-{calls[2].pk}")).to_be_focused()
    window.press("2")
    expect(page.locator("#messages")).to_contain_text("Nr02 R.: a message was left.")
    expect(page.locator(f"#visit-{calls[3].pk}")).to_be_focused()
    expect(page.get_by_text("1 of 12 visits confirmed")).to_be_visible()
    assert window.complaints == []


def test_filters_scroll_and_focus_come_back(visitor, calls, flora):
    """U36: after a reload and after going back, the same filter, the same place, the same row."""
    window = visitor.open(flora, height=500)
    page = window.page
    on = calls[0].local_on
    page.goto(f"/unconfirmed/?on={on}")
    button = page.locator(f"#left-{calls[6].pk}")  # with room below, so that a shorter page need not scroll
    button.focus()
    button.scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    assert before > 0
    page.reload()
    expect(button).to_be_focused()
    assert abs(page.evaluate("window.scrollY") - before) < 4
    page.locator(f"#visit-{calls[9].pk} a.name").evaluate("link => link.click()")
    page.wait_for_url("**/patients/**")
    page.go_back()
    page.wait_for_url(f"**/unconfirmed/?on={on}")
    expect(page.locator(f"#visit-{calls[9].pk}")).to_be_visible()
    expect(button).to_be_focused()
    page.wait_for_function(f"Math.abs(window.scrollY - {before}) < 4")


def test_a_list_keeps_itself_new_and_keeps_focus_and_scroll(visitor, calls, flora):
    window = visitor.open(flora, height=500)
    page = window.page
    only_when_told(page)
    page.goto("/unconfirmed/")
    button = page.locator(f"#left-{calls[6].pk}")  # with room below, so that a shorter page need not scroll
    button.focus()
    before = page.evaluate("window.scrollY")
    Appointment.objects.filter(pk=calls[11].pk).update(confirmed_at=clock.now())
    refresh(page)
    expect(page.locator("[data-rows] > li")).to_have_count(11)
    expect(button).to_be_focused()
    assert abs(page.evaluate("window.scrollY") - before) < 4


def test_a_list_waits_while_something_is_open_and_says_so(visitor, calls, flora):
    page = visitor.open(flora).page
    only_when_told(page)
    page.goto("/unconfirmed/")
    page.evaluate(
        """document.querySelector("[data-live]").insertAdjacentHTML("afterbegin", "<label>x<input id='typing'></label>")"""
    )
    page.locator("#typing").fill("half a wo")
    Appointment.objects.filter(pk=calls[11].pk).update(confirmed_at=clock.now())
    refresh(page)
    stale = page.locator("[data-state=stale]")
    expect(stale).to_be_visible()
    expect(page.locator("#typing")).to_have_value("half a wo")
    stale.get_by_role("link", name="Show").click()
    expect(page.locator("[data-rows] > li")).to_have_count(11)


def test_a_list_that_cannot_be_had_says_so_and_is_had_again(visitor, calls, flora):
    page = visitor.open(flora).page
    only_when_told(page)
    page.goto("/unconfirmed/")
    page.context.set_offline(True)
    refresh(page)
    failed = page.locator("[data-state=failed]")
    expect(failed).to_contain_text("We could not get the newest unconfirmed visits. Nothing was changed.")
    expect(page.locator("[data-rows] > li")).to_have_count(12)
    page.context.set_offline(False)
    failed.get_by_role("link", name="Try again").click()
    expect(failed).to_be_hidden()


def only_when_told(page) -> None:
    """Lists do not come anew by themselves, however long a busy machine takes."""
    page.add_init_script(
        "const every = window.setInterval; window.setInterval = (do_it, ms) => ms === 20_000 ? 0 : every(do_it, ms);"
    )


def refresh(page) -> None:
    """What the clock does every twenty seconds, at once."""
    page.evaluate("document.querySelector('[data-live]').dispatchEvent(new CustomEvent('refresh', {bubbles: true}))")
