"""The words of an e-mail. Day, time and place; never what the visit is for.

Templates: ``templates/notifications/email/<language>/<step>.txt`` and ``.html``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import SafeMIMEText
from django.template.loader import render_to_string

from core import clock
from notifications.channels import addresses, calendar, getting_ready
from notifications.channels.email import own_words
from notifications.channels.languages import Language, answer_by, language_of, one_line, phone
from notifications.channels.words import Editions, fill
from notifications.engine.states import NEWS, Step
from notifications.models import Link, Message
from scheduler.models import Appointment, Status

WITH_CALENDAR = (*NEWS, Step.YOUR_WEEK, Step.THREE_DAYS)
"""Mails that carry a calendar file: of all visits they tell about, and of those of a week or the one when first spoken of alone."""


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit as a patient reads it, on the clock of the place it is at."""

    day: str
    begins: str
    ends: str
    place: str


def compose(
    message: Message, visits: Sequence[Appointment], editions: Editions | None = None
) -> EmailMultiAlternatives:
    """The e-mail of a message about ``visits``, earliest first, in the clinic's own words where ``editions`` has any.

    No query but for a get-ready list, and for the first of a batch; needs ``patient`` and its and
    the visits' ``site`` loaded. The links in it are written by whoever sends it (``Link.needed_by``).
    """
    language = language_of(message.patient.language)
    site = visits[0].site
    standing = [visit for visit in visits if visit.status != Status.CANCELLED]
    cancelled = [visit for visit in visits if visit.status == Status.CANCELLED]
    lines = [_line(visit, language) for visit in standing]
    gone = [_line(visit, language) for visit in cancelled]
    first = (lines or gone)[0]
    link, stop = Link.of_message(message, visits), Link.to_stop_email(message)
    context: dict[str, Any] = {
        "language": language.code,
        "first_name": one_line(message.patient.given_name),
        "sender": one_line(site.public_name),
        "phone": phone(site.phone),
        "link": addresses.of_link(link),
        "visits": lines,
        "cancelled": gone,
        "day": first.day,
        "begins": first.begins,
        "ends": first.ends,
        "place": first.place,
        "places_differ": len({line.place for line in lines}) > 1,
        "until": answer_by(visits[0], language),
        "get_ready": getting_ready.has_list(message, visits),
        "elsewhere": any(_clocks_differ(visit, message.patient.home_zone) for visit in visits),
    }
    subject = _subject(message, len(lines), language).format(day=first.day)
    template = f"notifications/email/{language.code}/{message.step}"
    own = editions.own(message.step, language.code) if editions else None
    if own is None:
        plain = str(render_to_string(f"{template}.txt", context)).strip() + "\n"
        html = str(render_to_string(f"{template}.html", {**context, "subject": subject}))
    else:
        values = own_words.values_of(context, language)
        subject = one_line(fill(own.subject, values)) or subject
        body = f"{own.body}\n\n{language.get_ready}" if context["get_ready"] else own.body
        plain = own_words.text(body, values)
        html = own_words.html(body, values, language=language.code, subject=subject)
    address = settings.DEFAULT_FROM_EMAIL
    letter = EmailMultiAlternatives(
        subject=subject,
        body=plain,
        from_email=formataddr((context["sender"], parseaddr(address)[1])),
        to=[message.patient.email],
        headers={
            "Message-ID": message_id(message),
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{addresses.of_link(stop)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    letter.attach_alternative(html, "text/html")
    if message.step in WITH_CALENDAR:
        if standing:
            letter.attach(_calendar_part("REQUEST", calendar.request(standing, message.patient)))
        if cancelled:
            letter.attach(_calendar_part("CANCEL", calendar.cancellation(cancelled, message.patient)))
    return letter


def message_id(message: Message) -> str:
    """The same for every try, so that a mailbox can collapse copies."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{message.pk}@{domain}>"


def _subject(message: Message, number: int, language: Language) -> str:
    """Says no more than that it is about appointments: it is read over shoulders."""
    if message.step in {Step.CHANGED, Step.CANCELLED}:
        return language.subject_of_change
    if message.step == Step.FORM:
        return language.subject_of_form
    if message.step == Step.OFFER:
        return language.subject_of_offer
    several = message.step in {Step.PLAN, Step.YOUR_WEEK} and number > 1
    return language.subject_of_plan if several else language.subject


def _calendar_part(method: str, file: bytes) -> SafeMIMEText:
    """Visits as a calendar file, readable as it stands in the mail. A file has one method, so a mail may have two files."""
    part = SafeMIMEText(file.decode(), "calendar", "utf-8")
    part.set_param("method", method)
    name = "visits.ics" if method == "REQUEST" else "cancelled.ics"
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _line(visit: Appointment, language: Language) -> VisitLine:
    starts = clock.local(visit.starts_at, visit.zone)
    ends = clock.local(visit.ends_at, visit.zone)
    return VisitLine(language.day_of(starts), language.time_of(starts), language.time_of(ends), visit.site.address)


def _clocks_differ(visit: Appointment, zone: str) -> bool:
    """Whether the patient's clock shows another time than the clock at the place."""
    return clock.local(visit.starts_at, zone).utcoffset() != clock.local(visit.starts_at, visit.zone).utcoffset()
