"""The words of an e-mail. Day, time and place; never what the visit is for.

Templates: ``templates/notifications/email/<language>/<step>.txt`` and ``.html``. A language is a folder of those and a
line in ``LANGUAGES``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from phonenumber_field.phonenumber import PhoneNumber

from core import clock
from notifications.engine.states import Step
from notifications.models import Message
from scheduler.models import Appointment


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes subjects, days (Django's date format) and times (12 or 24 hours)."""

    subject: str
    subject_of_plan: str
    day: str
    twelve_hours: bool


LANGUAGES = {
    "en": Language("Your appointment on {day}", "Your appointments from {day}", "l j F", twelve_hours=True),
    "es": Language("Su cita del {day}", "Sus citas a partir del {day}", r"l j \d\e F", twelve_hours=False),
}
FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit as a patient reads it, on the clock of the place it is at."""

    day: str
    begins: str
    ends: str
    place: str


def compose(message: Message, visits: Sequence[Appointment]) -> EmailMultiAlternatives:
    """The e-mail of a message about ``visits``, earliest first. Needs ``patient`` and its and the visits' ``site`` loaded."""
    code = message.patient.language if message.patient.language in LANGUAGES else FALLBACK
    language = LANGUAGES[code]
    site = visits[0].site
    lines = [_line(visit, code, language) for visit in visits]
    first = lines[0]
    context: dict[str, Any] = {
        "language": code,
        "first_name": _one_line(message.patient.given_name),
        "sender": _one_line(site.public_name),
        "phone": _phone(site.phone),
        "visits": lines,
        "day": first.day,
        "begins": first.begins,
        "ends": first.ends,
        "place": first.place,
        "places_differ": len({line.place for line in lines}) > 1,
        "elsewhere": any(_clocks_differ(visit, message.patient.home_zone) for visit in visits),
    }
    several = message.step == Step.PLAN and len(lines) > 1
    subject = (language.subject_of_plan if several else language.subject).format(day=first.day)
    template = f"notifications/email/{code}/{message.step}"
    address = settings.DEFAULT_FROM_EMAIL
    letter = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"{template}.txt", context).strip() + "\n",
        from_email=formataddr((context["sender"], parseaddr(address)[1])),
        to=[message.patient.email],
        headers={"Message-ID": message_id(message), "Auto-Submitted": "auto-generated"},
    )
    letter.attach_alternative(render_to_string(f"{template}.html", {**context, "subject": subject}), "text/html")
    return letter


def message_id(message: Message) -> str:
    """The same for every try, so that a mailbox can collapse copies."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{message.pk}@{domain}>"


def _line(visit: Appointment, code: str, language: Language) -> VisitLine:
    starts = clock.local(visit.starts_at, visit.zone)
    ends = clock.local(visit.ends_at, visit.zone)
    with translation.override(code):
        day = date_format(starts.date(), language.day)
    return VisitLine(day, _time(starts, language), _time(ends, language), visit.site.address)


def _time(at: datetime, language: Language) -> str:
    if not language.twelve_hours:
        return f"{at.hour}:{at:%M}"
    return f"{at.hour % 12 or 12}:{at:%M}{'am' if at.hour < 12 else 'pm'}"


def _clocks_differ(visit: Appointment, zone: str) -> bool:
    """Whether the patient's clock shows another time than the clock at the place."""
    return clock.local(visit.starts_at, zone).utcoffset() != clock.local(visit.starts_at, visit.zone).utcoffset()


def _phone(number: PhoneNumber | str) -> str:
    return str(getattr(number, "as_national", number))


def _one_line(text: str) -> str:
    """Header values and greetings hold no line breaks."""
    return " ".join(text.split())
