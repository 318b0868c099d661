"""``python -m devtools.screens [--address URL] [--out FOLDER]``: pictures of the pages of the running demo clinic.

Signs in at the front desk, looks for a plan but books nothing, and leaves one WebP per page and look: light, dark, narrow; of
patients' pages one on a phone, of reports one in the light.
Needs the system's Chromium and a demo clinic that runs (``make demo``).
"""

import argparse
import re
import shutil
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.demo import people

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = (
    # the popups of an address bar that nobody sees: two more pages for each window
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # what Playwright leaves out; the last such flag counts alone
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(LEFT_OUT)}",
)
"""What Chromium needs to run as any user, also root, and to speak to nobody but us."""
TALLEST = 800
"""Pictures end here; what is further down looks the same."""
QUALITY = 60


@dataclass(frozen=True)
class Look:
    """One way of showing a page."""

    name: str
    width: int
    height: int
    dark: bool = False


PHONE = "phone-"
"""What the names of patients' pages begin with: taken on a phone and nowhere else."""
REPORT = "report-"
"""What the names of reports begin with: they are alike, so they are taken in the light alone."""
LOOKS = (
    Look("light", 1366, 768),
    Look("dark", 1366, 768, dark=True),
    Look("narrow", 320, 640),
    Look("phone", 360, 740),
)


def main(argv: list[str]) -> int:
    """Takes the pictures. 0: all taken; 2: no browser, or nothing answers."""
    parser = argparse.ArgumentParser(prog="python -m devtools.screens", description=__doc__)
    parser.add_argument("--address", default="http://localhost:8000", help="the running demo (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screens", help="where the pictures go")
    parser.add_argument("--only", default="", help="only pages whose name has this in it")
    options = parser.parse_args(argv)
    # imported here: the test tools are not part of a demo's environment
    from playwright.sync_api import Error

    try:
        with chromium() as browser:
            for look in LOOKS:
                for name in take(browser, look, address=options.address, out=options.out, only=options.only):
                    print(name)
    except (Error, FileNotFoundError) as error:
        print(f"error: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    return 0


@contextmanager
def chromium() -> "Iterator[Browser]":
    """The system's browser, for the length of the block.

    Raises ``FileNotFoundError`` where there is none.
    """
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        raise FileNotFoundError("There is no Chromium. On Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def take(browser: "Browser", look: Look, *, address: str, out: Path, only: str = "") -> Iterator[str]:
    """Visits every page in one look; gives the names of the files written."""
    out.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        base_url=address,
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark" if look.dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    for name, reach in PAGES.items():
        belongs = name.startswith(PHONE) == (look.name == "phone")
        belongs = belongs and (look.name == "light" or not name.startswith(REPORT))
        if not belongs and reach not in (_sign_in, _today):
            continue
        reach(page)
        if belongs and only in name:
            path = out / f"{name.removeprefix(PHONE)}-{look.name}.webp"
            _shoot(page, look, path)
            yield f"{path.name}  {path.stat().st_size // 1024} KB"
    context.close()


def _shoot(page: "Page", look: Look, path: Path) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement?.blur()")
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    page.set_viewport_size({"width": look.width, "height": max(height, look.height)})
    # a third of the size of a PNG, which the browser's driver would make; letters stay sharp
    picture = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(b64decode(picture["data"]))
    page.set_viewport_size({"width": look.width, "height": look.height})


# --- how each page is reached, from the one before ---------------------------------------------------------------


def _sign_in(page: "Page") -> None:
    page.goto("/")


def _today(page: "Page") -> None:
    _enter(page, people.SIGN_INS[0].email)
    page.wait_for_url("**/")


def _enter(page: "Page", email: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _my_day(page: "Page") -> None:
    """As the nurse; the pages after this are the clinician's."""
    page.context.clear_cookies()
    page.goto("/my-day/?who=all")
    _enter(page, next(account.email for account in people.SIGN_INS if account.role == "nurse"))
    page.get_by_role("heading", name="Today at").wait_for()


def _running(page: "Page") -> None:
    page.context.clear_cookies()
    page.goto("/running/")
    _enter(page, next(account.email for account in people.SIGN_INS if account.role == "clinician"))
    page.get_by_role("heading", name="Running courses").wait_for()


def _progress(page: "Page") -> None:
    page.goto("/running/")
    page.locator("a.name").first.click()
    page.get_by_role("heading", name="How it goes on").wait_for()


def _decide(page: "Page") -> None:
    _progress(page)
    page.get_by_role("link", name="Hold: what is booked stays").click()


def _resources(page: "Page") -> None:
    """As the manager, who alone sets these up; those that follow are visited as the manager, too."""
    page.context.clear_cookies()
    page.goto("/setup/resources/")
    _enter(page, next(account.email for account in people.SIGN_INS if account.role == "manager"))
    page.get_by_role("heading", name="Resources").wait_for()


def _resource(page: "Page") -> None:
    page.goto("/setup/resources/")
    page.locator("section", has_text="People").locator("a.name").first.click()
    page.get_by_role("heading", name="Exceptions").wait_for()


def _protocol(page: "Page") -> None:
    page.goto("/setup/protocols/")
    page.locator("a.name", has_text="twice weekly").first.click()
    page.locator(".rhythm").wait_for()


def _try(page: "Page") -> None:
    _protocol(page)
    page.get_by_role("link", name="Try it in the calendar").click()
    page.get_by_role("heading", name="Fits ").wait_for(timeout=120_000)


def _merge(page: "Page") -> None:
    _patient(page)
    page.get_by_role("link", name="Merge a duplicate…").click()
    page.get_by_label("Name, phone, birth date or number").fill("an")
    page.locator("main").get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_role("heading", name="Merge number").wait_for()


def _plan_on_paper(page: "Page") -> None:
    _patient(page)
    page.get_by_role("link", name="Print the plan").first.click()
    page.locator(".paper").wait_for()


def _busy_day(page: "Page") -> None:
    page.goto(f"/?on={_soon()}")


def _beside(page: "Page") -> None:
    page.goto(f"/?on={_soon()}")
    page.locator("#board .card b").first.click()
    page.locator("#beside").wait_for()


def _absence(page: "Page") -> None:
    _beside(page)
    page.get_by_role("link", name="is not there…").last.click()
    page.wait_for_url("**/re-place/**")


def _patients(page: "Page") -> None:
    page.goto("/patients/?q=ma")


def _register(page: "Page") -> None:
    page.goto("/patients/new?name=ana")


def _patient(page: "Page") -> None:
    page.goto("/patients/?q=ma")
    page.locator("#results li", has_text="Next visit").locator("a.name").first.click()


def _course(page: "Page") -> None:
    _patient(page)
    page.locator("#courses ~ ol a.name").first.click()


def _move(page: "Page") -> None:
    page.get_by_role("link", name="Move…").first.click()
    page.wait_for_url("**/move")


def _plan(page: "Page") -> None:
    _choices(page)
    page.get_by_label("Not before").fill(_soon())
    page.get_by_role("button", name="Find a plan").click()
    page.locator("#plan .visits").wait_for()


def _work_list(page: "Page") -> None:
    page.goto("/work-list/")


def _handed(page: "Page") -> None:
    page.goto("/work-list/?tab=handed")
    page.locator("main").get_by_role("link", name="Open").first.click()
    page.get_by_text("Decided by").first.wait_for()


def _not_found(page: "Page") -> None:
    page.goto("/nowhere")


def _response(page: "Page") -> None:
    """As the clinician: the manager reads no scores."""
    page.context.clear_cookies()
    page.goto("/reports/response")
    _enter(page, next(account.email for account in people.SIGN_INS if account.role == "clinician"))
    page.get_by_role("heading", name="Response by protocol").wait_for()


def _goes(path: str) -> "Callable[[Page], None]":
    """The way to a page that needs nothing but its address."""

    def go(page: "Page") -> None:
        page.goto(path)

    return go


def _who_fits(page: "Page") -> None:
    page.goto("/waitlist/")
    page.get_by_role("link", name="Who fits?").first.click()
    page.wait_for_load_state()


def _choices(page: "Page") -> None:
    page.goto("/patients/?q=ma")
    page.get_by_role("link", name="Book a course for").last.click()
    page.get_by_text("twice weekly").first.click()


def _soon() -> str:
    """A Monday, Tuesday or Wednesday after today, as addresses and fields write it."""
    on = date.today() + timedelta(days=1)  # noqa: DTZ011 - which day it is to the hour does not matter
    while on.weekday() > 2:
        on += timedelta(days=1)
    return on.isoformat()


def _duplicate(page: "Page") -> None:
    _patient(page)
    name = page.locator("h1").inner_text()
    born = page.locator(".lead").inner_text().split("Born ")[1].split(",")[0]
    page.goto("/patients/new")
    page.get_by_label("Given name").fill(name.split(" ", 1)[0])
    page.get_by_label("Family name").fill(name.split(" ", 1)[1])
    page.get_by_label("Birth date").fill(born)
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#same").wait_for()


def _patients_page(language: str) -> "Callable[[Page], None]":
    """The way to the page behind a link that was texted in this language, of a patient who has a list to get ready by."""
    asked = {"en": "visit", "es": "cita"}[language]

    def go(page: "Page") -> None:
        page.goto("/dev/messages/")
        texts = page.locator("#texts ~ ol > li").all_inner_texts()
        for text in texts:
            link = re.search(r"/v/\S+", text)
            if link is None or asked not in text:
                continue
            page.goto(link[0])
            if page.locator("#ready").count() and page.locator(".others").count():
                _TEXTED[language] = (link[0], text.rpartition("To ")[2].split()[0])
                return
        raise LookupError(f"No text to a patient who has to get ready ({language}).")

    return go


_TEXTED: dict[str, tuple[str, str]] = {}
"""By language: the link that was texted and the number it went to."""


def _list(language: str) -> "Callable[[Page], None]":
    """The same page once the birth date was given."""

    def go(page: "Page") -> None:
        link, number = _TEXTED[language]
        page.goto(f"/patients/?q={number[-7:]}")
        page.locator("#results a.name").first.click()
        born = page.locator(".lead").inner_text().split("Born ")[1].split(",")[0]
        on = datetime.strptime(born, "%d %B %Y")  # noqa: DTZ007 - a date
        page.goto(link)
        for field, value in (("day", on.day), ("month", on.month), ("year", on.year)):
            page.locator(f"[name={field}]").fill(str(value))
        page.locator("#ready button").click()
        page.locator(".ticks").wait_for()

    return go


def _click(selector: str) -> "Callable[[Page], None]":
    """The way to what a link on the page before leads to."""

    def go(page: "Page") -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state()

    return go


def _patients_contact(language: str) -> "Callable[[Page], None]":
    def go(page: "Page") -> None:
        page.goto(f"{_TEXTED[language][0]}/contact")

    return go


def _on_a_phone(language: str) -> "dict[str, Callable[[Page], None]]":
    """The pages of a patient who is written to in this language."""
    ways = {
        "visits": _patients_page(language),
        "list": _list(language),
        "times": _click("a[href*='/times/']"),
        "time": _click(".times a"),
        "contact": _patients_contact(language),
    }
    return {f"{PHONE}{name}-{language}": way for name, way in ways.items()}


PAGES: "dict[str, Callable[[Page], None]]" = {
    "sign-in": _sign_in,
    "today": _today,
    "day": _busy_day,
    "clinicians": _goes(f"/?on={_soon()}&view=people"),
    "list": _goes(f"/?on={_soon()}&view=list"),
    "beside": _beside,
    "selecting": _goes(f"/?on={_soon()}&select=1"),
    "absence": _absence,
    "patients": _patients,
    "register": _register,
    "duplicate": _duplicate,
    "patient": _patient,
    "course": _course,
    "move": _move,
    "book": _choices,
    "plan": _plan,
    "work-list": _work_list,
    "decisions": _goes("/work-list/?tab=decisions"),
    "handed": _handed,
    "unconfirmed": _goes("/unconfirmed/"),
    "answers": _goes("/desk/"),
    "waitlist": _goes("/waitlist/"),
    "who-fits": _who_fits,
    "changes": _goes("/changes/"),
    "search": _goes("/search?q=ma"),
    "messages": _goes("/messages/"),
    "texts": _goes("/texts/plan/"),
    "mail-texts": _goes("/texts/mails/plan/"),
    "merge": _merge,
    "keys": _goes("/keys/"),
    "print": _goes("/print/"),
    "day-sheet": _goes(f"/print/day/rooms?on={_soon()}"),
    "call-sheet": _goes(f"/print/calls?on={_soon()}"),
    "plan-on-paper": _plan_on_paper,
    "set-up": _goes("/setup/"),
    "protocol": _protocol,
    "try": _try,
    "reminders": _goes("/setup/reminders/"),
    "my-day": _my_day,
    "running": _running,
    "progress": _progress,
    "decide": _decide,
    "resources": _resources,
    "resource": _resource,
    "hours": _goes("/setup/hours/"),
    "staff": _goes("/setup/staff/"),
    "reports": _goes("/reports/"),
    "report-use": _goes("/reports/use"),
    "report-attendance": _goes("/reports/attendance"),
    "report-reminders": _goes("/reports/reminders"),
    "report-refills": _goes("/reports/refills"),
    "report-courses": _goes("/reports/courses"),
    "report-questionnaires": _goes("/reports/questionnaires"),
    "care": _goes("/setup/care/"),
    "measures": _goes("/setup/measures/"),
    "report-response": _response,
    "not-found": _not_found,
    **_on_a_phone("en"),
    **_on_a_phone("es"),
}
"""Pages in the order in which they are visited; signing in comes first."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
