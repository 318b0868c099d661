"""The day by resource, and statuses set by one press."""

from datetime import UTC, date, datetime, timedelta

import pytest

from scheduler.models import Appointment, Status
from tests.factories.clinics import SiteDayFactory, SiteFactory
from tests.factories.scheduler import AbsenceFactory, AllocationFactory, AppointmentFactory, ChairFactory, PersonFactory
from tests.factories.treatments import BookedVisitFactory
from web import day_list

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 5, 4)
NINE = datetime(2026, 5, 4, 13, tzinfo=UTC)


def booked(site, resource, *, at=NINE, minutes=60, **appointment):
    made = AppointmentFactory(site=site, starts_at=at, ends_at=at + timedelta(minutes=minutes), **appointment)
    AllocationFactory(appointment=made, resource=resource)
    return made


def lanes(site, on=MONDAY, now=NINE):
    day = day_list.of(site, on, now=now)
    return {lane.resource.name: lane for group in day.groups for lane in (*group.lanes, *group.away)}


def test_visits_and_gaps_in_order(site, now):
    chair = ChairFactory(site=site, name="Chair 1")
    visit = BookedVisitFactory(course__patient__site=site, appointment__starts_at=NINE, label="Infusion 1")
    AllocationFactory(appointment=visit.appointment, resource=chair)
    entries = lanes(site)["Chair 1"].entries
    assert [(entry.starts.hour, entry.ends.hour, entry.visit) for entry in entries] == [
        (8, 9, None),
        (9, 10, visit),
        (10, 18, None),
    ]


def test_a_gap_shorter_than_a_quarter_of_an_hour_is_not_shown(site):
    chair = ChairFactory(site=site, name="Chair 1")
    booked(site, chair, at=NINE)
    booked(site, chair, at=NINE + timedelta(minutes=70))
    assert [entry.minutes for entry in lanes(site)["Chair 1"].entries] == [60, 60, 60, 410]


def test_the_gap_begins_after_the_turnover(site):
    chair = ChairFactory(site=site, name="Chair 1")
    made = AppointmentFactory(site=site, starts_at=NINE)
    AllocationFactory(appointment=made, resource=chair, ends_at=made.ends_at + timedelta(minutes=30))
    free = [entry for entry in lanes(site)["Chair 1"].entries if entry.appointment is None]
    assert [(entry.starts.hour, entry.starts.minute) for entry in free] == [(8, 0), (10, 30)]


def test_missed_visits_stay_and_their_time_is_free(site):
    chair = ChairFactory(site=site, name="Chair 1")
    made = booked(site, chair, status=Status.MISSED)
    made.allocations.update(is_active=False)
    entries = lanes(site)["Chair 1"].entries
    assert [entry.state.words if entry.state else entry.minutes for entry in entries] == [600, "Missed"]


def test_cancelled_visits_and_lapsed_holds_are_gone(site):
    chair = ChairFactory(site=site, name="Chair 1")
    booked(site, chair, status=Status.CANCELLED).allocations.update(is_active=False)
    booked(site, chair, at=NINE + timedelta(hours=2), status=Status.HELD)
    assert [entry.appointment for entry in lanes(site)["Chair 1"].entries] == [None]


def test_somebody_away_is_named_with_the_reason(desk, site):
    nurse = PersonFactory(site=site, name="Nurse Kim")
    AbsenceFactory(
        resource=nurse,
        starts_at=datetime(2026, 5, 4, 4, tzinfo=UTC),
        ends_at=datetime(2026, 5, 5, 4, tzinfo=UTC),
        reason="Annual leave",
    )
    assert "Nurse Kim (Annual leave)" in desk.get("/").content.decode()


def test_a_visit_is_pressed_at_its_chair_only(site):
    chair, nurse = ChairFactory(site=site, name="Chair 1"), PersonFactory(site=site, name="Nurse Kim")
    made = booked(site, chair)
    AllocationFactory(appointment=made, resource=nurse)
    shown = lanes(site)
    assert [bool(entry.presses) for entry in shown["Chair 1"].entries if entry.appointment] == [True]
    assert [bool(entry.presses) for entry in shown["Nurse Kim"].entries if entry.appointment] == [False]


def test_nothing_is_pressed_on_a_day_to_come(site):
    chair = ChairFactory(site=site, name="Chair 1")
    booked(site, chair, at=NINE + timedelta(days=1))
    assert [entry.presses for entry in lanes(site, on=date(2026, 5, 5))["Chair 1"].entries if entry.appointment] == [()]


def test_a_closed_day_says_why_and_when_it_opens(desk, site):
    SiteDayFactory(site=site, on=MONDAY, reason="Stocktaking")
    page = desk.get("/").content.decode()
    assert "Closed: Stocktaking" in page
    assert "Tuesday 5 May" in page


def test_a_weekend_is_closed(desk, site):
    page = desk.get("/?on=2026-05-09").content.decode()
    assert "Closed" in page
    assert 'href="?on=2026-05-11"' in page


@pytest.mark.parametrize("asked", ["", "soon", "9999-12-31", "0001-01-01", "2026-02-30", "%00"])
def test_any_date_in_the_address_gives_a_page(desk, site, asked):
    assert desk.get(f"/?on={asked}").status_code == 200


def test_another_site_by_its_code(desk, site):
    SiteFactory(code="hill", name="Hill Clinic")
    page = desk.get("/?site=hill").content.decode()
    assert "Hill Clinic" in page
    assert "site=hill" in page  # the days keep to it
    assert desk.get("/?site=moon").status_code == 404


def press(client, appointment, status, version=None, **extra):
    return client.post(
        f"/appointments/{appointment.pk}/status",
        {"status": status, "version": appointment.version if version is None else version, "next": "/?on=2026-05-04"},
        follow=True,
        **extra,
    )


def test_one_press_sets_the_status(desk, site, now):
    made = booked(site, ChairFactory(site=site), at=now, patient__given_name="Ana", patient__family_name="Ruiz")
    answer = press(desk, made, "arrived")
    assert answer.redirect_chain == [(f"/?on=2026-05-04#visit-{made.pk}", 302)]
    assert "Ana R. is here." in answer.content.decode()
    made.refresh_from_db()
    assert made.status == Status.ARRIVED
    answer = press(desk, made, "booked")
    assert "Ana R. is back to" in answer.content.decode()


def test_a_change_by_somebody_else_is_explained(desk, site, now):
    made = booked(site, ChairFactory(site=site), at=now)
    page = press(desk, made, "arrived", version=7).content.decode()
    assert "was not changed" in page
    assert Appointment.objects.get(pk=made.pk).status == Status.BOOKED


@pytest.mark.parametrize(
    ("status", "version"), [("dancing", 1), ("", 1), ("arrived", "x"), ("arrived", "9" * 30), ("\x00", 1)]
)
def test_a_made_up_press_changes_nothing(desk, site, now, status, version):
    made = booked(site, ChairFactory(site=site), at=now)
    assert press(desk, made, status, version=version).status_code == 200
    assert Appointment.objects.get(pk=made.pk).status == Status.BOOKED


def test_a_press_leads_to_no_other_site(desk, site, now):
    made = booked(site, ChairFactory(site=site), at=now)
    answer = desk.post(f"/appointments/{made.pk}/status", {"status": "arrived", "version": 1, "next": "//evil.example"})
    assert answer["Location"] == f"/#visit-{made.pk}"
