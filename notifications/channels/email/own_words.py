"""E-mails in the clinic's own words: a subject and plain text with ``{placeholders}``, from which both parts are made.

What is missing of the clinic's own is as shipped. Who writes, and the phone, always stand at the end.
"""

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html, linebreaks
from django.utils.safestring import mark_safe

from notifications.channels import words
from notifications.channels.languages import LANGUAGES, Language
from notifications.engine.states import Step

NAMES = tuple(step.value for step in Step)
IN_SUBJECT = frozenset({"day", "sender"})
_ABOUT = frozenset({"first_name", "sender", "phone", "link", "visits", "day", "begins", "ends", "place"})
LONGEST_SUBJECT = 100


def placeholders(name: str) -> frozenset[str]:
    """Those the body of a mail of this name may hold."""
    if name == Step.OFFER:
        return (_ABOUT | words.OFFERED) - {"ends", "visits"}
    return _ABOUT | {"cancelled"} if name in {Step.CHANGED, Step.CANCELLED} else _ABOUT


def problems(*, name: str, subject: str, body: str) -> list[tuple[str, str]]:
    """What is wrong with a mail, as pairs of the field and a sentence for whoever writes it; empty when it may be used."""
    wrong = [("subject", sentence) for sentence in words.unfit(subject, allowed=IN_SUBJECT)]
    if len(subject.splitlines()) > 1:
        wrong.append(("subject", "A subject is one line."))
    found = words.unfit(body, allowed=placeholders(name), needed=frozenset({"link"}))
    return wrong + [("body", sentence) for sentence in found]


def values_of(context: Mapping[str, Any], language: Language) -> dict[str, str]:
    """What the placeholders stand for, from what the shipped templates are filled with."""
    values = {name: str(context[name]) for name in (_ABOUT | words.OFFERED) - {"visits"}}
    for several in ("visits", "cancelled"):
        values[several] = "\n".join(
            language.visit.format(day=line.day, begins=line.begins, ends=line.ends)
            + (f", {line.place}" if context["places_differ"] else "")
            for line in context[several]
        )
    return values


def text(body: str, values: Mapping[str, str]) -> str:
    """The plain part."""
    return f"{words.fill(body, values).strip()}\n\n{values['sender']}\n{values['phone']}\n"


def html(body: str, values: Mapping[str, str], *, language: str, subject: str) -> str:
    """The HTML part: the same words, in paragraphs, with the address as a link."""
    shown: dict[str, str] = {name: conditional_escape(value) for name, value in values.items()}
    shown["link"] = format_html('<a href="{0}">{0}</a>', values["link"])
    filled = linebreaks(words.fill(str(conditional_escape(body)).strip(), shown))
    # the values were escaped, and so were the words around them
    context = {**values, "language": language, "subject": subject, "words": mark_safe(filled)}  # noqa: S308
    return render_to_string("notifications/email/own.html", context)


def example(*, name: str, language: str, subject: str, body: str) -> tuple[str, str]:
    """Subject and plain part as one made-up patient reads them; a placeholder there is none of stays as it is."""
    of_language = LANGUAGES[language]
    values = words.example_values(language)
    values |= {"begins": values["time"], "ends": of_language.time_of(words.EXAMPLE_ENDS), "place": "12 Alder Road"}
    values["visits"] = of_language.visit.format(**{each: values[each] for each in ("day", "begins", "ends")})
    values["cancelled"] = values["visits"]
    values = {each: value for each, value in values.items() if each in placeholders(name)}

    def filled(part: str) -> str:
        return words.PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), part)

    return filled(subject), f"{filled(body).strip()}\n\n{values['sender']}\n{values['phone']}\n"
