"""My day: whose visits, what each needs, ticks and discharge by plain forms, and no more queries for more visits."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse

from scheduler.models import Status
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from tests.factories.treatments import CourseFactory, ProtocolVersionFactory, VisitFactory
from tests.treatments.actions.test_sessions import watched
from tests.web.conftest import signed_in
from treatments.actions import assessments, courses, protocols
from treatments.models import VisitStatus, VisitTick

pytestmark = pytest.mark.django_db
SCREEN = {
    "measure": "phq9",
    "title": "PHQ-9",
    "filled_by": "patient",
    "moments": [{"before": "infusions.each", "max_days": 14, "source": "T"}],
    "source": "T",
}


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def visit(clinic, site, patient, flora, clara, nora, mona, now):
    """The first infusion, on Thursday at 8:00, given by Nora as Nurse Ada or Ben; it is 7:50."""
    made = watched() | {"assessments": [SCREEN]}
    made["visit_types"]["infusion"]["prepare"] = {"fasting": {"food_hours": 6, "clear_fluids_hours": 2, "source": "T"}}
    version = protocols.publish(document=made, by=mona, now=now)
    course = courses.book(
        protocol_version=version,
        site=site,
        patient=patient,
        start_on=date(2026, 5, 5),
        wishes={},
        by=flora,
        now=now,
        clinician=clara,
    ).course
    found = course.visits.select_related("appointment").get(key="infusions.1")
    nurse = found.appointment.allocations.filter(role="nurse").first().resource
    nurse.user = nora
    nurse.save()
    with time_machine.travel(found.appointment.starts_at - timedelta(minutes=10)):
        yield found


def at(visit, minutes):
    return time_machine.travel(visit.appointment.starts_at + timedelta(minutes=minutes))


def press(client, visit, name, **data):
    return client.post(reverse(name, args=[visit.pk]), data, follow=True)


def test_whose_day_it_is(visit, nora, clara, patient):
    for by in (nora, clara):
        assert patient.full_name in text(signed_in(by).get("/my-day/")), "she gives it, or it is her course"
    from tests.factories.clinics import UserFactory

    other = signed_in(UserFactory(role="nurse"))
    shown = other.get("/my-day/")
    assert "No visits of yours today" in text(shown)
    assert patient.full_name not in text(shown)
    assert patient.full_name in text(other.get("/my-day/?who=all"))


def test_what_a_visit_needs_and_one_click_to_the_course(visit, nora, now):
    answers = dict.fromkeys(range(1, 9), 0) | {9: 1}
    client = signed_in(nora)
    shown = client.get("/my-day/")
    page = text(shown)
    assert "A ride home: needed by 7 May" in page
    assert "PHQ-9 due before infusion 1, patient" in page
    assert "no food since 2am, nothing to drink since 6am" in page
    assert f'href="{reverse("progress", args=[visit.course_id])}"' in shown.content.decode()
    assessments.record(
        course=visit.course,
        measure="phq9",
        answers=answers,
        by=nora,
        now=visit.appointment.starts_at - timedelta(minutes=10),
        taken_at=visit.appointment.starts_at - timedelta(minutes=20),
    )
    page = text(client.get("/my-day/"))
    assert "An answer nobody has acknowledged. Tell a clinician now." in page
    assert "PHQ-9 due" not in page
    gate = {"gate": "escort.1", "visit": str(visit.pk), "next": "/my-day/"}
    answer = client.post(reverse("fulfil-gate", args=[visit.course_id]), gate, follow=True)
    assert answer.redirect_chain[-1][0] == "/my-day/"
    assert "A ride home in place" in text(answer)


def test_a_session_by_plain_forms(visit, nora, patient):
    client = signed_in(nora)
    arrived = {"status": "arrived", "version": visit.appointment.version, "next": "/my-day/"}
    client.post(reverse("set-status", args=[visit.appointment_id]), arrived)
    with at(visit, 16):
        press(client, visit, "tick-visit", step="pressure.0", at="08:14")
        page = text(press(client, visit, "tick-visit", step="start"))
        assert "8:14am, Nora Nurse" in page
        assert "Observation until 9:31am , 1 h 15 min left" in page
    with at(visit, 60):
        page = text(client.get("/my-day/"))
        assert "1 check due now" in page
        assert "was due 8:56am" in page
        refused = press(client, visit, "leave-visit")
        assert refused.status_code == 422
        assert "Nobody to leave with is confirmed" in text(refused)
        assert "There is a problem" not in text(refused), "nothing was done wrong yet"
        assert "Say why" in text(press(client, visit, "leave-visit", asked="1", reason=" "))
        visit.appointment.refresh_from_db()
        assert visit.appointment.status == Status.IN_TREATMENT
        for wrong in ({"step": "nonsense"}, {"step": "end", "at": "25:99"}, {"step": "end", "at": "23:00"}, {}):
            assert "nothing was ticked" in text(press(client, visit, "tick-visit", **wrong))
        press(client, visit, "tick-visit", step="pressure.40")
        press(client, visit, "untick-visit", step="pressure.40")
        assert VisitTick.objects.get(step="pressure.40").withdrawn_by == nora
        assert press(client, visit, "untick-visit", step="pressure.40").status_code == 404
    with at(visit, 95):
        for step in ("pressure.40", "pressure.leaving", "escort"):
            page = text(press(client, visit, "tick-visit", step=step))
        assert "Observation over since 9:31am" in page
        page = text(press(client, visit, "leave-visit"))
        assert "has left" in page
        assert "1 over" in page
        assert "Left 9:35am, Nora Nurse" in page


def test_leaving_all_the_same_says_why(visit, nora):
    client = signed_in(nora)
    from treatments.actions import sessions

    now = visit.appointment.starts_at
    sessions.set_status(appointment=visit.appointment, status="arrived", by=nora, now=now, version=None)
    with at(visit, 5):
        page = text(press(client, visit, "leave-visit", asked="1", reason="Felt ill, taken to hospital"))
        assert ": Felt ill, taken to hospital" in page


def test_the_desk_ticks_nothing(visit, desk, mona):
    for client in (desk, signed_in(mona)):
        assert client.get("/my-day/").status_code == 403
        for name in ("tick-visit", "untick-visit", "leave-visit"):
            assert client.post(reverse(name, args=[visit.pk]), {"step": "start"}).status_code == 403
    assert not VisitTick.objects.exists()


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_as_many_queries_for_thirty_visits_as_for_one(site, nora, now, rows, django_assert_num_queries):
    version = ProtocolVersionFactory(document=watched() | {"assessments": [SCREEN]})
    from tests.factories.scheduler import ChairFactory

    for number in range(rows):
        made = AppointmentFactory(
            site=site,
            patient=PatientFactory(site=site),
            starts_at=now + timedelta(minutes=5 * number),
            status=Status.IN_TREATMENT,
        )
        AllocationFactory(appointment=made, resource=ChairFactory(site=site), role="chair")
        course = CourseFactory(patient=made.patient, protocol_version=version)
        one = VisitFactory(course=course, key="infusions.1", appointment=made, status=VisitStatus.BOOKED)
        VisitTick.objects.create(visit=one, step="start", at=now, by=nora)
    client = signed_in(nora)
    with django_assert_num_queries(12):
        page = client.get("/my-day/?who=all").content.decode()
    assert page.count(">Discharge<span") == rows
