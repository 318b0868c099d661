"""How another plan for the same course differs from the best one, in words."""

from collections import Counter
from dataclasses import dataclass, fields

from scheduler.engine.answer import Plan
from scheduler.engine.grid import Grid
from treatments.protocols import words

_TERMS = {
    "changes": "more is moved",
    "ideal": "further from the best distances",
    "continuity": "more changes of person",
    "wishes": "further from the wishes",
    "load": "on busier days",
    "fragments": "leaves more short gaps in the calendar",
}
"""What a higher term of the objective means. That a plan ends later is told in days."""


@dataclass(frozen=True, slots=True)
class Difference:
    """``kind`` is what the plan is best in; ``price`` says in words what is gained and what it costs."""

    kind: str
    price: str


@dataclass(frozen=True, slots=True)
class _Traits:
    """What a patient notices about a plan."""

    first: int
    last: int
    trips: int
    """Different dates."""
    usual: tuple[int, int, int]
    """The weekday and minute of most visits, and how many of them are then."""


def difference(best: Plan, other: Plan, grid: Grid) -> Difference:
    """How ``other`` differs from ``best``; both have a place for every visit."""
    one, two = _traits(best, grid), _traits(other, grid)
    gains = []
    if two.trips < one.trips:
        gains.append(f"{words.count(one.trips - two.trips, 'trip')} fewer")
    if two.usual[2] > one.usual[2]:
        weekday, minute, count = two.usual
        all_of = "every visit" if count == len(other.placements) else f"{count} of {len(other.placements)} visits"
        gains.append(f"{all_of} on {words.WEEKDAY_NAMES[weekday]} at {words.clock(minute)}")
    if two.last < one.last:
        gains.append(f"ends {words.count(one.last - two.last, 'day')} earlier")
    more = other.cost.beyond(best.cost)
    costs = [text for name, text in _TERMS.items() if getattr(more, name) > 0]
    if two.last > one.last:
        costs.insert(0, f"ends {words.count(two.last - one.last, 'day')} later")
    if two.trips > one.trips:
        costs.append(f"{words.count(two.trips - one.trips, 'trip')} more")
    start = two.first - one.first
    begins = f"begins {words.count(abs(start), 'day')} {'later' if start > 0 else 'earlier'}" if start else ""
    parts = [part for part in (begins, *gains) if part] or ["other times or people"]
    text = words.at_start(", ".join(parts)) + (f"; but {words.listing(costs)}" if costs else "")
    return Difference(other.kind.value, f"{text}.")


def _traits(plan: Plan, grid: Grid) -> _Traits:
    days = [grid.day(placement.start) for placement in plan.placements]
    local = [grid.local(placement.start) for placement in plan.placements]
    times = Counter((at.weekday(), at.hour * 60 + at.minute) for at in local)
    (weekday, minute), count = max(times.items(), key=lambda entry: (entry[1], -entry[0][0], -entry[0][1]))
    return _Traits(min(days), max(days), len(set(days)), (weekday, minute, count))


def terms(plan: Plan) -> dict[str, int]:
    """The objective by term, without those that are nought, the most important first."""
    found = {each.name: getattr(plan.cost, each.name) for each in fields(plan.cost)}
    return {name: points for name, points in found.items() if points}
