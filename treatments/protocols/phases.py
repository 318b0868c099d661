"""How long the phases of a stored visit are, read from the document of its course."""

from typing import TYPE_CHECKING

from treatments.protocols.references import block_of

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol
    from treatments.protocols.visit_types import VisitType

MOST_NUMBERS = 20
"""A protocol gives lengths of their own to so many visits of a type at most."""


def kind_of(document: "Protocol", key: str) -> "VisitType | None":
    """The visit type of the visit with this key; None for one whose block the document does not have."""
    block = next((each for each in document.blocks if each.block == block_of(key)), None)
    return document.visit_types[block.visit] if block is not None else None


def lengths(document: "Protocol", key: str, *, minutes: int) -> dict[str, int]:
    """The minutes of each phase of a visit that keeps the patient for ``minutes``; empty where that fits none.

    The first visits of a type may be longer than the rest: the total tells which of them it is.
    """
    kind = kind_of(document, key)
    if kind is None:
        return {}
    for number in (MOST_NUMBERS + 1, *range(1, MOST_NUMBERS + 1)):
        found = kind.minutes(number)
        if sum(length for phase, length in found.items() if phase != "turnover") == minutes:
            return found
    return {}
