"""In which order visits depend on each other and are placed."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.request import ConsecutiveDays, Offset, PlanRequest, Unit, Visit


class Need(NamedTuple):
    """``visit`` can have a place only if ``anchor`` has one; by the rule with key ``rule``."""

    visit: str
    anchor: str
    rule: str


def needs(request: PlanRequest) -> Iterator[Need]:
    """Which visit hangs on which."""
    for rule in request.rules:
        if isinstance(rule, Offset):
            yield Need(rule.visit, rule.anchor, rule.key)
        elif isinstance(rule, ConsecutiveDays):
            for before, after in pairwise(rule.visits):
                yield Need(after, before, rule.key)


def placing_order(request: PlanRequest) -> list[Visit]:
    """Fixed visits, then anchors before what hangs on them, otherwise as the ideal course would run."""
    nominal = _nominal_minutes(request)
    anchors: dict[str, set[str]] = {visit.key: set() for visit in request.visits}
    for visit, anchor, _ in needs(request):
        anchors[visit].add(anchor)
    order = sorted(placement.visit for placement in request.fixed)
    left = [visit.key for visit in request.visits if visit.key not in order]
    place = {key: n for n, key in enumerate(left)}
    while left:
        ready = [key for key in left if anchors[key] <= set(order)]
        # anchors in a circle: take the earliest of them
        chosen = min(ready or left, key=lambda key: (nominal[key], place[key]))
        order.append(chosen)
        left.remove(chosen)
    visits = {visit.key: visit for visit in request.visits}
    return [visits[key] for key in order]


def _nominal_minutes(request: PlanRequest) -> dict[str, int]:
    """When each visit would be in an ideal course, in minutes from its earliest anchor."""
    edges: dict[str, list[tuple[str, int]]] = {visit.key: [] for visit in request.visits}
    for rule in request.rules:
        if isinstance(rule, Offset):
            edges[rule.anchor].append((rule.visit, _typical_minutes(rule)))
        elif isinstance(rule, ConsecutiveDays):
            for before, after in pairwise(rule.visits):
                edges[before].append((after, DAY_MINUTES))
    anchored = {key for found in edges.values() for key, _ in found}
    nominal: dict[str, int] = {}
    for root in [key for key in edges if key not in anchored] + list(edges):
        if root in nominal:
            continue
        nominal[root], fresh = 0, [root]
        while fresh:
            at = fresh.pop(0)
            for key, minutes in edges[at]:
                if key not in nominal:
                    nominal[key] = nominal[at] + minutes
                    fresh.append(key)
    return nominal


def _typical_minutes(rule: Offset) -> int:
    ends = [end for end in (rule.least, rule.most) if end is not None]
    typical = rule.ideal if rule.ideal is not None else (sum(ends) // len(ends) if ends else 0)
    return typical * (DAY_MINUTES if rule.unit is Unit.DAYS else 1)


def interchangeable(request: PlanRequest) -> list[list[str]]:
    """Groups of visits that are the same to every rule: to look at one order of them is to look at all."""
    fixed = {placement.visit for placement in request.fixed}
    distinct = {key for visit, anchor, _ in needs(request) for key in (visit, anchor)}
    groups: dict[object, list[str]] = {}
    for visit in request.visits:
        if visit.key in fixed or visit.key in distinct:
            continue
        member_of = tuple(_memberships(rule, visit.key) for rule in request.rules)
        alike = (visit.kind, visit.minutes, visit.roles, visit.start_step, visit.preparations, member_of)
        groups.setdefault(alike, []).append(visit.key)
    return [group for group in groups.values() if len(group) > 1]


def _memberships(rule: object, visit: str) -> tuple[bool, bool, bool]:
    named = visit == getattr(rule, "visit", None)
    return named, visit in getattr(rule, "visits", ()), visit in getattr(rule, "after", ())
