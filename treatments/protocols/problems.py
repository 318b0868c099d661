"""What is wrong with a protocol document, where, and what was expected."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST_SHOWN = 50
"""More problems than this are counted, not listed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``path`` is the place in the document, empty for the document as a whole."""

    path: str
    found: str
    expected: str
    line: int | None = None
    """In the text that was read, counted from 1; ``None`` where there was no text."""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.path or 'document'}: found {self.found}; expected {self.expected}"


class ProtocolError(Exception):
    """A protocol document that cannot be used. ``problems`` has at least one entry, in order of their lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__(self.problems)

    def __str__(self) -> str:
        """All problems as plain text, one a line."""
        lines = [str(problem) for problem in self.problems[:MOST_SHOWN]]
        more = len(self.problems) - MOST_SHOWN
        return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)


def quoted(value: object) -> str:
    """A value from a document as it is shown: short, with the name of its shape when it is not a plain value."""
    if isinstance(value, str):
        return f'"{shown(value)}"'
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if value is None or value == {}:
        return "nothing"
    if isinstance(value, dict):
        return "names with values"
    if isinstance(value, int) and abs(value) > 10**30:
        return "a number of more than 30 digits"
    text = str(value).lower()
    return text if len(text) <= 40 else text[:40] + "…"


def shown(text: str) -> str:
    """A text from a document as it is shown: at most 60 characters, all of them printable."""
    return "".join(c if c.isprintable() else "�" for c in text[:60]) + ("…" if len(text) > 60 else "")
