"""Limits that count more than one course, where several are planned together: what one has counts for the others."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date

from scheduler.engine.request import AtMost, DailyLoad, Placement, PlanRequest

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


def with_caps(request: PlanRequest, same_patient: Iterable[Held]) -> PlanRequest:
    """With the visits that other courses of the patient have at the moment. Fixed visits of theirs count already."""
    held = list(same_patient)
    if not held or not any(isinstance(rule, AtMost) and rule.of_patient for rule in request.rules):
        return request
    rules = [
        replace(rule, taken=tuple(sorted([*rule.taken, *_dates(_kinds(rule, request), held)])))
        if isinstance(rule, AtMost) and rule.of_patient
        else rule
        for rule in request.rules
    ]
    return replace(request, rules=tuple(rules))


def _kinds(rule: AtMost, request: PlanRequest) -> frozenset[str]:
    return frozenset(visit.kind for visit in request.visits if visit.key in rule.visits)


def _dates(kinds: Collection[str], others: Iterable[Held]) -> Iterator[date]:
    for request, placements in others:
        fixed = {placement.visit for placement in request.fixed}
        counted = {visit.key for visit in request.visits if visit.kind in kinds} - fixed
        yield from (request.grid.date(each.start) for each in placements if each.visit in counted)
