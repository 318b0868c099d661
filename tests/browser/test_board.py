"""The day board in a real browser: by keyboard, by mouse, without JavaScript, and with somebody else at work."""

import gzip
from datetime import time, timedelta

import pytest
from playwright.sync_api import Page, expect

from core import clock
from scheduler.models import Appointment
from scheduler.queries import hours
from tests.browser.visitor import Window
from tests.factories.scheduler import AllocationFactory, AppointmentFactory, ChairFactory
from tests.factories.treatments import VisitFactory
from treatments.models import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOCUSED = "document.activeElement.id"
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def on_next_open_day(site, hour, minute=0):
    """An instant on the next day that is not today and on which the site opens: no weekend, no public holiday."""
    tomorrow = clock.local(clock.now(), site.zone).date() + timedelta(days=1)
    on = next(day.on for day in hours.site_days(site, first_on=tomorrow, days=14) if day.windows)
    return on, clock.resolve(on, time(hour, minute), site.zone).at


def at_chair(site, name, starts_at, **appointment):
    made = AppointmentFactory(site=site, starts_at=starts_at, **appointment)
    AllocationFactory(appointment=made, resource=site.resources.get(name=name))
    return made


@pytest.fixture
def visit(clinic, patient):
    """Pat, at a chair today for two hours: room for the press also on a closed day, which the card warns of."""
    midday = clock.resolve(clock.local(clock.now(), clinic.zone).date(), time(12), clinic.zone).at
    ends_at = midday + timedelta(hours=2)
    made = at_chair(clinic, "Chair 1", midday, ends_at=ends_at, patient=patient, summary="Infusion 1 of 6")
    VisitFactory(course__patient=patient, appointment=made, status="booked", position=2)
    return made


def test_one_tab_stop_and_arrows(visitor, clinic, flora):
    on, nine = on_next_open_day(clinic, 9)
    for chair, starts_at in (("Chair 1", nine), ("Chair 1", nine + timedelta(hours=2)), ("Chair 2", nine)):
        at_chair(clinic, chair, starts_at, patient__given_name=f"{chair} {starts_at:%H}", patient__family_name="Z")
    page = visitor.open(flora).page
    page.goto(f"/?on={on}")
    stops = page.locator("#board :is(a, button, input)")
    expect(stops.nth(3)).to_be_attached()
    assert [each for each in stops.evaluate_all("all => all.map((each) => each.tabIndex)") if each == 0] == [0]
    page.locator("#board .card a").first.focus()

    def name():
        return page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText")

    assert "Chair 1" in name()
    page.keyboard.press("ArrowRight")
    assert ", Chair 2, unconfirmed" in name()
    page.keyboard.press("ArrowDown")
    assert "Chair 2" in name()
    assert "free" in name()
    page.keyboard.press("ArrowLeft")
    assert "Chair 1" in name()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    stop = page.evaluate(FOCUSED)
    page.keyboard.press("Enter")
    expect(page.locator("#beside-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_have_count(0)
    expect(page.locator(f"[id='{stop}']")).to_be_focused()

    # pressed with the mouse, a gap begins where it was pressed: from midday to 6pm, a little below the middle
    free = page.locator("#board .gap a[id$='1200']").first
    free.click(position={"x": 20, "y": free.bounding_box()["height"] * 0.52})
    expect(page.locator("#gap-at")).to_have_value("15:00")


def test_a_press_changes_the_page_in_place_and_keeps_the_focus(visitor, visit, flora):
    window = visitor.open(flora)
    page = window.page
    page.goto("/")
    loads = []
    page.on("load", lambda _page: loads.append(1))
    page.get_by_role("button", name="Arrived Pat E.").press("Enter")
    expect(page.get_by_role("button", name="Start Pat E.")).to_be_focused()
    expect(page.locator("#status")).to_contain_text("Pat E. is here.")
    page.locator("#board .card b").click()
    page.get_by_role("button", name="Undo back to booked", exact=True).click()
    expect(page.get_by_role("button", name="Arrived Pat E.")).to_be_visible()
    assert loads == []
    assert window.complaints == []


def test_the_keys_of_a_focused_visit(visitor, visit, flora):
    page = visitor.open(flora).page
    page.goto("/")
    page.locator("#board .card a").focus()
    page.keyboard.press("a")
    expect(page.locator("#messages")).to_contain_text("Pat E. is here.")


def test_a_press_without_javascript(visitor, visit, flora):
    page = visitor.open(flora, java_script_enabled=False).page
    page.goto("/")
    page.get_by_role("button", name="Arrived Pat E.").click()
    expect(page.get_by_text("Pat E. is here.")).to_be_visible()
    assert Appointment.objects.get().status == "arrived"
    page.locator("#board .card b").click()
    page.get_by_role("button", name="Undo back to booked", exact=True).click()
    assert Appointment.objects.get().status == "booked"


def test_a_press_on_an_old_page_says_what_happened(visitor, visit, flora):
    page = visitor.open(flora).page
    page.goto("/")
    other = visitor.open(flora).page
    other.goto(f"/?visit={visit.pk}")
    other.locator("#beside").get_by_role("button", name="Missed").click()
    expect(other.locator("#messages")).to_contain_text("Pat E. missed this visit.")
    page.get_by_role("button", name="Arrived Pat E.").click()
    expect(page.locator("#messages")).to_contain_text("Pat E. was not changed.")
    assert Appointment.objects.get().status == "missed"


@pytest.fixture
def planned(course):
    """Pat's first infusion, tomorrow or later."""
    found = Visit.objects.select_related("appointment__site").get(course=course, key="infusions.1")
    return found, clock.local(found.appointment.starts_at, course.site.zone)


def drop(page: Page, visit: Visit, *, column: str, minutes: int) -> None:
    """Drags a visit's card to another column, so many minutes down."""
    card = page.locator(f"#board .card[data-visit='{visit.pk}']")
    box, to = card.bounding_box(), page.locator(".column", has=page.get_by_role("heading", name=column)).bounding_box()
    assert box
    assert to
    height = page.locator("#board .column ol").first.bounding_box()["height"]
    per_minute = height / (int(page.locator("#board").get_attribute("data-hours")) * 60)
    page.mouse.move(box["x"] + 20, box["y"] + 6)
    page.mouse.down()
    page.mouse.move(box["x"] + 24, box["y"] + 9)  # less than the threshold: nothing is dragged yet
    assert page.locator(".drag-says").count() == 0
    page.mouse.move(to["x"] + 30, box["y"] + 6 + minutes * per_minute, steps=4)


def test_a_drop_leads_to_the_preview_and_so_does_the_form(visitor, planned, flora):
    visit, starts = planned
    page = visitor.open(flora, height=1100).page
    page.goto(f"/?on={starts.date()}")
    drop(page, visit, column="Chair 3", minutes=60)
    later = starts + timedelta(hours=1)
    expect(page.locator(".drag-says")).to_contain_text("Chair 3")
    page.mouse.up()
    page.wait_for_url("**/move?**")
    expect(page.get_by_label("Time", exact=True)).to_have_value(f"{later:%H:%M}")
    by_drag = page.locator(".ripple").inner_text()
    assert "Chair 3" in by_drag
    visit.appointment.refresh_from_db()
    assert clock.local(visit.appointment.starts_at, visit.appointment.site.zone) == starts  # nothing is done yet

    # the same without a drag: the visit, Move…, another time
    page.goto(f"/?on={starts.date()}&visit={visit.appointment_id}")
    page.locator("#move-beside").click()
    page.get_by_label("Time", exact=True).fill(f"{later:%H:%M}")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".ripple")).to_be_visible()
    page.locator("form[method=post] button[data-main]").click()
    page.wait_for_url("**/courses/**")
    visit.appointment.refresh_from_db()
    assert clock.local(visit.appointment.starts_at, visit.appointment.site.zone) == later


def test_a_drop_where_it_cannot_be_says_why_and_goes_nowhere(visitor, planned, clinic, flora):
    visit, starts = planned
    at_chair(clinic, "Chair 2", visit.appointment.starts_at, patient__given_name="Olga", patient__family_name="Q")
    page = visitor.open(flora, height=1100).page
    page.goto(f"/?on={starts.date()}")
    address = page.url
    drop(page, visit, column="Chair 2", minutes=0)
    expect(page.locator(".drag-says")).to_have_text("Taken: Olga Q.")
    page.mouse.up()
    expect(page.locator("#status")).to_have_text("Not moved. Taken: Olga Q..")
    assert page.url == address
    page.keyboard.press("Escape")


def test_what_another_window_did_appears_and_disturbs_nothing(visitor, clinic, flora, nora):
    on, nine = on_next_open_day(clinic, 9)
    made = [
        at_chair(clinic, f"Chair {n}", nine, patient__given_name=f"Olga{n}", patient__family_name="Q") for n in (1, 2)
    ]
    window: Window = visitor.open(flora, height=500)
    page = window.page
    page.goto(f"/?on={on}&select=1")
    box = page.locator("#board input[type=checkbox]").first
    box.check()
    page.evaluate("document.getElementById('board-scroll').scrollTop = 90")
    scrolled = page.evaluate("document.getElementById('board-scroll').scrollTop")
    page.locator("#board .card a").nth(1).evaluate("each => each.focus({ preventScroll: true })")
    focused = page.evaluate(FOCUSED)

    from scheduler.actions import confirmations

    confirmations.confirm(appointment=made[0], schedule_epoch=1, by=nora, now=clock.now())
    renew(page)
    expect(page.locator(f"#board .card[id^='card-{made[0].pk}'] .status")).to_contain_text("Confirmed")
    assert page.evaluate(FOCUSED) == focused
    assert page.evaluate("document.getElementById('board-scroll').scrollTop") == scrolled > 0
    expect(box).to_be_checked()
    expect(page.locator("#replace-selected")).to_have_text("Re-place 1 visit…")
    assert window.complaints == []

    # while a field has the focus nothing is replaced
    page.locator("#on").focus()
    Appointment.objects.filter(pk=made[1].pk).update(confirmed_at=clock.now())
    page.evaluate("document.dispatchEvent(new Event('renew'))")
    page.wait_for_load_state("networkidle")
    expect(page.locator(f"#board .card[id^='card-{made[1].pk}'] .status")).to_contain_text("Unconfirmed")


def renew(page: Page) -> None:
    with page.expect_response(lambda answer: answer.request.headers.get("x-since") is not None):
        page.evaluate("document.dispatchEvent(new Event('renew'))")


def full(site, *, resources, visits):
    """A day with so many chairs and visits, each chair's one after another. Gives its date."""
    for number in range(4, resources + 1):
        ChairFactory(site=site, name=f"Chair {number}", position=number)
    chairs = list(site.resources.filter(kind="chair").order_by("position"))
    on, eight = on_next_open_day(site, 8)
    for number in range(visits):
        round_, column = divmod(number, len(chairs))
        made = AppointmentFactory(
            site=site,
            starts_at=eight + timedelta(minutes=75 * round_),
            patient__given_name="Bartholomew",
            patient__family_name=f"Featherstonehaugh {number}",
            summary=f"Infusion {number % 6 + 1} of 6",
        )
        AllocationFactory(appointment=made, resource=chairs[column], ends_at=made.ends_at + timedelta(minutes=10))
        VisitFactory(course__patient=made.patient, appointment=made, status="booked")
    return on


def test_a_full_day_is_small_and_still(visitor, clinic, flora):
    on = full(clinic, resources=10, visits=80)
    window = visitor.open(flora)
    page = window.page
    page.add_init_script(SHIFTS)
    page.goto(f"/?on={on}")
    page.wait_for_load_state("networkidle")
    assert page.locator("#board .card").count() == 80
    assert page.locator("#board .column").count() == 12
    assert page.evaluate("document.querySelectorAll('*').length") <= 2500
    weights = [len(gzip.compress(response.body())) for response in window.received if response.ok]
    assert sum(weights) <= 100_000
    assert page.evaluate("window.shifted") <= 0.02
    assert window.complaints == []


def test_forty_resources_scroll_inside_the_board_only(visitor, clinic, flora):
    on = full(clinic, resources=38, visits=40)
    page = visitor.open(flora).page
    page.goto(f"/?on={on}")
    assert page.locator("#board .column").count() == 40
    for width in (1366, 683, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    page.set_viewport_size({"width": 1366, "height": 700})
    narrowest = page.locator("#board .column").evaluate_all("all => Math.min(...all.map((each) => each.clientWidth))")
    assert narrowest >= 100
    page.locator("#board .card a").last.focus()
    expect(page.locator("#board .card a").last).to_be_in_viewport()


def test_shift_selects_everything_between(visitor, clinic, flora):
    on, nine = on_next_open_day(clinic, 9)
    for hour in range(4):
        at_chair(clinic, "Chair 1", nine + timedelta(hours=hour))
    page = visitor.open(flora).page
    page.goto(f"/?on={on}&select=1")
    boxes = page.locator("#board input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("#replace-selected")).to_have_text("Re-place 3 visits…")
    boxes.nth(3).click()
    boxes.nth(1).click(modifiers=["Shift"])
    expect(page.locator("#replace-selected")).to_have_text("Re-place 1 visit…")


def test_the_targets_are_large_enough(visitor, clinic, flora):
    on, nine = on_next_open_day(clinic, 9)
    at_chair(clinic, "Chair 1", nine)
    page = visitor.open(flora).page
    page.goto(f"/?on={on}&select=1")
    small = page.locator("#day :is(a, button, input:not([type=hidden]))").evaluate_all(
        """all => all.filter((each) => each.checkVisibility())
          .map((each) => [each.textContent.trim(), each.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"""
    )
    assert small == []
