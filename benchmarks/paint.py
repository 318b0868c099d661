"""How soon a page is there (goal U16) and answers a press (goal U17), in the system's Chromium.

``python -m devtools.local run -- python -m benchmarks.paint [rounds]``

A day with 12 columns and 80 visits, and a patient's page, from the web process of the demo. Each page is opened with nothing
in the browser's cache; its largest part is there when the browser says so. The baseline is the smallest answer that the same
server gives. A press counts from the key or the mouse to the next picture; the baseline is a letter typed on an empty page.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks import scratch
from devtools import screens
from devtools.demo import programs
from devtools.local import ports
from devtools.local.supervisor import Supervisor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROUNDS = 9
VISITS, RESOURCES = 80, 10
BLANK = "/livez"
LOADS = {"board": (900, 2000), "patient's page": (400, 1200)}
"""Milliseconds: the median without that of the smallest answer, and three quarters of all."""
PRESSES = {"stays on the page": 100, "asks the server": 200}
"""Milliseconds for 95 of 100 presses."""
LEAST = 16
"""The browser tells nothing of a press that is answered sooner."""
OBSERVE = """
window.largest = 0;
window.pressed = new Map();
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) window.largest = each.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const { interactionId, duration } of list.getEntries()) {
    if (interactionId) window.pressed.set(interactionId, Math.max(window.pressed.get(interactionId) ?? 0, duration));
  }
}).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
LARGEST = """() => new Promise((done) => {
  const look = () => (window.largest ? done(window.largest) : setTimeout(look, 20));
  look();
})"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20))))"
TAKEN = "() => { const all = [...window.pressed.values()]; window.pressed.clear(); return all; }"


@dataclass(frozen=True)
class Clinic:
    """What is looked at: the paths of the pages by name, and the session of somebody at the front desk."""

    paths: dict[str, str]
    session: str


def main(rounds: int) -> None:
    port = ports.any_free()
    address = f"http://localhost:{port}"
    os.environ["PUBLIC_URL"] = address
    with scratch.database():
        clinic = fill()
        with served(port), screens.chromium() as browser:
            opened(browser, address, clinic, rounds)
            pressed(browser, address, clinic)


def fill() -> Clinic:
    """A full day at one site, and a link to the visits of one of its patients."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from scheduler.models import Appointment
    from tests.browser.test_board import full
    from tests.factories.clinics import SiteFactory, UserFactory
    from tests.treatments.clinic import equip
    from tests.web.patient_phone import link_of

    site = SiteFactory()
    equip(site)
    on = full(site, resources=RESOURCES, visits=VISITS)
    patient = Appointment.objects.filter(patient__isnull=False).select_related("patient")[0].patient
    client = Client()
    client.force_login(UserFactory(role="front_desk"))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    paths = {"board": f"/?on={on}", "patient's page": f"/v/{link_of(patient).token}"}
    connection.close()
    return Clinic(paths, session)


@contextmanager
def served(port: int) -> Iterator[None]:
    """The web process on the scratch database."""
    from django.db import connection

    given = urlsplit(os.environ["DATABASE_URL"])
    environment = {"DATABASE_URL": given._replace(path=f"/{connection.settings_dict['NAME']}").geturl()}
    with TemporaryDirectory() as home, Path(os.devnull).open("w") as nowhere:
        Path(home).chmod(0o777)  # the server is no superuser
        with Supervisor(environment=environment, home=Path(home), output=nowhere) as supervisor:
            supervisor.start(programs.web(port=port))
            yield


def window(browser: "Browser", address: str, session: str) -> "BrowserContext":
    """Somebody at the front desk, with an empty cache."""
    context = browser.new_context(base_url=address, viewport={"width": 1366, "height": 768}, reduced_motion="reduce")
    context.add_cookies([{"name": "session", "value": session, "url": address}])
    context.add_init_script(OBSERVE)
    return context


def opened(browser: "Browser", address: str, clinic: Clinic, rounds: int) -> None:
    """Each page in turn, so that what else the machine does meets all of them."""
    took: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for name, path in {"smallest answer": BLANK, **clinic.paths}.items():
            context = window(browser, address, clinic.session)
            page = context.new_page()
            answer = page.goto(path, wait_until="networkidle")
            assert answer is not None, path
            assert answer.ok, f"{path}: {answer.status} {page.locator('body').inner_text()[:300]}"
            largest = page.evaluate(LARGEST)
            if number:  # the first round warms the server
                took.setdefault(name, []).append(largest)
            context.close()
    blank = scratch.percentile(took["smallest answer"], 0.5)
    print(f"{rounds} rounds, ms until the largest part is there (U16)\n")
    print(f"{'page':18} {'p50':>6} {'p75':>6} {'ratio':>6} {'without':>8} {'goal':>6} {'goal p75':>9}")
    for name, times in took.items():
        p50, p75 = (scratch.percentile(times, share) for share in (0.5, 0.75))
        goal, goal_p75 = LOADS.get(name, ("", ""))
        print(f"{name:18} {p50:6.0f} {p75:6.0f} {p50 / blank:6.1f} {p50 - blank:8.0f} {goal:>6} {goal_p75:>9}")


def pressed(browser: "Browser", address: str, clinic: Clinic) -> None:
    """A letter on an empty page, then the presses of somebody at the board."""
    context = window(browser, address, clinic.session)
    page = context.new_page()
    page.goto(BLANK)
    page.evaluate("document.body.innerHTML = '<input>'")
    page.locator("input").focus()
    took = {"a letter, empty page": measured(page, [_key(letter) for letter in "courseline" * 2])}
    page.goto(clinic.paths["board"], wait_until="networkidle")
    page.locator("#board .card .stop").first.focus()
    arrows = [_key(key) for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft") * 8]
    letters = [lambda page: page.locator("#find").click(), *(_key(letter) for letter in "bartholomew")]
    took["stays on the page"] = measured(page, [*arrows, *letters, _key("Escape")])
    took["asks the server"] = measured(page, [*(_beside, _key("Escape")) * 6, *(_view, _day) * 4])
    context.close()
    empty = scratch.percentile(took["a letter, empty page"], 0.5)
    print(f"\nms from a press to the next picture (U17); {LEAST} where the browser tells none\n")
    print(f"{'presses':24} {'number':>6} {'p50':>6} {'p95':>6} {'ratio':>6} {'goal p95':>9}")
    for name, times in took.items():
        p50, p95 = (scratch.percentile(times, share) for share in (0.5, 0.95))
        print(f"{name:24} {len(times):6} {p50:6.0f} {p95:6.0f} {p50 / empty:6.1f} {PRESSES.get(name, ''):>9}")


Press = Callable[["Page"], object]


def measured(page: "Page", presses: list[Press]) -> list[float]:
    """How long each press took to the next picture."""
    page.evaluate(TAKEN)
    for press in presses:
        press(page)
        page.evaluate(PAINTED)
        page.wait_for_load_state("networkidle")
    told = page.evaluate(TAKEN)
    return [*told, *[float(LEAST)] * (len(presses) - len(told))]


def _key(key: str) -> Press:
    return lambda page: page.keyboard.press(key)


def _beside(page: "Page") -> None:
    page.locator("#board .card b").first.click()
    page.locator("#close-beside").wait_for()


def _view(page: "Page") -> None:
    page.locator(".switch a:not([aria-current])").first.click()


def _day(page: "Page") -> None:
    page.locator("#next-day").click()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
