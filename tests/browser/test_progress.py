"""The clinician's view in a browser: in every look, on paper, and by keyboard."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from core import clock
from scheduler.models import Appointment
from tests.browser import looks
from tests.factories.clinics import PatientFactory
from tests.treatments.documents import series as document
from treatments.actions import assessments, courses, protocols, sessions
from treatments.models import Visit, VisitStatus
from treatments.queries.assessments import form_id

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MEASURES = [
    {
        "measure": name,
        "title": name,
        "filled_by": "patient",
        "moments": [{"before": "infusions.first", "max_days": 14, "source": "T"}],
        "source": "T",
    }
    for name in ("phq9", "peg")
]
PHQ = {22: 30, 9: 12, 7: 6, 8: 1}
"""Total by days ago."""


@pytest.fixture
def course(clinic, patient, flora, mona, nora):
    now = clock.now()
    version = protocols.publish(document=document(assessments=MEASURES), by=mona, now=now)
    start = clock.local(now, clinic.zone).date() + timedelta(days=1)
    made = courses.book(
        protocol_version=version, site=clinic, patient=patient, start_on=start, wishes={}, by=flora, now=now
    ).course
    for visit in made.visits.select_related("appointment").order_by("appointment__starts_at")[:4]:
        at = visit.appointment
        back = timedelta(days=21)
        Appointment.objects.filter(pk=at.pk).update(
            starts_at=at.starts_at - back, ends_at=at.ends_at - back, local_on=at.local_on - back, status="done"
        )
        Visit.objects.filter(pk=visit.pk).update(status=VisitStatus.DONE)
    for total, days_ago in PHQ.items():
        answers = {number: min(3, max(0, total - 3 * (number - 1))) for number in range(1, 10)}
        at = now - timedelta(days=days_ago)
        assessments.record(course=made, measure="phq9", answers=answers | {9: 0}, by=nora, now=now, taken_at=at)
    for value, days_ago in ((8, 25), (4, 13), (5, 6)):
        at = now - timedelta(days=days_ago)
        assessments.record(
            course=made, measure="peg", answers=dict.fromkeys((1, 2, 3), value), by=nora, now=now, taken_at=at
        )
    answers = dict.fromkeys(range(1, 10), 1)
    assessments.record(course=made, measure="phq9", answers=answers, by=nora, now=now)
    return made


@pytest.fixture
def today(course, nora):
    """The next visit of the course is today, and its patient is here."""
    now = clock.now()
    visit = course.visits.select_related("appointment").filter(family="infusion", status=VisitStatus.BOOKED).first()
    Appointment.objects.filter(pk=visit.appointment_id).update(
        starts_at=now, ends_at=now + timedelta(hours=1), local_on=clock.local(now, course.site.zone).date()
    )
    visit.appointment.refresh_from_db()
    sessions.set_status(appointment=visit.appointment, status="arrived", by=nora, now=now, version=None)
    return visit


def test_the_view_and_its_forms_in_every_look(visitor, course, today, clara):
    window = visitor.open(clara)
    alert = course.assessments.get(alert__isnull=False).alert
    for address in (
        reverse("my-day") + "?who=all",
        reverse("leave-visit", args=[today.pk]),
        reverse("decide-course", args=[course.pk]) + "?way=hold",
        reverse("progress", args=[course.pk]),
        reverse("assess", args=[course.pk, form_id(course, "phq9")]),
        reverse("alerts"),
        reverse("panel"),
        reverse("alert", args=[alert.pk]),
    ):
        window.page.goto(address)
        assert list(looks.faults(window.page)) == [], address
    assert window.complaints == []


def test_seen_by_keyboard_in_three_operations(visitor, course, clara):
    window = visitor.open(clara)
    window.page.goto(reverse("progress", args=[course.pk]))
    window.page.locator(".chart").focus()
    said = window.page.locator(".walked")
    for key, words in (("Home", "PHQ-9 22, severe"), ("ArrowRight", "PHQ-9 9, mild"), ("ArrowDown", "PEG 4, ")):
        window.page.keyboard.press(key)
        expect(said).to_contain_text(words)
    window.page.get_by_role("link", name="Open and acknowledge").press("Enter")
    window.page.get_by_label("What was done").fill("Called her. Safe.")
    window.page.keyboard.press("Control+Enter")
    window.page.locator("#messages").get_by_text("Seen and written down.").wait_for()
    assert window.page.get_by_text("Seen by Clara Clinician: Called her. Safe.").is_visible()


def test_the_course_prints_on_one_page(visitor, course, clara):
    window = visitor.open(clara)
    window.page.goto(reverse("progress", args=[course.pk]))
    printed = window.page.pdf(format="A4")
    assert re.findall(rb"/Count (\d+)", printed) == [b"1"]


def test_from_my_day_to_the_course_in_one_operation(visitor, course, today, clara, patient):
    window = visitor.open(clara)
    window.page.goto(reverse("my-day") + "?who=all")
    window.page.get_by_role("link", name=patient.full_name, exact=True).click()
    assert window.page.url.endswith(reverse("progress", args=[course.pk]))
    assert window.page.get_by_text("question 9 answered above 0").first.is_visible()


def test_the_next_time_within_the_rules_in_two_operations(visitor, clinic, series, flora, clara):
    now = clock.now()
    start = clock.local(now, clinic.zone).date() + timedelta(days=1)
    patient = PatientFactory(site=clinic)
    course = courses.book(
        protocol_version=series, site=clinic, patient=patient, start_on=start, wishes={}, by=flora, now=now
    ).course
    places = set(course.visits.values_list("key", "appointment__starts_at"))
    window = visitor.open(clara)
    window.page.goto(reverse("progress", args=[course.pk]))
    window.page.get_by_role("link", name="Infusion 1: another time").click()
    window.page.locator("main form[method=post] button.main").click()
    window.page.locator("#messages").get_by_text("Infusion 1").wait_for()
    moved = set(course.visits.values_list("key", "appointment__starts_at")) - places
    assert [key for key, _ in moved] == ["infusions.1"]


def test_decided_in_three_operations(visitor, course, clara):
    window = visitor.open(clara)
    view = reverse("progress", args=[course.pk])
    window.page.goto(view)
    window.page.get_by_role("link", name="Hold: what is booked stays").click()
    window.page.get_by_label("Why").fill("She has a cold")
    window.page.get_by_role("button", name="Hand to the desk").click()
    window.page.get_by_text("Waits for the desk").wait_for()
    assert view in window.page.url
