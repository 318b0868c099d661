"""What patients do on a phone, with every tap counted: in both languages, with a script and without, accessible throughout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Locator

from core import clock
from notifications.models import Link
from notifications.models.link import Purpose
from scheduler.models import Appointment
from tests.browser import looks
from tests.browser.visitor import Window
from tests.treatments.documents import series as document
from treatments.actions import courses, protocols
from treatments.models import Assessment, GateFulfilment, PreparationTick

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 320, "height": 640, "has_touch": True, "is_mobile": True}
SMALL = """[...document.querySelectorAll("a.button, button, summary, input:not([type=hidden])")]
  .filter(element => element.checkVisibility())
  .map(element => [element, element.getBoundingClientRect()])
  .filter(([, box]) => box.height < 43.5 || box.width < 43.5)
  .map(([element, box]) => `${element.outerHTML.slice(0, 90)} is ${Math.round(box.width)} by ${Math.round(box.height)}`)"""


@dataclass
class Thumb:
    """Taps, and counts them."""

    window: Window
    taps: int = 0

    def tap(self, what: str | Locator) -> None:
        """Presses what has these words, wherever on the page."""
        page = self.window.page
        found = (
            page.locator("a, button, summary").filter(has_text=what, visible=True).first
            if isinstance(what, str)
            else what
        )
        found.click()
        page.wait_for_load_state()
        self.taps += 1

    def fresh(self) -> Thumb:
        """From here counted anew."""
        self.taps = 0
        return self

    def looks_right(self, where: str) -> Iterator[str]:
        """What is wrong with the page as it stands."""
        page = self.window.page
        yield from (f"{where}: {violation}" for violation in looks.violations(page))
        yield from (f"{where}: {small}" for small in page.evaluate(SMALL))
        yield from (f"{where}: {too_wide}" for too_wide in looks.too_wide(page))
        if page.locator("h1").count() != 1:
            yield f"{where}: no one heading"


@pytest.fixture
def link(clinic, patient, flora, mona) -> Link:
    """To the visits of a course with fasting, a ride home and a form."""
    asked = document()
    asked["visit_types"]["infusion"]["prepare"] = {"fasting": {"food_hours": 6, "clear_fluids_hours": 2, "source": "T"}}
    asked["gates"] = [{"gate": "escort", "title": "Escort", "before": "infusions.each", "source": "T"}]
    asked["assessments"] = [
        {
            "measure": "phq9",
            "title": "PHQ-9",
            "filled_by": "patient",
            "moments": [{"before": "infusions.first", "max_days": 14, "source": "T"}],
            "source": "T",
        }
    ]
    now = clock.now()
    courses.book(
        protocol_version=protocols.publish(document=asked, by=mona, now=now),
        site=clinic,
        patient=patient,
        start_on=clock.local(now, clinic.zone).date() + timedelta(days=7),
        wishes={},
        by=flora,
        now=now,
    )
    return Link.issue(purpose=Purpose.PLAN, patient=patient, now=now, lifetime=timedelta(days=60))


def give_birth_date(thumb: Thumb, patient, press: Locator) -> None:
    """Three fields and a tap."""
    for name, value in (("day", "day"), ("month", "month"), ("year", "year")):
        thumb.window.page.locator(f"[name={name}]").first.fill(str(getattr(patient.birth_on, value)))
    thumb.tap(press)


WORDS = {
    "en": ("I will come", "I need another time", "How we write to you", "Send me no more texts", "0 of 6 visits done"),
    "es": ("Sí, iré", "Necesito otra hora", "Cómo le escribimos", "No quiero más mensajes", "0 de 6 citas hechas"),
}


@pytest.mark.parametrize("language", WORDS)
def test_everything_takes_few_taps(visitor, link, patient, language):
    patient.language = language
    patient.save()
    come, other, contact, no_texts, progress = WORDS[language]
    look = {"color_scheme": "dark"} if language == "es" else {}
    window = visitor.open(bypass_csp=True, **PHONE, **look)
    page, thumb, found = window.page, Thumb(window), []

    page.goto(f"/v/{link.token}")
    assert progress in page.locator("main").inner_text(), "seen without a tap"
    assert link.token not in page.url, "nor in the history, nor where somebody looks over a shoulder"
    found += thumb.looks_right("visits")
    thumb.tap(come)
    assert thumb.taps <= 2
    first = Appointment.objects.filter(patient=patient).order_by("starts_at")[0]
    assert first.confirmed_at is not None
    found += thumb.looks_right("confirmed")

    with page.expect_download() as download:
        page.locator("a[href$='visits.ics']").click()
    assert download.value.suggested_filename == "visits.ics"

    give_birth_date(thumb, patient, page.locator("#ready button"))
    found += thumb.looks_right("get ready")
    page.evaluate("window.stays = true")
    page.locator("#tick-food").click()
    page.locator("#tick-food[aria-pressed=true]").wait_for()
    assert page.evaluate("window.stays && document.activeElement.id") == "tick-food", "no reload, and the focus stays"
    assert PreparationTick.objects.get().item == "food"
    page.locator("[name=name]").fill("María López")
    page.locator("[name=phone]").fill("555 0100")
    thumb.tap(page.locator("#ready form[aria-labelledby] button"))
    assert GateFulfilment.objects.get().note == "María López, 555 0100"
    found += thumb.looks_right("ride")

    thumb.fresh().tap(other)
    found += thumb.looks_right("times")
    thumb.tap(page.locator(".times a").first)
    found += thumb.looks_right("time")
    thumb.tap(page.locator("button.main"))
    assert thumb.taps <= 4
    moved = Appointment.objects.get(pk=first.pk)
    assert moved.starts_at != first.starts_at
    assert "?done=taken" in page.url
    found += thumb.looks_right("taken")

    thumb.fresh().tap(contact)
    found += thumb.looks_right("contact")
    thumb.tap(no_texts)
    assert thumb.taps <= 2
    patient.refresh_from_db()
    assert (patient.may_text, patient.may_email) == (False, True)

    Link.objects.filter(pk=link.pk).update(expires_at=clock.now())
    page.goto(f"/v/{link.token}")
    found += thumb.looks_right("ended")
    assert found == []


def test_without_a_script_everything_works_and_the_form_takes_eleven_taps(visitor, link, patient):
    window = visitor.open(java_script_enabled=False, **PHONE)
    page, thumb = window.page, Thumb(window)
    page.goto(f"/v/{link.token}")
    thumb.tap("I will come to all")
    assert Appointment.objects.exclude(confirmed_at=None).count() > 1
    give_birth_date(thumb, patient, page.locator("#ready button"))
    thumb.tap(page.locator("#tick-food"))
    assert page.locator("#tick-food").get_attribute("aria-pressed") == "true"
    thumb.fresh().tap("Questions to answer")
    thumb.tap("Begin")
    for _ in range(9):
        thumb.tap(page.locator("fieldset button").first)
    assert thumb.taps <= 11
    assert Assessment.objects.count() == 1
    assert "Your answers have arrived" in page.locator("main").inner_text()
    page.goto(f"/v/{link.token}")
    thumb.fresh().tap("I need another time")
    thumb.tap("Please call me")
    assert "We will call you about another time" in page.locator("main").inner_text()


def test_the_detector_of_small_targets_works(visitor, link):
    window = visitor.open(bypass_csp=True, **PHONE)
    window.page.goto(f"/v/{link.token}")
    window.page.evaluate("document.querySelector('button').style.minHeight = '10px'")
    window.page.evaluate("document.querySelector('button').style.height = '10px'")
    assert [each for each in Thumb(window).looks_right("here") if " is " in each and " by " in each]
