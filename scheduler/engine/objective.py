"""What a good plan is: every weight of the objective, and the cost of a finished plan.

The order of importance: visits placed, few changes to what stood, distance from ideal gaps, continuity, wishes, level
days, early finish, fragmentation.
The weights are points. One point is a minute away from an ideal, so an ideal missed by a day costs 1,440; the others are
set against that and are the planner's own choice, not a clinical number.
"""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from scheduler.engine.answer import Cost
from scheduler.engine.availability import Availability, part
from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.grid import SLOT_MINUTES, Grid
from scheduler.engine.request import (
    DailyLoad,
    Keep,
    Offset,
    PlanRequest,
    Role,
    SameResource,
    Unit,
    Use,
    Visit,
    Window,
)
from scheduler.engine.rules import distance, main_resources
from scheduler.engine.schedule import Schedule

UNPLACED = 10_000_000
"""For each visit without a place. Larger than everything else together."""
MOVED = 20_000
"""For each visit that does not stay where it was, and one more for each minute it moves, up to as much again.

About two weeks off an ideal: a visit moves only when that mends something worse.
"""
CHANGED_RESOURCE = 2_000
"""For each resource of a visit that is another than before."""
IDEAL_PER_MINUTE = 1
"""For each minute between a distance and its ideal; a day counts 1,440."""
OTHER_RESOURCE = 360
"""For each visit that is not with the resource most of its series is with (as much as six hours off an ideal)."""
WISH_DATE = 240
"""For each visit on a weekday or date outside a wished window."""
WISH_TIME = 60
"""For each visit at a time of day outside a wished window; one more for each minute, up to ``WISH_DATE`` in all."""
WISH_RESOURCE = 240
"""For each role filled by somebody else than those asked for, where one of them could have filled it."""
CROWDED = 120
"""For each start, of this visit and those before it, above what the clinic aims at for a date."""
FINISH_PER_DAY = 300
"""For each day the course is later than it could be; every visit has an equal share of it.

Less than a change of nurse; and no ideal missed by a day is worth a wait of more than five days.
"""
SLIVER = 20
"""For each free gap too short to be used, left beside a visit in the calendar of what it occupies."""
SLIVER_MINUTES = 30
"""A free gap shorter than this cannot be used."""


def ideal_cost(unit: Unit, off: int) -> int:
    """Points for a distance that is ``off`` days or minutes from its ideal."""
    return IDEAL_PER_MINUTE * off * (DAY_MINUTES if unit is Unit.DAYS else 1)


def finish_cost(start: int, request: PlanRequest) -> int:
    """Points for a visit that starts at slot ``start`` rather than at once."""
    late = max(start - request.not_before, 0) * SLOT_MINUTES
    return late * FINISH_PER_DAY // (DAY_MINUTES * len(request.visits))


def wish_cost(window: Window, start: int, grid: Grid) -> int:
    """Points for starting at slot ``start``, outside a wished window."""
    local = grid.local(start)
    first, last = wished_days(window, grid)
    if local.weekday() not in window.weekdays or not first <= grid.day(start) <= last:
        return WISH_DATE
    minute = local.hour * 60 + local.minute
    outside = max(window.earliest - minute, minute - window.latest, 0)
    return min(WISH_TIME + outside, WISH_DATE) if outside else 0


def keep_cost(rule: Keep, start: int) -> int:
    """Points for starting at slot ``start`` instead of where the visit was."""
    moved = abs(start - rule.start) * SLOT_MINUTES
    return MOVED + min(moved, MOVED) if moved else 0


def load_cost(rule: DailyLoad, taken: int) -> int:
    """Points for a start on a date that has ``taken`` starts of others already."""
    return 0 if rule.target is None else CROWDED * max(taken + 1 - rule.target, 0)


def filling_cost(free: Availability, visit: Visit, role: Role, resource: str) -> tuple[int, int]:
    """Points for who or what fills a role: as another than before, and as another than those asked for."""
    changed = unwished = 0
    for rule in free.named(visit.key):
        if isinstance(rule, Keep):
            changed += CHANGED_RESOURCE * (dict(rule.resources).get(role.key, resource) != resource)
        elif not rule.hard and resource not in rule.resources and not rule.resources.isdisjoint(free.eligible(role)):
            unwished += WISH_RESOURCE
    return changed, unwished


def occupies(visit: Visit, role: Role) -> tuple[int, int] | None:
    """The slots, from the visit's start, for which a role takes its resource alone, if that is the whole visit."""
    parts = sorted((start, end) for start, end, use in map(part, role.segments) if use is Use.EXCLUSIVE)
    if not parts or parts[0][0] > 0 or parts[-1][1] * SLOT_MINUTES < visit.minutes:
        return None
    if any(end < start for (_, end), (start, _) in pairwise(parts)):
        return None
    return parts[0][0], parts[-1][1]


def slivers(free: Availability, visit: Visit, role: Role, resource: str) -> tuple[int, int]:
    """The starts that leave an unusable gap before, and after, a visit in a resource's calendar."""
    held = occupies(visit, role)
    if held is None:
        return (0, 0)
    return free.free[resource].slivers(*held, SLIVER_MINUTES // SLOT_MINUTES)


def cost(schedule: Schedule, free: Availability) -> Cost:
    """The cost of a plan by term. ``free`` is the availability of the same request.

    Slivers are not counted for fixed visits: their own booking may be what stands in the calendar.
    """
    request = schedule.request
    terms: Counter[str] = Counter()
    for rule in request.rules:
        if price := _PRICES.get(type(rule)):
            term, points = price(rule, schedule)
            terms[term] += points
    for placement in schedule.in_order:
        visit = schedule.visits[placement.visit]
        roles = {role.key: role for role in visit.roles}
        terms["finish"] += finish_cost(placement.start, request)
        for key, resource in placement.resources:
            if key not in roles:
                continue
            changed, unwished = filling_cost(free, visit, roles[key], resource)
            terms["changes"] += changed
            terms["wishes"] += unwished
            if placement.visit not in schedule.fixed:
                before, after = slivers(free, visit, roles[key], resource)
                terms["fragments"] += SLIVER * ((before >> placement.start & 1) + (after >> placement.start & 1))
    terms["unplaced"] = UNPLACED * (len(schedule.visits) - len(schedule.placed))
    return Cost(**terms)


def _ideal(rule: Offset, schedule: Schedule) -> tuple[str, int]:
    if rule.ideal is None or rule.visit not in schedule.placed or rule.anchor not in schedule.placed:
        return "ideal", 0
    return "ideal", rule.weight * ideal_cost(rule.unit, abs(distance(rule, schedule) - rule.ideal))


def _continuity(rule: SameResource, schedule: Schedule) -> tuple[str, int]:
    if rule.hard:
        return "continuity", 0
    used = [schedule.resource(key, rule.role) for key in schedule.present(rule.visits)]
    named = [resource for resource in used if resource is not None]
    usual = main_resources(named, rule.at_most)
    return "continuity", OTHER_RESOURCE * sum(resource not in usual for resource in named)


def _wish(rule: Window, schedule: Schedule) -> tuple[str, int]:
    if rule.hard:
        return "wishes", 0
    grid = schedule.request.grid
    return "wishes", sum(wish_cost(rule, schedule.start(key), grid) for key in schedule.present(rule.visits))


def _kept(rule: Keep, schedule: Schedule) -> tuple[str, int]:
    return "changes", keep_cost(rule, schedule.start(rule.visit)) if rule.visit in schedule.placed else 0


def _load(rule: DailyLoad, schedule: Schedule) -> tuple[str, int]:
    taken = dict(rule.taken)
    return "load", sum(load_cost(rule, taken.get(schedule.day[key], 0)) for key in schedule.present(rule.visits))


_PRICES: dict[type, Callable[[Any, Schedule], tuple[str, int]]] = {
    Offset: _ideal,
    SameResource: _continuity,
    Window: _wish,
    Keep: _kept,
    DailyLoad: _load,
}
"""The term of the cost that each kind of rule adds to, and by how much. What fills the roles is counted apart."""


def wished_days(rule: Window, grid: Grid) -> tuple[int, int]:
    """The first and the last date of a window as day numbers; far away where it has none."""
    first = -(10**6) if rule.from_on is None else grid.day_of(rule.from_on)
    last = 10**6 if rule.until_on is None else grid.day_of(rule.until_on)
    return first, last
