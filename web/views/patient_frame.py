"""What patients' pages share: whose link it is, the words around every page, and the page of a link that does not open."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clinics.models import Patient
from core import clock
from notifications.actions import new_links
from notifications.channels.languages import language_of, phone
from notifications.engine.states import Channel
from notifications.models import Link
from notifications.models.link import Purpose
from notifications.queries import inbound
from web import link_sessions
from web.contact_words import ENDED
from web.patient_words import WORDS, PatientWords


def opened(request: HttpRequest, said: str, *purposes: Purpose) -> Link | None:
    """The link of visits, or for these purposes, that ``said``, out of the address, opens. One query."""
    wanted = purposes or link_sessions.OF_VISITS
    return inbound.opened(link_sessions.token_of(request, said), *wanted, now=clock.now())


def patient_of(link: Link) -> Patient:
    """Whose it is."""
    return cast("Patient", link.patient)  # a constraint: only calendar links are of staff


def words_of(patient: Patient) -> PatientWords:
    """The words in the patient's language."""
    return WORDS[language_of(patient.language).code]


def shared(patient: Patient) -> dict[str, object]:
    """What every page shows: the language, who writes, and whom to call."""
    words = words_of(patient)
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
        **known,
    }


def see_other(name: str, *args: object, at: str = "") -> HttpResponse:
    """To another page after a form; ``at`` is what follows its address."""
    response = redirect(name, *args)
    response["Location"] += at
    response.status_code = 303
    return response


def ended(request: HttpRequest, *, said: str = "") -> HttpResponse:
    """The page of every link that does not open; one that was let go by time offers a new one. ``said``: what was done.

    Where only the session of this browser is over, it asks to open the link again.
    """
    said_link = link_sessions.address_part(request)
    token = link_sessions.token_of(request, said_link)
    old = new_links.replaceable(token, now=clock.now())
    context: dict[str, object] = {"language": "en", "texts": ENDED, "closed": not token}
    if old is not None:
        patient = patient_of(old)
        words = ENDED[language_of(patient.language).code]
        channel = new_links.offer(patient)
        told = words.offer_email if channel is Channel.EMAIL else words.offer_phone if channel else ""
        context = {
            "language": language_of(patient.language).code,
            "texts": {language_of(patient.language).code: words},
            "offer": told.format(end=str(patient.phone)[-2:]),
            "said": getattr(words, said, ""),
            "call": words.call.format(phone=phone(patient.site.phone)),
            "sender": patient.site.public_name,
            "token": said_link,
        }
    return render(request, "web/patient/ended.html", context, status=404)
