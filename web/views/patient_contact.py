"""How a patient is written to, in which language, and their calendar's address; links that ended; stopping e-mail."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinics.actions import patients
from clinics.models import Patient, User
from clinics.models.patient import Language
from clinics.permissions import Permission, require_own
from core import clock
from core.errors import DomainError
from notifications.actions import consents, links, new_links
from notifications.channels import addresses
from notifications.channels.languages import language_of
from notifications.engine.states import Channel
from notifications.models import Link
from notifications.models.consent import Source
from notifications.models.link import Purpose
from notifications.queries import inbound
from web import link_sessions
from web.contact_words import WORDS
from web.views.patient_frame import ended, opened, patient_of, see_other, shared

CHOICES = {
    "stop-texts": (Channel.SMS, False),
    "start-texts": (Channel.SMS, True),
    "stop-email": (Channel.EMAIL, False),
    "start-email": (Channel.EMAIL, True),
}


def contact(request: HttpRequest, token: str) -> HttpResponse:
    """How the patient is written to; by POST a choice, then the page again."""
    link = opened(request, token)
    if link is None:
        return ended(request)
    if request.method != "POST":
        return _page(request, link)
    pressed, patient, now = request.POST.get("do", ""), patient_of(link), clock.now()
    by = User.objects.service()
    try:
        require_own(by, Permission.EDIT_PATIENTS, patient=link.patient_id, of=patient.pk)
        if pressed == "subscribe":
            feed = links.subscribe_patient(patient=patient, by=by, now=now)
            return _page(request, link, feed=addresses.of_link(feed))
        if pressed == "unsubscribe":
            links.revoke_all(patient=patient, purpose=Purpose.CALENDAR, by=by, now=now)
        elif pressed in CHOICES:
            channel, given = CHOICES[pressed]
            consents.record(
                patient=patient,
                channel=channel,
                given=given,
                source=Source.LINK,
                words=_words_of(patient, given=given),
                by=by,
                now=now,
            )
        elif pressed in Language.values:
            patients.edit(patient=patient, by=by, now=now, version=patient.version, language=pressed)
        else:
            return _page(request, link, refused=True, status=422)
    except DomainError:
        return _page(request, link, refused=True, status=409)
    return see_other("patient-contact", token, at="?done")


def _words_of(patient: Patient, *, given: bool) -> str:
    """The sentence by which a patient agrees anew."""
    return consents.AGREEMENT[Language(language_of(patient.language).code)] if given else ""


def _page(
    request: HttpRequest, link: Link, *, feed: str = "", refused: bool = False, status: int = 200
) -> HttpResponse:
    patient = patient_of(link)
    language = language_of(patient.language).code
    words = WORDS[language]
    context: dict[str, Any] = {
        **shared(patient),
        "words": words,
        "patient": patient,
        "texts_on": words.texts_on.format(end=str(patient.phone)[-2:]),
        "agreement": consents.AGREEMENT[Language(language)],
        "languages": [(each.value, each.label) for each in Language],
        "feed": feed,
        "subscribed": bool(feed) or inbound.patient_subscribed(patient, now=clock.now()),
        "refused": refused,
        "kept": "done" in request.GET and not refused and not feed,
        "token": link_sessions.address_part(request),
    }
    return render(request, "web/patient/contact.html", context, status=status)


def new_link(request: HttpRequest, token: str) -> HttpResponse:
    """By POST, a new link goes to where the patient is known to be. What is shown is the same whether one went or not."""
    now = clock.now()
    old = new_links.replaceable(link_sessions.token_of(request, token), now=now)
    if old is None or request.method != "POST":
        return ended(request)
    try:
        new_links.send(link=old, by=User.objects.service(), now=now)
    except new_links.AskedOften:
        return ended(request, said="wait")
    return ended(request, said="sent")


def stop_email(request: HttpRequest, token: str) -> HttpResponse:
    """Asks whether e-mail shall end; by POST, also a mail program's own (RFC 8058), it ends."""
    now = clock.now()
    link = inbound.opened(token, Purpose.STOP_EMAIL, now=now)
    if link is None:
        return ended(request)
    patient = patient_of(link)
    done = not patient.may_email
    if request.method == "POST" and not done:
        consents.record(
            patient=patient, channel=Channel.EMAIL, given=False, source=Source.LINK, by=User.objects.service(), now=now
        )
        done = True
    context = shared(patient)
    words = context["words"]
    filled = {
        name: getattr(words, name).format(sender=patient.site.public_name, phone=context["phone"])
        for name in ("stop_question", "stop_done")
    }
    return render(request, "web/patient/stop.html", {**context, **filled, "done": done})
