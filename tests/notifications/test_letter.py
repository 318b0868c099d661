"""What an e-mail says in every language, and what it must never say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import Message as EmailMessage
from itertools import product

import pytest

from notifications.actions import delivery
from notifications.channels.email import letter
from notifications.channels.languages import LANGUAGES
from notifications.engine.states import Step
from notifications.models import Message
from notifications.queries import verdicts
from scheduler.models import Appointment
from tests.factories.clinics import PatientFactory, SiteFactory
from tests.notifications.booking import book, cancel, mails, move, tell_of_form, tell_of_offer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reminds_on_the_day")]

MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
THURSDAY = datetime(2026, 11, 26, 14, 30, tzinfo=UTC)  # 9:30 in New York

RED_WORDS = [
    "ketamin",
    "esketamin",
    "spravato",
    "infus",
    "infliximab",
    "lidocain",
    "depress",
    "depres",
    "pain",
    "dolor",
    "crps",
    "psych",
    "psic",
    "therap",
    "terap",
    "fisio",
    "physio",
    "mindful",
    "anxiety",
    "ansiedad",
    "clinic",
    "clínic",
    "chair",
    "silla",
    "dose",
    "dosis",
    "drug",
    "droga",
    "medic",
    "nurse",
    "enferm",
    "doctor",
    "hospital",
    "mental",
    "diagnos",
    "score",
    "puntuaci",
    "treatment",
    "tratamiento",
    "protocol",
    "course",
    "series",
    "session",
    "sesión",
    "questionnaire",
    "missed",
    "payment",
]
"""Whatever could tell a stranger who sees the screen what the visit is for. Matched anywhere in a word."""

EDGES = {
    "plain": {},
    "markup": {"given_name": "<b>Ana</b> & {{ co }}"},
    "accents": {"given_name": "Zoë Ñuñez"},
    "long": {"given_name": "A" * 100},
    "line break": {"given_name": "Ana\nBcc: someone@example.org"},
    "elsewhere": {"zone": "America/Chicago"},
}


def written(step: str, language: str, edge: dict[str, str], *, visits: int = 2):
    site = SiteFactory(name="Ketamine Clinic for Pain", public_name="Alder")
    patient = PatientFactory(site=site, language=language, email="ana@example.org", **{"given_name": "Ana", **edge})
    made = book(patient, *[THURSDAY.replace(hour=14 + 2 * k) for k in range(visits)], now=MONDAY)
    if step in {Step.CHANGED, Step.CANCELLED}:
        Message.objects.filter(step=Step.PLAN).delete()  # the patient knows these visits
        cancel(made[0], now=MONDAY) if step == Step.CANCELLED else move(made[0], THURSDAY.replace(hour=15), now=MONDAY)
    if step == Step.FORM:
        tell_of_form(patient, made)
    if step == Step.OFFER:
        tell_of_offer(patient, THURSDAY)
    for visit in Appointment.objects.filter(pk__in=[each.pk for each in made]):
        visit.summary = "Ketamine infusion 3, depression"
        visit.save()
    message = (
        Message.objects.select_related("patient__site", "appointment__site")
        .filter(step=step, patient=patient)
        .order_by("appointment__starts_at")
        .first()
    )
    return letter.compose(message, verdicts.about(message))


@pytest.mark.parametrize(("step", "language", "edge"), list(product(Step, LANGUAGES, EDGES)))
def test_no_letter_tells_what_the_visit_is_for(step: str, language: str, edge: str) -> None:
    mail = written(step, language, EDGES[edge])
    assert red_words_of(mail.message()) == []
    assert "\n" not in mail.subject


def red_words_of(mail: EmailMessage) -> list[str]:
    """Those in headers and parts as they are read; the random codes of links can spell anything and are left out."""
    parts = list(mail.walk())
    headers = [f"{name}: {value}" for part in parts for name, value in part.items()]
    texts = [part.get_payload(decode=True).decode() for part in parts if not part.is_multipart()]
    unfolded = "\n".join([*headers, *texts]).replace("\r\n ", "")
    readable = re.sub(r"(?<=/)[\w-]{22}(?![\w-])", "", unfolded).lower()
    return [word for word in RED_WORDS if word in readable]


@pytest.mark.parametrize("where", ["subject", "body", "html", "calendar"])
def test_the_red_words_would_be_found(where: str) -> None:
    """The check itself must be able to fail, wherever the word stands; a code that happens to spell one is none."""
    mail = written("one_day", "es", {})
    mail.body += f"\nhttps://alder.example/a/{'drug' + 'A' * 18}\n"
    assert red_words_of(mail.message()) == []
    if where == "subject":
        mail.subject = "Su terapia del jueves"
    elif where == "body":
        mail.body += "Su terapia del jueves"
    elif where == "html":
        mail.attach_alternative("<p>Su terapia del jueves</p>", "text/html")
    else:
        mail.attach("visit.ics", "SUMMARY:Su terapia del jueves", "text/calendar")
    assert red_words_of(mail.message()) == ["terap"]


@pytest.mark.parametrize(("step", "language"), list(product(Step, LANGUAGES)))
def test_both_parts_say_the_same(step: str, language: str) -> None:
    mail = written(step, language, {})
    html = re.sub(r"<[^>]+>", " ", re.sub(r"<title>.*?</title>", "", mail.alternatives[0].content))
    assert set(re.findall(r"\w+", html)) == set(re.findall(r"\w+", mail.body))


@pytest.mark.parametrize(
    ("step", "language", "subject", "sentence"),
    [
        (
            "one_day",
            "en",
            "Your appointment on Thursday 26 November",
            "Alder expects you on Thursday 26 November at 9:30am.",
        ),
        (
            "one_day",
            "es",
            "Su cita del jueves 26 de noviembre",
            "Alder le espera el jueves 26 de noviembre a las 9:30.",
        ),
        (
            "three_days",
            "en",
            "Your appointment on Thursday 26 November",
            "You have a visit with Alder on Thursday 26 November.",
        ),
        (
            "day_of",
            "en",
            "Your appointment on Thursday 26 November",
            "Or call (212) 555-0100.",
        ),
        (
            "changed",
            "en",
            "A change to your appointments",
            "They are now on:\n\nThursday 26 November\n10:30am to 11:30am",
        ),
        ("changed", "es", "Un cambio en sus citas", "Sus citas con Alder han cambiado."),
        ("cancelled", "en", "A change to your appointments", "This visit with Alder is cancelled:"),
        ("cancelled", "es", "Un cambio en sus citas", "Se cancela esta cita con Alder:"),
        ("plan", "en", "Your appointments from Thursday 26 November", "Alder has booked your visits."),
        ("plan", "es", "Sus citas a partir del jueves 26 de noviembre", "Alder ha reservado sus citas."),
    ],
)
def test_words(step: str, language: str, subject: str, sentence: str) -> None:
    mail = written(step, language, {})
    assert mail.subject == subject
    assert sentence in mail.body


def test_markup_in_a_name_is_shown_as_typed() -> None:
    mail = written("one_day", "en", EDGES["markup"])
    assert "Hello <b>Ana</b> & {{ co }}," in mail.body
    assert "<b>Ana" not in mail.alternatives[0].content


def test_a_name_cannot_add_a_header() -> None:
    site = SiteFactory(public_name="Alder\nBcc: someone@example.org")
    (visit,) = book(PatientFactory(site=site), THURSDAY, now=MONDAY)
    message = Message.objects.select_related("patient__site").get(appointment=visit, step=Step.ONE_DAY)
    assert letter.compose(message, [visit]).message()["Bcc"] is None


def test_a_patient_who_lives_in_another_zone_is_told_whose_clock_counts() -> None:
    assert "Times are on the clock of the place you come to." in written("one_day", "en", EDGES["elsewhere"]).body
    assert "clock" not in written("one_day", "en", {}).body


def test_every_step_has_every_part_in_every_language_of_patients() -> None:
    from clinics.models.patient import Language

    assert set(LANGUAGES) == set(Language.values)


def test_every_try_of_a_message_carries_the_same_id(patient, service, sink) -> None:
    book(patient, THURSDAY, now=MONDAY)
    delivery.deliver_due(by=service, clock=lambda: datetime(2026, 11, 25, 21, tzinfo=UTC))
    one_day = Message.objects.get(step=Step.ONE_DAY)
    assert f"<{one_day.pk}@clinic.example>" in {mail["Message-ID"] for mail in mails(sink.caught())}


@pytest.mark.parametrize(("step", "language"), list(product((Step.ONE_DAY, Step.DAY_OF), LANGUAGES)))
def test_a_get_ready_list_is_pointed_to_and_not_told(step: str, language: str, monkeypatch) -> None:
    from treatments.queries import preparations

    patient = PatientFactory(language=language)
    book(patient, THURSDAY, now=MONDAY)
    message = Message.objects.select_related("patient__site", "appointment__site").get(step=step, patient=patient)
    words = {"en": "get-ready list", "es": "lista para prepararse"}[language]
    for ready, there in (({}, False), ({message.appointment_id: "a list"}, True)):
        monkeypatch.setattr(preparations, "of_appointments", lambda _, ready=ready: ready)
        mail = letter.compose(message, [message.appointment])
        html = str(mail.alternatives[0].content)
        assert [words in mail.body, words in html] == [there, there]
        assert red_words_of(mail.message()) == []
