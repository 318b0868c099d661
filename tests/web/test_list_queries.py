"""Working lists cost as many queries for thirty rows as for one. Three of them are every page's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from clinics.models import User
from core import clock
from notifications.actions import answers, phone_calls
from scheduler.actions import appointments
from scheduler.models import ChangeSet
from tests.factories.clinics import PatientFactory
from tests.factories.notifications import offered
from tests.factories.scheduler import AllocationFactory, AppointmentFactory, ChairFactory
from tests.factories.treatments import CourseFactory, ProtocolVersionFactory, VisitFactory, WaitlistEntryFactory
from tests.treatments.documents import series
from treatments.models import Choice, DecisionHandover, VisitStatus

pytestmark = pytest.mark.django_db
ROWS = pytest.mark.parametrize("rows", [1, 3, 30])
TOMORROW = datetime(2026, 5, 5, 13, tzinfo=UTC)


def course(site):
    """A running course of a patient of its own, on a protocol that can be read."""
    return CourseFactory(patient=PatientFactory(site=site), protocol_version=ProtocolVersionFactory(document=series()))


def booked(site, number: int, **kwargs):
    """A visit of a course tomorrow."""
    made = AppointmentFactory(
        site=site,
        patient=PatientFactory(site=site),
        starts_at=TOMORROW + timedelta(minutes=number),
        **kwargs,
    )
    AllocationFactory(appointment=made, resource=ChairFactory(site=site), role="chair")
    return made


@ROWS
def test_unconfirmed(desk, site, flora, now, rows, django_assert_num_queries):
    for number in range(rows):
        made = booked(site, number)
        VisitFactory(course=course(site), appointment=made, status=VisitStatus.BOOKED)
        phone_calls.left_message(appointment=made, schedule_epoch=1, by=flora, now=now)
        answers.take_text(
            provider="twilio",
            event_id=f"SM{number}",
            sender=str(made.patient.phone),
            text="?",
            by=User.objects.service(),
            now=now,
        )
    with django_assert_num_queries(10):
        page = desk.get("/unconfirmed/").content.decode()
    assert page.count("Confirmed by phone<span") == rows


@ROWS
def test_unready(desk, site, rows, django_assert_num_queries):
    gates = [{"gate": "escort", "title": "Escort", "before": "infusions.each", "source": "T"}]
    for number in range(rows):
        version = ProtocolVersionFactory(document=series(gates=gates))
        one = CourseFactory(patient=PatientFactory(site=site), protocol_version=version)
        VisitFactory(course=one, key="infusions.1", appointment=booked(site, number), status=VisitStatus.BOOKED)
    with django_assert_num_queries(12):
        page = desk.get("/unconfirmed/").content.decode()
    assert page.count("Nobody named who drives home.") == rows


@ROWS
def test_to_schedule(desk, site, rows, django_assert_num_queries):
    for _ in range(rows):
        one = course(site)
        VisitFactory(course=one, key="talks.1", position=2)
        VisitFactory(course=one, key="infusions.1", position=1, appointment=booked(site, _), status=VisitStatus.BOOKED)
    with django_assert_num_queries(7):
        page = desk.get("/work-list/").content.decode()
    assert page.count("Plan now<span") == rows


@ROWS
def test_decisions(desk, site, rows, django_assert_num_queries):
    for _ in range(rows):
        VisitFactory(course=course(site), key="talks.1")
    with django_assert_num_queries(8):
        desk.get("/work-list/?tab=decisions")


@ROWS
def test_handed(desk, site, clara, now, rows, django_assert_num_queries):
    for _ in range(rows):
        DecisionHandover.objects.create(
            course=course(site),
            choice=Choice.SPACING,
            block="infusions",
            gap_days=5,
            reason="-",
            by=clara,
            handed_at=now,
        )
    with django_assert_num_queries(5):
        page = desk.get("/work-list/?tab=handed").content.decode()
    assert page.count("infusions, 5 days apart") == rows


@ROWS
def test_waitlist(desk, site, flora, rows, django_assert_num_queries):
    for number in range(rows):
        entry = WaitlistEntryFactory(
            visit__course=course(site),
            visit__appointment=booked(site, number),
            visit__status=VisitStatus.BOOKED,
            valid_until=date(2026, 6, 30),
        )
        offered(entry, at=TOMORROW + timedelta(days=1, minutes=number), now=clock.now(), by=flora)
        given_up(site, flora, number)
    with django_assert_num_queries(10):
        page = desk.get("/waitlist/").content.decode()
    assert page.count("Offer it no more<") == rows
    assert page.count("Take off the list<") == rows
    assert page.count("Who fits?<") == min(rows, 20)


def given_up(site, by, number: int) -> None:
    """A chair that stood booked later than now, and is cancelled."""
    made = booked(site, 200 + number)
    appointments.cancel(appointments=[made], by=by, now=TOMORROW - timedelta(days=1), reason="")


@ROWS
def test_answers(desk, site, now, rows, django_assert_num_queries):
    for number in range(rows):
        answers.take_text(
            provider="twilio",
            event_id=f"SM{number}",
            sender=str(PatientFactory(site=site).phone),
            text="hello",
            by=User.objects.service(),
            now=now,
        )
    with django_assert_num_queries(6):
        page = desk.get("/desk/").content.decode()
    assert page.count('id="task-') == rows


@ROWS
def test_changes(desk, site, flora, rows, django_assert_num_queries):
    for number in range(rows):
        given_up(site, flora, number)
    assert ChangeSet.objects.filter(verb="cancel").count() == rows
    with django_assert_num_queries(8):
        page = desk.get("/changes/").content.decode()
    assert page.count('id="change-') == rows


@ROWS
def test_search(desk, site, rows, django_assert_num_queries):
    for _ in range(rows):
        PatientFactory(site=site, family_name="Ruiz")
    with django_assert_num_queries(5):
        assert desk.get("/search?q=ruiz").status_code == 200
