"""Where a decision leads: which blocks it makes firm, which it gives up, and which are left to later decisions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treatments.protocols.references import block_of

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol

STOP = "stop"
OPEN = "clinician"
"""The choice that leaves it to the clinician: no block follows from it."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What going on with a block means for the tentative ones."""

    firm: frozenset[str]
    """Blocks whose tentative visits are no longer tentative: the chosen one, and what hangs on it."""
    released: frozenset[str]
    """Blocks whose tentative visits are given back: the other ways the decision could have gone, and what hangs on them."""


def branch(document: "Protocol", decision: str, block: str) -> Branch:
    """Going on with ``block`` at a decision of the protocol; ``decision`` may be empty.

    What waits for a later decision stays as it is: maintenance that is offered after the weekly block is kept while the
    weekly block is chosen.
    """
    firm = hanging_on(document, block)
    others = {
        choice.goes_to
        for each in document.decisions
        if each.decision == decision
        for choice in each.choices
        if choice.goes_to not in (STOP, OPEN, block)
    }
    released = {name for other in others for name in hanging_on(document, other)} - firm
    return Branch(firm, frozenset(released))


def hanging_on(document: "Protocol", block: str) -> frozenset[str]:
    """The block and the tentative blocks anchored to it, directly or through others."""
    found = {block}
    while True:
        more = {
            each.block
            for each in document.blocks
            if each.is_tentative
            and each.block not in found
            and any(block_of(anchor.after or anchor.before or "") in found for anchor in each.anchors)
            and not _chosen_by_itself(document, each.block)
        }
        if not more:
            return frozenset(found)
        found |= more


def _chosen_by_itself(document: "Protocol", block: str) -> bool:
    return any(choice.goes_to == block for each in document.decisions for choice in each.choices)
