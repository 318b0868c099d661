"""The waitlist: joining, what has become free, who fits, taking it and taking that back."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

from clinics.models import User
from scheduler.models import Allocation
from scheduler.models.change_set import Verb
from tests.factories.scheduler import AllocationFactory, ChairFactory
from tests.factories.treatments import BookedVisitFactory
from treatments.actions import courses, visits, waitlist
from treatments.models import Visit, WaitlistEntry, WaitlistStatus
from treatments.queries.freed import freed

pytestmark = pytest.mark.django_db


def fields(page: str, form: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to this address."""
    part = page.split(f'action="{form}"')[1].split("</form>", maxsplit=1)[0]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', part))


def cancel(visit: Visit, by: User, now: datetime) -> None:
    visits.cancel(visit=visit, by=by, now=now, version=visit.appointment.version, reason="")


@pytest.fixture
def entry(course, flora, now) -> WaitlistEntry:
    visit = course.visits.get(key="infusions.3")
    return waitlist.join(visit=visit, valid_until=date(2026, 6, 30), by=flora, now=now, notice_hours=2)


def test_a_visit_is_put_on_the_list_and_taken_off(desk, course):
    visit = course.visits.get(key="infusions.3")
    page = desk.get(f"/visits/{visit.pk}/wait").content.decode()
    assert "That time is kept until another is taken" in page
    sent = {
        "weekdays": ["0", "2"],
        "time_of_day": "morning",
        "notice_hours": "6",
        "valid_until": "2026-06-30",
        "urgent": "on",
        "sooner": "on",
        "note": "call her daughter",
    }
    answer = desk.post(f"/visits/{visit.pk}/wait", sent, follow=True)
    page = answer.content.decode()
    assert "waits for Infusion 3" in page
    assert "Mon and Wed · mornings, over by 1pm · with 6 h notice" in page
    assert f'href="/visits/{visit.pk}/next">First time that works…' in page
    assert "call her daughter" in page
    entry = WaitlistEntry.objects.get()
    assert (entry.urgent, entry.sooner, entry.wishes) == (True, True, {"weekdays": [0, 2], "not_after": "13:00"})
    page = desk.post(f"/waitlist/{entry.pk}/leave", follow=True).content.decode()
    assert "No one is waiting" in page
    assert desk.post(f"/visits/{visit.pk}/wait", sent).status_code == 302


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"notice_hours": "-1"}, "notice"),
        ({"notice_hours": "x"}, "Enter a number such as 24."),
        ({"valid_until": "2020-01-01"}, "between today and two years ahead"),
        ({"valid_until": "soon"}, "Enter a date such as"),
        ({"weekdays": ["9"]}, "Days that suit"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(desk, course, changed, said):
    visit = course.visits.get(key="infusions.3")
    answer = desk.post(f"/visits/{visit.pk}/wait", {"notice_hours": "24", "valid_until": "2026-06-30", **changed})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not WaitlistEntry.objects.exists()


def test_a_visit_waits_once(desk, entry):
    answer = desk.post(f"/visits/{entry.visit_id}/wait", {"notice_hours": "24", "valid_until": "2026-06-30"})
    assert answer.status_code == 409
    assert "on the waitlist already" in answer.content.decode()


def test_a_time_becomes_free_somebody_takes_it_and_it_is_taken_back(desk, site, entry, course, flora, now):
    """Infusion 2 goes; Infusion 3, which waits for an earlier time, is offered it."""
    second, third = (course.visits.get(key=f"infusions.{number}") for number in (2, 3))
    freed_at = second.appointment.starts_at
    cancel(course.visits.get(key="talks.3"), flora, now)  # it would have to follow Infusion 3
    cancel(second, flora, now)
    page = desk.get("/waitlist/").content.decode()
    assert "was Infusion 2" in page
    address = re.search(r'href="(/waitlist/fitting\?[^"]+)"', page)[1].replace("&amp;", "&")
    page = desk.get(address).content.decode()
    assert "1 person could come" in page
    assert re.search(r"[Cc]omes \d days? earlier", page)
    form = f"/waitlist/{entry.pk}/take"
    page = desk.post(form, fields(page, form), follow=True).content.decode()
    assert "and off the waitlist" in page
    third.refresh_from_db()
    assert third.appointment.starts_at >= freed_at
    entry.refresh_from_db()
    assert entry.status == WaitlistStatus.TAKEN
    page = desk.post(f"/changes/{entry.change_set_id}/undo", follow=True).content.decode()
    assert "Taken back" in page
    entry.refresh_from_db()
    assert (entry.status, entry.change_set.verb) == (WaitlistStatus.WAITING, Verb.UNDO)


def test_a_time_that_was_taken_meanwhile_is_refused_and_they_wait_on(desk, entry):
    sent = {"starts_at": "2026-05-06T03:00:00+00:00", "version": "1", "next": "/waitlist/fitting"}
    answer = desk.post(f"/waitlist/{entry.pk}/take", sent, follow=True)
    assert "was not given this time" in answer.content.decode()
    answer = desk.post(f"/waitlist/{entry.pk}/take", {"starts_at": "soon"}, follow=True)
    assert "Choose a time from the list." in answer.content.decode()
    entry.refresh_from_db()
    assert entry.status == WaitlistStatus.WAITING


def test_infusions_soon_are_asked_by_phone(desk, entry, course, now, flora):
    for visit in course.visits.exclude(key="infusions.3"):
        cancel(visit, flora, now)
    pages = [
        desk.get(f"/waitlist/fitting?on=2026-05-0{day}&starts=10:00&ends=12:00").content.decode() for day in (5, 8)
    ]
    assert ["1 person could come" in page for page in pages] == [True, True]
    assert ["Ask by phone first" in page for page in pages] == [True, False]


@pytest.mark.parametrize(
    "query", ["on=2026-05-06&starts=12:00&ends=09:00", "on=x&starts=1&ends=2", "on=2020-05-06&starts=09:00&ends=10:00"]
)
def test_a_period_that_makes_no_sense_is_said(desk, site, query):
    answer = desk.get(f"/waitlist/fitting?{query}")
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()


def test_what_was_taken_again_is_not_free(site, course, flora, now):
    visit = course.visits.get(key="infusions.2")
    place = Allocation.objects.get(appointment=visit.appointment, resource__kind="chair")
    assert freed(site, now=now, at_most=9) == []
    cancel(visit, flora, now)
    [found] = [each for each in freed(site, now=now, at_most=9) if each.resource == place.resource_id]
    assert (found.starts_at, found.ends_at, found.summary) == (place.starts_at, place.ends_at, "Infusion 2 of 3")
    assert freed(site, now=found.starts_at, at_most=9) == []
    assert freed(site, now=now + timedelta(days=0), at_most=0) == []
    Allocation.objects.filter(pk=place.pk).update(is_active=True)
    assert all(each.resource != place.resource_id for each in freed(site, now=now, at_most=9))


def test_a_visit_is_found_by_hand(desk, course, patient):
    page = desk.get(f"/waitlist/add?q={patient.family_name}").content.decode()
    assert page.count("Would come at another time…") == 6
    assert "No visit to come" in desk.get("/waitlist/add?q=zzzz").content.decode()


def test_a_course_that_is_over_does_not_wait(desk, course, entry, flora, now):
    courses.cancel(course=course, by=flora, now=now, reason="")
    assert "No one is waiting" in desk.get("/waitlist/").content.decode()
    assert Visit.objects.filter(waitlist_entries=entry).exists()


def test_what_is_given_up_with_a_course_is_shown_as_a_set_first(desk, course, flora, now, site):
    other = BookedVisitFactory(course__patient__site=site, appointment__starts_at=now + timedelta(hours=26))
    AllocationFactory(appointment=other.appointment, resource=ChairFactory(site=site, name="Lone chair"), role="chair")
    cancel(other, flora, now)
    page = desk.get("/waitlist/").content.decode()
    assert "given up together" not in page
    assert "Single times" not in page
    courses.cancel(course=course, by=flora, now=now, reason="")
    page = desk.get("/waitlist/").content.decode()
    together, single = page.split("6 times given up together")[1].split("Single times")
    assert together.count("Who fits?<") == 6
    assert single.count("Who fits?<") == 1
    assert "Lone chair" in single
