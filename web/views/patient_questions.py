"""Forms on the patient's phone: the birth date first, then one question per screen. No script; looking changes nothing."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from clinics.models import Patient, User
from core import clock
from core.errors import DomainError
from notifications.channels.languages import language_of, phone
from notifications.models import Link
from notifications.queries import inbound
from treatments.actions import questions
from treatments.actions.questions import next_item
from treatments.measures import crisis
from treatments.measures.catalogue import INSTRUMENTS
from treatments.measures.instruments import Instrument
from treatments.models import Alert, Assessment, Course, CrisisContact
from treatments.queries.assessments import form_id
from web import patient_sessions
from web.numbers import number_of
from web.question_words import WORDS, QuestionWords
from web.views.patient_birth import birth_date
from web.views.patient_frame import ended, opened, patient_of, see_other

SECONDS_PER_QUESTION = 15
"""For the guess of how long it takes; the nine questions of a PHQ-9 take two to three minutes."""
HELP_SHOWN = timedelta(hours=12)
"""So long the page with crisis lines can be gone back to."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The question on the screen, and what was answered so far."""

    token: str
    form: UUID
    instrument: Instrument
    number: int
    answers: dict[int, int]

    @property
    def previous(self) -> int:
        """The number of the question before; 0 at the first."""
        return self.number - 1


def listing(request: HttpRequest, token: str) -> HttpResponse:
    """The forms that are due; by POST the birth date."""
    link = opened(request, token)
    if link is None:
        return ended(request)
    if not patient_sessions.is_open(request, link):
        return birth_date(request, link, then="patient-questions")
    now = clock.now()
    words = _words(link)
    lines = []
    for course in questions.running(patient_of(link)):
        for due in questions.asked(course, now=now):
            instrument = INSTRUMENTS[due.measure]
            answers = questions.begun(course, due.measure, now=now)
            count = len(instrument.items)
            minutes = max(1, round(count * SECONDS_PER_QUESTION / 60))
            form = form_id(course, due.measure)
            address = reverse("patient-question", args=[token, form, next_item(instrument, answers)])
            told = words.how_long_one if count == 1 else words.how_long.format(count=count, minutes=minutes)
            lines.append((address, told, bool(answers)))
    return _page(request, link, "questions", {"lines": lines, "token": token})


def question(request: HttpRequest, token: str, form: UUID, number: int) -> HttpResponse:
    """One question; by POST its answer, and on to the next."""
    now = clock.now()
    link = opened(request, token)
    if link is None:
        return ended(request)
    if not patient_sessions.is_open(request, link):
        return see_other("patient-questions", token)
    taken = _answered(request, link, token, form, number) if request.method == "POST" else None
    if taken is not None:
        return taken
    found = _asked(link, form)
    if found is None:
        return see_other("patient-questions", token)
    course, instrument = found
    answers = questions.begun(course, instrument.name, now=now)
    if not 1 <= number <= next_item(instrument, answers):
        return see_other("patient-question", token, form, next_item(instrument, answers))
    shown = Shown(token, form, instrument, number, answers)
    return _question(request, link, shown, wrong=request.method == "POST")


def _answered(request: HttpRequest, link: Link, token: str, form: UUID, number: int) -> HttpResponse | None:
    """Keeps the answer that was pressed, and goes on; None if it was not taken. The action looks whether the form is due."""
    running = ((course, name) for course in questions.running(patient_of(link)) for name in INSTRUMENTS)
    course, measure = next(((each, name) for each, name in running if form_id(each, name) == form), (None, ""))
    if course is None:
        return None
    try:
        _, made = questions.answer(
            course=course,
            measure=measure,
            item=number,
            value=number_of(request.POST.get("answer", "")),
            by=User.objects.service(),
            now=clock.now(),
        )
    except DomainError:
        return None
    if made is None:
        return see_other("patient-question", token, form, number + 1)
    return see_other("patient-questions-done", token, made.pk)


def done(request: HttpRequest, token: str, assessment: UUID) -> HttpResponse:
    """Thanks; before them, for an answer that worries, whom to call now."""
    now = clock.now()
    link = opened(request, token)
    if link is None:
        return ended(request)
    recent = Assessment.objects.filter(course__patient=link.patient, created_at__gt=now - HELP_SHOWN, by=None)
    made = recent.filter(pk=assessment).first()
    if made is None or not patient_sessions.is_open(request, link):
        return see_other("patient-questions", token)
    visit = next(iter(inbound.visits_of(link, now=now)), None)
    words, language = _words(link), language_of(patient_of(link).language)
    told = ""
    if visit is not None:
        starts = clock.local(visit.starts_at, visit.zone)
        told = words.thanks_next.format(day=language.day_of(starts), time=language.time_of(starts))
    worrying = Alert.objects.filter(assessment=made).exists() and "on" not in request.GET
    context = {"told": told, "token": token, "lines": _lines(patient_of(link)) if worrying else []}
    return _page(request, link, "crisis" if worrying else "thanks", context)


def _question(request: HttpRequest, link: Link, shown: Shown, *, wrong: bool = False) -> HttpResponse:
    item = shown.instrument.item(shown.number)
    language = language_of(patient_of(link).language).code
    given = shown.answers.get(shown.number)
    context = {
        "shown": shown,
        "ask": item.ask[language],
        "intro": shown.instrument.intro.get(language, ""),
        "choices": [(each.value, each.words[language], given == each.value) for each in item.choices],
        "progress": _words(link).progress.format(number=shown.number, count=len(shown.instrument.items)),
        "wrong": wrong,
    }
    return _page(request, link, "question", context, status=422 if wrong else 200)


def _asked(link: Link, form: UUID) -> tuple[Course, Instrument] | None:
    """The course and the instrument of a form, if it is due."""
    for course in questions.running(patient_of(link)):
        for due in questions.asked(course, now=clock.now()):
            if form_id(course, due.measure) == form:
                return course, INSTRUMENTS[due.measure]
    return None


def _lines(patient: Patient) -> list[tuple[str, str]]:
    """Names and numbers: the site's own list, or its country's; the clinic itself first."""
    language = language_of(patient.language).code
    own = [
        (contact.name, contact.phone)
        for contact in CrisisContact.objects.filter(site=patient.site).order_by("position")
    ]
    country = [(line.name(language), line.phone) for line in crisis.lines(patient.site.country)]
    clinic = [(WORDS[language].clinic, phone(patient.site.phone))] if patient.site.phone else []
    return [*(own or country), *clinic]


def _words(link: Link) -> QuestionWords:
    return WORDS[language_of(patient_of(link).language).code]


def _page(request: HttpRequest, link: Link, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    patient = patient_of(link)
    words = _words(link)
    shared = {
        "language": language_of(patient.language).code,
        "words": words,
        "sender": patient.site.public_name,
        "call": words.call.format(phone=phone(patient.site.phone)),
        "not_watched": words.not_watched.format(phone=phone(patient.site.phone)),
    }
    return render(request, f"web/patient/{name}.html", shared | context, status=status)
