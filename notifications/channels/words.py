"""The texts of messages: shipped with the program, or the clinic's own in their place.

A text holds words and ``{placeholders}``. Nothing in it is code: a placeholder is a name from a list, or the text is refused.
Shipped texts: ``templates/notifications/sms/<language>/<name>.txt``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from clinics import red_words
from notifications.channels.languages import FALLBACK, LANGUAGES
from notifications.channels.sms import segments
from notifications.engine.states import Channel, Step
from notifications.models import Template

SHIPPED = Path(__file__).parent.parent / "templates" / "notifications" / "sms"
PLACEHOLDER = re.compile(r"\{(\w*)\}")
MOST_SEGMENTS = 2

REPLIES = ("confirmed", "change_noted", "cannot_come_noted", "stopped", "started", "help", "passed_on", "which_visit")
"""What is answered at once to a patient's text."""
SEVERAL_CANCELLED = "several_cancelled"
"""A cancellation of more than one visit, none of which a text has room to name."""
WITH_LIST = {Step.ONE_DAY: "one_day_ready", Step.DAY_OF: "day_of_ready"}
"""Texts about a visit before which there is something to do, in place of those of the step."""
NAMES = (*(step.value for step in Step), *WITH_LIST.values(), SEVERAL_CANCELLED, *REPLIES)
_EVERYWHERE = frozenset({"first_name", "sender", "phone"})
_OF_VISITS = frozenset({"day", "time", "link", "number"})
OFFERED = frozenset({"until"})
"""What only the words of an offer have: until when the time is held."""
_ABOUT_ONE = frozenset({"day", "time"})
_REPLIES_ABOUT = {
    "confirmed": _ABOUT_ONE,
    "change_noted": _ABOUT_ONE,
    "cannot_come_noted": _ABOUT_ONE,
    "which_visit": frozenset({"number"}),
}

LONGEST = {
    "first_name": "M" * 20,
    "sender": "M" * 40,
    "phone": "(212) 555-0100",
    "day": "Wednesday 30 September",
    "time": "10:30am",
    "until": "10:30am",
    "number": "41",
    "link": "https://appointments.example.org/v/" + "M" * 22,
}
"""Values as long as they get, by which a text's segments are counted before it is in use."""


EXAMPLE = datetime(2026, 11, 26, 9, 30)  # noqa: DTZ001 - an example, on no particular clock
EXAMPLE_ENDS = datetime(2026, 11, 26, 11, 0)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class Words:
    """One text and where it comes from: ``edition`` is 0 for the shipped one."""

    body: str
    edition: int = 0


class Editions:
    """The texts in use, read once: one query for all of them. Kept no longer than a batch or a request."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._own: dict[tuple[str, str], Template] | None = None

    def words(self, name: str, language: str) -> Words:
        """The text of a step or reply in a language, or in the fallback where that language has none."""
        code = language if language in LANGUAGES else FALLBACK
        own = self.own(name, code)
        return Words(own.body, own.version) if own else Words(shipped(name, code))

    def own(self, name: str, language: str) -> Template | None:
        """The clinic's own words in a language; None where the shipped ones are in use."""
        if self._own is None:
            newest = (
                Template.objects.filter(channel=self._channel)
                .order_by("name", "language", "-version")
                .distinct("name", "language")
            )
            self._own = {(each.name, each.language): each for each in newest}
        own = self._own.get((name, language))
        return own if own and own.body else None


@cache
def shipped(name: str, language: str) -> str:
    """The shipped text of a step or reply. Raises ``FileNotFoundError`` for an unknown name."""
    return (SHIPPED / language / f"{name}.txt").read_text(encoding="utf-8").strip()


def placeholders(name: str) -> frozenset[str]:
    """Those a text of this name may hold."""
    if name == Step.OFFER:
        return (_EVERYWHERE | _OF_VISITS | OFFERED) - {"number"}
    if name not in REPLIES:
        return _EVERYWHERE | _OF_VISITS
    return _EVERYWHERE | _REPLIES_ABOUT.get(name, frozenset())


def needed(name: str) -> frozenset[str]:
    """Those it must hold: who writes; and what a text about visits is looked up by, and answered with."""
    return frozenset({"sender"}) if name in REPLIES else frozenset({"sender", "link"})


def fill(body: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled.

    Raises ``KeyError`` for one that has no value.
    """
    return PLACEHOLDER.sub(lambda found: values[found[1]], body)


def example(*, name: str, language: str, body: str) -> str:
    """The text as one made-up patient reads it; a placeholder this text does not have stays as it is."""
    values = example_values(language)
    known = {each: values[each] for each in placeholders(name) if each in values}
    return PLACEHOLDER.sub(lambda found: known.get(found[1], found[0]), body)


def example_values(language: str) -> dict[str, str]:
    """A made-up patient, clinic and visit."""
    of_language = LANGUAGES[language]
    return {
        "first_name": "Ana",
        "sender": "Alder",
        "phone": "(212) 555-0100",
        "day": of_language.day_of(EXAMPLE),
        "time": of_language.time_of(EXAMPLE),
        "until": of_language.time_of(EXAMPLE_ENDS),
        "number": "41",
        "link": "https://appointments.example.org/v/" + "x" * 22,
    }


def problems(*, name: str, body: str) -> list[str]:
    """What is wrong with a text of this name, in sentences for whoever writes it; empty when it may be used."""
    wrong = unfit(body, allowed=placeholders(name), needed=needed(name))
    if not wrong:
        size = segments.count(fill(body, LONGEST))
        if size.count > MOST_SEGMENTS:
            costly = f" These characters make it long: {size.costly}" if size.costly else ""
            wrong.append(f"It takes {size.count} text messages with long names. {MOST_SEGMENTS} are the most.{costly}")
    return wrong


def unfit(body: str, *, allowed: frozenset[str], needed: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with words on any channel, in sentences: placeholders, and what a stranger would learn."""
    wrong = []
    used = set(PLACEHOLDER.findall(body))
    if unknown := sorted(used - allowed):
        wrong.append(f"There is no {_listed(unknown)} here. Use {_listed(sorted(allowed))}.")
    if missing := sorted(needed - used):
        wrong.append(f"Put {_listed(missing)} in, so that people know who writes and can answer.")
    if re.search(r"[{}]", PLACEHOLDER.sub("", body)):
        wrong.append("A curly bracket stands alone. They are for placeholders only.")
    if words := red_words.found(PLACEHOLDER.sub(" ", body)):
        wrong.append(
            f"Leave out {', '.join(words)}: a stranger who sees the screen must not learn what a visit is for."
        )
    if re.search(r"https?:|www\.", body):
        wrong.append("Put in no address of your own: people trust the one in {link}.")
    return wrong


def _listed(names: list[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
