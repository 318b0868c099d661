"""What a good plan is: every weight of the objective, and the cost of a finished plan.

The order of importance: visits placed, distance from ideal gaps, continuity, wishes, early finish, fragmentation.
The weights are points. One point is a minute away from an ideal, so an ideal missed by a day costs 1,440; the others are
set against that and are the planner's own choice, not a clinical number.
"""

from itertools import pairwise

from scheduler.engine.answer import Cost
from scheduler.engine.availability import Availability, part
from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.grid import SLOT_MINUTES, Grid
from scheduler.engine.request import Offset, PlanRequest, Role, SameResource, Unit, Use, Visit, Window
from scheduler.engine.rules import distance, main_resource
from scheduler.engine.schedule import Schedule

UNPLACED = 10_000_000
"""For each visit without a place. Larger than everything else together."""
IDEAL_PER_MINUTE = 1
"""For each minute between a distance and its ideal; a day counts 1,440."""
OTHER_RESOURCE = 360
"""For each visit that is not with the resource most of its series is with (as much as six hours off an ideal)."""
WISH_DATE = 240
"""For each visit on a weekday or date outside a wished window."""
WISH_TIME = 60
"""For each visit at a time of day outside a wished window; one more for each minute, up to ``WISH_DATE`` in all."""
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
    ideal = continuity = wishes = fragments = 0
    for rule in request.rules:
        if isinstance(rule, Offset) and rule.ideal is not None:
            if rule.visit in schedule.placed and rule.anchor in schedule.placed:
                ideal += ideal_cost(rule.unit, abs(distance(rule, schedule) - rule.ideal))
        elif isinstance(rule, SameResource) and not rule.hard:
            continuity += OTHER_RESOURCE * _changes(rule, schedule)
        elif isinstance(rule, Window) and not rule.hard:
            wishes += sum(wish_cost(rule, schedule.start(key), request.grid) for key in schedule.present(rule.visits))
    for placement in schedule.in_order:
        if placement.visit in schedule.fixed:
            continue
        visit = schedule.visits[placement.visit]
        roles = {role.key: role for role in visit.roles}
        for key, resource in placement.resources:
            before, after = slivers(free, visit, roles[key], resource)
            fragments += SLIVER * ((before >> placement.start & 1) + (after >> placement.start & 1))
    return Cost(
        unplaced=UNPLACED * (len(schedule.visits) - len(schedule.placed)),
        ideal=ideal,
        continuity=continuity,
        wishes=wishes,
        finish=sum(finish_cost(placement.start, request) for placement in schedule.in_order),
        fragments=fragments,
    )


def _changes(rule: SameResource, schedule: Schedule) -> int:
    used = [schedule.resource(key, rule.role) for key in schedule.present(rule.visits)]
    named = [resource for resource in used if resource is not None]
    return sum(resource != main_resource(named) for resource in named)


def wished_days(rule: Window, grid: Grid) -> tuple[int, int]:
    """The first and the last date of a window as day numbers; far away where it has none."""
    first = -(10**6) if rule.from_on is None else grid.day_of(rule.from_on)
    last = 10**6 if rule.until_on is None else grid.day_of(rule.until_on)
    return first, last
