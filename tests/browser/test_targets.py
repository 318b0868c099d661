"""Sizes on every page: targets are large enough, and nothing jumps while a page loads."""

import pytest

from tests.browser.test_every_page import lively, visited  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOO_SMALL = """least => [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")]
  .filter(element => element.checkVisibility() && !element.closest(".unseen, .skip, [hidden], p, li > a:only-child, td, dd, h1, h2"))
  .map(element => [element, element.closest("label")?.getBoundingClientRect() ?? element.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least - 0.5 || box.width < least - 0.5))
  .map(([element, box]) => `${element.outerHTML.slice(0, 90)} is ${Math.round(box.width)} by ${Math.round(box.height)}`)"""
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value; })
  .observe({ type: "layout-shift", buffered: true });
"""
OPENED_BY_A_PRESS = ("beside the board",)
"""The press makes room for what it opens, which the browser calls a jump if the answer takes half a second. Its address opens
the same with the room there from the start.
"""


def test_targets_are_large_enough_and_nothing_jumps(visitor, lively, flora):  # noqa: F811
    window = visitor.open(flora)
    window.page.add_init_script(WATCH_SHIFTS)
    found = []
    for name in visited(window, lively):
        least = 44 if name.startswith("patients' ") or name == "ended link" else 24
        found += [f"{name}: {small}" for small in window.page.evaluate(TOO_SMALL, least)]
        if name in OPENED_BY_A_PRESS:
            window.page.goto(window.page.url)
            window.page.locator("#beside").wait_for()
        if (shifted := window.page.evaluate("window.shifted")) > 0.02:
            found.append(f"{name}: shifted by {shifted:.3f}")
    assert found == []


def test_the_detectors_work(visitor, clinic, flora):
    page = visitor.open(flora).page
    page.add_init_script(WATCH_SHIFTS)
    page.goto("/work-list/")
    page.evaluate("document.querySelector('#content').insertAdjacentHTML('beforeend', '<div><button>x</button></div>')")
    page.evaluate("document.querySelector('#content').lastElementChild.firstElementChild.style.height = '10px'")
    assert any("is" in small for small in page.evaluate(TOO_SMALL, 24))
    page.evaluate("document.querySelector('#content').style.paddingBlockStart = '200px'")
    page.wait_for_function("window.shifted > 0.02")
