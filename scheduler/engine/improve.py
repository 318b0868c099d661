"""Make a plan better by planning a part of it anew around the rest.

With the rest where it is, what couples the branches of the tree is known beforehand and goes into the candidates, so the
tree is nearly exact for the part that is free.
"""

from collections.abc import Iterator
from contextlib import suppress

from scheduler.engine import bits, weeks
from scheduler.engine.candidates import Candidates, Narrowed
from scheduler.engine.course import Course
from scheduler.engine.relaxation import Tree
from scheduler.engine.search import Effort, EffortSpentError, Found, Judge, Search
from scheduler.engine.staffing import Starts

_ROUNDS = 3
_WIDTH = 3
"""Of the beam for a part."""


def improved(candidates: Candidates, found: Found, judge: Judge) -> Found:
    """The plan with parts of it planned anew as long as that makes it cheaper, around the same main resources."""
    course = candidates.course
    for _ in range(_ROUNDS):
        before = found.points
        for part in _parts(course, found.starts):
            around = Narrowed(candidates, _domains(course, found.starts, part))
            effort = Effort(_WIDTH * 4 * len(course.visits))
            tree = Tree(course, around)
            if tree.bound(found.choices) >= found.points:
                continue
            search = Search(tree, found.choices, effort=effort, judge=judge, limit=found.points)
            with suppress(EffortSpentError):
                search.beam(_WIDTH)
            found = search.best or found
        if found.points == before:
            break
    return found


def _parts(course: Course, starts: Starts) -> Iterator[set[int]]:
    """Visits to plan anew together: one kind, all other kinds, a half and the middle of the course."""
    movable = sorted((n for n in starts if n not in course.given), key=lambda n: (starts[n], n))
    kinds = dict.fromkeys(course.visits[n].kind for n in movable)
    for kind in kinds if len(kinds) > 1 else ():
        yield {n for n in movable if course.visits[n].kind == kind}
        if len(kinds) > 2:
            yield {n for n in movable if course.visits[n].kind != kind}
    quarter = len(movable) // 4
    yield set(movable[2 * quarter :])
    yield set(movable[quarter : 3 * quarter + 1])
    yield set(movable[: 2 * quarter + 1])


def _domains(course: Course, starts: Starts, part: set[int]) -> list[int]:
    """The starts left to the part by everything else; everything else has just its own."""
    domains = [1 << starts[n] if n in starts and n not in course.given else 0 for n in range(len(course.visits))]
    held = {n: start for n, start in starts.items() if n not in part}
    for n in part:
        domains[n] = course.domains[n]
        for other, start in held.items():
            link, day = course.links[other][n], course.day(start)
            domains[n] = course.narrowed_by_time(link, start, day, course.narrowed_by_date(link, day, domains[n]))
        for rule in course.weekly:
            if course.visits[n].key in rule.visits:
                days = sorted(course.day(held[m]) for m in held if course.visits[m].key in rule.visits)
                for period in weeks.full(rule, course.free.clock, days):
                    domains[n] &= ~bits.span(*period)
    return domains
