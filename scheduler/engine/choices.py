"""Whom to plan a series around: the nurse of the infusions, the therapist, the physiotherapist.

With the main resource of each series chosen, continuity is a cost of single visits and the tree stays exact. The
combinations are tried from the most promising on.
"""

import heapq
from collections.abc import Callable
from itertools import combinations as subsets

from scheduler.engine.candidates import IMPOSSIBLE, Choice, Choices
from scheduler.engine.course import Course
from scheduler.engine.request import SameResource
from scheduler.engine.rules import main_resources

Bound = Callable[[Choices], int]
"""A lower bound of the cost of any plan around some choices; ``None`` leaves a series open."""


def options(course: Course, rule: SameResource) -> list[Choice]:
    """What a series can be planned around, sorted."""
    given = [
        dict(placement.resources)[rule.role]
        for placement in course.request.fixed
        if placement.visit in rule.visits and rule.role in dict(placement.resources)
    ]
    followed = main_resources(given, rule.at_most) if rule.hard else ()
    if followed and len(followed) == rule.at_most:
        return [tuple(sorted(followed))]
    able = [
        set(course.free.able(visit, role))
        for visit in course.visits
        if visit.key in rule.visits and visit.key not in course.fixed
        for role in visit.roles
        if role.key == rule.role
    ]
    if not able:
        return []
    alone = rule.hard and course.whole and rule.at_most == 1
    common = set.intersection(*able) if alone else set.union(*able)
    others = sorted((common | set(given)) - set(followed))
    more = min(rule.at_most - len(followed), len(others))
    return sorted(tuple(sorted((*followed, *names))) for names in subsets(others, more))


def combinations(course: Course, bound: Bound, most: int) -> tuple[list[tuple[int, Choices]], int]:
    """Up to ``most`` combinations with their bounds, best first, and a bound for all others."""
    size = len(course.series)
    nothing: Choices = (None,) * size
    ranked: list[list[tuple[int, Choice | None]]] = []
    for k, rule in enumerate(course.series):
        names = options(course, rule)
        alone = sorted((bound((*nothing[:k], name, *nothing[k + 1 :])), name) for name in names)
        possible: list[tuple[int, Choice | None]] = [pair for pair in alone if pair[0] < IMPOSSIBLE // 2]
        if not possible:
            if rule.hard and course.whole and _used(course, rule):
                return [], IMPOSSIBLE
            possible = [(bound(nothing), None)]
        ranked.append(possible)
    first = (0,) * size
    heap = [(_promise(ranked, first), first)]
    seen = {first}
    found: list[tuple[int, Choices]] = []
    while heap and len(found) < most:
        _, at = heapq.heappop(heap)
        choices = tuple(ranked[k][n][1] for k, n in enumerate(at))
        found.append((bound(choices), choices))
        for k in range(size):
            after = (*at[:k], at[k] + 1, *at[k + 1 :])
            if after[k] < len(ranked[k]) and after not in seen:
                seen.add(after)
                heapq.heappush(heap, (_promise(ranked, after), after))
    others = min((max(ranked[k][n][0] for k, n in enumerate(at)) for _, at in heap), default=IMPOSSIBLE)
    return sorted(found, key=lambda pair: pair[0]), others


def _promise(ranked: list[list[tuple[int, Choice | None]]], at: tuple[int, ...]) -> int:
    return sum(ranked[k][n][0] for k, n in enumerate(at))


def _used(course: Course, rule: SameResource) -> bool:
    """Whether any visit of the rule has the role at all."""
    return any(role.key == rule.role for visit in course.visits if visit.key in rule.visits for role in visit.roles)
