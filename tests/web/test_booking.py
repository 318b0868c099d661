"""Booking a course: wishes, plan, one press; and what hinders it."""

import re
from datetime import date, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client

from scheduler.models import Appointment, ChangeSet, Resource
from tests.factories.clinics import PatientFactory, SiteFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory
from tests.treatments.clinic import equip
from tests.web.conftest import signed_in
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
    assert "Nothing was booked." in page
    assert "Chair" in page
    assert "taken" in page
    assert "Find a plan again" in page
    assert ">Book 6 visits<" not in page
    assert not Course.objects.exists()
    again = desk.post(URL, found | {"do": "plan"})
    assert "Book 6 visits" in again.content.decode()


def test_a_place_taken_meanwhile_names_who_and_offers_the_nearest_that_works(desk, shown, found, site, clinic, flora):
    first = starts(shown)[0]
    made = ChangeSet.objects.create(verb="book", by=flora, site=site)
    for chair in ("Chair 1", "Chair 2", "Chair 3"):
        other = AppointmentFactory(
            site=site,
            patient=PatientFactory(site=site, given_name="Omar", family_name="Haddad"),
            change_set=made,
            starts_at=first,
            ends_at=first + timedelta(minutes=30),
        )
        AllocationFactory(appointment=other, resource=clinic[chair])
    page = desk.post(URL, found).content.decode()
    assert "does not work for Infusion 1" in page
    assert "Omar H., booked by Flora Desk" in page
    ways = re.findall(r'name="put" value="([^"]+)"', page)
    assert 1 <= len(ways) <= 3
    for way in ways:
        again = desk.post(URL, found | {"do": "", "put": way, "plan": read(page, "plan")}).content.decode()
        assert "Book 6 visits" in again
    kept = found | {"plan": read(again, "plan"), "key": read(again, "key")}
    assert desk.post(URL, kept).status_code == 302


# --- alternatives, locked and moved visits ---


def read(page, name):
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


def times(page, group):
    part = page.split(f"<h4>{group}</h4>")
    return re.findall(r'name="put" value="([^"]+)"', part[1].split("</ul>")[0]) if len(part) > 1 else []


def by_label(page):
    """The start of each visit of a plan, by its label."""
    rows = page.split('class="visits plan-visits"')[1].split('<li class="therapy')[1:]
    return {
        re.search(r"</abbr>\s+([^<]+)</p>", row)[1].strip(): datetime.fromisoformat(start[1])
        for row in rows
        if (start := re.search(r'<time datetime="([^"]+)"', row))
    }


def test_other_plans_come_with_their_price_and_can_be_booked(desk, shown, asked):
    assert ">Other plans</button>" in shown
    with_others = desk.post(URL, asked | {"others": "1"}).content.decode()
    assert starts(with_others) == starts(shown)
    kinds = re.findall(r'name="choice" value="([^"]+)"', with_others)
    assert kinds[0] == "best"
    assert 2 <= len(kinds) <= 4
    page = desk.post(URL, asked | {"choice": kinds[1]}).content.decode()
    assert re.findall(r'name="pin" value="([^"]+)"', page) != re.findall(r'name="pin" value="([^"]+)"', shown)
    assert f'value="{kinds[1]}" checked' in page
    form = asked | {"do": "book", "choice": kinds[1], "plan": read(page, "plan"), "key": read(page, "key")}
    assert desk.post(URL, form).status_code == 302
    booked = Course.objects.get().visits.order_by("appointment__starts_at")
    assert list(booked.values_list("appointment__starts_at", flat=True)) == starts(page)


def test_moving_one_visit_shows_what_else_moves(desk, shown, asked):
    plan = read(shown, "plan")
    page = desk.post(URL, asked | {"do": "", "move": "talks.1", "plan": plan}).content.decode()
    keeping = times(page, "Keeps everything else")
    assert keeping
    again = desk.post(URL, asked | {"do": "", "put": keeping[-1], "plan": plan}).content.decode()
    before, after = by_label(shown), by_label(again)
    assert [label for label in before if before[label] != after[label]] == ["Talk 1"]
    assert "1 visit moved" in again
    assert "<s>" in again
    assert 'value="talks.1~' in again
    assert re.search(r'name="pin" value="talks\.1~[^"]+" checked', again)
    day = after["Infusion 2"].date() + timedelta(days=1)
    page = desk.post(URL, asked | {"do": "", "day": f"infusions.2~{day}", "plan": plan}).content.decode()
    moving = times(page, "Moves other visits")
    assert moving
    again = desk.post(URL, asked | {"do": "", "put": moving[0], "plan": plan}).content.decode()
    changed = [label for label, start in by_label(again).items() if start != before.get(label)]
    assert "Infusion 2" in changed
    assert len(changed) > 1


def test_a_locked_visit_stays_while_the_rest_is_planned_anew(desk, shown, asked):
    pin = unescape(re.search(r'name="pin" value="(infusions\.2~[^"]+)"', shown)[1])
    page = desk.post(URL, asked | {"pin": pin, "time_of_day": "late", "plan": read(shown, "plan")}).content.decode()
    before, after = by_label(shown), by_label(page)
    assert after["Infusion 2"] == before["Infusion 2"]
    assert after["Infusion 1"] != before["Infusion 1"]


@pytest.mark.parametrize("pin", ["x", "infusions.1~soon~", "infusions.9~2026-05-05T14:00:00+00:00~", "a~b~c~d"])
def test_a_lock_nobody_made_is_refused(desk, shown, asked, pin):
    answer = desk.post(URL, asked | {"pin": pin, "plan": read(shown, "plan")})
    assert answer.status_code in (400, 409, 422)


@pytest.mark.parametrize(
    "put", ["talks.1~soon", "talks.9~2026-05-05T14:00:00+00:00", "~", "talks.1~2026-05-05T14:00:00"]
)
def test_a_place_nobody_offered_is_refused(desk, shown, asked, put):
    answer = desk.post(URL, asked | {"do": "", "put": put, "plan": read(shown, "plan")})
    assert answer.status_code in (400, 409, 422)


def test_a_place_against_the_rules_says_why_and_what_works_instead(desk, shown, asked):
    pin = unescape(re.search(r'name="pin" value="(infusions\.1~[^"]+)"', shown)[1])
    late = by_label(shown)["Talk 1"] + timedelta(days=4)
    sent = {"do": "", "pin": pin, "put": f"talks.1~{late.isoformat()}", "plan": read(shown, "plan")}
    answer = desk.post(URL, asked | sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "does not work for Talk 1" in page
    assert "Works instead" in page
    assert by_label(page) == by_label(shown)


def test_a_course_that_does_not_fit_offers_what_does_with_one_press(desk, asked):
    wishes = asked | {"weekdays": ["0"], "firm": "on"}
    page = desk.post(URL, wishes).content.decode()
    assert "Why not every visit fits" in page
    fixes = [unescape(fix) for fix in re.findall(r'name="instead" value="([^"]+)"', page)]
    assert 1 <= len(fixes) <= 3
    for fix in fixes:
        again = desk.post(URL, wishes | {"do": "", "instead": fix, "plan": read(page, "plan")}).content.decode()
        assert "Book 6 visits" in again, fix
        kept = re.search(r'name="do" value="book"', again)
        assert kept


def test_a_script_shows_that_it_does_not_fit_before_it_knows_what_would_help(desk, asked):
    """What helps takes long: the page with what can be booked does not wait for it."""

    def sent(**more):
        return desk.post(URL, wishes | more, headers={"HX-Request": "true"})

    wishes = asked | {"weekdays": ["0"], "firm": "on"}
    first = sent().content.decode()
    assert 'name="why" value="1"' in first
    assert "on the work list</button>" in first
    assert 'name="instead"' not in first
    second = sent(why="1")
    assert 'name="instead"' in second.content.decode()
    assert 'name="why"' not in second.content.decode()
    assert "HX-Retarget" not in second
    wishes = asked  # by now everything fits: the whole plan is news
    assert sent(why="1")["HX-Retarget"] == "#booking"


def test_another_site_is_offered_and_chosen_with_one_press(desk, asked, site):
    uptown = SiteFactory(code="uptown", name="Uptown")
    equip(uptown)
    Resource.objects.filter(site=site, kind="room").update(is_active=False)
    page = desk.post(URL, asked).content.decode()
    assert "Come to Uptown instead." in page
    [fix] = [unescape(fix) for fix in re.findall(r'name="instead" value="([^"]+)"', page) if "site" in fix]
    again = desk.post(URL, asked | {"do": "", "instead": fix, "plan": read(page, "plan")}).content.decode()
    assert "Book 6 visits" in again
    assert '<input type="hidden" name="site" value="uptown">' in again


@pytest.mark.parametrize(
    "instead",
    ["", "{}", "[]", '{"start_on": 1, "wishes": {}}', '{"start_on": "2026-05-05", "wishes": 3}', '{"site": []}'],
)
def test_nonsense_instead_is_as_good_as_nothing(desk, asked, instead):
    assert desk.post(URL, asked | {"instead": instead}).status_code == 200


def test_more_wishes_reach_the_plan_and_come_back(desk, asked, clinic):
    theo = str(clinic["Theo"].pk)
    more = {"earliest": "10:00", "latest": "15:30", "per_week": "3", "per_day": "1", "people": [theo], "firm": "on"}
    page = desk.post(URL, asked | more).content.decode()
    assert all(start.hour >= 10 for start in starts(page))
    assert "at most 3 a week" in page
    assert f'value="{theo}" checked' in page or f'value="{theo}" id' in page
    assert 'value="15:30"' in page
    assert "from 10am" in page


# --- the address, and pages that ask by themselves ---


def test_the_address_alone_leads_to_the_plan(desk, asked):
    page = desk.get(URL, asked | {"not_on": "8 May"}).content.decode()
    assert "Book 6 visits" in page
    assert 'value="8 May"' in page


def test_a_script_keeps_the_wishes_in_the_address_and_the_focus_where_it_is(desk, asked):
    sent = asked | {"not_on": "8 May", "quiet": "1"}
    answer = desk.post(URL, sent, headers={"HX-Request": "true"})
    assert "not_on=8+May" in answer["HX-Replace-Url"]
    assert "plan=" not in answer["HX-Replace-Url"]
    assert "autofocus" not in answer.content.decode()


def test_before_a_protocol_is_chosen_nothing_is_wrong(desk, patient, series, clinic):
    answer = desk.post(URL, {"patient": str(patient.pk), "not_on": "8 May", "quiet": "1"})
    assert answer.status_code == 200
    assert 'value="8 May"' in answer.content.decode()


def test_a_form_sent_after_the_session_ended_comes_back_with_everything(asked, flora):
    client = Client()
    answer = client.post(URL, asked | {"not_on": "8 May", "weekdays": ["0", "2"]})
    client.force_login(flora)
    back = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    page = client.get(back).content.decode()
    assert 'value="8 May"' in page
    assert "Mon and Wed" in page
    assert "visits" in page


# --- holding ---


def test_holding_shows_colleagues_who_is_booking_and_keeps_the_places(desk, found, patient, mona):
    page = desk.post(URL, found | {"do": "hold"}).content.decode()
    assert "Held for you until 8:10am" in page
    assert Appointment.objects.filter(status="held").count() == 6
    other = signed_in(mona)
    on = Appointment.objects.order_by("starts_at")[0].local_on
    assert "Being booked by Flora Desk" in other.get(f"/?on={on}").content.decode()
    theirs = other.post(URL, found | {"do": "book"})
    assert theirs.status_code in (409, 422)
    answer = desk.post(URL, found | {"held": read(page, "held"), "plan": read(page, "plan")})
    assert answer.status_code == 302
    assert not Appointment.objects.filter(status="held").exists()
    assert Appointment.objects.filter(status="booked").count() == 6


def test_what_is_held_is_no_obstacle_to_the_next_plan_and_can_be_given_back(desk, found, asked, patient):
    held = read(desk.post(URL, found | {"do": "hold"}).content.decode(), "held")
    page = desk.post(URL, asked | {"held": held}).content.decode()
    assert "Held for you" in page
    assert starts(page) == starts(desk.post(URL, found | {"do": "plan", "held": held}).content.decode())
    answer = desk.post("/courses/book/release", {"held": held, "patient": str(patient.pk)})
    assert answer["Location"] == f"/patients/{patient.pk}/"
    assert not Appointment.objects.filter(status="held").exists()


def test_a_hold_that_lapsed_is_booked_all_the_same(desk, found, now):
    held = read(desk.post(URL, found | {"do": "hold"}).content.decode(), "held")
    with time_machine.travel(now + timedelta(minutes=11)):
        assert desk.post(URL, found | {"held": held}).status_code == 302
    assert Appointment.objects.filter(status="booked").count() == 6


def test_nobody_ends_the_hold_of_somebody_else(desk, found, mona, patient):
    held = read(desk.post(URL, found | {"do": "hold"}).content.decode(), "held")
    signed_in(mona).post("/courses/book/release", {"held": held, "patient": str(patient.pk)})
    assert Appointment.objects.filter(status="held").count() == 6


def test_changed_wishes_need_a_new_plan(desk, found):
    answer = desk.post(URL, found | {"not_on": "5 May"})
    assert answer.status_code == 409
    assert "The wishes have changed" in answer.content.decode()
    assert not Course.objects.exists()


def test_a_plan_for_somebody_else_is_refused(desk, found, site):
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
    with time_machine.travel(now + timedelta(days=3)):
        assert desk.post(URL, found).status_code in (302, 400)
    assert not Course.objects.exists()


@pytest.mark.parametrize("key", ["", "\x00", "k" * 300])
def test_a_made_up_key_books_nothing_by_accident(desk, found, key):
    answer = desk.post(URL, found | {"key": key})
    assert answer.status_code in (302, 400)
    assert Course.objects.count() == (1 if answer.status_code == 302 else 0)
