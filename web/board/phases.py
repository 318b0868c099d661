"""Which parts of a visit are drawn lighter: the patient rests under observation, the chair is cleaned, a nurse looks on."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from scheduler.queries import hours
from treatments.models import Visit
from treatments.protocols import phases
from web.board.entries import Band
from web.board.scale import Scale, Span

if TYPE_CHECKING:
    from datetime import datetime

    from treatments.protocols.schema import Protocol


def observation(visit: Visit, document: "Protocol | None") -> timedelta:
    """How long the patient stays under observation at the end."""
    found = phases.lengths(document, visit.key, minutes=visit.minutes) if document is not None else {}
    return timedelta(minutes=found.get("observation", 0))


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
