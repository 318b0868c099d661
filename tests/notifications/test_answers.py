"""What follows from what patients answer, by text and on their page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import Error, connection, transaction

from core.errors import InvalidInput, NotAllowed
from notifications.actions import answers, delivery, desk_tasks
from notifications.engine.answers import Meaning
from notifications.engine.states import Channel, Reason, State, Step
from notifications.engine.visit_numbers import number_of
from notifications.models import Answer, Consent, DeskTask, Link, Message
from notifications.models.inbound import Matter
from notifications.models.link import Purpose
from scheduler.actions.confirmations import NotConfirmable
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory
from tests.notifications.booking import book, cancel, move

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 8, 14, tzinfo=UTC)  # 10:00 in New York
PHONE = "+12125550177"
events = count()


@pytest.fixture(autouse=True)
def texting(settings) -> None:
    settings.TEXTS_OVER = "sms"


@pytest.fixture
def pat(site):
    return PatientFactory(site=site, given_name="Pat", phone=PHONE)


def say(text: str, service, *, sender: str = PHONE, event: str = "", now: datetime = MONDAY, **more) -> Answer:
    return answers.take_text(
        provider="twilio", event_id=event or f"SM{next(events)}", sender=sender, text=text, by=service, now=now, **more
    )


def confirmed(visit: Appointment) -> datetime | None:
    return Appointment.objects.get(pk=visit.pk).confirmed_at


def with_a_number_of_its_own(visits: list[Appointment]) -> Appointment:
    numbers = [number_of(visit.pk) for visit in visits]
    return next(visit for visit in visits if numbers.count(number_of(visit.pk)) == 1)


class TestConfirming:
    def test_yes_confirms_the_only_visit_and_says_which(self, pat, service) -> None:
        (visit,) = book(pat, FRIDAY, now=MONDAY)
        answer = say("Yes", service)
        assert confirmed(visit) == MONDAY
        assert (answer.patient, answer.appointment) == (pat, visit)
        assert answer.said_back.startswith("Thank you, Pat. Friday 8 May, 10:00am is confirmed.")
        assert DeskTask.objects.count() == 0

    def test_in_spanish(self, site, service) -> None:
        (visit,) = book(PatientFactory(site=site, phone=PHONE, language="es"), FRIDAY, now=MONDAY)
        assert "Queda confirmada su cita: viernes 8 de mayo, 10:00" in say("Sí", service).said_back
        assert confirmed(visit)

    def test_the_number_says_which_of_several(self, pat, service) -> None:
        visits = book(pat, *[FRIDAY + timedelta(days=k) for k in range(5)], now=MONDAY)
        meant = with_a_number_of_its_own(visits)
        say(f"YES {number_of(meant.pk)}", service)
        assert {visit.pk for visit in visits if confirmed(visit)} == {meant.pk}

    def test_without_a_number_it_is_the_one_last_spoken_of(self, pat, service) -> None:
        first, second = book(pat, FRIDAY, FRIDAY + timedelta(days=3), now=MONDAY)
        self.spoke_of(second)
        say("YES", service, now=MONDAY + timedelta(hours=1))
        assert confirmed(first) is None
        assert confirmed(second)

    def spoke_of(self, visit: Appointment) -> None:
        message = Message.objects.get(appointment=visit, step=Step.THREE_DAYS, channel=Channel.SMS)
        Message.objects.filter(pk=message.pk).update(state=State.SENDING, next_try_at=None, lease_until=MONDAY)
        Message.objects.filter(pk=message.pk).update(state=State.ACCEPTED, settled_at=MONDAY, lease_until=None)

    def test_when_nobody_can_tell_which_it_asks(self, pat, service) -> None:
        visits = book(pat, FRIDAY, FRIDAY + timedelta(days=3), now=MONDAY)
        assert "which visit do you mean" in say("YES", service).said_back
        assert [confirmed(visit) for visit in visits] == [None, None]

    @pytest.mark.parametrize("number", [9, 100, 999])
    def test_a_number_of_no_visit_confirms_nothing(self, pat, service, number) -> None:
        (visit,) = book(pat, FRIDAY, now=MONDAY)
        say(f"YES {number}", service)
        assert confirmed(visit) is None

    def test_with_nothing_to_confirm_a_person_reads_it(self, pat, service) -> None:
        say("YES", service)
        assert DeskTask.objects.get().answer.text == "YES"

    def test_somebody_else_with_the_same_words_confirms_nothing_here(self, pat, service) -> None:
        (visit,) = book(pat, FRIDAY, now=MONDAY)
        assert say(f"YES {number_of(visit.pk)}", service, sender="+12125550199").said_back == ""
        assert confirmed(visit) is None

    def test_of_two_patients_with_one_phone_the_number_tells(self, site, pat, service) -> None:
        other = PatientFactory(site=site, phone=PHONE)
        (visit,) = book(pat, FRIDAY, now=MONDAY)
        others = book(other, *[FRIDAY + timedelta(days=k) for k in range(5)], now=MONDAY)
        meant = with_a_number_of_its_own([*others, visit])
        assert say(f"YES {number_of(meant.pk)}", service).patient == meant.patient
        assert confirmed(meant)
        assert Appointment.objects.exclude(confirmed_at=None).count() == 1


class TestStopping:
    def test_it_is_effective_before_the_next_claim_and_said_once(self, pat, service) -> None:
        book(pat, FRIDAY, now=MONDAY)
        answer = say("Stop.", service)
        assert answer.said_back.startswith("Riverside: you get no more texts from us.")
        pat.refresh_from_db()
        assert (pat.may_text, pat.may_email) == (False, True)
        due = Message.objects.filter(channel=Channel.SMS).latest("due_at").due_at
        Message.objects.filter(channel=Channel.EMAIL).delete()
        delivery.deliver_due(by=service, clock=lambda: due, open_sender=lambda _: pytest.fail("a text went out"))
        states = set(Message.objects.filter(channel=Channel.SMS, due_at__lte=due).values_list("state", "reason"))
        assert states <= {(State.STOPPED, Reason.NO_CONSENT), (State.EXPIRED, Reason.TOO_LATE)}
        assert (State.STOPPED, Reason.NO_CONSENT) in states

    def test_the_fact_has_the_words_the_number_and_the_time(self, pat, service) -> None:
        say("please stop texting me", service)
        fact = Consent.objects.get(channel=Channel.SMS, source="sms")
        assert (fact.given, fact.words, fact.address, fact.recorded_at) == (
            False,
            "please stop texting me",
            PHONE,
            MONDAY,
        )

    def test_everybody_with_that_phone_is_left_alone(self, site, pat, service) -> None:
        other = PatientFactory(site=site, phone=PHONE)
        say("STOP", service)
        for patient in (pat, other):
            patient.refresh_from_db()
            assert not patient.may_text

    def test_cancel_never_cancels_a_visit(self, pat, service) -> None:
        (visit,) = book(pat, FRIDAY, now=MONDAY)
        say("CANCEL", service)
        assert Appointment.objects.get(pk=visit.pk).status == "booked"
        pat.refresh_from_db()
        assert not pat.may_text

    def test_start_opens_it_again(self, pat, service) -> None:
        say("STOP", service)
        assert "you get texts from us again" in say("START", service).said_back
        pat.refresh_from_db()
        assert pat.may_text
        assert list(Consent.objects.order_by("id").values_list("given", flat=True)) == [False, True]

    def test_after_stopping_only_stop_start_and_help_are_answered(self, pat, service) -> None:
        say("STOP", service)
        assert say("where do I park", service).said_back == ""
        assert say("HELP", service).said_back.startswith("Riverside: we text you about your visits.")

    def test_where_the_network_replies_itself_we_do_not(self, pat, service) -> None:
        assert say("STOP", service, replies=False).said_back == ""
        pat.refresh_from_db()
        assert not pat.may_text

    def test_facts_stay(self, pat, service) -> None:
        say("STOP", service)
        for change in (Consent.objects.all().delete, lambda: Consent.objects.update(given=True)):
            with pytest.raises(Error), transaction.atomic():
                change()

    def test_staff_can_note_a_new_agreement_and_it_is_a_fact(self, pat, service, flora) -> None:
        from clinics.actions import patients

        say("STOP", service)
        pat.refresh_from_db()
        patients.edit(patient=pat, by=flora, now=MONDAY, version=pat.version, may_text=True)
        newest = Consent.objects.filter(channel=Channel.SMS).latest("id")
        assert (newest.given, newest.source, newest.by) == (True, "staff", flora)

    def test_a_form_opened_before_the_stop_cannot_undo_it(self, pat, service, flora) -> None:
        from clinics.actions import patients

        seen = pat.version
        say("STOP", service)
        with pytest.raises(patients.PatientChanged):
            patients.edit(patient=pat, by=flora, now=MONDAY, version=seen, may_text=True)


class TestForAPerson:
    @pytest.mark.parametrize(
        ("text", "matter", "said"),
        [
            ("CHANGE", Matter.CHANGE, "We will call you about another time."),
            ("I can't come", Matter.CANNOT_COME, "Thank you for telling us"),
            ("cancel my appointment", Matter.CANNOT_COME, "Thank you for telling us"),
            ("Where do I park? 🚗", Matter.WORDS, "a person will read it"),
        ],
    )
    def test_a_task_with_the_words_as_they_were_written(self, pat, service, text, matter, said) -> None:
        (visit,) = book(pat, FRIDAY, now=MONDAY)
        answer = say(text, service)
        task = DeskTask.objects.get()
        assert (task.matter, task.answer.text, task.patient, task.done_at) == (matter, text, pat, None)
        assert said in answer.said_back
        assert Appointment.objects.get(pk=visit.pk).status == "booked"

    def test_a_stranger_is_passed_on_without_a_reply(self, service) -> None:
        assert say("hello?", service, sender="+12125550199").said_back == ""
        assert DeskTask.objects.get().patient is None

    def test_somebody_sees_to_it(self, pat, service, flora, nora) -> None:
        say("hello?", service)
        task = DeskTask.objects.get()
        with pytest.raises(NotAllowed):
            desk_tasks.finish(task=task, by=nora, now=MONDAY)
        done = desk_tasks.finish(task=task, by=flora, now=MONDAY)
        again = desk_tasks.finish(task=task, by=flora, now=FRIDAY)
        assert (done.done_at, again.done_at, again.done_by) == (MONDAY, MONDAY, flora)

    def test_two_machines_do_not_answer_each_other_for_ever(self, pat, service) -> None:
        said = [say("I am away", service).said_back for _ in range(answers.SILENT_AFTER + 3)]
        assert [bool(each) for each in said] == [True] * answers.SILENT_AFTER + [False] * 3

    @pytest.mark.parametrize("text", ["\x00", "x" * 5000, "\ud800", "", "🚗" * 2000])
    def test_any_text_can_be_kept(self, pat, service, text) -> None:
        say(text, service)
        assert len(Answer.objects.get().text) <= answers.LONGEST


class TestOnce:
    def test_the_same_event_again_changes_nothing_and_says_the_same(self, pat, service) -> None:
        first = say("CHANGE", service, event="SM1")
        again = [say("CHANGE", service, event="SM1", now=MONDAY + timedelta(minutes=k)) for k in range(100)]
        assert {answer.pk for answer in again} == {first.pk}
        assert {answer.said_back for answer in again} == {first.said_back}
        assert (Answer.objects.count(), DeskTask.objects.count()) == (1, 1)

    def test_another_text_under_the_same_id_counts_for_nothing(self, pat, service) -> None:
        say("hello", service, event="SM1")
        say("STOP", service, event="SM1")
        pat.refresh_from_db()
        assert pat.may_text


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_are_one(patient, service) -> None:
    patient.phone = PHONE
    patient.save()

    def arrive() -> object:
        try:
            return say("CHANGE", service, event="SM8").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        arrived = [future.result() for future in [pool.submit(arrive) for _ in range(8)]]
    assert len(set(arrived)) == 1
    assert (Answer.objects.count(), DeskTask.objects.count()) == (1, 1)


class TestPressing:
    @pytest.fixture
    def link(self, pat) -> Link:
        (visit,) = book(pat, FRIDAY, now=MONDAY)
        lifetime = timedelta(days=10)
        return Link.issue(purpose=Purpose.VISIT, patient=pat, appointment=visit, now=MONDAY, lifetime=lifetime)

    def press(self, link: Link, meaning: Meaning, service, *, epoch: int = 1, now: datetime = MONDAY) -> Answer:
        return answers.take_press(
            link=link, appointment=link.appointment, schedule_epoch=epoch, meaning=meaning, by=service, now=now
        )

    def test_coming(self, link, service) -> None:
        self.press(link, Meaning.CONFIRM, service)
        assert confirmed(link.appointment) == MONDAY

    @pytest.mark.parametrize("meaning", [Meaning.CHANGE, Meaning.CANNOT_COME])
    def test_not_coming_is_a_task_and_the_visit_stays(self, link, service, meaning) -> None:
        self.press(link, meaning, service)
        assert DeskTask.objects.get().appointment == link.appointment
        assert Appointment.objects.get().status == "booked"

    def test_twice_is_once_and_another_answer_counts(self, link, service) -> None:
        for meaning in (Meaning.CHANGE, Meaning.CHANGE, Meaning.CONFIRM, Meaning.CHANGE):
            self.press(link, meaning, service, now=MONDAY + timedelta(seconds=Answer.objects.count()))
        assert Answer.objects.count() == 3

    def test_about_a_time_that_has_changed_it_is_refused(self, link, service) -> None:
        move(link.appointment, FRIDAY + timedelta(days=1), now=MONDAY)
        with pytest.raises(NotConfirmable):
            self.press(link, Meaning.CONFIRM, service)
        self.press(link, Meaning.CONFIRM, service, epoch=2)
        assert confirmed(link.appointment)

    def test_about_a_cancelled_or_past_visit_it_is_refused(self, link, service) -> None:
        with pytest.raises(NotConfirmable):
            self.press(link, Meaning.CONFIRM, service, now=FRIDAY)
        cancel(link.appointment, now=MONDAY)
        with pytest.raises(NotConfirmable):
            self.press(link, Meaning.CANNOT_COME, service)
        assert Answer.objects.count() == 0

    def test_only_the_three_answers(self, link, service, flora) -> None:
        with pytest.raises(InvalidInput):
            self.press(link, Meaning.STOP, service)
        with pytest.raises(NotAllowed):
            self.press(link, Meaning.CONFIRM, flora)


def test_staff_noting_how_a_patient_may_be_reached_leaves_facts(site, flora) -> None:
    from clinics.actions import patients

    made = patients.register(
        site=site,
        by=flora,
        now=MONDAY,
        given_name="Ana",
        family_name="Example",
        birth_on=datetime(1980, 1, 1).date(),
        email="ana@example.org",
        may_email=True,
    )
    facts = dict(Consent.objects.filter(patient=made).values_list("channel", "given"))
    assert facts == {Channel.EMAIL: True, Channel.CALL: True}
    patients.edit(patient=made, by=flora, now=FRIDAY, version=1, desk_note="x")
    assert Consent.objects.count() == 2
    patients.edit(patient=made, by=flora, now=FRIDAY, version=2, may_email=False)
    assert Consent.objects.filter(channel=Channel.EMAIL).latest("id").given is False
