"""How soon a patient's presses are answered on a slow phone (goal U40), in the system's Chromium.

``python -m devtools.local run -- python -m benchmarks.phone [patients]``

A window of 320 px with its processor slowed down four times. Each patient opens the link, confirms the next visit, gives the birth
date and answers nine questions. A step counts from the touch, as the browser dates it, until the next page has loaded. The baseline is the
smallest answer that the same server gives, opened from such a page.
"""

import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks import paint, scratch
from devtools import screens
from devtools.local import ports

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PATIENTS = 3
"""More from one address in a minute would be too many requests."""
SLOWER = 4
GOAL = 300
"""Milliseconds a step."""
CLOCK = """
addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.setItem("touched", performance.timeOrigin + event.timeStamp);
}, true);
addEventListener("load", () => setTimeout(() => {
  window.took = performance.timeOrigin + performance.now() - Number(sessionStorage.getItem("touched"));
}));
"""
"""From the touch on one page to the next page: what driving the browser takes is no patient's."""
TAKEN = "() => new Promise((done) => { const look = () => (window.took ? done(window.took) : setTimeout(look, 20)); look(); })"
LINK = """(path) => document.querySelector("main").prepend(
  Object.assign(document.createElement("a"), { id: "smallest", href: path, textContent: "smallest answer" })
)"""
QUESTIONS = 9
ASKED = {
    "measure": "phq9",
    "title": "PHQ-9",
    "filled_by": "patient",
    "moments": [{"before": "infusions.first", "max_days": 14, "source": "T"}],
    "source": "T",
}


def main(patients: int) -> None:
    """Books, taps, prints."""
    port = ports.any_free()
    os.environ["PUBLIC_URL"] = address = f"http://localhost:{port}"
    with scratch.database():
        links = fill(patients)
        took: dict[str, list[float]] = {}
        with paint.served(port), screens.chromium() as browser:
            for token, born in links:
                tap_through(browser, address, token, born, took)
    base = scratch.percentile(took["smallest answer"], 0.5)
    print(
        f"{patients} patients, processor {SLOWER} times slower; ms from the tap until the next page has loaded (U40)\n"
    )
    print(f"{'step':18} {'number':>6} {'p50':>6} {'p95':>6} {'ratio':>6} {'goal':>6}")
    for name, times in took.items():
        p50, p95 = (scratch.percentile(times, share) for share in (0.5, 0.95))
        print(f"{name:18} {len(times):6} {p50:6.0f} {p95:6.0f} {p50 / base:6.1f} {GOAL:>6}")


def fill(patients: int) -> list[tuple[str, tuple[int, int, int]]]:
    """A link with a form behind it for each patient, and the birth date it asks for."""
    from django.db import connection

    from core import clock
    from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
    from tests.treatments.clinic import equip
    from tests.treatments.documents import series
    from tests.web.patient_phone import link_of
    from treatments.actions import courses, protocols

    now, site = clock.now(), SiteFactory()
    equip(site)
    version = protocols.publish(document=series(assessments=[ASKED]), by=UserFactory(role="manager"), now=now)
    found = []
    for patient in PatientFactory.create_batch(patients, site=site):
        courses.book(
            protocol_version=version,
            site=site,
            patient=patient,
            start_on=clock.local(now, site.zone).date() + timedelta(days=7),
            wishes={},
            by=UserFactory(role="front_desk"),
            now=now,
        )
        on = patient.birth_on
        found.append((link_of(patient).token, (on.day, on.month, on.year)))
    connection.close()
    return found


def tap_through(
    browser: "Browser", address: str, token: str, born: tuple[int, int, int], took: dict[str, list[float]]
) -> None:
    """One patient, from the link to the thanks."""
    context = browser.new_context(
        base_url=address, viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    context.add_init_script(CLOCK)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(f"/v/{token}")
    page.evaluate(LINK, paint.BLANK)
    took.setdefault("smallest answer", []).append(tapped(page, page.locator("#smallest")))
    page.goto(f"/v/{token}")
    took.setdefault("I will come", []).append(tapped(page, page.locator("[value=confirm]").first))
    tapped(page, page.locator("a[href$='/questions']"))
    for name, value in zip(("day", "month", "year"), born, strict=True):
        page.locator(f"[name={name}]").fill(str(value))
    took.setdefault("birth date", []).append(tapped(page, page.locator("button.main")))
    took.setdefault("begin", []).append(tapped(page, page.locator("a.main")))
    for _ in range(QUESTIONS):
        took.setdefault("an answer", []).append(tapped(page, page.locator("fieldset button").first))
    assert "/questions/done/" in page.url, page.url
    context.close()


def tapped(page: "Page", what: "Locator") -> float:
    """Milliseconds."""
    with page.expect_navigation():
        what.tap()
    return float(page.evaluate(TAKEN))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS)
