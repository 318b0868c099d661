"""How each language writes days and times, and how names and numbers are put into a message.

A language is a line here, a folder of texts for each channel, and a member of ``clinics.models.patient.Language``.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import translation
from django.utils.formats import date_format
from phonenumber_field.phonenumber import PhoneNumber

from core import clock
from scheduler.models import Appointment


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes subjects, calendar titles, visits, days (Django's date format) and times (12 or 24 hours)."""

    code: str
    subject: str
    subject_of_plan: str
    subject_of_change: str
    subject_of_form: str
    subject_of_offer: str
    calendar_title: str
    visit: str
    get_ready: str
    day: str
    twelve_hours: bool

    def day_of(self, at: datetime) -> str:
        """The date of a local time in words: weekday, day and month in full, as shortened ones are read out oddly."""
        with translation.override(self.code):
            return date_format(at.date(), self.day)

    def time_of(self, at: datetime) -> str:
        """A local time."""
        if not self.twelve_hours:
            return f"{at.hour}:{at:%M}"
        return f"{at.hour % 12 or 12}:{at:%M}{'am' if at.hour < 12 else 'pm'}"


LANGUAGES = {
    "en": Language(
        "en",
        "Your appointment on {day}",
        "Your appointments from {day}",
        "A change to your appointments",
        "A short form is ready for you",
        "A time has become free",
        "Appointment",
        "{day}, {begins} to {ends}",
        "Please read your get-ready list today: {link}",
        "l j F",
        twelve_hours=True,
    ),
    "es": Language(
        "es",
        "Su cita del {day}",
        "Sus citas a partir del {day}",
        "Un cambio en sus citas",
        "Tiene listo un formulario breve",
        "Ha quedado libre una hora",
        "Cita",
        "{day}, de {begins} a {ends}",
        "Lea hoy su lista para prepararse: {link}",
        r"l j \d\e F",
        twelve_hours=False,
    ),
}
FALLBACK = "en"


def language_of(code: str) -> Language:
    """The language with this code, or the fallback."""
    return LANGUAGES.get(code) or LANGUAGES[FALLBACK]


def answer_by(visit: Appointment, language: Language) -> str:
    """Until when a time is held, on the clock of the place; empty for what is booked."""
    until = visit.hold_expires_at
    return language.time_of(clock.local(until, visit.zone)) if until else ""


def phone(number: PhoneNumber | str) -> str:
    """A phone number as people of its country write it."""
    return str(getattr(number, "as_national", number))


def one_line(text: str) -> str:
    """Without line breaks: header values, greetings and text messages hold none."""
    return " ".join(text.split())
