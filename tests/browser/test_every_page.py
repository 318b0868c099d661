"""Every page in every look: accessible, no sideways scroll, nothing jumps, no word from the content policy, small."""

import gzip
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Page

from clinics.models import User
from clinics.permissions import allows
from core import clock
from notifications.actions import answers, pauses
from notifications.engine.states import Channel, Reason, State
from notifications.models import Link, Message
from notifications.models.link import Purpose
from scheduler.actions import appointments
from scheduler.models import Status
from tests.browser import looks
from tests.browser.visitor import Window
from tests.factories.clinics import PASSWORD, PatientFactory, UserFactory
from tests.factories.notifications import offered
from tests.factories.scheduler import AbsenceFactory, AllocationFactory, AppointmentFactory
from tests.web.test_access import PAGES, POSTED
from treatments.actions import handovers, waitlist
from treatments.life.events import Decide
from treatments.models import Visit, VisitStatus

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ELSEWHERE = {
    *("messages-file", "undo-replacing", "release-hold", "fulfil-gate"),
    "next-time",
    *("replacing", "print-day", "print-calls", "print-plan", "merge-patients"),
    *("setup", "setup-protocols", "setup-protocol", "setup-try", "setup-reminders"),
}
"""No pages to look at, or looked at in a test of their own: ways to other pages, a planning job, paper, merging, setting up."""
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value; })
  .observe({ type: "layout-shift", buffered: true });
"""
JUMP = 0.02
OPENED_BY_A_PRESS = ("beside the board",)
"""The press makes room for what it opens, which the browser calls a jump if the answer takes half a second. Its address opens
the same with the room there from the start.
"""


@pytest.fixture
def lively(clinic, series, course, flora, mona, clara):
    """A clinic in which every page has something to show. Gives the ways to the pages, by name."""
    now = clock.now()
    for number, status in enumerate((Status.BOOKED, Status.ARRIVED, Status.IN_TREATMENT, Status.DONE)):
        made = AppointmentFactory(
            site=clinic,
            patient=PatientFactory(
                site=clinic, given_name="María de los Ángeles", family_name=f"Fernández-Villaseñor {number}"
            ),
            starts_at=now,
            status=status,
            previous_status=Status.BOOKED,
            confirmed_at=now,
            summary="Physical therapy 11 of 12",
        )
        resource = clinic.resources.order_by("position")[number]
        AllocationFactory(appointment=made, resource=resource)
    AbsenceFactory(
        resource=clinic.resources.get(name="Dr Diaz"),
        starts_at=now.replace(hour=0),
        ends_at=now.replace(hour=23, minute=59),
    )
    waiting = Visit.objects.get(course=course, key="talks.3")
    Visit.objects.filter(pk=waiting.pk).update(
        status=VisitStatus.TO_PLACE, appointment=None, unplaced=["Theo and Tessa are away on every day that is left."]
    )
    visit = Visit.objects.get(course=course, key="infusions.2")
    link = Link.issue(purpose=Purpose.PLAN, patient=course.patient, now=now, lifetime=timedelta(days=1))
    answers.take_text(
        provider="twilio",
        event_id="SM1",
        sender=str(course.patient.phone),
        text="Where do I park?",
        by=User.objects.service(),
        now=now,
    )
    message = Message.objects.filter(patient=course.patient).order_by("due_at", "id")[0]
    Message.objects.filter(pk=Message.objects.order_by("-due_at", "-id")[0].pk).update(
        state=State.DEAD, reason=Reason.GAVE_UP, next_try_at=None, settled_at=now
    )
    pauses.pause(by=mona, now=now, channel=Channel.SMS, reason="The phone network is being changed")
    entry = waitlist.join(
        visit=Visit.objects.get(course=course, key="infusions.3"),
        valid_until=clock.local(now, clinic.zone).date() + timedelta(days=60),
        by=flora,
        now=now,
        urgent=True,
        note="Call her daughter",
    )
    offered_by = offered(entry, at=now + timedelta(days=3), now=now, by=flora).message
    offer = Link.of_message(offered_by, [offered_by.appointment])
    Link.ensure(offer)
    gone = AppointmentFactory(
        site=clinic, patient=PatientFactory(site=clinic), starts_at=now + timedelta(days=9), summary="Infusion 9 of 9"
    )
    AllocationFactory(appointment=gone, resource=clinic.resources.get(name="Chair 3"))
    handover = handovers.hand_over(event=Decide(course.pk, "hold"), by=clara, now=now, reason="She has a cold")
    made = appointments.cancel(appointments=[gone], by=flora, now=now, reason="The patient asked")
    return ways(
        freed_on=gone.local_on,
        change_set=made.change_set.pk,
        patient=course.patient_id,
        course=course.pk,
        visit=visit.pk,
        appointment=visit.appointment_id,
        waiting=waiting.pk,
        token=link.token,
        offer=offer.token,
        message=message.pk,
        handover=handover.pk,
        nurse=clinic.resources.get(name="Nurse Ada").pk,
    )


def ways(**keys: object) -> dict[str, Callable[[Page], object]]:
    at = {
        "today": "/",
        "another day": "/?on=2026-11-26",
        "board by clinician": "/?view=people",
        "day as a list": "/?view=list",
        "selecting": "/?select=1",
        "gone": "/?gap=gap-000000-0800",
        "who is not there": f"/re-place/?resource={keys['nurse']}",
        "late": f"/visits/{keys['visit']}/late",
        "patients": "/patients/",
        "found": "/patients/?q=fern",
        "nobody": "/patients/?q=zzzz",
        "register": "/patients/new?name=ana",
        "patient": f"/patients/{keys['patient']}/",
        "edit": f"/patients/{keys['patient']}/edit",
        "book": f"/courses/book?patient={keys['patient']}",
        "course": f"/courses/{keys['course']}/?booked",
        "cancel": f"/courses/{keys['course']}/cancel",
        "decide": f"/courses/{keys['course']}/decide?way=hold",
        "not missed": f"/visits/{keys['visit']}/missed",
        "cancel visit": f"/visits/{keys['visit']}/cancel",
        "move": f"/visits/{keys['visit']}/move",
        "place": f"/visits/{keys['waiting']}/place",
        "work list": "/work-list/",
        "decisions": "/work-list/?tab=decisions",
        "later": "/work-list/?tab=later",
        "to carry out": "/work-list/?tab=handed",
        "carry out": f"/decisions/{keys['handover']}/",
        "unconfirmed": "/unconfirmed/",
        "waitlist": "/waitlist/",
        "who fits": f"/waitlist/fitting?on={keys['freed_on']}&starts=08:00&ends=17:00",
        "nobody fits": f"/waitlist/fitting?on={keys['freed_on']}&starts=03:00&ends=04:00",
        "join the waitlist": f"/visits/{keys['visit']}/wait",
        "add to the waitlist": "/waitlist/add?q=example",
        "search": "/search?q=fern",
        "nothing found": "/search?q=%3F%3F%3F",
        "changes": "/changes/",
        "undo a change": f"/changes/{keys['change_set']}/undo",
        "components": "/dev/components/",
        "not there": "/re-place/",
        "clinician needed": "/alerts/needed",
        "contact": f"/patients/{keys['patient']}/contact",
        "print": "/print/",
        "answers": "/desk/",
        "my calendar": "/my-calendar/",
        "keys": "/keys/",
        "messages": "/messages/",
        "messages of a state": "/messages/?state=scheduled",
        "no messages": "/messages/?state=dead",
        "attention": "/messages/?state=attention",
        "message": f"/messages/{keys['message']}/",
        "texts": "/texts/",
        "text": "/texts/plan/",
        "mail texts": "/texts/mails/",
        "mail text": "/texts/mails/plan/",
        "patients' page": f"/v/{keys['token']}",
        "patients' other times": f"/v/{keys['token']}/times/{keys['appointment']}",
        "patients' contact choices": f"/v/{keys['token']}/contact",
        "patients' offer": f"/v/{keys['offer']}",
        "patients' birth date": f"/v/{keys['token']}/birth",
        "ended link": "/v/nothing",
        "password": "/accounts/password/change/",
        "not found": "/nowhere",
        "refused": "/visits/01890000-0000-7000-8000-000000000000/move",
    }
    return {name: opens(path) for name, path in at.items()} | {
        "beside the board": lambda page: (
            page.goto("/"),
            page.locator("#board .card b").first.click(),
            page.locator("#beside").wait_for(),
        ),
        "wrong": lambda page: sent(page, "/patients/new", "Save and book a course"),
        "same": same,
        "plan": lambda page: plan(page, at["book"]),
        "move with times": lambda page: some_move(page, at["move"]),
        "times in a plan": lambda page: times(page, at["book"]),
        "no move": lambda page: no_move(page, at["move"]),
        "menu": lambda page: (page.goto("/work-list/"), page.locator(".menu summary").click()),
    }


def opens(path: str) -> Callable[[Page], object]:
    return lambda page: page.goto(path)


def sent(page: Page, path: str, button: str) -> None:
    page.goto(path)
    page.get_by_role("button", name=button).click()
    page.locator("#errors").wait_for()


def same(page: Page) -> None:
    page.goto("/patients/new")
    page.get_by_label("Given name").fill("Pat")
    page.get_by_label("Family name").fill("Exampel")
    page.get_by_label("Birth date").fill("2/29/1980")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#same").wait_for()


def plan(page: Page, path: str) -> None:
    page.goto(path)
    page.get_by_text("Test series").click()
    page.get_by_role("button", name="Find a plan").click()
    page.locator("#plan .visits").wait_for()


def some_move(page: Page, path: str) -> None:
    page.goto(path)
    page.locator(".times a").first.click()
    page.locator(".ripple").wait_for()


def times(page: Page, path: str) -> None:
    plan(page, path)
    page.locator("button[name=move]").last.click()
    page.locator(".choose").wait_for()


def no_move(page: Page, path: str) -> None:
    page.goto(path)
    page.locator("#id_at").fill("03:00")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("heading", name="does not work for").wait_for()


def visited(window: Window, pages: dict[str, Callable[[Page], object]]) -> Iterator[str]:
    for name, reach in pages.items():
        reach(window.page)
        yield name


def test_every_page_in_every_look(visitor, lively, flora):
    window = visitor.open(flora)
    page = window.page
    page.add_init_script(WATCH_SHIFTS)
    found, seen = [], set()
    for name in visited(window, lively):
        seen.add(resolve(urlsplit(page.url).path).url_name if "nowhere" not in page.url else "")
        if name in OPENED_BY_A_PRESS:
            page.goto(page.url)
            page.locator("#beside").wait_for()
        if page.evaluate("window.shifted") > JUMP:
            lively[name](page)  # what jumps does so again; what a busy machine painted half does not
            if (shifted := page.evaluate("window.shifted")) > JUMP:
                found.append(f"{name}: shifted by {shifted:.3f}")
        least = 44 if name.startswith("patients' ") or name == "ended link" else 24
        found += [f"{name}: {fault}" for fault in looks.faults(page, least=least)]
    assert found == []
    mine = {name for name, page in PAGES.items() if allows(flora, page.callback.permission) and name not in POSTED}
    assert mine - seen - ELSEWHERE == set()
    # the browser itself reports the refused forms and pages; anything else is ours
    assert [said for said in window.complaints if "Failed to load resource" not in said] == []
    assert {response.url.split("/")[2] for response in window.received} == {visitor.address.split("/")[2]}


def test_the_pages_before_signing_in(visitor, clinic):
    page = visitor.open().page
    found = []
    for path in ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/", "/accounts/inactive/"):
        page.goto(path)
        found += [f"{path}: {fault}" for fault in looks.faults(page)]
    assert found == []


def test_the_detectors_work(visitor, clinic, flora):
    page = visitor.open(flora, bypass_csp=True).page
    page.add_init_script(WATCH_SHIFTS)
    page.goto("/work-list/")
    page.evaluate("document.getElementById('content').style.paddingBlockStart = '200px'")
    page.wait_for_function("window.shifted > 0.02")
    page.evaluate(
        """document.getElementById("content").insertAdjacentHTML("beforeend", `
        <h1 style='inline-size: 900px; color: light-dark(#eee, #fff)'>pale in light</h1><img src='/static/web/mark.svg'>
        <p style='color: light-dark(#000, #222)'>pale in dark</p>
        <div><button style='block-size: 10px; min-block-size: 0'>x</button></div>`)"""
    )
    found = list(looks.faults(page))
    assert "not one heading" in found
    assert any("<button" in each and each.endswith("by 10") for each in found)
    for start in ("image-alt", "color-contrast", "in dark: color-contrast", "at 320 px: color-contrast"):
        assert any(each.startswith(start) for each in found), start
    assert [each.split()[-1] for each in found if "wider than" in each] == ["683", "320"]


def test_the_detector_of_policy_violations_works(visitor, clinic, flora):
    window = visitor.open(flora)
    window.page.goto("/work-list/")
    window.page.evaluate("document.body.setAttribute('style', 'color: red')")
    window.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    window.page.wait_for_function("document.body.lastElementChild.tagName === 'P'")
    assert any("style-src" in said for said in window.complaints)


def test_pages_are_small(visitor, lively, flora):
    for name in ("today", "course", "plan"):
        window = visitor.open(flora)
        lively[name](window.page)
        weights = {response.url: len(gzip.compress(response.body())) for response in window.received if response.ok}
        scripts = sum(size for url, size in weights.items() if url.endswith(".js"))
        assert scripts <= 35_000, name
        assert sum(weights.values()) <= 100_000, name
        assert window.page.evaluate("document.querySelectorAll('*').length") <= 2500, name


def test_signing_in_by_hand(visitor, clinic):
    UserFactory(email="in@example.org", password=PASSWORD)
    page = visitor.open().page
    page.goto("/work-list/")
    page.get_by_label("E-mail").fill("in@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="To schedule").wait_for()


LONGER = """() => {
  // as in the longest languages: two fifths more, in words as long as those that stand there
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    if (text.length < 2 || walker.currentNode.parentElement.closest("script, style, svg")) continue;
    const more = text.repeat(2).slice(0, Math.ceil(text.length * 0.4));
    walker.currentNode.data += text.includes(" ") ? ` ${more}` : more;
  }
}"""
MIRRORED = "() => { document.documentElement.dir = 'rtl'; }"
SAMPLE = (
    *("today", "beside the board", "selecting", "late", "found", "register", "patient", "plan", "times in a plan"),
    *("course", "move with times", "work list", "unconfirmed", "waitlist", "who fits", "messages", "text", "menu"),
    *("patients' page", "not found"),
)
"""Pages that have between them every component."""


@pytest.mark.parametrize("change", [LONGER, MIRRORED], ids=["longer", "mirrored"])
def test_other_languages_find_room(visitor, lively, flora, change):
    """U38: words two fifths longer, and a script from right to left, break no page at 320 px."""
    window = visitor.open(flora, bypass_csp=True, **looks.NARROW)
    found = []
    for name in visited(window, {name: lively[name] for name in SAMPLE}):
        window.page.evaluate(change)
        found += [f"{name}: {too_wide}" for too_wide in looks.too_wide(window.page)]
        found += [f"{name}: {clipped}" for clipped in window.page.evaluate(CUT)]
    assert found == []


CUT = """() => [...document.querySelectorAll("main :is(button, .button, label, h1, h2, h3, th, .status, .chip)")]
  .filter((each) => each.checkVisibility() && !each.closest(".unseen, .as-board"))
  .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth && getComputedStyle(each).overflowX !== "visible")
  .map((each) => `cut: ${each.textContent.trim().slice(0, 40)}`)"""
"""What has words that do not fit into it and hides the rest."""


def test_the_board_mirrored(visitor, lively, flora):
    """U38: from right to left the first resource is at the right, and the arrow keys go where they point."""
    page = visitor.open(flora).page
    lively["today"](page)
    page.evaluate(MIRRORED)
    lefts = page.locator("#board .column").evaluate_all("all => all.map((each) => each.getBoundingClientRect().left)")
    assert lefts == sorted(lefts, reverse=True)
    stop = page.locator("#board .column").nth(1).locator(".stop").first
    stop.focus()
    here = stop.evaluate("each => each.getBoundingClientRect().left")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") < here
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") == here
