"""A request without some of its visits: those that were missed or cancelled, or wait for a place.

A rule has nothing to say about visits that are not there. Only one thing outlives them: the visits before and after a
gap keep the least distance that neighbours have to keep.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    DailyLoad,
    Keep,
    Offset,
    PerWeek,
    PlanRequest,
    Preferred,
    Rule,
    SameDay,
    SameResource,
    Span,
    Window,
)

AboutMany = PerWeek | Span | Window | SameDay | SameResource | ConsecutiveDays | AtMost | Preferred | DailyLoad


def restricted(request: PlanRequest, visits: Collection[str]) -> PlanRequest:
    """The request about ``visits`` alone. Fixed visits that are not among them are left out."""
    kept = frozenset(visits)
    gone = [visit.key for visit in request.visits if visit.key not in kept]
    if not gone:
        return request
    rules: tuple[Rule, ...] = request.rules
    for key in gone:
        rules = tuple(_without(rules, key))
    return replace(
        request,
        visits=tuple(visit for visit in request.visits if visit.key in kept),
        rules=rules,
        fixed=tuple(placement for placement in request.fixed if placement.visit in kept),
    )


def _without(rules: Sequence[Rule], gone: str) -> Iterator[Rule]:
    before = [rule for rule in rules if isinstance(rule, Offset) and rule.visit == gone]
    for rule in rules:
        if isinstance(rule, Offset):
            if rule.anchor == gone:
                yield from _bridges(rule, before)
            elif rule.visit != gone:
                yield rule
        elif isinstance(rule, Keep):
            if rule.visit != gone:
                yield rule
        else:
            yield from about_fewer(rule, gone)


def about_fewer(rule: AboutMany, gone: str) -> Iterator[Rule]:
    """A rule about several visits, without one of them; nothing where it is about no other."""
    if isinstance(rule, ConsecutiveDays):
        yield from _runs(rule, gone)
        return
    visits = _but(rule.visits, gone)
    if isinstance(rule, SameDay):
        rule = replace(rule, after=_but(rule.after, gone))
        if not rule.after:
            return
    elif isinstance(rule, PerWeek) and visits != rule.visits:
        rule = replace(rule, at_least=0)  # a week may be short of the visit that is gone
    if visits:
        yield replace(rule, visits=visits)


def _bridges(rule: Offset, before: Sequence[Offset]) -> Iterator[Offset]:
    """The least distance of neighbours, from the visit before the one that is gone to the one after it."""
    for other in before:
        same_series = other.key.rpartition(".")[0] == rule.key.rpartition(".")[0]
        if same_series and other.anchor != rule.visit and rule.least is not None and rule.least > 0:
            yield replace(rule, anchor=other.anchor, ideal=None, most=None)


def _runs(rule: ConsecutiveDays, gone: str) -> Iterator[ConsecutiveDays]:
    if gone not in rule.visits:
        yield rule
        return
    at = rule.visits.index(gone)
    for part in (rule.visits[:at], rule.visits[at + 1 :]):
        if len(part) > 1:
            yield replace(rule, visits=part)


def _but(visits: tuple[str, ...], gone: str) -> tuple[str, ...]:
    return tuple(key for key in visits if key != gone)
