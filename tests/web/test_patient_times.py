"""Another time, chosen by the patient: what is offered can be had, what else moves is said before, what is gone changes nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache

from clinics import red_words
from clinics.permissions import OWN, Permission, require_own
from core import clock
from core.errors import NotAllowed
from notifications.actions import another_times
from notifications.models import Answer, DeskTask
from scheduler.models import Appointment, ChangeSet
from scheduler.models.change_set import Verb
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AbsenceFactory
from tests.web.patient_phone import Phone, born, known, link_of, text_of
from treatments.actions import changes
from treatments.models import Visit, WaitlistEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def uncounted():
    cache.clear()


@pytest.fixture
def link(course, patient):
    return link_of(patient)


@pytest.fixture
def visit(course):
    return Visit.objects.select_related("appointment").get(course=course, key="infusions.2")


@pytest.fixture
def page(link, visit):
    return f"/v/{link.token}/times/{visit.appointment_id}"


def offered(response) -> list[str]:
    return re.findall(r'href="\?at=([^"]+)"', response.content.decode())


def hidden(response, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())[1]


def form_of(response, **more) -> dict[str, str]:
    return {name: hidden(response, name) for name in ("at", "digest", "epoch")} | {"do": "take", **more}


def places() -> list:
    return list(Appointment.objects.order_by("pk").values_list("pk", "starts_at", "confirmed_at", "status"))


def test_a_time_is_chosen_in_four_taps_and_counts_as_confirmed(link, visit, page, patient, flora):
    before, client = places(), Phone()
    listed = client.get(page)
    said = text_of(listed)
    assert 0 < len(offered(listed)) <= 3
    assert "It stays booked until you choose." in said
    assert red_words.found(said) == []
    looked = client.get(f"{page}?at={offered(listed)[0]}")
    assert "In place of " in text_of(looked)
    assert "Your birth date" in text_of(looked)
    assert red_words.found(text_of(looked)) == []
    assert places() == before, "looking changes nothing"
    form = form_of(looked)
    assert client.post(page, form).status_code == 422, "not without the birth date"
    assert "not the birth date" in text_of(client.post(page, form | born(patient) | {"year": "1901"}))
    assert places() == before
    taken = client.post(page, form | born(patient))
    assert (taken.status_code, taken["Location"]) == (303, f"/v/{link.token}?done=taken")
    row = Appointment.objects.get(pk=visit.appointment_id)
    assert row.starts_at.strftime("%Y%m%dT%H%MZ") == form["at"]
    assert row.confirmed_at is not None
    assert sum(1 for old, new in zip(before, places(), strict=True) if old != new) == 1, "the others stay"
    assert "has its new time" in text_of(client.get(taken["Location"]))
    made = ChangeSet.objects.get(verb=Verb.MOVE)
    changes.undo(change_set=made, by=flora, now=clock.now())
    assert places() == before, "the desk can take it back as a whole"


def test_what_else_moves_is_said_before_and_done(link, course, page, patient, settings):
    client = known(link)
    listed = client.get(page)
    while "Moves" not in text_of(listed) and (more := re.search(r'href="\?skip=(\d+)"', listed.content.decode())):
        listed = client.get(f"{page}?skip={more[1]}")
    assert "Moves" in text_of(listed), "in this course some times move the talk visit after it"
    at, count = re.search(r'at=([^"]+)"><span>[^<]*<small>Moves (\d) other', listed.content.decode()).groups()
    looked = client.get(f"{page}?at={at}")
    assert text_of(looked).count(" moves to ") == int(count)
    assert "birth date" not in text_of(looked), "asked once in a browser"
    before = places()
    assert client.post(page, form_of(looked)).status_code == 303
    changed = [new for old, new in zip(before, places(), strict=True) if old[1] != new[1]]
    assert len(changed) == int(count) + 1
    assert sum(1 for row in changed if row[2]) == 1, "only the chosen one counts as confirmed"


def test_everything_offered_can_be_had(link, visit, service):
    visit = another_times.visit_of(link, visit.appointment)
    found, more = another_times.options(link=link, visit=visit, by=service, now=clock.now())
    second, _ = another_times.options(link=link, visit=visit, skip=more, by=service, now=clock.now())
    assert more
    assert len({each.starts_at for each in (*found, *second)}) == len(found) + len(second)
    for option in (*found, *second):
        looked = another_times.look(link=link, visit=visit, starts_at=option.starts_at, by=service, now=clock.now())
        assert len(looked.also) == option.also_moves
        assert not [step for step in looked.ripple.steps if step.fate in another_times.LOSES]
    week = [clock.local(each.starts_at, "America/New_York").isocalendar().week for each in found]
    assert week[0] == clock.local(visit.appointment.starts_at, "America/New_York").isocalendar().week, "same week first"


def test_a_time_that_has_gone_meanwhile_leaves_the_place_and_offers_the_nearest(link, clinic, visit, page):
    client = known(link)
    form = form_of(client.get(f"{page}?at={offered(client.get(page))[0]}"))
    at = datetime.strptime(form["at"], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    for name in ("Chair 1", "Chair 2", "Chair 3"):
        AbsenceFactory(resource=clinic[name], starts_at=at, ends_at=at + timedelta(minutes=30))
    before = places()
    answer = client.post(page, form)
    assert answer.status_code == 409
    assert "That time has just been taken. Your visit stays as it is." in text_of(answer)
    assert offered(answer)
    assert form["at"] not in offered(answer)
    assert places() == before
    assert client.get(f"{page}?at={form['at']}").status_code == 409


def test_what_does_something_else_by_now_is_shown_again(link, page, flora, course):
    client = known(link)
    form = form_of(client.get(f"{page}?at={offered(client.get(page))[0]}"))
    answer = client.post(page, form | {"digest": "0" * 64})
    assert answer.status_code == 409
    assert "changed meanwhile" in text_of(answer)
    assert client.post(page, form_of(answer)).status_code == 303


def test_the_clinic_may_want_to_be_asked(link, visit, page, settings):
    settings.PATIENTS_MOVE = "request"
    before, client = places(), Phone()
    looked = client.get(f"{page}?at={offered(client.get(page))[0]}")
    assert "birth date" not in text_of(looked), "nothing moves yet"
    assert client.post(page, form_of(looked)).status_code == 303
    assert places() == before
    task = DeskTask.objects.get()
    assert task.appointment_id == visit.appointment_id
    assert task.answer.text.startswith("Would like ")
    assert "We look at the time you chose" in text_of(client.get(f"/v/{link.token}"))


def test_where_there_is_no_other_time_it_says_so_and_offers_the_list_or_a_call(link, clinic, visit, page):
    for resource in clinic.values():
        AbsenceFactory(resource=resource, starts_at=clock.now(), ends_at=clock.now() + timedelta(days=60))
    client = Phone()
    said = text_of(client.get(page))
    assert "We found no other time for this visit." in said
    assert client.post(page, {"do": "wait"})["Location"] == f"/v/{link.token}?done=listed"
    assert WaitlistEntry.objects.get().visit == visit
    client.post(page, {"do": "wait"})
    assert WaitlistEntry.objects.count() == 1
    assert client.post(page, {"do": "call", "epoch": "1"}).status_code == 303
    assert DeskTask.objects.get().appointment_id == visit.appointment_id


def test_a_visit_that_is_near_is_talked_about(link, course):
    near = Visit.objects.select_related("appointment").get(course=course, key="infusions.1").appointment
    with time_machine.travel(near.starts_at - timedelta(hours=23)):
        shown = Phone().get(f"/v/{link.token}/times/{near.pk}")
    assert offered(shown) == []
    assert "This visit is soon." in text_of(shown)
    assert "Put me on the list" not in text_of(shown)


@pytest.mark.parametrize(
    "query", ["at=x", "at=20260230T1200Z", "at=99990101T0000Z", "at=20200101T0900Z", "skip=-1", "skip=²", "skip=99"]
)
def test_nonsense_in_the_address_shows_the_page(page, query):
    shown = Phone().get(f"{page}?{query}")
    assert shown.status_code in {200, 409}
    assert "Another time" in text_of(shown)


def test_nonsense_in_the_form_and_other_peoples_visits_change_nothing(link, page, site, visit):
    before = places()
    for form in (
        {},
        {"do": "x"},
        {"do": "take"},
        {"do": "take", "at": "x"},
        {"do": "call"},
        {"do": "call", "epoch": "7"},
    ):
        assert Phone().post(page, form).status_code in {303, 409, 422}
    other = link_of(PatientFactory(site=site))
    foreign = f"/v/{other.token}/times/{visit.appointment_id}"
    assert Phone().get(foreign)["Location"] == f"/v/{other.pk}?moved"
    assert Phone().post(foreign, {"do": "wait"}).status_code == 303
    assert (places(), Answer.objects.count(), WaitlistEntry.objects.count()) == (before, 0, 0)


def test_whoever_acts_for_a_patient_may_change_only_what_is_theirs(service, flora, patient, site):
    other = PatientFactory(site=site)
    for permission in Permission:
        if permission in OWN:
            require_own(service, permission, patient=patient.pk, of=patient.pk)
        else:
            with pytest.raises(NotAllowed):
                require_own(service, permission, patient=patient.pk, of=patient.pk)
    for user, whose in ((service, other.pk), (service, None), (flora, patient.pk)):
        with pytest.raises(NotAllowed):
            require_own(user, Permission.MOVE_VISITS, patient=whose, of=patient.pk)
