"""From a free gap of the day board to a course that begins there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from scheduler.models import Appointment
from tests.factories.scheduler import AllocationFactory, AppointmentFactory

pytestmark = pytest.mark.django_db
URL = "/courses/book"
TEN_FIFTEEN = datetime(2026, 5, 6, 14, 15, tzinfo=UTC)


@pytest.fixture
def chair(clinic):
    return clinic["Chair 2"]


def first_of(page: str) -> tuple[str, str]:
    """The start of the first visit and what stands beside it."""
    row = page[page.index('id="row-infusions.1"') :]
    return re.search(r'datetime="([^"]+)"', row)[1], row[: row.index("</li>")]


def test_a_gap_leads_by_the_patient_to_a_plan_that_begins_in_it(desk, site, chair, asked, patient):
    board = desk.get("/?on=2026-05-06").content.decode()
    gap = re.search(rf"gap-{chair.pk.hex[-6:]}-\d{{4}}", board)[0]
    beside = desk.get(f"/?on=2026-05-06&gap={gap}").content.decode()
    assert 'formaction="/courses/book"' in beside
    search = desk.get(URL, {"on": "2026-05-06", "starts": "10:15", "ends": "18:00", "resource": str(chair.pk)})
    page = desk.get(f"{search['Location']}&q=exam").content.decode()
    address = unescape(re.search(r'href="(/courses/book\?patient=[^"]+)"', page)[1])
    page = desk.get(address).content.decode()
    assert "Begin on Wednesday 6 May at 10:15am, in Chair 2" in page
    first = unescape(re.search(r'name="first" value="([^"]+)" checked', page)[1])
    sent = asked | {"start_on": "2026-05-06", "first": first}
    page = desk.post(URL, sent).content.decode()
    starts, row = first_of(page)
    assert datetime.fromisoformat(starts) == TEN_FIFTEEN
    assert "Chair 2" in row
    assert "gives-up" not in page[: page.index('id="row-')]
    assert desk.get(address.replace("patient=", f"protocol={asked['protocol']}&patient=")).status_code == 200


def test_the_chair_gone_meanwhile_the_time_is_kept_and_it_is_said(desk, site, chair, asked):
    held = AppointmentFactory(site=site, starts_at=TEN_FIFTEEN - timedelta(minutes=15))
    AllocationFactory(appointment=held, resource=chair)
    page = desk.post(URL, asked | {"start_on": "2026-05-06", "first": f"2026-05-06T10:15~{chair.pk}"}).content.decode()
    starts, row = first_of(page)
    assert datetime.fromisoformat(starts) == TEN_FIFTEEN
    assert "Chair 2" not in row
    assert "It begins at that time, but not with Chair 2." in page


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("2026-05-06T03:00", "It cannot begin at that time. "),
        ("2026-05-04T10:00", "It cannot begin at that time. "),
        ("nonsense", ""),
        ("9999-99-99T10:00~x", ""),
    ],
)
def test_where_it_cannot_begin_a_plan_is_found_all_the_same(desk, asked, first, said):
    page = desk.post(URL, asked | {"first": first}).content.decode()
    assert "Test series: 6 visits" in page
    assert said in page
    assert ("gives-up" in page[: page.index('id="row-')]) is bool(said)
    assert not Appointment.objects.exists()
