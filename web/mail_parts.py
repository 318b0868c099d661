"""The words of e-mails as the pages show them: subject and body, an example, and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifications.channels.email import own_words
from notifications.models import Template
from web.text_parts import LANGUAGE_NAMES, TITLES


@dataclass(frozen=True, slots=True)
class MailPart:
    """One mail in one language. ``edition`` 0, or an empty ``body``, is the shipped one."""

    name: str
    language: str
    subject: str
    body: str
    edition: int
    editions: Sequence[Template] = ()
    problems: Sequence[dict[str, str]] = ()

    @property
    def title(self) -> str:
        """What the mail is for."""
        return TITLES[self.name]

    @property
    def language_name(self) -> str:
        """Such as "English"."""
        return LANGUAGE_NAMES.get(self.language, self.language)

    @property
    def example(self) -> tuple[str, str]:
        """Subject and words as one made-up patient reads them."""
        return own_words.example(name=self.name, language=self.language, subject=self.subject, body=self.body)

    @property
    def placeholders(self) -> list[str]:
        """What may stand in the body."""
        return [f"{{{each}}}" for each in sorted(own_words.placeholders(self.name))]

    @property
    def wrong(self) -> set[str]:
        """The fields something is wrong with."""
        return {each["pointer"] for each in self.problems}
