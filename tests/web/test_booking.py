"""Booking a course: wishes, plan, one press; and what hinders it."""

import re
from datetime import date, datetime, timedelta

import pytest

from scheduler.models import Appointment
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from treatments.models import Course, Visit, VisitStatus
from web import words

pytestmark = pytest.mark.django_db
URL = "/courses/book"


@pytest.fixture
def shown(desk, asked):
    """The page with a plan on it."""
    return desk.post(URL, asked).content.decode()


@pytest.fixture
def found(shown, asked, hidden):
    """What the form with the plan sends with the press that books it."""
    return asked | {"do": "book", "plan": hidden(shown, "plan"), "key": hidden(shown, "key")}


def starts(page):
    """The starts on a page, in order."""
    return [datetime.fromisoformat(start) for start in re.findall(r'<time datetime="([^"]+)"', page)]


def test_without_a_patient_one_is_chosen_first(desk, site):
    assert desk.get(URL)["Location"] == "/patients/?then=book"


def test_offers_the_protocols_in_words(desk, asked, patient):
    page = desk.get(f"{URL}?patient={patient.pk}").content.decode()
    assert "Test series" in page
    assert "a talk visit one or two days after each" in page
    assert "Find a plan" in page


def test_shows_a_plan_with_times_places_and_reasons(shown):
    page = shown
    assert "Test series: 6 visits" in page
    assert words.day(starts(page)[0].date()) in page
    assert "Begins the course" in page
    assert "Chair 1" in page
    assert "Book 6 visits" in page
    assert Course.objects.count() == 0


def test_the_rhythm_shows_the_same_visits_as_the_list(desk, asked):
    page = desk.post(URL, asked).content.decode()
    assert len(re.findall(r'class="mark therapy', page)) == len(re.findall(r'<li class="therapy', page)) == 6


def test_books_exactly_what_was_shown(desk, shown, found):
    answer = desk.post(URL, found)
    course = Course.objects.get()
    assert answer["Location"] == f"/courses/{course.pk}/?booked"
    page = desk.get(answer["Location"]).content.decode()
    assert "6 visits booked for Pat Example." in page
    assert "What happens next" in page
    assert f"First visit: Infusion 1, {words.day(starts(shown)[0].date())}" in page
    booked = course.visits.select_related("appointment").order_by("appointment__starts_at")
    assert [visit.appointment.starts_at for visit in booked] == starts(shown)
    assert course.visits.filter(status=VisitStatus.BOOKED).count() == 6


def test_pressed_twice_it_is_booked_once(desk, found):
    first, second = desk.post(URL, found), desk.post(URL, found)
    assert first["Location"] == second["Location"]
    assert Course.objects.count() == 1
    assert Appointment.objects.count() == 6


def test_wishes_reach_the_plan(desk, asked):
    wishes = {
        "weekdays": ["0", "1", "2", "3", "4"],
        "time_of_day": "afternoon",
        "not_on": "5 May, 6 to 7 May",
        "firm": "on",
    }
    page = desk.post(URL, asked | wishes).content.decode()
    assert "not on 5 to 7 May" in page
    assert len(starts(page)) == 6
    assert all(start.hour >= 12 for start in starts(page))
    assert min(starts(page)).date() > date(2026, 5, 7)


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"protocol": ""}, "protocol", "Choose a protocol."),
        ({"protocol": "moon"}, "protocol", ""),
        ({"start_on": ""}, "start_on", "Enter a date."),
        ({"start_on": "2020-01-01"}, "start_on", "cannot start before today"),
        ({"start_on": "2199-01-01"}, "start_on", "two years"),
        ({"not_on": "31 Nov"}, "not_on", "“31 Nov” could not be read"),
        ({"weekdays": ["9"]}, "weekdays", ""),
        ({"time_of_day": "night"}, "time_of_day", ""),
        ({"not_on": "a\x00b"}, "not_on", ""),
    ],
)
def test_says_what_is_wrong_and_loses_nothing(desk, asked, change, field, sentence):
    answer = desk.post(URL, asked | {"not_on": "8 May"} | change)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in page
    assert sentence in page
    assert "8 May" in page or "not_on" in change


def test_what_finds_no_place_is_said_and_put_on_the_work_list(desk, asked, clinic, hidden):
    for name in ("Theo", "Tessa"):
        clinic[name].is_active = False
        clinic[name].save()
    page = desk.post(URL, asked).content.decode()
    assert "3 of 6 visits placed" in page
    assert "Book 3 and put 3 on the work list" in page
    form = asked | {"do": "book", "plan": hidden(page, "plan"), "key": hidden(page, "key")}
    answer = desk.post(URL, form, follow=True)
    assert "3 visits put on the work list" in answer.content.decode()
    assert Visit.objects.filter(status=VisitStatus.TO_PLACE).count() == 3
    assert "Talk 1" in desk.get("/work-list/").content.decode()


def test_a_place_taken_meanwhile_keeps_form_and_plan(desk, shown, found, site, clinic):
    first = starts(shown)[0].replace(hour=8, minute=0)
    for chair in ("Chair 1", "Chair 2", "Chair 3"):
        other = AppointmentFactory(site=site, starts_at=first, ends_at=first + timedelta(hours=10))
        AllocationFactory(appointment=other, resource=clinic[chair])
    answer = desk.post(URL, found)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Nothing was booked" in page
    assert "Chair" in page
    assert "taken" in page
    assert "Find a plan again" in page
    assert ">Book 6 visits<" not in page
    assert not Course.objects.exists()
    again = desk.post(URL, found | {"do": "plan"})
    assert "Book 6 visits" in again.content.decode()


def test_changed_wishes_need_a_new_plan(desk, found):
    answer = desk.post(URL, found | {"not_on": "5 May"})
    assert answer.status_code == 409
    assert "The wishes have changed" in answer.content.decode()
    assert not Course.objects.exists()


def test_a_plan_for_somebody_else_is_refused(desk, found, site):
    from tests.factories.clinics import PatientFactory

    answer = desk.post(URL, found | {"patient": str(PatientFactory(site=site).pk)})
    assert answer.status_code == 409
    assert not Course.objects.exists()


@pytest.mark.parametrize("plan", ["", "x", "a:b:c", "\x00"])
def test_an_altered_plan_is_refused(desk, found, plan):
    answer = desk.post(URL, found | {"plan": plan})
    assert answer.status_code == 400
    assert "too old to be booked" in answer.content.decode()
    assert not Course.objects.exists()


def test_an_old_plan_is_refused(desk, found, now):
    import time_machine

    with time_machine.travel(now + timedelta(days=3)):
        assert desk.post(URL, found).status_code in (302, 400)
    assert not Course.objects.exists()


@pytest.mark.parametrize("key", ["", "\x00", "k" * 300])
def test_a_made_up_key_books_nothing_by_accident(desk, found, key):
    answer = desk.post(URL, found | {"key": key})
    assert answer.status_code in (302, 400)
    assert Course.objects.count() == (1 if answer.status_code == 302 else 0)
