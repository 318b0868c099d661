"""Try everything: the truth about tiny requests, judged by the independent checks alone."""

from itertools import pairwise, product

from scheduler.engine.request import ConsecutiveDays, Offset, Placement
from tests.scheduler.engine.independent import faults


class TooManyError(Exception):
    """More combinations than are worth trying."""


def every_placement(request, visit):
    """Every placement of one visit that is fine by itself."""
    options = [
        [c.id for c in request.calendars if c.kind == role.kind and role.skills <= c.skills] for role in visit.roles
    ]
    for start in range(max(request.not_before, 0), request.grid.slots):
        local = request.grid.local(start)
        if (local.hour * 60 + local.minute) % visit.start_step or not 8 <= local.hour < 17:
            continue
        for names in product(*options):
            resources = tuple(sorted((role.key, name) for role, name in zip(visit.roles, names, strict=True)))
            placement = Placement(visit.key, start, resources)
            if not faults(request, [placement, *request.fixed]):
                yield placement


def depends_on(request, visit: str) -> set[str]:
    found = {rule.anchor for rule in request.rules if isinstance(rule, Offset) and rule.visit == visit}
    for rule in request.rules:
        if isinstance(rule, ConsecutiveDays):
            found |= {a for a, b in pairwise(rule.visits) if b == visit}
    return found


def plans(request, *, partial=False, budget=6_000):
    """Every valid plan as a list of placements; with ``partial`` also those with visits left out.

    Raises:
        TooManyError: the budget of combinations is used up.
    """
    fixed = {placement.visit for placement in request.fixed}
    open_visits = [visit for visit in request.visits if visit.key not in fixed]
    options = {visit.key: list(every_placement(request, visit)) for visit in open_visits}
    tried = 0

    def extend(n, placed):
        nonlocal tried
        tried += 1
        if tried > budget:
            raise TooManyError
        if n == len(open_visits):
            if not faults(request, placed) and all(
                depends_on(request, p.visit) <= {q.visit for q in placed} or p.visit in fixed for p in placed
            ):
                yield placed
            return
        for placement in options[open_visits[n].key]:
            if not _broken_for_good(request, [*placed, placement]):
                yield from extend(n + 1, [*placed, placement])
        if partial:
            yield from extend(n + 1, placed)

    yield from extend(0, list(request.fixed))


def _broken_for_good(request, placed) -> bool:
    """Faults that more visits cannot mend: all but a least number per week."""
    return any("too few" not in fault for fault in faults(request, placed))
