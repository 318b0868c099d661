"""The texts of text messages as the pages show them: words, an example, length, and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifications.channels import words
from notifications.channels.sms import segments
from notifications.channels.sms.text import economical
from notifications.engine.states import Step
from notifications.models import Template

LANGUAGE_NAMES = {"en": "English", "es": "Spanish"}
TITLES = {
    **{step.value: step.label for step in Step},
    "one_day_ready": "1 day before, with a get-ready list",
    "day_of_ready": "On the day, with a get-ready list",
    "changed": "A visit was moved",
    "cancelled": "A visit was cancelled",
    "several_cancelled": "Several visits were cancelled",
    "confirmed": "Answer to “yes”",
    "change_noted": "Answer to “another time”",
    "cannot_come_noted": "Answer to “cannot come”",
    "stopped": "Answer to “stop”",
    "started": "Answer to “start”",
    "help": "Answer to “help”",
    "passed_on": "Answer to anything else",
    "which_visit": "Asks which visit is meant",
}


@dataclass(frozen=True, slots=True)
class TextPart:
    """One text in one language. ``edition`` 0 is the shipped one."""

    name: str
    language: str
    body: str
    edition: int
    editions: Sequence[Template] = ()
    problems: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What the text is for."""
        return TITLES.get(self.name, self.name.replace("_", " ").capitalize())

    @property
    def language_name(self) -> str:
        """Such as "English"."""
        return LANGUAGE_NAMES.get(self.language, self.language)

    @property
    def example(self) -> str:
        """As one made-up patient reads it."""
        return economical(words.example(name=self.name, language=self.language, body=self.body))

    @property
    def size(self) -> segments.Segments:
        """How many text messages the example takes."""
        return segments.count(self.example)

    @property
    def placeholders(self) -> list[str]:
        """What may stand in it."""
        return [f"{{{each}}}" for each in sorted(words.placeholders(self.name))]
