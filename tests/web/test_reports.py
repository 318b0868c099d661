"""The pages of the reports: who may, what they say in every state, their tables, and what they cost."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from clinics.models import Role
from scheduler.models import Status
from tests.factories.clinics import PatientFactory, SiteFactory, UserFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory, ChairFactory
from tests.factories.treatments import BookedVisitFactory, CourseFactory
from tests.web.conftest import signed_in
from treatments.models import VisitStatus
from web.reports.catalogue import KINDS

pytestmark = pytest.mark.django_db
FIRST = datetime(2026, 4, 13, 14, tzinfo=UTC)
"""Three weeks before the moment of the tests: a Monday, 10:00 at the site."""
EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)


def text(answer) -> str:
    """What a page says, on one line."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def reader(kind):
    return signed_in(UserFactory(role=Role.CLINICIAN if kind.slug == "response" else Role.MANAGER))


@pytest.fixture
def manager(mona):
    return signed_in(mona)


def visits(site, number: int, *, missed: int = 0, chair=None) -> None:
    """So many visits of one course, one each hour from ten on; the first ones missed."""
    course = CourseFactory(patient=PatientFactory(site=site))
    chair = chair or ChairFactory(site=site)
    for turn in range(number):
        gone = turn < missed
        visit = BookedVisitFactory(
            course=course,
            appointment__starts_at=FIRST + timedelta(days=turn // 6, hours=turn % 6),
            appointment__status=Status.MISSED if gone else Status.DONE,
            status=VisitStatus.MISSED if gone else VisitStatus.DONE,
        )
        AllocationFactory(appointment=visit.appointment, resource=chair, is_active=not gone)


@EVERY
def test_without_two_weeks_of_visits_it_says_from_when(site, kind):
    client = reader(kind)
    assert "None has been booked at this site." in text(client.get(f"/reports/{kind.slug}"))
    AppointmentFactory(site=site, starts_at=datetime(2026, 4, 27, 14, tzinfo=UTC), status=Status.DONE)
    said = text(client.get(f"/reports/{kind.slug}"))
    assert "The first was on Monday 27 April; from Monday 11 May on" in said
    assert "What is counted" not in said


@EVERY
def test_costs_the_same_for_one_as_for_thirty(site, kind, django_assert_max_num_queries):
    client, costs = reader(kind), []
    client.get("/reports/")  # what the chips of every page count is kept for a minute
    for courses, each in ((1, 1), (3, 10)):
        for _ in range(courses):
            visits(site, each)
        with django_assert_max_num_queries(12) as asked:
            answer = client.get(f"/reports/{kind.slug}")
        assert answer.status_code == 200
        assert "What is counted" in text(answer)
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_use_says_it_first_and_the_table_says_the_same(site, manager):
    visits(site, 6)
    page = manager.get("/reports/use", {"since": "2026-04-13", "until": "2026-04-24"})
    # ten weekdays of ten hours; six visits of an hour
    assert "Chairs and rooms were booked for 6 % of their open hours: 6 of 100 hours." in text(page)
    assert "Fullest is Monday from 10am, 50 %; emptiest Monday from 8am, 0 %." in text(page)
    [head, chair, total] = csv.reader(
        io.StringIO(
            manager.get(
                "/reports/use", {"since": "2026-04-13", "until": "2026-04-24", "as": "csv", "table": "1"}
            ).content.decode()
        )
    )
    assert head == ["Chair or room", "Kind", "Open hours", "Booked hours", "Booked, %"]
    assert chair[2:] == ["100.0", "6.0", "6"]
    assert total == ["All", "", "100.0", "6.0", "6"]


@EVERY
def test_the_rows_of_every_table_add_up_to_its_total(site, kind):
    visits(site, 10, missed=2)
    client = reader(kind)
    page = client.get(f"/reports/{kind.slug}")
    for number in range(page.content.decode().count("Save as a table")):
        answer = client.get(f"/reports/{kind.slug}", {"as": "csv", "table": str(number)})
        head, *rows, total = csv.reader(io.StringIO(answer.content.decode()))
        for column, name in enumerate(head):
            if column and "%" not in name and "Median" not in name and total[column].replace(".", "").isdigit():
                assert sum(float(row[column]) for row in rows) == pytest.approx(float(total[column])), name


def test_no_cell_is_a_formula_and_no_file_names_anybody(site, manager):
    chair = ChairFactory(site=site, name="=cmd|' /C calc'!A0")
    visits(site, 6, chair=chair)
    answer = manager.get("/reports/use", {"as": "csv", "table": "1"})
    assert answer["Content-Type"].startswith("text/csv")
    assert "'=cmd" in answer.content.decode()
    for kind in KINDS:
        for number in range(3):
            asked = reader(kind).get(f"/reports/{kind.slug}", {"as": "csv", "table": str(number)})
            if asked["Content-Type"].startswith("text/csv"):
                for patient in site.patients.all():
                    assert patient.family_name not in asked.content.decode()


def test_of_few_no_share_is_said(site, manager):
    visits(site, 4, missed=1)
    said = text(manager.get("/reports/attendance"))
    assert "Of 4 expected visits 1 was missed (too few to say)" in said
    assert "25 %" not in said


def test_what_cannot_be_is_said_at_its_field(site, manager):
    visits(site, 6)
    for asked, said in (
        ({"until": "2026-05-04"}, "Choose a day that is over: Sunday 3 May or before."),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "Choose a first day that is not after the last."),
        ({"since": "2020-01-01"}, "Choose three years or less."),
        ({"since": "0001-01-01", "until": "0002-01-01"}, "Choose a day from 1 January 2000 on."),
        ({"since": "yesterday"}, "Enter a date such as 2026-11-23."),
        ({"until": "0001-01-01"}, "Choose a first day that is not after the last."),
        ({"kind": "XX"}, "Choose a kind of visit from the list."),
    ):
        for extra in ({}, {"as": "csv"}):
            answer = manager.get("/reports/use", asked | extra)
            assert answer.status_code == 400, asked
            assert said in text(answer)
            assert "What is counted" not in text(answer)
    assert manager.get("/reports/use", {"site": "nowhere"}).status_code == 404
    assert manager.get("/reports/use", {"as": "csv", "table": "99"}).status_code == 200
    assert manager.get("/reports/unknown").status_code == 404


def test_too_much_for_one_report_is_said_at_the_first_day(site, manager, monkeypatch):
    visits(site, 6)
    CourseFactory(patient=PatientFactory(site=site))
    monkeypatch.setattr("treatments.queries.completion.MOST", 0)
    answer = manager.get("/reports/questionnaires")
    assert answer.status_code == 400
    assert "This period touches more than 0 courses. Choose a shorter one." in text(answer)


def test_the_filters_go_along_from_report_to_report(site, manager):
    SiteFactory(name="Zoo", code="zoo")
    visits(site, 6)
    asked = "site=riverside&since=2026-04-13&until=2026-04-24&kind=IN"
    page = manager.get(f"/reports/use?{asked}")
    assert f"/reports/refills?{asked}" in html.unescape(page.content.decode())
    assert "Monday 13 April to Friday 24 April, Infusion only." in text(page)
    assert "Riverside Clinic" in text(page)
    early = text(manager.get("/reports/use", {"site": "riverside", "since": "2026-01-01", "until": "2026-04-24"}))
    assert "Monday 13 April to Friday 24 April (the first visit was on Monday 13 April)" in early
    none = text(manager.get("/reports/use", {"site": "riverside", "since": "2026-01-01", "until": "2026-01-24"}))
    assert "Nothing in this period The first visit was on Monday 13 April." in none
    only = text(manager.get(f"/reports/attendance?{asked.replace('IN', 'PS')}"))
    assert "No visit was expected in this period." in only


def test_the_list_shows_what_one_may_read(site, manager, clara):
    said = text(manager.get("/reports/"))
    assert "Chair and room use" in said
    assert "Response by protocol" not in said
    page = signed_in(clara).get("/reports/response")
    assert page.status_code == 200
    assert "Chair and room use" not in text(page)
