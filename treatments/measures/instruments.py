"""What a measure is made of. Every number names where it comes from; wording stands here only where its licence allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

Answers = Mapping[int, int]
"""The values given, by item number counted from 1. What was not answered is missing."""
Wording = Mapping[str, str]
"""The same sentence by language code, such as ``en``."""


class InvalidAnswers(ValueError):
    """Answers that the instrument cannot have: ``item`` is the number of the first such item, None for all of them."""

    def __init__(self, message: str, *, item: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.item = item


class Method(StrEnum):
    """How the items of a scale become one number."""

    SUM = "sum"
    MEAN = "mean"
    WORST_OF_GROUPS = "worst_of_groups"
    """The highest item of each group, added up."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to an item."""

    value: int
    words: Wording


@dataclass(frozen=True, slots=True)
class Item:
    """One question. ``ask`` is its wording by language, empty where the licence keeps it on paper.

    ``name`` is short and for staff. ``lowest`` and ``highest`` are the values it takes.
    """

    number: int
    name: str
    lowest: int
    highest: int
    ask: Wording
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """A range of scores with a name: from ``lowest`` up to the next band."""

    lowest: int
    name: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A number made of items; lower is better in all that are here.

    ``groups`` are item numbers; every group counts once. ``at_least`` of the items have to be answered.
    ``response`` is the share of the first score by which it has to fall, ``remission`` the highest score that still counts
    as well, ``meaningful`` the smallest change in points that patients notice. None: no such number is published.
    """

    name: str
    title: str
    method: Method
    groups: tuple[tuple[int, ...], ...]
    highest: int
    at_least: int
    bands: tuple[Band, ...] = ()
    response: Fraction | None = None
    remission: Fraction | None = None
    meaningful: Fraction | None = None

    @property
    def items(self) -> tuple[int, ...]:
        """The numbers of its items."""
        return tuple(number for group in self.groups for number in group)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A measure. ``look_back_days`` is the time the questions ask about (0: now), ``interval_days`` the least time between
    two that can be compared; both in days.

    ``watched`` are the items of which any answer above 0 a clinician has to see on the same day. Of each tuple in
    ``either`` only one item is answered, as the form asks.
    """

    name: str
    title: str
    about: str
    filled_by: str
    look_back_days: int
    interval_days: int
    intro: Wording
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    watched: tuple[int, ...]
    sources: tuple[str, ...]
    licence: str
    either: tuple[tuple[int, ...], ...] = ()

    @property
    def has_wording(self) -> bool:
        """Whether patients can fill it in here; without, answers are typed from the clinic's own paper."""
        return all(item.ask for item in self.items)

    def item(self, number: int) -> Item:
        """The item of that number. Raises ``KeyError``."""
        for item in self.items:
            if item.number == number:
                return item
        raise KeyError(number)


def kept_elsewhere(name: str, title: str, filled_by: str) -> Instrument:
    """A form that a protocol asks for and nobody scores here: that it was done, and when, is all that is recorded."""
    return Instrument(
        name=name,
        title=title,
        about="Kept elsewhere",
        filled_by=filled_by,
        look_back_days=0,
        interval_days=0,
        intro={"en": "This form is not answered here. Say when it was done."},
        items=(),
        scales=(),
        watched=(),
        sources=(),
        licence="",
    )


def numbered(names: Sequence[str], *, lowest: int, highest: int) -> tuple[Item, ...]:
    """Items without wording, numbered from 1."""
    return tuple(Item(number, name, lowest, highest, {}) for number, name in enumerate(names, 1))


def asked(
    questions: Sequence[tuple[str, Wording]], *, highest: int, choices: tuple[Choice, ...] = ()
) -> tuple[Item, ...]:
    """Items from 0 to ``highest`` with their names and wording, numbered from 1."""
    return tuple(Item(number, name, 0, highest, ask, choices) for number, (name, ask) in enumerate(questions, 1))
