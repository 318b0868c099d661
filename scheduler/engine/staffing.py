"""Who and what fills the roles of visits whose starts are known."""

from collections.abc import Iterable

from scheduler.engine.availability import collide
from scheduler.engine.candidates import Choices
from scheduler.engine.course import Course
from scheduler.engine.objective import OTHER_RESOURCE, SLIVER, filling_cost, slivers
from scheduler.engine.place import filled_roles
from scheduler.engine.request import Placement, Role
from scheduler.engine.schedule import Schedule

Starts = dict[int, int]
"""Visit number to slot."""

_Filled = list[tuple[Role, int, str]]
"""Roles that are filled, with the start of their visit and the resource."""


def touching(course: Course, visit: int, start: int, placed: Starts) -> list[int]:
    """The placed visits that take anybody's time while ``visit`` does: turnover runs past the patient's own."""
    begins, ends = (start + edge for edge in course.extents[visit])
    return [
        other
        for other, at in placed.items()
        if at + course.extents[other][0] < ends and begins < at + course.extents[other][1]
    ]


def placements(course: Course, starts: Starts, choices: Choices) -> list[Placement] | None:
    """The cheapest resources for all visits; ``None`` where some of them need the same one at once."""
    found: list[Placement] = []
    left = dict(sorted(starts.items(), key=lambda pair: (pair[1], pair[0])))
    while left:
        together = _together(course, left)
        team = _team(course, {n: starts[n] for n in together}, choices)
        if team is None:
            return None
        found += team
        for n in together:
            del left[n]
    return found


def price(course: Course, starts: Starts, choices: Choices) -> int | None:
    """What the cheapest different resources for visits that overlap cost; ``None`` where there are none."""
    chosen = _cheapest(*_jobs(course, starts, choices))
    return None if chosen is None else chosen[0]


def _together(course: Course, left: Starts) -> list[int]:
    """The first visit and every visit that shares time with it, directly or through others."""
    group = [next(iter(left))]
    for visit in group:
        group += [n for n in touching(course, visit, left[visit], left) if n not in group]
    return group


_Job = tuple[int, Role, list[tuple[int, str]]]
"""A role of a visit with the resources for it."""


def _jobs(course: Course, starts: Starts, choices: Choices) -> tuple[list[_Job], Starts, _Filled]:
    """The roles to be filled, and those that are."""
    schedule = Schedule(course.request, ())
    taken: _Filled = []
    jobs: list[_Job] = []
    for n, start in starts.items():
        if n in course.given:
            taken += [(role, start, used) for role, used in filled_roles(schedule, course.given[n])]
        else:
            jobs += [(n, role, _options(course, n, role, start, choices)) for role in course.visits[n].roles]
    return jobs, starts, taken


def _team(course: Course, starts: Starts, choices: Choices) -> list[Placement] | None:
    jobs, _, taken = _jobs(course, starts, choices)
    chosen = _cheapest(jobs, starts, taken)
    if chosen is None:
        return None
    found = []
    for n, start in starts.items():
        if n in course.given:
            found.append(course.given[n])
        else:
            used = sorted((role.key, name) for (m, role, _), name in zip(jobs, chosen[1], strict=True) if m == n)
            found.append(Placement(course.visits[n].key, start, tuple(used)))
    return found


def _options(course: Course, visit: int, role: Role, start: int, choices: Choices) -> list[tuple[int, str]]:
    """The resources free for a role at a start, each with its points, cheapest first."""
    rules = [
        (rule, choice)
        for rule, choice in zip(course.series, choices, strict=True)
        if choice is not None and rule.role == role.key and course.visits[visit].key in rule.visits
    ]
    found = []
    for resource in course.free.able(course.visits[visit], role):
        if not course.free.role_starts(role, resource) >> start & 1:
            continue
        if any(rule.hard and resource not in choice for rule, choice in rules):
            continue
        before, after = slivers(course.free, course.visits[visit], role, resource)
        points = SLIVER * ((before >> start & 1) + (after >> start & 1))
        points += OTHER_RESOURCE * sum(resource not in choice for _, choice in rules)
        points += sum(filling_cost(course.free, course.visits[visit], role, resource))
        found.append((points, resource))
    return sorted(found)


def _cheapest(jobs: list[_Job], starts: Starts, taken: _Filled) -> tuple[int, list[str]] | None:
    """The cheapest resource for each job so that none is needed twice at once, after the points of all."""
    rest = [0] * (len(jobs) + 1)  # the least that the jobs from the n-th on can cost
    for n in range(len(jobs) - 1, -1, -1):
        if not jobs[n][2]:
            return None
        rest[n] = rest[n + 1] + jobs[n][2][0][0]
    best: tuple[int, list[str]] | None = None

    def extend(n: int, points: int, filled: _Filled, names: list[str]) -> None:
        nonlocal best
        if best is not None and points + rest[n] >= best[0]:
            return
        if n == len(jobs):
            best = (points, names)
            return
        visit, role, options = jobs[n]
        for extra, name in options:
            if _is_taken(filled, role, starts[visit], name):
                continue
            extend(n + 1, points + extra, [*filled, (role, starts[visit], name)], [*names, name])

    extend(0, 0, taken, [])
    return best


def _is_taken(filled: Iterable[tuple[Role, int, str]], role: Role, start: int, name: str) -> bool:
    return any(name == used and collide(role, start, other, at) for other, at, used in filled)
