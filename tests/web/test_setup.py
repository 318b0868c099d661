"""Set-up: resources, hours and exceptions with their consequences, accounts, protocols, reminders."""

from datetime import date, time, timedelta

import pytest
from django.core import mail

from clinics.models import SiteDay, User
from core import clock
from scheduler.models import Absence, Resource, WorkingHours
from tests.factories.clinics import UserFactory
from tests.web.conftest import signed_in
from treatments.models import PlanningJob

pytestmark = pytest.mark.django_db
WEEK = {f"day_{number}": "8:00 to 18:00" for number in range(5)} | {
    "day_5": "",
    "day_6": "",
    "valid_from": "2026-05-04",
}
AWAY = {"first_on": "2026-05-05", "last_on": "", "starts": "", "ends": "", "reason": "Training", "is_extra": ""}


@pytest.fixture
def manager(mona):
    return signed_in(mona)


@pytest.fixture
def busy(course, clinic):
    """The first infusion of the course, with its chair, on the day after today."""
    first = course.visits.order_by("appointment__starts_at").first().appointment
    chair = first.allocations.filter(resource__kind="chair").first().resource
    return first, chair


def at(resource: Resource, what: str = "") -> str:
    return f"/setup/resources/{resource.pk}/{what}"


# --- resources ------------------------------------------------------------------------------------------------


def test_lists_what_a_site_has(manager, clinic):
    page = manager.get("/setup/resources/").content.decode()
    assert "Nurse Ada" in page
    assert "3 at the same time" in page
    assert "Mon to Fri 8:00 to 18:00" in page
    assert "The site&#x27;s hours" in page


def test_adds_a_chair_with_its_skills(manager, site, clinic):
    answer = manager.post(
        "/setup/resources/new",
        {
            "name": "Chair 9",
            "kind": "chair",
            "lanes": 1,
            "position": 9,
            "skills": ["monitored"],
            "user": "",
            "site": site.code,
        },
    )
    made = Resource.objects.get(name="Chair 9")
    assert answer["Location"] == at(made)
    assert [skill.code for skill in made.skills.all()] == ["monitored"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "Chair 1"}, "already exists"),
        ({"lanes": "0"}, "greater than or equal to 1"),
        ({"lanes": "x"}, "Enter a number, 1 or more."),
        ({"skills": ["flying"]}, "flying"),
        ({"name": "a\x00b"}, "cannot be stored"),
    ],
)
def test_says_what_is_wrong_with_a_new_one(manager, site, clinic, change, sentence):
    form = {"name": "Chair 9", "kind": "chair", "lanes": 1, "position": 9, "site": site.code}
    answer = manager.post("/setup/resources/new", form | change)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Resource.objects.filter(name="Chair 9").exists()


def test_changes_details_once_for_each_version(manager, clinic):
    ada = clinic["Nurse Ada"]
    form = {
        "name": "Nurse Ada L.",
        "lanes": 4,
        "position": 1,
        "skills": ["infusion_nurse"],
        "user": "",
        "version": ada.version,
    }
    assert manager.post(at(ada), form).status_code == 302
    ada.refresh_from_db()
    assert (ada.name, ada.lanes) == ("Nurse Ada L.", 4)
    stale = manager.post(at(ada), form | {"name": "Other"})
    assert stale.status_code == 422
    assert "Somebody else changed this" in stale.content.decode()


def test_saves_a_week_as_it_is_typed(manager, clinic):
    ada = clinic["Nurse Ada"]
    typed = {**WEEK, "day_0": "8 to 12, 1:30pm-6pm", "day_1": "closed", "valid_from": "2026-06-01"}
    assert manager.post(at(ada, "hours"), typed).status_code == 302
    later = WorkingHours.objects.filter(resource=ada, valid_from=date(2026, 6, 1))
    assert [(row.starts, row.ends) for row in later.filter(weekday=0).order_by("starts")] == [
        (time(8), time(12)),
        (time(13, 30), time(18)),
    ]
    assert not later.filter(weekday=1).exists()
    assert (
        "From 1 June 2026: Mon 8:00 to 12:00 and 13:30 to 18:00, Wed to Fri 8:00 to 18:00"
        in manager.get(at(ada)).content.decode()
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"day_2": "8 till late"}, "could not be read"),
        ({"day_2": "18:00 to 8:00"}, "The end is not after the start."),
        ({"day_2": "8 to 12, 11 to 13"}, "Hours on the same day overlap."),
        ({"day_2": "25 to 26"}, "could not be read"),
        ({"valid_from": "2026-05-03"}, "or later"),
        ({"valid_from": "x"}, "Enter a date"),
    ],
)
def test_says_which_day_is_wrong_and_keeps_the_rest(manager, clinic, change, sentence):
    before = WorkingHours.objects.count()
    answer = manager.post(at(clinic["Nurse Ada"], "hours"), WEEK | {"day_5": "9:00 to 9:30"} | change)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert 'value="9:00 to 9:30"' in page
    assert WorkingHours.objects.count() == before


def test_an_exception_that_hits_nothing_is_saved(manager, clinic):
    answer = manager.post(at(clinic["Nurse Ada"], "away"), {**AWAY, "first_on": "2026-08-03", "last_on": "2026-08-07"})
    assert answer.status_code == 302
    saved = Absence.objects.get(resource=clinic["Nurse Ada"], reason="Training")
    assert saved.ends_at - saved.starts_at == timedelta(days=5)
    manager.post(at(clinic["Nurse Ada"], "away"), AWAY | {"first_on": "2026-08-10", "starts": "09:00", "ends": "11:15"})
    page = manager.get(answer["Location"]).content.decode()
    assert "Monday 3 August to Friday 7 August<" in page
    assert "Monday 10 August, 9am to 11:15am<" in page


def test_the_visits_an_exception_closes_are_named_before_it_is_saved(manager, busy):
    first, chair = busy
    typed = {**AWAY, "first_on": first.local_on.isoformat()}
    answer = manager.post(at(chair, "away"), typed)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "This closes 1 booked visit" in page
    assert "Pat E." in page
    assert "Find other places for 1 visit" in page
    assert not chair.absences.exists()
    accepted = manager.post(at(chair, "away"), typed | {"accept": "yes"})
    assert accepted.status_code == 302
    assert chair.absences.count() == 1
    first.refresh_from_db()
    assert first.status == "booked"


def test_other_places_are_looked_for_instead(manager, busy):
    first, chair = busy
    answer = manager.post(at(chair, "away"), {**AWAY, "first_on": first.local_on.isoformat(), "accept": "re-place"})
    job = PlanningJob.objects.get()
    assert answer["Location"] == f"/re-place/{job.pk}/"
    assert job.params["resource"] == str(chair.pk)
    assert not chair.absences.exists()


@pytest.mark.parametrize(
    "change", [{"first_on": ""}, {"reason": ""}, {"starts": "12:00", "ends": "11:00"}, {"starts": "9 o'clock"}]
)
def test_an_exception_that_cannot_be_is_refused(manager, clinic, change):
    answer = manager.post(at(clinic["Nurse Ada"], "away"), AWAY | change)
    assert answer.status_code == 422
    assert 'id="errors"' in answer.content.decode()
    assert not Absence.objects.filter(resource=clinic["Nurse Ada"]).exists()


def test_switching_off_weighs_too(manager, busy):
    _, chair = busy
    assert "This closes" in manager.post(at(chair, "switch"), {"do": "off"}).content.decode()
    chair.refresh_from_db()
    assert chair.is_active
    manager.post(at(chair, "switch"), {"do": "off", "accept": "yes"})
    chair.refresh_from_db()
    assert not chair.is_active
    manager.post(at(chair, "switch"), {"do": "on"})
    chair.refresh_from_db()
    assert chair.is_active


def test_only_what_was_never_booked_is_removed(manager, busy, site):
    _, chair = busy
    assert "Switch it off instead" in manager.post(at(chair, "switch"), {"do": "remove"}).content.decode()
    spare = Resource.objects.create(site=site, kind="chair", name="Spare")
    manager.post(at(spare, "switch"), {"do": "remove"})
    assert not Resource.objects.filter(name="Spare").exists()


# --- opening hours --------------------------------------------------------------------------------------------


def test_shorter_hours_name_the_visits_they_close(manager, site, busy):
    short = {**WEEK, **{f"day_{n}": "16:00 to 18:00" for n in range(5)}, "site": site.code}
    answer = manager.post("/setup/hours/", short)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "booked visits" in page
    assert "Find other places" not in page  # a week cannot be planned around, only a day
    assert 'name="day_0" value="16:00 to 18:00"' in page


def test_a_closed_day_is_weighed_and_can_be_taken_back(manager, site, busy):
    first, _ = busy
    typed = {"on": first.local_on.isoformat(), "reason": "Stocktaking", "opens": "", "closes": "", "site": site.code}
    assert "This closes 1 booked visit" in manager.post("/setup/hours/day", typed).content.decode()
    assert not SiteDay.objects.exists()
    job = manager.post("/setup/hours/day", typed | {"accept": "re-place"})
    assert job["Location"].startswith("/re-place/")
    manager.post("/setup/hours/day", typed | {"accept": "yes"})
    assert SiteDay.objects.get().is_closed
    assert "Stocktaking" in manager.get("/setup/hours/").content.decode()
    manager.post("/setup/hours/clear", {"on": first.local_on.isoformat(), "site": site.code})
    assert not SiteDay.objects.exists()


def test_a_day_is_read_as_people_write_it(manager, site):
    manager.post("/setup/hours/day", {"on": "24 Dec", "reason": "Christmas Eve", "opens": "08:00", "closes": "12:00"})
    day = SiteDay.objects.get()
    assert (day.on, day.opens, day.closes) == (date(2026, 12, 24), time(8), time(12))
    assert "8am to midday" in manager.get("/setup/hours/").content.decode()


@pytest.mark.parametrize(
    "change",
    [{"on": "soon"}, {"on": "1 May 2026"}, {"reason": ""}, {"opens": "10:00", "closes": "9:00"}, {"opens": "10:00"}],
)
def test_a_day_that_cannot_be_is_refused(manager, site, change):
    answer = manager.post("/setup/hours/day", {"on": "24 Dec", "reason": "x", "opens": "", "closes": ""} | change)
    assert answer.status_code == 422
    assert not SiteDay.objects.exists()


def test_public_holidays_are_listed(manager, site):
    assert "Memorial Day" in manager.get("/setup/hours/").content.decode()


# --- staff ----------------------------------------------------------------------------------------------------


def test_somebody_added_gets_a_link_to_choose_a_password(manager, site):
    form = {"name": "Nia New", "email": "nia@example.org", "role": "nurse"}
    page = manager.post("/setup/staff/new", form, follow=True).content.decode()
    made = User.objects.get(email="nia@example.org")
    assert (made.name, made.role) == ("Nia New", "nurse")
    assert "gets an e-mail with a link" in page
    assert [each.to for each in mail.outbox] == [["nia@example.org"]]
    assert "/accounts/password/reset/key/" in mail.outbox[0].body


@pytest.mark.parametrize(
    "change", [{"email": "mona@example.org"}, {"email": "nobody"}, {"name": " "}, {"role": "service"}, {"role": ""}]
)
def test_an_account_that_cannot_be_is_refused(manager, site, change):
    before = User.objects.count()
    answer = manager.post("/setup/staff/new", {"name": "N", "email": "n@example.org", "role": "nurse"} | change)
    assert answer.status_code == 422
    assert User.objects.count() == before


def test_a_role_is_changed_but_not_ones_own(manager, mona, nora):
    manager.post(f"/setup/staff/{nora.pk}/", {"name": "Nora N.", "role": "clinician"})
    nora.refresh_from_db()
    assert (nora.name, nora.role) == ("Nora N.", "clinician")
    answer = manager.post(f"/setup/staff/{mona.pk}/", {"name": "Mona", "role": "nurse"})
    assert "You cannot change your own role" in answer.content.decode()
    mona.refresh_from_db()
    assert mona.role == "manager"


def test_switching_an_account_off_weighs_what_its_owner_is_booked_for(manager, course, clinic, site):
    taken = course.visits.order_by("appointment__starts_at").first().appointment
    person = taken.allocations.filter(resource__kind="person").first().resource
    owner = UserFactory(role="nurse")
    Resource.objects.filter(pk=person.pk).update(user=owner)
    assert "This closes" in manager.post(f"/setup/staff/{owner.pk}/switch", {"do": "off"}).content.decode()
    owner.refresh_from_db()
    assert owner.is_active
    manager.post(f"/setup/staff/{owner.pk}/switch", {"do": "off", "accept": "yes"})
    owner.refresh_from_db()
    assert not owner.is_active
    manager.post(f"/setup/staff/{owner.pk}/switch", {"do": "on"})
    owner.refresh_from_db()
    assert owner.is_active


def test_nobody_switches_off_their_own_account(manager, mona):
    assert "your own account" in manager.post(f"/setup/staff/{mona.pk}/switch", {"do": "off"}).content.decode()
    mona.refresh_from_db()
    assert mona.is_active


# --- protocols and reminders ----------------------------------------------------------------------------------


def test_a_protocol_says_its_rules_and_draws_a_course(desk, clinic, series):
    page = desk.get("/setup/protocols/test-series/").content.decode()
    assert "3 × Infusion" in page
    assert "Infusion: 2 to 5 days apart" in page or "days apart" in page
    assert 'class="rhythm"' in page
    assert page.count('class="therapy in') >= 3


def test_trying_a_protocol_counts_the_starts_that_fit(desk, clinic, series, monkeypatch):
    monkeypatch.setattr("treatments.fitting.STARTS", 4)
    monkeypatch.setattr("web.views.setup.protocols.SECONDS", 60)
    page = desk.get("/setup/protocols/test-series/try").content.decode()
    assert "Fits 4 of 4 starts." in page
    Resource.objects.filter(kind="person").update(is_active=False)
    page = desk.get("/setup/protocols/test-series/try").content.decode()
    assert "Fits 0 of 4 starts. Does not fit Mon 11 May to Thu 14 May." in page


def test_trying_goes_on_where_it_stopped(desk, clinic, series, monkeypatch):
    monkeypatch.setattr("treatments.fitting.STARTS", 3)
    monkeypatch.setattr("web.views.setup.protocols.SECONDS", -1)  # one start a request
    first = desk.get("/setup/protocols/test-series/try").content.decode()
    assert "1 of 3 starts tried, 1 fit." in first
    assert "done=y" in first
    last = desk.get("/setup/protocols/test-series/try?from=2026-05-11&done=yn<>zz").content.decode()
    assert "Fits 2 of 3 starts. Does not fit Tue 12 May." in last


@pytest.mark.parametrize(
    "query",
    ["from=x", "from=1999-01-01", "done=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"],
)
def test_trying_withstands_any_address(desk, clinic, series, query, monkeypatch):
    monkeypatch.setattr("treatments.fitting.STARTS", 2)
    assert desk.get(f"/setup/protocols/test-series/try?{query}").status_code == 200


def test_there_is_no_such_protocol(desk, site):
    assert desk.get("/setup/protocols/nothing/").status_code == 404


def test_the_ladder_of_a_visit_is_drawn_with_its_words(desk, site, settings):
    settings.TEXTS_OVER = "sms"
    page = desk.get("/setup/reminders/").content.decode()
    assert "Monday 25 May, 9:30am: the visit" in page
    assert "Monday 18 May, 10am: First reminder" in page
    assert "Friday 22 May, 10am: Asks to confirm" in page
    assert "Sunday 24 May, 4pm: Get ready" in page
    assert "1 a day and 3 in seven days" in page
    assert 'lang="es"' in page
    assert "1 text message" in page
    assert "[private link]" in page
    assert "/v/" not in page.replace("/v/xxx", "")
    short = desk.get("/setup/reminders/?lead=2").content.decode()
    assert "First reminder" not in short


def test_looking_at_reminders_writes_nothing(desk, site, patient):
    from notifications.models import Link, Message

    desk.get("/setup/reminders/")
    assert not Link.objects.exists()
    assert not Message.objects.exists()


def test_each_role_is_offered_what_it_may(desk, nurse, manager, site):
    assert "Staff and roles" not in desk.get("/setup/").content.decode()
    assert "Reminders" not in nurse.get("/setup/").content.decode()
    assert "Staff and roles" in manager.get("/setup/").content.decode()


def test_other_reminders_are_looked_at_tried_and_put_in_force(manager, desk, nurse, site, patient, mona):
    from notifications.models import Message, ReminderPolicy
    from tests.notifications.booking import book

    now = clock.now()
    book(patient, now + timedelta(days=20, hours=2), now=now)
    waiting = Message.objects.filter(appointment__isnull=False)
    assert set(waiting.values_list("step", flat=True)) == {"seven_days", "three_days", "one_day"}
    sent = {
        "version": "0",
        "seven_days_at": "",
        "your_week_at": "17:00",
        "three_days_at": "09:00",
        "one_day_at": "16:00",
        "day_of": "always",
        "forms_at": "10:00",
    }
    for other in (desk, nurse):
        assert other.post("/setup/reminders/change", sent | {"do": "publish"}).status_code == 403
    assert "Put it in force" not in desk.get("/setup/reminders/").content.decode()
    assert "Put it in force" in manager.get("/setup/reminders/").content.decode()

    shown = manager.post("/setup/reminders/change", sent | {"do": "look"}).content.decode()
    # the one of the day before is of use until the one on the day is due
    says = "1 message comes, 2 messages get another time, 1 message is taken away."
    assert says in shown
    assert "Friday 22 May, 9am: Asks to confirm" in shown
    assert "First reminder" not in shown
    manager.post("/setup/reminders/change", sent | {"do": "test"})
    assert mail.outbox[-1].to == [mona.email]
    assert "7 days before" not in mail.outbox[-1].body
    assert "On the day" in mail.outbox[-1].body
    assert not ReminderPolicy.objects.exists()

    for wrong in ({"one_day_at": "22:00"}, {"one_day_at": "soon"}, {"day_of": "sometimes"}):
        refused = manager.post("/setup/reminders/change", sent | wrong | {"do": "publish"})
        assert refused.status_code == 422
        assert "There is a problem" in refused.content.decode()
    done = manager.post("/setup/reminders/change", sent | {"do": "publish"}, follow=True).content.decode()
    assert f"In force. {says}" in done
    assert set(waiting.values_list("step", flat=True)) == {"three_days", "one_day", "day_of"}
    stale = manager.post("/setup/reminders/change", sent | {"do": "publish"}, follow=True).content.decode()
    assert "Somebody else changed the reminders meanwhile." in stale
    # back again: what was taken away is written anew
    manager.post("/setup/reminders/change", sent | {"do": "publish", "version": "1", "seven_days_at": "10:00"})
    assert "seven_days" in set(waiting.values_list("step", flat=True))
    assert ReminderPolicy.objects.count() == 2
