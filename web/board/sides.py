"""Side by side: what overlaps in a column shares its width."""

from collections.abc import Sequence
from dataclasses import replace

from web.board.entries import Card

MOST = 16
"""So many have a place of their own, in a column of up to twelve tracks. Nobody looks after as many at once."""


def shared(cards: Sequence[Card]) -> list[Card]:
    """The cards, in order of time, each with its side and the number of sides of those it overlaps with."""
    found: list[Card] = []
    together: list[Card] = []
    ends: list[int] = []
    for card in sorted(cards, key=lambda each: (each.span.first, -each.span.last, each.key)):
        if ends and card.span.first >= max(ends):
            found += _settled(together, len(ends))
            together, ends = [], []
        side = next((number for number, end in enumerate(ends) if end <= card.span.first), len(ends))
        ends[side : side + 1] = [card.span.last]
        together.append(replace(card, side=side))
    return found + _settled(together, len(ends))


def _settled(cards: Sequence[Card], sides: int) -> list[Card]:
    most = min(sides, MOST)
    return [replace(card, side=card.side % most, sides=most) for card in cards]
