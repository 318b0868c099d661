"""Patients' pages behind their links: looking changes nothing, pressing a button does. No sign-in, no script, no cookie.

An unknown link, one that has ended, one that was taken back and one for another purpose all lead to the same page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clinics.models import Patient, User
from core import clock
from core.errors import DomainError
from notifications.actions import answers, consents, links
from notifications.channels import addresses
from notifications.channels.languages import Language, language_of, phone
from notifications.engine.answers import Meaning
from notifications.engine.states import Channel
from notifications.models import Answer, Link
from notifications.models.consent import Source
from notifications.models.link import Purpose
from notifications.queries import inbound
from scheduler.models import Appointment
from treatments.actions import questions
from treatments.queries import preparations
from treatments.queries.preparations import GetReady
from web import getting_ready
from web.patient_words import ENDED, WORDS, PatientWords

OF_VISITS = (Purpose.VISIT, Purpose.PLAN)


@dataclass(frozen=True, slots=True)
class Line:
    """One visit as its patient reads it, and what was said about it."""

    visit: Appointment
    day: str
    begins: str
    until: str
    place: str
    said: str = ""
    get_ready: Sequence[str] = ()


def visits(request: HttpRequest, token: str) -> HttpResponse:
    """The visits of a link; by POST an answer about one of them, then the page again."""
    now = clock.now()
    link = inbound.opened(token, *OF_VISITS, now=now)
    if link is None:
        return ended(request)
    if request.method != "POST":
        return _page(request, link)
    if request.POST.get("answer") == "subscribe":
        feed = links.subscribe_patient(patient=_patient(link), by=User.objects.service(), now=now)
        return _page(request, link, feed=addresses.of_link(feed))
    shown = {str(visit.pk): visit for visit in inbound.visits_of(link, now=now)}
    visit, epoch = shown.get(request.POST.get("visit", "")), request.POST.get("epoch", "")
    try:
        if visit is None or not epoch.isdecimal() or len(epoch) > 9:
            return _page(request, link, moved=True, status=409)
        answers.take_press(
            link=link,
            appointment=visit,
            schedule_epoch=int(epoch),
            meaning=_meaning(request.POST.get("answer", "")),
            by=User.objects.service(),
            now=now,
        )
    except (DomainError, ValueError):
        return _page(request, link, moved=True, status=409)
    response = redirect("patient-visits", token=token)
    response.status_code = 303
    return response


def visits_file(request: HttpRequest, token: str) -> HttpResponse:
    """The visits of a link as a calendar file."""
    now = clock.now()
    link = inbound.opened(token, *OF_VISITS, now=now)
    if link is None:
        return ended(request)
    return _calendar(inbound.visits_of(link, now=now), _patient(link).language, name="visits.ics")


def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """A calendar subscription, of a patient or of a member of staff."""
    now = clock.now()
    link = inbound.opened(token, Purpose.CALENDAR, now=now)
    if link is None:
        return ended(request)
    language = link.patient.language if link.patient else "en"
    return _calendar(inbound.feed_of(link, now=now), language, name="calendar.ics")


def stop_email(request: HttpRequest, token: str) -> HttpResponse:
    """Asks whether e-mail shall end; by POST, also a mail program's own (RFC 8058), it ends."""
    now = clock.now()
    link = inbound.opened(token, Purpose.STOP_EMAIL, now=now)
    if link is None:
        return ended(request)
    patient = _patient(link)
    done = not patient.may_email
    if request.method == "POST" and not done:
        consents.record(
            patient=patient, channel=Channel.EMAIL, given=False, source=Source.LINK, by=User.objects.service(), now=now
        )
        done = True
    return render(request, "web/patient/stop.html", {**_shared(patient), "done": done})


def _page(request: HttpRequest, link: Link, *, moved: bool = False, feed: str = "", status: int = 200) -> HttpResponse:
    patient = _patient(link)
    language, words = language_of(patient.language), _words(patient)
    shown = inbound.visits_of(link, now=clock.now())
    said = inbound.newest_answers(shown)
    ready = preparations.of_appointments(shown)
    context = {
        **_shared(patient),
        "lines": [
            replace(
                _line(visit, said.get(visit.pk), language, words),
                get_ready=getting_ready.sentences(
                    visit, ready.get(visit.pk, GetReady()), patient.travel_minutes, language, words
                ),
            )
            for visit in shown
        ],
        "moved": moved,
        "feed": feed,
        "asks": questions.any_asked(patient, now=clock.now()),
        "token": request.resolver_match.kwargs["token"] if request.resolver_match else "",
        "elsewhere": any(
            clock.local(visit.starts_at, patient.home_zone).utcoffset()
            != clock.local(visit.starts_at, visit.zone).utcoffset()
            for visit in shown
        ),
    }
    return render(request, "web/patient/visits.html", context, status=status)


def _line(visit: Appointment, answer: Answer | None, language: Language, words: PatientWords) -> Line:
    starts, ends = clock.local(visit.starts_at, visit.zone), clock.local(visit.ends_at, visit.zone)
    said = ""
    if answer is not None and answer.meaning in {Meaning.CHANGE, Meaning.CANNOT_COME}:
        said = words.change_noted if answer.meaning == Meaning.CHANGE else words.cannot_come_noted
    elif visit.confirmed_at is not None:
        said = words.confirmed
    until = words.until.format(ends=language.time_of(ends))
    return Line(visit, language.day_of(starts), language.time_of(starts), until, visit.site.address, said)


def _shared(patient: Patient) -> dict[str, object]:
    words = _words(patient)
    known = {
        "initial": patient.given_name[:1],
        "sender": patient.site.public_name,
        "phone": phone(patient.site.phone),
    }
    return {
        "language": language_of(patient.language).code,
        "words": words,
        "hello": words.hello.format(**known),
        "call": words.call.format(**known),
        "stop_question": words.stop_question.format(**known),
        "stop_done": words.stop_done.format(**known),
        **known,
    }


def _words(patient: Patient) -> PatientWords:
    return WORDS[language_of(patient.language).code]


def _patient(link: Link) -> Patient:
    return cast("Patient", link.patient)  # a constraint: only calendar links are of staff


def _meaning(answer: str) -> Meaning:
    return Meaning(answer)


def _calendar(visits: list[Appointment], language: str, *, name: str) -> HttpResponse:
    from notifications.channels import calendar as files  # imported here: keeps web start-up light

    title = language_of(language).calendar_title
    response = HttpResponse(files.published(visits, language, name=title), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def ended(request: HttpRequest) -> HttpResponse:
    """The page of every link that does not open."""
    return render(request, "web/patient/ended.html", {"language": "en", "texts": ENDED}, status=404)
