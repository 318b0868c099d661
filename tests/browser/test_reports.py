"""The reports in a browser: in every look, on paper, without script."""

import gzip
from datetime import timedelta

import pytest
from django.urls import reverse

from core import clock
from scheduler.models import Status
from tests.browser import looks
from tests.browser.pdf import Pdf
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AllocationFactory
from tests.factories.treatments import AssessmentFactory, BookedVisitFactory, CourseFactory, ProtocolVersionFactory
from treatments.models import CourseStatus, VisitStatus
from web.reports.catalogue import KINDS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PERIOD = "?since={:%Y-%m-%d}&until={:%Y-%m-%d}"


@pytest.fixture
def counted(clinic):
    """Six courses of half a year ago, every fourth visit missed; the period that has them and a quarter's end."""
    now = clock.now()
    start = (now - timedelta(days=180)).replace(hour=14, minute=0)
    version = ProtocolVersionFactory()
    chairs = list(clinic.resources.filter(kind="chair").order_by("position"))
    for number in range(6):
        course = CourseFactory(
            patient=PatientFactory(site=clinic), protocol_version=version, status=CourseStatus.COMPLETED
        )
        for turn in range(4):
            missed = (number + turn) % 4 == 0
            visit = BookedVisitFactory(
                course=course,
                key=f"infusions.{turn + 1}",
                appointment__starts_at=start + timedelta(days=4 * turn, hours=number // 3 * 2),
                appointment__status=Status.MISSED if missed else Status.DONE,
                status=VisitStatus.MISSED if missed else VisitStatus.DONE,
            )
            AllocationFactory(appointment=visit.appointment, resource=chairs[number % 3], is_active=not missed)
        for days in (-1, 15):
            AssessmentFactory(course=course, taken_at=start + timedelta(days=days))
    yesterday = clock.local(now, clinic.zone).date() - timedelta(days=1)  # where it is evening yet, today is not over
    return PERIOD.format(start - timedelta(days=5), yesterday)


def addresses(period: str, *, scores: bool) -> list[str]:
    return [reverse(kind.name) + period for kind in KINDS if (kind.slug == "response") is scores]


def test_every_page_in_every_look(visitor, counted, mona, clara):
    found = []
    for user, scores in ((mona, False), (clara, True)):
        window = visitor.open(user)
        for address in [*([] if scores else ["/reports/", "/reports/use?until=x"]), *addresses(counted, scores=scores)]:
            before = len(window.received)
            window.page.goto(address)
            assert sum(len(gzip.compress(each.body())) for each in window.received[before:] if each.ok) <= 100_000
            found += [f"{address}: {fault}" for fault in looks.faults(window.page)]
        assert [said for said in window.complaints if "Failed to load resource" not in said] == []
    assert found == []


def test_filters_without_script_and_prints_what_it_shows(visitor, counted, mona):
    page = visitor.open(mona, java_script_enabled=False).page
    page.goto(reverse("report-attendance") + counted)
    page.get_by_label("Visits", exact=True).select_option("IN")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("Infusion only").wait_for()
    page.get_by_role("navigation", name="Reports").get_by_role("link", name="Chair and room use").click()
    page.get_by_text("Infusion only").wait_for()
    page.get_by_text("The table,").click()
    printed = Pdf(page.pdf(format="A4")).pages
    assert "Chairsandroomswerebookedfor" in printed[0]
    assert any("Whatiscounted" in text for text in printed)
    assert not any("Firstday" in text for text in printed), "filters stay on the screen"
