"""Pages cost the same number of queries for one row as for three. Three of them are every page's: the session's, the
account's, and what needs attention. One more comes for a minute after a change, to offer its undo.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.scheduler import AllocationFactory, ChairFactory, PersonFactory
from tests.factories.treatments import BookedVisitFactory, CourseFactory, ProtocolVersionFactory

pytestmark = pytest.mark.django_db
ROWS = pytest.mark.parametrize("rows", [1, 3])
PLAN, TIMES, MOVE, CANCEL = 15, 17, 18, 12
NINE = datetime(2026, 5, 4, 13, tzinfo=UTC)


def visits(site, rows, course=None):
    """Booked visits of as many patients, each with a chair and a person of its own."""
    for number in range(rows):
        of = {"course": course} if course else {"course__patient__site": site}
        made = BookedVisitFactory(**of, appointment__starts_at=NINE + timedelta(hours=2 * number))
        for resource, role in ((ChairFactory(site=site), "chair"), (PersonFactory(site=site), "nurse")):
            AllocationFactory(appointment=made.appointment, resource=resource, role=role)


@ROWS
def test_today(desk, site, rows, django_assert_num_queries):
    visits(site, rows)
    with django_assert_num_queries(11):
        page = desk.get("/").content.decode()
    assert page.count('class="presses"') == rows


@ROWS
def test_search(desk, site, rows, django_assert_num_queries):
    for _ in range(rows):
        CourseFactory(patient__site=site, patient__family_name="Ruiz")
    with django_assert_num_queries(5):
        page = desk.get("/patients/?q=ruiz").content.decode()
    assert page.count('class="name"') == rows


@ROWS
def test_a_patient(desk, site, patient, rows, django_assert_num_queries):
    visits(site, rows, CourseFactory(patient=patient))
    with django_assert_num_queries(9):
        page = desk.get(f"/patients/{patient.pk}/").content.decode()
    assert page.count('class="what"') == rows


@ROWS
def test_a_course(desk, site, patient, rows, django_assert_num_queries):
    course = CourseFactory(patient=patient)
    visits(site, rows, course)
    with django_assert_num_queries(11):
        page = desk.get(f"/courses/{course.pk}/").content.decode()
    assert page.count('class="what"') == rows


@ROWS
def test_the_offers(desk, site, patient, rows, django_assert_num_queries):
    for _ in range(rows):
        ProtocolVersionFactory()
    with django_assert_num_queries(6):
        page = desk.get(f"/courses/book?patient={patient.pk}").content.decode()
    assert page.count('class="option"') == rows


@pytest.fixture
def lengths(clinic, mona, now):
    """Courses of two, six and thirty visits: infusions, and a talk after each."""
    from tests.treatments.documents import series
    from treatments.actions import protocols

    def made(rows):
        document = series(code=f"of-{rows}")
        for block in document["blocks"]:
            block["count"] = rows // 2
        document["blocks"][1]["anchors"][0]["max_days"] = 5
        return protocols.publish(document=document, by=mona, now=now)

    return {rows: made(rows) for rows in (2, 6, 30)}


LENGTHS = pytest.mark.parametrize("rows", [2, 6, 30])


@LENGTHS
def test_a_plan(desk, patient, rows, lengths, django_assert_num_queries):
    """Seven for the page and its frame, eight for the calendars of a course."""
    asked = {"patient": str(patient.pk), "protocol": str(lengths[rows].protocol_id), "start_on": "2026-05-05"}
    with django_assert_num_queries(PLAN):
        page = desk.get("/courses/book", asked).content.decode()
    assert page.count('name="move"') == rows


@LENGTHS
def test_moving_a_visit(desk, flora, site, patient, now, rows, lengths, django_assert_num_queries):
    from datetime import date

    from treatments.actions import courses

    course = courses.book(
        protocol_version=lengths[rows],
        site=site,
        patient=patient,
        start_on=date(2026, 5, 5),
        wishes={},
        by=flora,
        now=now,
    ).course
    talk = course.visits.get(key="talks.1")
    with django_assert_num_queries(TIMES):
        desk.get(f"/visits/{talk.pk}/move")
    with django_assert_num_queries(MOVE):
        page = desk.get(f"/visits/{talk.pk}/move?on={talk.appointment.local_on}&at=16:00").content.decode()
    assert "Move 1 visit" in page
    room = talk.appointment.allocations.get(role="room").resource_id
    with django_assert_num_queries(TIMES + 1):  # what the address names, once for all times
        desk.get(f"/visits/{talk.pk}/move?on={talk.appointment.local_on}&resource={room}")
    with django_assert_num_queries(CANCEL):
        desk.get(f"/visits/{talk.pk}/cancel")
