"""A free time is offered by message: to whom, what they read, the first yes, and what the desk sees of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache

from clinics import red_words
from clinics.models import Patient
from core import clock
from core.errors import NotAllowed
from notifications.actions import answers, copies, merges, offers, sweeps
from notifications.engine.answers import Meaning
from notifications.engine.states import Reason, State, Step
from notifications.models import Link, Message, Offer, OfferState
from notifications.models.link import Purpose
from notifications.queries import explanations
from scheduler.models import Appointment, Status
from scheduler.models.change_set import Verb
from tests.treatments.documents import infusions_alone
from tests.web.conftest import signed_in
from tests.web.offering import FREE, at, deliver, link_for, offer, ticks, waits
from tests.web.patient_phone import Phone, born, text_of
from tests.writes import written
from treatments.actions import changes, protocols, visits, waitlist
from treatments.many import waiting
from treatments.models import Visit, WaitlistStatus
from web import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def uncounted():
    cache.clear()


@pytest.fixture
def infusions(mona, clinic, now):
    return protocols.publish(document=infusions_alone(), by=mona, now=now)


@pytest.fixture
def entry(site, infusions, patient, flora, now):
    """Pat waits."""
    return waits(site, infusions, flora, now, patient=patient)


@pytest.fixture
def others(site, infusions, flora, now):
    """Two more."""
    return [waits(site, infusions, flora, now, hour=hour) for hour in (9, 10)]


def states(*entries) -> list[str]:
    return [Offer.objects.get(entry=each).state for each in entries]


def starts_of(entry) -> object:
    return Visit.objects.get(pk=entry.visit_id).appointment.starts_at


def held_until() -> str:
    """Until when the newest time is held, as pages say it: a quarter of an hour from when it was offered."""
    newest = Offer.objects.latest("pk")
    assert newest.until - newest.offered_at == timedelta(minutes=15)
    return words.clock(clock.local(newest.until, "America/New_York").time())


def take(link: Link, **changes):
    return Phone().post(f"/v/{link.token}/offer", {"do": "take", **born(link.patient), **changes})


def test_somebody_is_asked_says_yes_and_has_it(desk, site, entry, patient, service, flora):
    assert ticks(desk.get(FREE).content.decode()) == [str(entry.pk)]
    page = offer(desk, entry)
    until = held_until()
    assert f"is offered to Pat E., and held until {until}." in page
    assert f"E-mail on its way, waits for an answer until {until}" in page
    assert page.count("Offer it no more") == 1
    hold = Appointment.objects.get(status=Status.HELD)
    assert (hold.starts_at, hold.patient) == (at(14, 9), None)
    assert hold.allocations.count() >= 2
    message = Message.objects.get(step=Step.OFFER)
    assert deliver(service) == {str(message.pk)}
    assert f"E-mail sent, waits for an answer until {until}" in desk.get("/waitlist/").content.decode()
    later = desk.get(FREE.replace("09:00", "10:00").replace("ends=10:00", "ends=12:00")).content.decode()
    assert "has a time offered already" in later

    link = Link.objects.get(purpose=Purpose.OFFER)
    before = written()
    phone = Phone()
    said = text_of(phone.get(f"/v/{link.token}"))
    assert phone.head(f"/v/{link.token}/offer").status_code == 302
    assert written() == before
    assert "Thursday 14 May, 9:00am 1 River Street It takes 1 hour." in said
    assert f"We hold it until {until}." in said
    assert "in place of Wednesday 20 May, 8:00am. Until you say yes, that time is kept for you." in said
    assert "other people" not in said
    assert red_words.found(said) == []
    assert not {"Pat", "Example"} & set(said.split())
    assert Phone().post(f"/v/{link.token}/contact", {"language": "es"}).status_code == 404, "it opens nothing else"
    assert "We hold it" in text_of(Phone().get(f"/v/{link.token}/contact")), "and leads nowhere else"

    refused = take(link, year="1901")
    assert refused.status_code == 422
    assert starts_of(entry) == at(20, 8)
    for _ in range(2):  # pressed twice is once
        assert take(link).status_code == 303
    thanks = text_of(Phone().get(f"/v/{link.token}"))
    assert "This is your time now." in thanks
    assert "Your visit: Thursday 14 May, 9:00am." in thanks
    entry.refresh_from_db()
    made = Offer.objects.get()
    assert (made.state, entry.status, made.change_set) == ("accepted", WaitlistStatus.TAKEN, entry.change_set)
    assert made.change_set.verb == Verb.MOVE
    visit = Visit.objects.select_related("appointment").get(pk=entry.visit_id)
    assert visit.appointment.starts_at == at(14, 9)
    assert visit.appointment.confirmed_at is not None, "who takes a time says that they come"
    assert Message.objects.filter(change_set=made.change_set, patient=patient, state=State.SCHEDULED).exists()
    assert "Took it" in desk.get("/waitlist/").content.decode()
    told = "\n".join(explanations.explain(visit.appointment, now=clock.now()))
    assert "Free time offered, e-mail: sent" in told
    changes.undo(change_set=made.change_set, by=flora, now=clock.now())
    assert starts_of(entry) == at(20, 8)


def test_three_are_asked_and_the_first_yes_has_it(desk, site, entry, others, service):
    second, third = others
    page = offer(desk, entry, *others)
    assert page.count(f"waits for an answer until {held_until()}") == 6, (
        "each once in the list of offers and once in their row"
    )
    assert Appointment.objects.filter(status=Status.HELD).count() == 1
    first_link, second_link, third_link = (link_for(each) for each in (entry, second, third))
    assert "We have asked other people too." in text_of(Phone().get(f"/v/{first_link.token}"))

    keeps = Phone().post(f"/v/{first_link.token}/offer", {"do": "keep"})
    assert keeps.status_code == 303
    said = text_of(Phone().get(f"/v/{first_link.token}"))
    assert "Thank you for telling us. Nothing changes. Your visit stays as it is: Wednesday 20 May, 8:00am." in said
    assert take(second_link).status_code == 303
    late = take(third_link)
    assert late.status_code == 409
    assert "Somebody else has just taken this time." in text_of(late)
    assert "Your visit stays as it is: Wednesday 20 May, 10:00am." in text_of(late)
    assert "You stay on our list." in text_of(late)
    assert states(entry, second, third) == ["declined", "accepted", "lost"]
    assert [starts_of(each) for each in (entry, second, third)] == [at(20, 8), at(14, 9), at(20, 10)]
    assert deliver(service) == set(), "nobody is told of a time that is gone"
    gone = Message.objects.filter(step=Step.OFFER).values_list("state", "reason").distinct()
    assert list(gone) == [(State.WITHDRAWN, Reason.OFFER_OVER)]
    page = desk.get("/waitlist/").content.decode()
    assert [page.count(said) for said in ("Took it", "Said no, keeps", "Somebody else took it")] == [1, 2, 2]


def test_when_everybody_said_no_it_is_free_again(desk, site, entry, others):
    offer(desk, entry, others[0])
    for each in (entry, others[0]):
        assert Appointment.objects.filter(status=Status.HELD).exists()
        Phone().post(f"/v/{link_for(each).token}/offer", {"do": "keep"})
    assert not Appointment.objects.filter(status=Status.HELD).exists()
    assert take(link_for(entry)).status_code == 409


def test_an_offer_ends_by_the_clock_and_is_never_sent_late(desk, site, entry, service):
    offer(desk, entry)
    link, message = link_for(entry), Message.objects.get(step=Step.OFFER)
    with time_machine.travel(Offer.objects.get().until - timedelta(minutes=4)):
        assert deliver(service) == set()
        sweeps.expire(now=clock.now())
        message.refresh_from_db()
        assert (message.state, message.reason) == (State.EXPIRED, Reason.TOO_LATE)
        page = desk.get("/waitlist/").content.decode()
        assert "E-mail was not sent: its time was over" in page
        assert 'call <a href="tel:' in page
        with pytest.raises(copies.NotToBeSentAgain, match="Waitlist"):
            copies.send_again(message=message, by=service, now=clock.now())
    with time_machine.travel(Offer.objects.get().until + timedelta(seconds=1)):
        ended = take(link)
        assert (ended.status_code, starts_of(entry)) == (409, at(20, 8))
        assert "This time is not free any more." in text_of(ended)
        assert waiting.matches(site=site, starts_at=at(14, 9), ends_at=at(14, 10), now=clock.now()) != []
        assert ticks(desk.get(FREE).content.decode()) == [str(entry.pk)], "and can be offered anew"


def test_a_sent_offer_without_an_answer_says_call(desk, site, entry, service):
    offer(desk, entry)
    deliver(service)
    with time_machine.travel(Offer.objects.get().until + timedelta(seconds=1)):
        page = desk.get("/waitlist/").content.decode()
    assert "No answer in time" in page
    assert 'call <a href="tel:' in page
    assert "Offer it no more" not in page


def test_an_offer_is_void_once_the_visit_has_another_time(desk, site, entry, flora, now):
    offer(desk, entry)
    link = link_for(entry)
    visit = Visit.objects.select_related("appointment").get(pk=entry.visit_id)
    visits.move(visit=visit, starts_at=at(15, 9), by=flora, now=now, version=visit.appointment.version)
    answer = take(link)
    assert answer.status_code == 409
    assert "Your visit stays as it is: Friday 15 May, 9:00am." in text_of(answer)
    waitlist.leave(entry=entry, by=flora, now=now)
    assert "You stay on our list" not in text_of(Phone().get(f"/v/{link.token}"))
    assert starts_of(entry) == at(15, 9)


def test_the_desk_offers_it_no_more(desk, nurse, site, entry, service):
    offer(desk, entry)
    hold = Appointment.objects.get(status=Status.HELD)
    link = link_for(entry)
    assert nurse.post(f"/waitlist/offers/{hold.pk}/withdraw").status_code == 403
    assert "Offer it no more" not in nurse.get("/waitlist/").content.decode()
    for said in ("offered no more, and free again", "over already"):
        page = desk.post(f"/waitlist/offers/{hold.pk}/withdraw", follow=True).content.decode()
        assert said in page
    assert states(entry) == [OfferState.WITHDRAWN]
    assert not Appointment.objects.filter(status=Status.HELD).exists()
    assert deliver(service) == set()
    assert take(link).status_code == 409


@pytest.mark.parametrize(
    ("changes", "hour", "day", "why"),
    [
        ({"may_email": False, "may_text": False}, 8, 14, "agreed to no text or e-mail"),
        ({}, 22, 14, "it is night there"),
        ({}, 8, 5, "have to be settled"),
    ],
    ids=["no consent", "night", "an infusion within two days"],
)
def test_who_has_to_be_called_is_not_written_to(site, entry, patient, flora, now, changes, hour, day, why):
    if day == 5:  # nothing of the course is left to come before it
        for key in ("infusions.1", "infusions.2"):
            visit = Visit.objects.select_related("appointment").get(course_id=entry.visit.course_id, key=key)
            visits.cancel(visit=visit, by=flora, now=now, version=visit.appointment.version, reason="")
    Patient.objects.filter(pk=patient.pk).update(**changes)
    period = {"on": f"2026-05-{day:02}", "starts": "09:00", "ends": "17:00"}
    with time_machine.travel(now + timedelta(hours=hour - 8)):
        desk = signed_in(flora)  # at night the session of the morning is over
        page = desk.get("/waitlist/fitting", period).content.decode()
        assert why in page
        assert ticks(page) == []
        assert "Nothing was offered. Call Pat E. instead" in offer(desk, entry, **period)
    assert not Offer.objects.exists()


def test_what_cannot_be_offered_is_said_and_holds_nothing(desk, site, entry, others, flora, now):
    four = [entry, *others, waits(site, entry.visit.course.protocol_version, flora, now, hour=11)]
    assert "Choose one to 3 people." in offer(desk, *four)
    assert "Choose one to 3 people." in offer(desk)
    assert "Look for a time first" in offer(desk, entry, on="soon")
    assert "could not take this time any more" in offer(desk, entry, starts="03:00", ends="04:00")
    answer = desk.post("/waitlist/offer", {"entry": ["x"], "on": "2026-05-14", "starts": "09:00", "ends": "10:00"})
    assert answer.status_code == 302
    assert not Appointment.objects.filter(status=Status.HELD).exists()
    offer(desk, entry)
    assert "has a time offered already" in offer(desk, entry, starts="10:00", ends="12:00")
    for _ in range(2):
        desk.post(f"/waitlist/offers/{Appointment.objects.get(status=Status.HELD).pk}/withdraw")
        if not Offer.objects.count() > 1:
            offer(desk, entry)
    assert "was offered 2 times today" in offer(desk, entry)


def test_a_plain_yes_by_text_after_an_offer_is_read_by_a_person(desk, site, entry, patient, service, settings):
    settings.TEXTS_OVER = "sms"

    def yes(event: str) -> str:
        sent = {"provider": "twilio", "event_id": event, "sender": str(patient.phone), "text": "YES 1"}
        return answers.take_text(**sent | {"text": "Yes"}, by=service, now=clock.now()).meaning

    assert yes("SM1") == Meaning.CONFIRM
    page = offer(desk, entry)
    assert "Text message on its way" in page
    deliver(service)
    assert yes("SM2") == Meaning.WORDS
    assert starts_of(entry) == at(20, 8)


def test_only_the_own_offer_is_answered(desk, site, entry, others, service, flora):
    offer(desk, entry)
    link, other = link_for(entry), others[0]
    link.patient = other.visit.course.patient
    with pytest.raises(NotAllowed):
        offers.accept(link=link, by=service, now=clock.now())
    with pytest.raises(NotAllowed):
        offers.accept(link=link_for(entry), by=flora, now=clock.now())
    with pytest.raises(offers.OfferOver):
        offers.accept(link=Link(purpose=Purpose.PLAN, patient=link.patient), by=service, now=clock.now())


def test_one_person_registered_twice_and_asked_twice_is_merged(desk, site, entry, others, patient, flora):
    twice = others[0].visit.course.patient
    offer(desk, entry, others[0])
    merges.follow(kept=patient, duplicate=twice, by=flora, now=clock.now())
    asked = Message.objects.filter(step=Step.OFFER)
    assert set(asked.values_list("patient", flat=True)) == {patient.pk, twice.pk}
    assert not Message.objects.filter(patient=twice, state=State.SCHEDULED).exclude(step=Step.OFFER).exists()


def test_in_spanish_to_somebody_without_a_time(desk, site, entry, patient, flora, now):
    Patient.objects.filter(pk=patient.pk).update(language="es")
    offer(desk, entry)
    token = link_for(entry).token
    assert "Hay una hora libre Hola, P. jueves 14 de mayo, 9:00" in text_of(Phone().get(f"/v/{token}"))
    Offer.objects.update(stands_at=None)
    Visit.objects.filter(pk=entry.visit_id).update(status="to_place", appointment=None)
    assert "Su cita aún no tiene hora." in text_of(Phone().get(f"/v/{token}"))
