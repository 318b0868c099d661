"""What is there, or has still to be there, before a visit, in words: for the day it is on, and for the course it is of."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core import clock
from treatments.queries.assessments import Due, DueState
from treatments.queries.preparations import GetReady
from treatments.queries.readiness import Standing, VisitReadiness
from web import words
from web.statuses import State

IN_PLACE = State("", "✓", "confirmed")
MISSING = State("", "×", "missed")
OPEN = State("", "?", "waiting")
TELLS = State("", "–", "")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that is there, or has still to be there, before the visit."""

    words: str
    state: State
    gate: str = ""
    """The key of the gate that a press fulfils; empty where a press does not."""
    per_visit: bool = False
    """Whether it is fulfilled for this visit alone."""


def gates(ready: VisitReadiness | None) -> Iterable[Need]:
    """What the protocol's gates ask for."""
    for item in ready.items if ready is not None else ():
        if item.standing is Standing.IN_PLACE:
            yield Need(f"{item.gate.title} {item.told}", IN_PLACE)
        else:
            state = MISSING if item.standing is Standing.LATE else OPEN
            yield Need(f"{item.gate.title}: {item.told}", state, gate=item.gate.key, per_visit=item.gate.per_visit)


def measure(due: Due, zone: str) -> Need:
    """A measure that is taken before the visit, or was."""
    if due.taken is not None:
        return Need(f"{due.title} taken {words.day(clock.local(due.taken.taken_at, zone).date())}", IN_PLACE)
    said = f"{due.title} due {due.when}, {due.filled_by}"
    if due.state is DueState.AHEAD and due.opens_at is not None:
        return Need(f"{said}, from {words.day(clock.local(due.opens_at, zone).date())}", TELLS)
    return Need(said, MISSING if due.state is DueState.OVERDUE else OPEN)


def fasting(prepare: GetReady, zone: str) -> tuple[str, str] | None:
    """Until when the patient may eat and drink, as times of the clock; None where nothing is asked."""
    if prepare.eat_until is None or prepare.drink_until is None:
        return None
    food, water = (clock.local(each, zone).time() for each in (prepare.eat_until, prepare.drink_until))
    return words.clock(food), words.clock(water)


def fasting_ahead(prepare: GetReady, ticks: Collection[str], zone: str) -> Iterable[Need]:
    """The same for days before, with whether the patient has ticked it on their page."""
    until = fasting(prepare, zone)
    if until is not None:
        ticked = all(item in ticks for item in prepare.critical)
        said = f"No food from {until[0]}, nothing to drink from {until[1]}: "
        yield Need(said + ("ticked by the patient" if ticked else "not ticked yet"), IN_PLACE if ticked else OPEN)
