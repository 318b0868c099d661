"""A second opinion on several courses planned together: nobody and nothing is used twice.

Counts slot by slot how many each resource serves; shares nothing with the planner but the types.
"""

from collections import Counter, defaultdict

from scheduler.engine.request import HANDS_LANE, Use


def double_uses(pairs) -> list[str]:
    """What is used beyond what there is, in words. ``pairs`` are requests with the placements that were not there."""
    calendars = {calendar.id: calendar for request, _ in pairs for calendar in request.calendars}
    serving, hands, alone = defaultdict(Counter), defaultdict(Counter), defaultdict(set)
    for calendar in calendars.values():
        for start, end, lane in calendar.busy:
            counter = hands if lane == HANDS_LANE else serving
            counter[calendar.id].update(range(start, end))
    for name, used, use in (each for request, placements in pairs for each in _uses(request, placements)):
        serving[name].update(used)
        if use is Use.HANDS_ON:
            hands[name].update(used)
        if use is Use.EXCLUSIVE:
            alone[name].update(used)
    found = []
    for name, calendar in calendars.items():
        found += [f"{name} serves {n} at {slot}" for slot, n in serving[name].items() if n > calendar.lanes]
        found += [f"{name} has {n} hands on at {slot}" for slot, n in hands[name].items() if n > 1]
        found += [f"{name} is not alone at {slot}" for slot in alone[name] if serving[name][slot] > 1]
    return found


def _uses(request, placements):
    fixed = {placement.visit for placement in request.fixed}
    visits = {visit.key: visit for visit in request.visits}
    for placement in placements:
        named = dict(placement.resources)
        for role in visits[placement.visit].roles if placement.visit not in fixed else ():
            for segment in role.segments:
                if segment.use is not Use.PRESENCE:
                    first, last = placement.start + segment.starts // 5, placement.start + -(-segment.ends // 5)
                    yield named[role.key], range(first, last), segment.use
