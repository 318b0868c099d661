"""How a page looks over: accessible in light, in dark and at 320 px, wide enough at every width, targets large enough.

A page is loaded once and looked at in each theme and width as it stands.
"""

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

NARROW = ViewportSize(width=320, height=640)
HALF = ViewportSize(width=683, height=384)
"""A window of 1366 pixels at a zoom of 200 %."""
EVERYTHING = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What another theme can break."""
# only violations are collected: with all that is right the answer has thousands of nodes
RUN_AXE = """async (only) => (await axe.run(document, { runOnly: only, resultTypes: ["violations"] })).violations
  .flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.target} ${node.failureSummary}`))"""
TOO_SMALL = """least => [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")]
  .filter(element => element.checkVisibility() && !element.closest(".unseen, .skip, [hidden], p, li > a:only-child, td, dd, h1, h2"))
  .map(element => [element, element.closest("label")?.getBoundingClientRect() ?? element.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least - 0.5 || box.width < least - 0.5))
  .map(([element, box]) => `${element.outerHTML.slice(0, 90)} is ${Math.round(box.width)} by ${Math.round(box.height)}`)"""


def faults(page: Page, *, least: int = 24) -> Iterator[str]:
    """What is wrong with the page as it is open in a wide and light window. Targets are ``least`` CSS pixels large."""
    before = page.viewport_size or HALF
    if page.locator("h1").count() != 1:
        yield "not one heading"
    yield from page.evaluate(TOO_SMALL, least)
    yield from violations(page)
    page.emulate_media(color_scheme="dark")
    yield from (f"in dark: {each}" for each in violations(page, COLOURS))
    page.emulate_media(color_scheme="light")
    for size in (HALF, NARROW):
        page.set_viewport_size(size)
        yield from too_wide(page)
    yield from (f"at 320 px: {each}" for each in violations(page))
    page.set_viewport_size(before)


def violations(page: Page, only: dict[str, Any] = EVERYTHING) -> list[str]:
    """What axe finds on the page as it stands: by default WCAG 2.2 A and AA and good practice."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(RUN_AXE, only)


def too_wide(page: Page) -> Iterator[str]:
    """Whether the page as it stands has to be scrolled sideways."""
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wider:
        yield f"{wider} px wider than {page.evaluate('innerWidth')}"
