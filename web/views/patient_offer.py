"""A time that has become free, offered to a patient: when, where, how long it is held; yes or no."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinics.models import User
from core import clock
from core.errors import Busy, DomainError
from notifications.actions import offers
from notifications.actions.offers import OfferOver
from notifications.channels.languages import language_of
from notifications.models import Link, Offer, OfferState
from notifications.models.link import Purpose
from notifications.queries import offers as reading
from treatments.models import WaitlistStatus
from web import link_sessions, patient_sessions
from web.offer_words import WORDS, OfferWords
from web.patient_sessions import Tried
from web.patient_visits import length
from web.question_words import WORDS as QUESTION_WORDS
from web.views.patient_birth import refusal
from web.views.patient_frame import ended, opened, patient_of, see_other, shared, words_of


def offer(request: HttpRequest, token: str) -> HttpResponse:
    """The time, or what became of it; by POST it is taken or left."""
    link = opened(request, token, Purpose.OFFER)
    found = reading.of_link(link) if link else None
    if link is None or found is None:
        return ended(request)
    pressed = request.POST.get("do", "") if request.method == "POST" else ""
    if pressed not in {"take", "keep"}:
        return _page(request, link, found)
    try:
        if pressed == "take":
            return _take(request, link, found)
        offers.decline(link=link, by=User.objects.service(), now=clock.now())
    except (OfferOver, Busy):
        return _page(request, link, reading.of_link(link) or found, status=409)
    except DomainError:  # their course or the calendar changed meanwhile; nothing was done
        return _page(request, link, found, failed=True, status=409)
    return see_other("patient-offer", link_sessions.address_part(request))


def _take(request: HttpRequest, link: Link, found: Offer) -> HttpResponse:
    """Takes the time, after the birth date. Raises ``DomainError``."""
    opens = not patient_sessions.is_open(request, link)
    if opens and (came := patient_sessions.tried(request, link)) is not Tried.RIGHT:
        return _page(request, link, found, wrong=refusal(link, came), status=422)
    offers.accept(link=link, by=User.objects.service(), now=clock.now())
    response = see_other("patient-offer", link_sessions.address_part(request))
    if opens:
        patient_sessions.open_for(response, link)
    return response


def _page(
    request: HttpRequest, link: Link, found: Offer, *, wrong: str = "", failed: bool = False, status: int = 200
) -> HttpResponse:
    patient, now = patient_of(link), clock.now()
    language = language_of(patient.language)
    words, hold = WORDS[language.code], found.hold
    state = found.standing(now=now)

    def at(instant: datetime) -> dict[str, str]:
        local = clock.local(instant, hold.zone)
        return {"day": language.day_of(local), "time": language.time_of(local)}

    appointment = found.entry.visit.appointment
    stands = at(appointment.starts_at) if appointment and appointment.starts_at > now else None
    home, there = (clock.local(hold.starts_at, zone).utcoffset() for zone in (patient.home_zone, hold.zone))
    context: dict[str, Any] = {
        **shared(patient),
        "words": words,
        "chosen": "{day}, {time}".format(**at(hold.starts_at)),
        "place": hold.site.address,
        "lasts": words.lasts.format(length=length(found.ends_at - hold.starts_at, words_of(patient))),
        "held": words.held.format(until=at(found.until)["time"]),
        "instead": words.instead.format(**stands) if stands else words.first,
        "stays": words.stays.format(**stands) if stands else "",
        "is_shared": reading.is_shared(found),
        "is_open": state is OfferState.OPEN and not failed,
        "told": words.failed if failed else _told(words, state),
        "now_at": words.now_at.format(**stands) if stands else "",
        "is_taken": state is OfferState.ACCEPTED,
        "is_listed": found.entry.status == WaitlistStatus.WAITING,
        "leave": words.keep if stands else words.leave,
        "elsewhere": words_of(patient).elsewhere if home != there else "",
        "asks_birth": not patient_sessions.is_open(request, link),
        "birth_words": QUESTION_WORDS[language.code],
        "wrong": wrong,
    }
    return render(request, "web/patient/offer.html", context, status=status)


def _told(words: OfferWords, state: OfferState) -> str:
    """What became of it; empty while it can be answered."""
    return {
        OfferState.OPEN: "",
        OfferState.ACCEPTED: words.taken,
        OfferState.DECLINED: words.kept,
        OfferState.LOST: words.lost,
    }.get(state, words.over)
