"""Which parts of a visit are drawn lighter: the patient rests under observation, the chair is cleaned, a nurse looks on."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from scheduler.queries import hours
from treatments.models import Visit
from treatments.protocols.references import block_of
from web.board.entries import Band
from web.board.scale import Scale, Span

if TYPE_CHECKING:
    from datetime import datetime

    from treatments.protocols.schema import Protocol

MOST_NUMBERS = 20
"""A protocol gives lengths of their own to so many visits of a type at most."""


def observation(visit: Visit, document: "Protocol | None") -> timedelta:
    """How long the patient stays under observation at the end. The first visits may be longer: the total tells which it is."""
    block = next((each for each in document.blocks if each.block == block_of(visit.key)), None) if document else None
    if document is None or block is None:
        return timedelta()
    kind = document.visit_types[block.visit]
    for number in (MOST_NUMBERS + 1, *range(1, MOST_NUMBERS + 1)):
        lengths = kind.minutes(number)
        if sum(minutes for phase, minutes in lengths.items() if phase != "turnover") == visit.minutes:
            return timedelta(minutes=lengths.get("observation", 0))
    return timedelta()


def at_place(scale: Scale, card: Span, *, ends: "datetime", until: "datetime", observed: timedelta) -> tuple[Band, ...]:
    """At a chair or in a room: observation until the visit ends, then turnover until the place is free."""
    found = []
    if observed:
        found.append(Band("observation", scale.span(ends - observed, ends).inside(card)))
    if until > ends:
        found.append(Band("turnover", scale.span(ends, until).inside(card)))
    return tuple(found)


def of_person(scale: Scale, card: Span, looking_on: Iterable[hours.Window]) -> tuple[Band, ...]:
    """With a person: when they look after several patients at once."""
    return tuple(Band("looking-on", scale.span(*period).inside(card)) for period in looking_on)
