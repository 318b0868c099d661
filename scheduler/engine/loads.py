"""Limits on the starts of a day, where several courses are planned together: what one starts counts for the others."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from scheduler.engine.request import DailyLoad, Placement, PlanRequest

Held = tuple[PlanRequest, Collection[Placement]]
"""Another course with the places it has at the moment."""


def with_loads(request: PlanRequest, others: Iterable[Held]) -> PlanRequest:
    """With the starts that other courses under a rule of the same key add to a day. Fixed visits of theirs count already."""
    if not any(isinstance(rule, DailyLoad) for rule in request.rules):
        return request
    held = list(others)
    rules = [
        replace(rule, taken=tuple(sorted(_load(rule, held).items()))) if isinstance(rule, DailyLoad) else rule
        for rule in request.rules
    ]
    return replace(request, rules=tuple(rules))


def _load(rule: DailyLoad, others: Iterable[Held]) -> Counter[int]:
    days = Counter(dict(rule.taken))
    for request, placements in others:
        fixed = {placement.visit for placement in request.fixed}
        counted = {
            visit
            for each in request.rules
            if isinstance(each, DailyLoad) and each.key == rule.key
            for visit in each.visits
        }
        days.update(request.grid.day(each.start) for each in placements if each.visit in counted - fixed)
    return days
