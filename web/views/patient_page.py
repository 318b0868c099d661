"""Patients' pages behind their links: looking changes nothing, pressing a button does. No sign-in, no script and no cookie needed.

An unknown link, one that was taken back and one for another purpose all lead to the same page.
"""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinics.models import User
from core import clock
from core.errors import DomainError
from notifications.actions import answers
from notifications.channels.languages import language_of
from notifications.engine.answers import Meaning
from notifications.models import Link
from notifications.models.link import Purpose
from notifications.queries import inbound
from scheduler.models import Appointment
from treatments.actions import questions
from web import link_sessions, patient_sessions, patient_visits
from web.contact_words import WORDS as CONTACT_WORDS
from web.numbers import NEVER, number_of
from web.question_words import WORDS as QUESTION_WORDS
from web.time_words import WORDS as TIME_WORDS
from web.views.patient_frame import ended, opened, patient_of, see_other, shared

MOST_AT_ONCE = 20
"""Visits confirmed with one press."""


def visits(request: HttpRequest, token: str) -> HttpResponse:
    """The visits of a link; by POST an answer about one or several of them, then the page again."""
    link = opened(request, token)
    if link is None:
        return ended(request)
    if request.method != "POST":
        return show(request, link)
    asked = list(zip(request.POST.getlist("visit"), request.POST.getlist("epoch"), strict=False))
    is_open = patient_sessions.is_open(request, link)
    shown = {str(visit.pk): visit for visit in inbound.visits_of(link, now=clock.now(), every=is_open)}
    try:
        if not asked or len(asked) > MOST_AT_ONCE:
            return show(request, link, moved=True, status=409)
        for visit, epoch in asked:
            _take(link, shown.get(visit), epoch, request.POST.get("answer", ""))
    except (DomainError, ValueError):
        return show(request, link, moved=True, status=409)
    return see_other("patient-visits", token)


def _take(link: Link, visit: Appointment | None, epoch: str, answer: str) -> None:
    """One answer. Raises ``ValueError`` for what no form sends."""
    if visit is None or number_of(epoch) == NEVER:
        raise ValueError("no such visit")
    answers.take_press(
        link=link,
        appointment=visit,
        schedule_epoch=number_of(epoch),
        meaning=Meaning(answer),
        by=User.objects.service(),
        now=clock.now(),
    )


def visits_file(request: HttpRequest, token: str) -> HttpResponse:
    """The visits that the page of a link shows, as a calendar file."""
    link = opened(request, token)
    if link is None:
        return ended(request)
    shown = inbound.visits_of(link, now=clock.now(), every=patient_sessions.is_open(request, link))
    return _calendar(shown, patient_of(link).language, name="visits.ics")


def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """A calendar subscription, of a patient or of a member of staff."""
    now = clock.now()
    link = inbound.opened(token, Purpose.CALENDAR, now=now)
    if link is None:
        return ended(request)
    language = link.patient.language if link.patient else "en"
    return _calendar(inbound.feed_of(link, now=now), language, name="calendar.ics")


def show(request: HttpRequest, link: Link, *, moved: bool = False, wrong: str = "", status: int = 200) -> HttpResponse:
    """The page. ``moved``: a form was about what is not so any more; ``wrong``: the field of a ride that is not right."""
    patient, now = patient_of(link), clock.now()
    language = language_of(patient.language).code
    is_open = patient_sessions.is_open(request, link)
    context: dict[str, Any] = {
        **shared(patient),
        "page": patient_visits.page(link, is_open=is_open, now=now),
        "is_open": is_open,
        "moved": moved or "moved" in request.GET,
        "told": _told(request, language),
        "asks": questions.any_asked(patient, now=now),
        "birth_words": QUESTION_WORDS[language],
        "contact_words": CONTACT_WORDS[language],
        "wrong": wrong,
        "typed": request.POST,
        "token": link_sessions.address_part(request),
    }
    return render(request, "web/patient/visits.html", context, status=status)


def _told(request: HttpRequest, language: str) -> str:
    """What was done just now on another page."""
    words = TIME_WORDS[language]
    return {"taken": words.taken, "listed": words.waiting}.get(request.GET.get("done", ""), "")


def _calendar(visits: Sequence[Appointment], language: str, *, name: str) -> HttpResponse:
    from notifications.channels import calendar as files  # imported here: keeps web start-up light

    title = language_of(language).calendar_title
    response = HttpResponse(files.published(visits, language, name=title), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
