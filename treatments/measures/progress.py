"""What a change in a score means: response, remission and a difference that patients notice, by the scale's own numbers."""

from dataclasses import dataclass
from fractions import Fraction

from treatments.measures.instruments import Scale


@dataclass(frozen=True, slots=True)
class Progress:
    """The way from the first score to a later one. ``drop`` is its share of the first, negative after a rise.

    None where the scale has no such number, and for the drop from a first score of 0.
    """

    drop: Fraction | None
    responded: bool | None
    remitted: bool | None
    meaningful: bool | None


def progress(scale: Scale, first: Fraction, latest: Fraction) -> Progress:
    """What became of the first score."""
    drop = (first - latest) / first if first else None
    return Progress(
        drop=drop,
        responded=responds(scale, first, latest),
        remitted=None if scale.remission is None else latest <= scale.remission,
        meaningful=None if scale.meaningful is None else abs(first - latest) >= scale.meaningful,
    )


def responds(scale: Scale, first: Fraction, latest: Fraction) -> bool | None:
    """Whether the score fell by the scale's share of the first. A first score of 0 leaves nothing to fall: no."""
    if scale.response is None:
        return None
    return first > 0 and first - latest >= scale.response * first


def highest_responding(scale: Scale, first: Fraction) -> Fraction | None:
    """The highest score that counts as a response: the line in the chart."""
    if scale.response is None or first <= 0:
        return None
    return first * (1 - scale.response)
