"""The words of a text message. Who writes, when, and one thing to do; never what the visit is for."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from clinics.models import Site
from core import clock
from notifications.channels import addresses, getting_ready
from notifications.channels.languages import answer_by, language_of, one_line, phone
from notifications.channels.sms import segments
from notifications.channels.words import SEVERAL_CANCELLED, WITH_LIST, Editions, fill
from notifications.engine.states import Step
from notifications.engine.visit_numbers import number_of
from notifications.models import Link, Message
from scheduler.models import Appointment

LONGEST_NAME = 20
"""Characters of a first name that are used: a greeting, not an address."""


@dataclass(frozen=True, slots=True)
class ShortText:
    """One text message, ready to be sent. ``to`` is a number in E.164."""

    to: str
    text: str


def compose(message: Message, visits: Sequence[Appointment], editions: Editions) -> ShortText:
    """The text of a message about ``visits``, earliest first. Needs ``patient`` and its and the visits' ``site`` loaded.

    One query for the first message of a batch, for the texts in use; two if there may be a get-ready list. The link in it is written by whoever sends it
    (``Link.needed_by``).
    """
    link = Link.of_message(message, visits)
    values = {
        **about_sender(message.patient.given_name, visits[0].site),
        **about_visit(visits[0], message.patient.language),
    }
    values["link"] = addresses.of_link(link)
    values["until"] = answer_by(visits[0], language_of(message.patient.language))
    words = editions.words(_name(message, visits), message.patient.language)
    return ShortText(to=str(message.patient.phone), text=economical(fill(words.body, values)))


def _name(message: Message, visits: Sequence[Appointment]) -> str:
    """Which text it is."""
    if message.step == Step.CANCELLED and len(visits) > 1:
        return SEVERAL_CANCELLED
    step = Step(message.step)
    return WITH_LIST[step] if getting_ready.has_list(message, visits) else step.value


def about_sender(first_name: str, site: Site) -> dict[str, str]:
    """Who is written to and who writes."""
    return {
        "first_name": one_line(first_name)[:LONGEST_NAME].strip(),
        "sender": one_line(site.public_name),
        "phone": phone(site.phone),
    }


def about_visit(visit: Appointment, language_code: str) -> dict[str, str]:
    """When, on the clock of the place, and the number by which the visit is named in an answer."""
    language = language_of(language_code)
    starts = clock.local(visit.starts_at, visit.zone)
    return {
        "day": language.day_of(starts),
        "time": language.time_of(starts),
        "number": str(number_of(visit.pk)),
    }


def economical(text: str) -> str:
    """The text without the accents that would make it take more segments (á í ó ú; not é, ñ, ü), if that helps."""
    as_written = segments.count(text)
    if not as_written.costly:
        return text
    plain = "".join(_bare(each) if each in as_written.costly else each for each in text)
    return plain if segments.count(plain).count < as_written.count else text


def _bare(character: str) -> str:
    """A letter without its accent; typographic quotes and dashes as plain ones."""
    known = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."}
    return known.get(character) or "".join(
        each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each)
    )
