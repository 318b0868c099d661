"""Proposing a course: reads only, in words, in a fixed number of queries."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Patient
from core import clock
from core.errors import InvalidInput, NotAllowed
from scheduler.models import Appointment, Resource
from tests.factories.clinics import SiteDayFactory, SiteFactory
from tests.factories.scheduler import AppointmentFactory, ChairFactory
from tests.treatments.clinic import equip
from tests.treatments.documents import series as document
from treatments.actions import courses, protocols
from treatments.models import Course

pytestmark = pytest.mark.django_db


@pytest.fixture
def propose(clinic, series, site, patient, flora, now):
    def propose(**changes):
        usual = {
            "protocol_version": series,
            "site": site,
            "patient": patient,
            "start_on": date(2026, 5, 5),
            "wishes": {},
            "by": flora,
            "now": now,
        }
        return courses.propose(**(usual | changes))

    return propose


def test_every_visit_has_a_time_resources_and_a_reason(propose, clinic):
    proposal = propose()

    assert proposal.complete
    assert [visit.key for visit in proposal.visits] == [
        "infusions.1", "talks.1", "infusions.2", "talks.2", "infusions.3", "talks.3",
    ]  # fmt: skip
    for visit in proposal.visits:
        assert visit.reason
        assert visit.ends_at - visit.starts_at == timedelta(minutes=visit.minutes)
        assert set(visit.resources) == ({"chair", "nurse"} if visit.family == "infusion" else {"room", "therapist"})
    assert proposal.bound is None or proposal.bound <= proposal.cost


def test_nothing_is_stored(propose):
    propose()

    assert not Course.objects.exists()
    assert not Appointment.objects.exists()


def test_the_same_question_has_the_same_answer(propose):
    assert propose().visits == propose().visits


def test_what_is_given_up_is_said(propose, site):
    SiteDayFactory(site=site, on=date(2026, 5, 12), reason="Stocktaking")

    proposal = propose(wishes={"weekdays": [0, 1], "firm": False})

    assert any(visit.notes for visit in proposal.visits)
    assert all(note.endswith(".") for visit in proposal.visits for note in visit.notes)


def test_notice_is_kept(propose, site, now):
    """It is 8:00: nothing starts before 9:00 although the clinic is open."""
    first = propose(start_on=date(2026, 5, 4)).visits[0]

    assert first.starts_at >= now + timedelta(hours=1)
    late = propose(start_on=date(2026, 5, 4), now=now + timedelta(minutes=1)).visits[0]
    assert late.starts_at >= now + timedelta(minutes=61)


def test_the_patients_other_appointments_are_minded(propose, site, patient):
    free = propose().visits[0]
    AppointmentFactory(site=site, patient=patient, starts_at=free.starts_at, ends_at=free.ends_at)

    assert propose().visits[0].starts_at != free.starts_at
    assert propose(patient=None).visits[0].starts_at == free.starts_at


def test_what_finds_no_place_says_why(propose):
    Resource.objects.filter(name__in=["Theo", "Tessa"]).update(is_active=False)

    proposal = propose()

    unplaced = [visit for visit in proposal.visits if visit.starts_at is None]
    assert not proposal.complete
    assert {visit.key for visit in unplaced} >= {"talks.1"}
    assert all(visit.unplaced for visit in unplaced)
    assert any("no therapist" in sentence for visit in unplaced for sentence in visit.unplaced)


def test_firm_wishes_are_kept(propose, site):
    proposal = propose(wishes={"weekdays": [0, 1, 2, 3, 4], "not_before": "13:00", "firm": True})

    assert proposal.complete
    assert all(clock.local(visit.starts_at, site.zone).hour >= 13 for visit in proposal.visits)
    assert proposal.wishes == {"weekdays": [0, 1, 2, 3, 4], "not_before": "13:00", "firm": True}


@pytest.mark.parametrize(
    ("wishes", "pointer"),
    [
        ({"weekday": [1]}, "wishes/weekday"),
        ({"weekdays": "monday"}, "wishes/weekdays"),
        ({"weekdays": [9]}, "wishes/weekdays"),
        ({"weekdays": [[]]}, "wishes/weekdays"),
        ({"not_before": "25:00"}, "wishes/not_before"),
        ({"not_before": 9}, "wishes/not_before"),
        ({"not_before": "15:00", "not_after": "09:00"}, "wishes/not_after"),
        ({"start_on": "tomorrow"}, "wishes/start_on"),
        ({"start_on": "9999-12-31"}, "wishes/start_on"),
        ({"start_on": "0001-01-01"}, "wishes/start_on"),
        ({"not_on": ["2026-02-30"]}, "wishes/not_on"),
        ({"people": [1]}, "wishes/people"),
        ({"firm": "yes"}, "wishes/firm"),
        ([], "wishes"),
        ("anything", "wishes"),
        (None, "wishes"),
    ],
)
def test_wishes_that_cannot_be_read_are_pointed_at(propose, wishes, pointer):
    with pytest.raises(InvalidInput) as raised:
        propose(wishes=wishes)

    assert raised.value.pointer == pointer
    assert raised.value.message


@pytest.mark.parametrize("start_on", [date(2026, 5, 3), date(2028, 5, 5), date.min, date.max])
def test_a_start_in_the_past_or_years_ahead_is_refused(propose, start_on):
    with pytest.raises(InvalidInput) as raised:
        propose(start_on=start_on)

    assert raised.value.pointer == "start_on"


def test_today_and_the_last_day_of_two_years_ahead_are_accepted(propose):
    assert propose(start_on=date(2026, 5, 4)).visits
    assert propose(start_on=date(2028, 5, 4)).visits


def test_the_number_of_queries_does_not_depend_on_the_course_or_the_clinic(propose, mona, now, site):
    def queries(**changes) -> int:
        with CaptureQueriesContext(connection) as captured:
            propose(**changes)
        return len(captured)

    few = queries()
    longer = document()
    for block in longer["blocks"]:
        block["count"] = 4
    version = protocols.publish(document=longer, by=mona, now=now)
    for number in range(8):
        ChairFactory(site=site, name=f"Recliner {number}", skills=["monitored"])

    assert queries(protocol_version=version) == few
    assert few <= 15


def test_a_holiday_that_spoils_a_course_is_named_and_the_course_offered_after_it(propose, mona, now):
    longer = document()
    for block in longer["blocks"]:
        block["count"] = 8  # whenever they begin, one of them falls on the holiday of 25 May
    proposal = propose(protocol_version=protocols.publish(document=longer, by=mona, now=now))

    assert not proposal.complete
    assert proposal.explanation.proved
    assert {cause.kind for cause in proposal.explanation.causes} == {"rule", "site"}
    assert [fix.kind for fix in proposal.explanation.fixes] == ["start", "leave_out"]


def test_a_course_that_has_no_room_here_is_offered_where_it_has(propose, clinic, site):
    """Nobody here can give the talks. One other site has no chairs at all, the next has everything."""
    SiteFactory(code="annex", name="Annex")
    uptown = SiteFactory(code="uptown", name="Uptown")
    equip(uptown, chairs=1, rooms=1)
    Resource.objects.filter(site=site, name__in=("Theo", "Tessa")).update(is_active=False)
    wishes = {"people": [str(clinic["Nurse Ada"].pk)], "weekdays": [0, 1, 2, 3, 4]}

    [fix] = [fix for fix in propose(wishes=wishes).explanation.fixes if fix.kind == "site"]
    assert fix.message == "Come to Uptown instead."
    assert fix.price.startswith("the course runs from ")
    assert fix.instead == {"site": str(uptown.pk), "wishes": {"weekdays": [0, 1, 2, 3, 4]}}
    there = propose(site=uptown, wishes=fix.instead["wishes"])
    assert there.complete
    assert there.cost == fix.cost
    # who wants nobody else but people of this site is not sent to another
    only = propose(wishes=wishes | {"only_people": True})
    assert "site" not in [fix.kind for fix in only.explanation.fixes]


def test_only_those_who_book_propose(propose, nora):
    with pytest.raises(NotAllowed):
        propose(by=nora)


def test_somebody_who_is_not_registered_yet_can_be_planned_for(propose):
    assert propose(patient=None).complete
    assert Patient.objects.count() == 1
