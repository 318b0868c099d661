"""The birth date, asked once in a browser before anything beyond an initial and times is shown or changed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from notifications.channels.languages import language_of
from notifications.models import Link
from web import link_sessions, patient_sessions
from web.patient_sessions import Tried
from web.question_words import WORDS
from web.views.patient_frame import ended, opened, patient_of, see_other, shared


def birth(request: HttpRequest, token: str) -> HttpResponse:
    """Asks for it, and goes back to the visits."""
    link = opened(request, token)
    if link is None:
        return ended(request)
    if patient_sessions.is_open(request, link):
        return see_other("patient-visits", token, at="#ready")
    return birth_date(request, link, then="patient-visits", at="#ready")


def birth_date(request: HttpRequest, link: Link, *, then: str, at: str = "") -> HttpResponse:
    """The page that asks; by POST, if the date is right, on to the page named ``then``."""
    wrong = ""
    if request.method == "POST":
        came = patient_sessions.tried(request, link)
        if came is Tried.RIGHT:
            response = see_other(then, link_sessions.address_part(request), at=at)
            patient_sessions.open_for(response, link)
            return response
        wrong = refusal(link, came)
    patient = patient_of(link)
    context = {**shared(patient), "words": WORDS[language_of(patient.language).code], "wrong": wrong}
    return render(request, "web/patient/birth.html", context, status=422 if wrong else 200)


def refusal(link: Link, came: Tried) -> str:
    """Why it was not taken, in the patient's language; empty if it was."""
    words = WORDS[language_of(patient_of(link).language).code]
    return {Tried.WRONG: words.birth_wrong, Tried.TOO_OFTEN: words.birth_later}.get(came, "")
