"""What a text message says in every language, how long it is, and what it must never say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db import Error, transaction

from clinics import red_words
from core.errors import InvalidInput, NotAllowed
from notifications.actions import templates
from notifications.channels import words
from notifications.channels.languages import LANGUAGES
from notifications.channels.sms import segments, text
from notifications.channels.words import Editions
from notifications.engine.ladder import DayOf
from notifications.engine.states import Channel, Step
from notifications.models import Link, Message, ReminderPolicy, Template
from notifications.queries import verdicts
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory, SiteFactory
from tests.notifications.booking import book, cancel, move, send, tell_of_form, tell_of_offer

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
THURSDAY = datetime(2026, 11, 26, 14, 30, tzinfo=UTC)  # 9:30 in New York
SATURDAY = datetime(2026, 9, 26, 13, 30, tzinfo=UTC)
EDGES = {
    "plain": {"given_name": "Sam"},
    "markup": {"given_name": "<b>Ana</b> & {{ co }} {phone}"},
    "accents": {"given_name": "Zoë Ñuñez"},
    "long": {"given_name": "A" * 100},
    "line break": {"given_name": "Ana\nBcc: someone@example.org"},
}


def written(step: str, language: str, edge: dict[str, str], *, at: datetime = THURSDAY) -> text.ShortText:
    site = SiteFactory(name="Ketamine Clinic for Pain", public_name="Alder")
    patient = PatientFactory(site=site, language=language, phone="+12125550177", **edge)
    more = [at + timedelta(days=1)] if step == Step.YOUR_WEEK else []
    if step == Step.DAY_OF and not ReminderPolicy.objects.exists():
        send(day_of=DayOf.ALWAYS)
    made = book(patient, at, *more, now=MONDAY)
    if step in {Step.CHANGED, Step.CANCELLED}:
        Message.objects.filter(step=Step.PLAN).delete()  # the patient knows the visit
        cancel(made[0], now=MONDAY) if step == Step.CANCELLED else move(made[0], at + timedelta(hours=1), now=MONDAY)
    if step == Step.FORM:
        tell_of_form(patient, made)
    if step == Step.OFFER:
        tell_of_offer(patient, at)
    for visit in Appointment.objects.filter(pk__in=[each.pk for each in made]):
        visit.summary = "Ketamine infusion 3, depression"
        visit.save()
    message = Message.objects.select_related("patient__site", "appointment__site").filter(patient=patient, step=step)
    return text.compose(message.get(), verdicts.about(message.get()), Editions(Channel.SMS))


def red_words_of(composed: text.ShortText) -> list[str]:
    """Those in a text; the random code of its link can spell anything and is left out."""
    return red_words.found(re.sub(r"(?<=/)[\w-]{22}(?![\w-])", "", composed.text))


@pytest.mark.django_db
@pytest.mark.parametrize(("step", "language", "edge"), list(product(Step, LANGUAGES, EDGES)))
def test_no_text_tells_what_the_visit_is_for_and_none_is_long(step: str, language: str, edge: str) -> None:
    composed = written(step, language, EDGES[edge])
    assert red_words_of(composed) == []
    assert "\n" not in composed.text
    assert "Alder" in composed.text
    assert segments.count(composed.text).count <= words.MOST_SEGMENTS
    assert composed.to == "+12125550177"


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_saturdays_do_not_cost_more(language: str) -> None:
    """The Spanish sábado would turn the whole text into 16-bit characters."""
    assert segments.count(written(Step.ONE_DAY, language, {}, at=SATURDAY).text).alphabet == "GSM-7"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("step", "language", "start"),
    [
        ("plan", "en", "Sam, Alder: your visits are booked."),
        ("three_days", "en", "Sam, Alder: your visit is Thursday 26 November, 9:30am. Can you come? Reply YES "),
        ("one_day", "en", "Sam, Alder: see you Thursday 26 November, 9:30am."),
        ("three_days", "es", "Sam, Alder: su cita es el jueves 26 de noviembre, 9:30. Responda SI "),
        ("changed", "en", "Sam, Alder: your visits have new dates."),
        ("cancelled", "en", "Sam, Alder: your visit on Thursday 26 November, 9:30am is cancelled."),
        ("day_of", "es", "Sam, Alder: le esperamos hoy a las 9:30."),
    ],
)
def test_words(step: str, language: str, start: str) -> None:
    assert written(step, language, {"given_name": "Sam"}).text.startswith(start)


@pytest.mark.django_db
def test_every_try_says_the_same_and_its_link_opens() -> None:
    site = SiteFactory()
    book(PatientFactory(site=site), THURSDAY, now=MONDAY)
    message = Message.objects.select_related("patient__site", "appointment__site").get(step=Step.ONE_DAY)
    first, second = (text.compose(message, verdicts.about(message), Editions(Channel.SMS)).text for _ in range(2))
    for _ in range(2):
        Link.ensure(Link.of_message(message, verdicts.about(message)))
    assert first == second
    token = first.partition("/v/")[2].split()[0]
    assert Link.objects.opened_by(token).get().appointment == message.appointment
    assert token not in str(Link.objects.values().get()), "only its hash is stored"


@pytest.mark.django_db
def test_a_link_is_a_new_one_after_the_secret_key_changed(settings) -> None:
    book(PatientFactory(site=SiteFactory()), THURSDAY, now=MONDAY)
    message = Message.objects.select_related("patient__site", "appointment__site").get(step=Step.ONE_DAY)
    old = text.compose(message, verdicts.about(message), Editions(Channel.SMS)).text
    Link.ensure(Link.of_message(message, verdicts.about(message)))
    settings.SECRET_KEY = "another" * 10
    new = text.compose(message, verdicts.about(message), Editions(Channel.SMS)).text
    Link.ensure(Link.of_message(message, verdicts.about(message)))
    assert old != new
    assert Link.objects.opened_by(old.partition("/v/")[2].split()[0]).first() is None
    assert Link.objects.opened_by(new.partition("/v/")[2].split()[0]).first() is not None


@pytest.mark.parametrize(("name", "language"), list(product(words.NAMES, LANGUAGES)))
def test_shipped_texts_pass_the_check_they_are_edited_under(name: str, language: str) -> None:
    assert words.problems(name=name, body=words.shipped(name, language)) == []


def test_most_shipped_texts_are_one_segment_with_usual_names() -> None:
    usual = {
        **words.LONGEST,
        "first_name": "Samuel",
        "sender": "Alder",
        "link": "https://go.alder.example/v/" + "M" * 22,
    }
    long = [
        (name, language)
        for name, language in product(words.NAMES, LANGUAGES)
        if segments.count(words.fill(words.shipped(name, language), usual)).count > 1
    ]
    assert {name for name, _ in long} <= {"plan", "which_visit"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{sender}: your infusion is {day}, {link}", "Leave out infusion"),
        ("{sender}: su terapia es el {day}, {link}", "Leave out terapia"),
        ("{sender}: Dr. Lee, psychiatry, {day} {link}", "Leave out psychiatry"),
        ("{sender}: DEPRESIÓN {link}", "Leave out DEPRESIÓN"),
        ("{sender}: your K3tamine dose {link}", "Leave out dose"),
        ("{sender}: {day} {link} {summary}", "There is no {summary} here."),
        ("{sender}: {0.__class__} {link}", "A curly bracket stands alone."),
        ("{sender}: {first_name.__class__} {link}", "A curly bracket stands alone."),
        ("{sender}: {} {link}", "There is no {} here."),
        ("{sender} { {link}", "A curly bracket stands alone."),
        ("See you {day}", "Put {link}, {sender} in"),
        ("{sender}: https://evil.example {link}", "Put in no address of your own"),
        ("{sender} {link} " + "word " * 90, "4 text messages"),
        ("{sender} {link} " + "día " * 30, "These characters make it long: í"),
    ],
)
def test_unfit_texts_are_refused_in_words(body: str, says: str) -> None:
    assert says in " ".join(words.problems(name="one_day", body=body))


@pytest.mark.parametrize(
    "harmless", ["Nothing more to do, of courage", "Spain", "Your visit", "Sus preguntas", "fundamental", "contest"]
)
def test_harmless_words_stay(harmless: str) -> None:
    assert red_words.found(harmless) == []


@pytest.mark.django_db
class TestEditing:
    mine = "{first_name}, {sender}: see you {day} at {time}. {link}"

    def test_a_published_text_is_used_from_the_next_batch_on(self, mona) -> None:
        templates.publish(name="one_day", language="en", body=self.mine, version=0, by=mona)
        assert written("one_day", "en", {"given_name": "Sam"}).text.startswith(
            "Sam, Alder: see you Thursday 26 November at 9:30am. http"
        )
        assert written("one_day", "es", {"given_name": "Sam"}).text.startswith("Sam, Alder: le esperamos")

    def test_an_empty_text_brings_the_shipped_one_back(self, mona) -> None:
        templates.publish(name="one_day", language="en", body=self.mine, version=0, by=mona)
        templates.publish(name="one_day", language="en", body="", version=1, by=mona)
        assert Editions(Channel.SMS).words("one_day", "en").body == words.shipped("one_day", "en")
        assert Template.objects.count() == 2

    def test_an_old_sight_of_it_is_refused(self, mona) -> None:
        templates.publish(name="one_day", language="en", body=self.mine, version=0, by=mona)
        with pytest.raises(templates.TextChanged) as refused:
            templates.publish(name="one_day", language="en", body=self.mine, version=0, by=mona)
        assert refused.value.detail == {"current": {"version": 1}}

    def test_only_managers_may(self, flora) -> None:
        with pytest.raises(NotAllowed):
            templates.publish(name="one_day", language="en", body=self.mine, version=0, by=flora)

    @pytest.mark.parametrize(
        ("name", "language", "body"),
        [("nothing", "en", mine), ("one_day", "xx", mine), ("one_day", "en", "Ketamine"), ("one_day", "en", "\x00")],
    )
    def test_what_does_not_fit_is_refused(self, mona, name, language, body) -> None:
        with pytest.raises(InvalidInput):
            templates.publish(name=name, language=language, body=body, version=0, by=mona)
        assert Template.objects.count() == 0

    def test_editions_stay(self, mona) -> None:
        made = templates.publish(name="one_day", language="en", body=self.mine, version=0, by=mona)
        for change in (made.delete, lambda: Template.objects.update(body="x")):
            with pytest.raises(Error), transaction.atomic():
                change()

    def test_a_batch_reads_the_texts_once(self, django_assert_num_queries) -> None:
        editions = Editions(Channel.SMS)
        with django_assert_num_queries(1):
            for name in words.NAMES:
                editions.words(name, "en")


def test_every_language_of_patients_is_complete() -> None:
    from clinics.models.patient import Language

    assert set(LANGUAGES) == set(Language.values)
    assert all(words.shipped(name, language) for name, language in product(words.NAMES, LANGUAGES))


@pytest.mark.django_db
@pytest.mark.parametrize(("step", "language"), list(product((Step.ONE_DAY, Step.DAY_OF), LANGUAGES)))
def test_where_there_is_something_to_do_before_it_points_to_the_list(step: str, language: str, monkeypatch) -> None:
    from treatments.queries import preparations

    plain = written(step, language, EDGES["long"])
    monkeypatch.setattr(preparations, "of_appointments", lambda visits: {visits[0].pk: "a list"})
    listed = written(step, language, EDGES["long"] | {"family_name": "Two"})
    assert plain.text != listed.text
    assert {"en": "get-ready list", "es": "lista para prepararse"}[language] in listed.text
    assert red_words_of(listed) == []
    assert segments.count(listed.text).count <= words.MOST_SEGMENTS
