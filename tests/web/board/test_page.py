"""The day board as a page: its views, its states, what stands beside it, and statuses set by one press."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from scheduler.models import Appointment, Status
from tests.factories.clinics import SiteDayFactory, SiteFactory
from tests.factories.scheduler import (
    AbsenceFactory,
    AllocationFactory,
    AppointmentFactory,
    ChairFactory,
    PersonFactory,
)
from tests.factories.treatments import BookedVisitFactory, WaitlistEntryFactory
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 5, 4)
NINE = datetime(2026, 5, 4, 13, tzinfo=UTC)


def booked(site, resource, *, at=NINE, **appointment):
    made = AppointmentFactory(site=site, starts_at=at, **appointment)
    AllocationFactory(appointment=made, resource=resource)
    return made


def test_somebody_away_is_named_with_the_reason(desk, site):
    ChairFactory(site=site)
    nurse = PersonFactory(site=site, name="Nurse Kim")
    AbsenceFactory(
        resource=nurse,
        starts_at=datetime(2026, 5, 4, 4, tzinfo=UTC),
        ends_at=datetime(2026, 5, 5, 4, tzinfo=UTC),
        reason="Annual leave",
    )
    assert "Nurse Kim (Annual leave)" in desk.get("/?view=people").content.decode()


def test_without_resources_it_says_who_adds_them(desk, site, mona):
    assert "A manager adds them in Set-up" in desk.get("/").content.decode()
    assert f'href="/setup/resources/?site={site.code}"' in signed_in(mona).get("/").content.decode()


def test_a_day_without_visits_offers_its_gaps(desk, site):
    chair = ChairFactory(site=site, name="Chair 1")
    WaitlistEntryFactory(visit__course__patient__site=site)
    page = desk.get("/").content.decode()
    assert "Nothing booked on this day." in page
    assert "1 person waits</a> for another time" in page
    assert f"gap=gap-{chair.pk.hex[-6:]}-0815" in page  # it is eight and a little more


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
    assert answer.redirect_chain == [("/?on=2026-05-04", 302)]
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
    assert answer["Location"] == "/"


def test_a_visit_beside_the_board(desk, nurse, site, now):
    visit = BookedVisitFactory(
        course__patient__site=site,
        course__patient__given_name="Ana",
        course__patient__family_name="Ruiz",
        appointment__starts_at=now + timedelta(hours=2),
        appointment__summary="Infusion 4 of 6",
    )
    AllocationFactory(appointment=visit.appointment, resource=ChairFactory(site=site, name="Chair 1"))
    path = f"/?visit={visit.appointment_id}"
    page = desk.get(path).content.decode()
    assert 'id="beside"' in page
    assert "Infusion 4 of 6" in page
    assert f"/visits/{visit.pk}/move" in page
    assert f"/visits/{visit.pk}/late" in page
    assert "Chair 1 is not there…" in page
    seen_by_nurse = nurse.get(path).content.decode()
    assert 'id="beside"' in seen_by_nurse
    assert f"/visits/{visit.pk}/move" not in seen_by_nurse
    assert "is not there…" not in seen_by_nurse


def test_a_gap_beside_the_board(desk, site):
    chair = ChairFactory(site=site, name="Chair 1")
    page = desk.get(f"/?on=2026-05-05&gap=gap-{chair.pk.hex[-6:]}-0800").content.decode()
    assert "Chair 1, 8am to 6pm" in page
    assert '<option value="17:30">' in page
    assert '<option value="17:45">' not in page  # no visit is that short


def test_the_list_is_an_agenda_by_the_hour(desk, site, now):
    one, other, nurse = ChairFactory(site=site), ChairFactory(site=site), PersonFactory(site=site)
    AllocationFactory(appointment=booked(site, one, at=now + timedelta(minutes=30)), resource=nurse)
    booked(site, other, at=now + timedelta(minutes=45))
    booked(site, one, at=now + timedelta(hours=3))
    page = desk.get("/?view=list").content.decode()
    assert re.findall(r'<h2 id="hour-\d+">([^<]+)<', page) == ["8am", "11am"]
    assert page.count('<li class="card') == 3, "each once, though it takes a chair and a person"
    assert page.count('class="presses"') == 3
    assert desk.get(f"/?view=list&only={nurse.pk}").content.decode().count('<li class="card') == 1
    assert desk.get(f"/?view=list&only={other.pk}").content.decode().count('<li class="card') == 1
    empty = ChairFactory(site=site)
    assert "Nothing booked here" in desk.get(f"/?view=list&only={empty.pk}").content.decode()


@pytest.mark.parametrize("beside", ["visit=01890000-0000-7000-8000-000000000000", "gap=gap-aaaaaa-0800"])
def test_what_is_gone_meanwhile_is_said(desk, site, beside):
    ChairFactory(site=site)
    assert 'id="beside-title"' in desk.get(f"/?{beside}").content.decode()


@pytest.mark.parametrize("asked", ["visit=x", "visit=%00", "view=circle", "select", "gap=%00", "visit=" + "9" * 99])
def test_nonsense_in_the_address_gives_a_page(desk, site, asked):
    ChairFactory(site=site)
    assert desk.get(f"/?{asked}").status_code == 200


def test_visits_can_be_selected(desk, nurse, site, now):
    made = booked(site, ChairFactory(site=site), at=now + timedelta(hours=1))
    page = desk.get("/?select=1").content.decode()
    assert f'name="visit" value="{made.pk}"' in page
    assert 'id="replace-selected"' in page
    assert 'id="select-visits"' not in nurse.get("/").content.decode()


def test_what_others_did_since_is_told(desk, site, now, mona):
    from scheduler.actions import appointments

    made = booked(site, ChairFactory(site=site), at=now)
    since = {"X-Since": now.isoformat()}
    assert "Mona" not in desk.get("/", headers=since).content.decode()
    appointments.set_status(appointment=made, status="arrived", by=mona, now=now, version=None)
    assert "Mona set the status of 1 visit" in desk.get("/", headers=since).content.decode()
    assert "Mona" not in desk.get("/?on=2026-05-05", headers=since).content.decode()
    assert desk.get("/", headers={"X-Since": "lately"}).status_code == 200
