"""Everybody's calendar while several courses are planned into it: what is taken, by which lanes, and given back.

A resource's free time is replaced only when that resource is booked or released, so planning one more course costs
nothing for all the others.
"""

from collections.abc import Iterable, Iterator

from scheduler.engine.availability import Availability, FreeTime, free_times, part
from scheduler.engine.request import HANDS_LANE, Placement, PlanRequest, Role, Use, Visit

Taken = tuple[tuple[str, tuple[tuple[int, int, int], ...]], ...]
"""For each resource the periods (start, end, lane) that a course holds of it."""


class Ledger:
    """The free time of all resources, changing as courses come and go."""

    def __init__(self, request: PlanRequest) -> None:
        self.free: dict[str, FreeTime] = free_times(request)

    def availability(self, request: PlanRequest) -> Availability:
        """What a course may still choose from. Valid until the next ``take`` or ``release``."""
        return Availability(request, self.free)

    def take(self, request: PlanRequest, placements: Iterable[Placement]) -> Taken | None:
        """Takes what these placements need, each part on the first lane that is free for all of it, as booking does.

        Fixed visits are left out: the calendars hold them already. ``None``, and nothing taken, where a place is not
        free.
        """
        visits = {visit.key: visit for visit in request.visits}
        fixed = {placement.visit for placement in request.fixed}
        before = dict(self.free)
        held: dict[str, list[tuple[int, int, int]]] = {}
        for placement in sorted(placements, key=lambda each: (each.start, each.visit)):
            if placement.visit in fixed:
                continue
            for resource, start, end, use in _parts(visits[placement.visit], placement):
                lanes = _lanes(self.free[resource], start, end, use)
                if not lanes:
                    self.free = before
                    return None
                periods = [(start, end, lane) for lane in lanes]
                held.setdefault(resource, []).extend(periods)
                self.free[resource] = self.free[resource].changed(periods, taken=True)
        return tuple((resource, tuple(periods)) for resource, periods in held.items())

    def hold(self, taken: Taken) -> None:
        """Takes exactly these periods, whatever else is there."""
        for resource, periods in taken:
            self.free[resource] = self.free[resource].changed(periods, taken=True)

    def release(self, taken: Taken) -> None:
        """Gives back what ``take`` took."""
        for resource, periods in taken:
            self.free[resource] = self.free[resource].changed(periods, taken=False)


def _parts(visit: Visit, placement: Placement) -> Iterator[tuple[str, int, int, Use]]:
    named = dict(placement.resources)
    roles: dict[str, Role] = {role.key: role for role in visit.roles}
    for key in sorted(named):
        for starts, ends, use in map(part, roles[key].segments):
            if ends > starts and use is not Use.PRESENCE:
                yield named[key], placement.start + starts, placement.start + ends, use


def _lanes(free: FreeTime, start: int, end: int, use: Use) -> tuple[int, ...]:
    """The lanes a part gets; none when it cannot have them for all of its time."""
    need = ((1 << (end - start)) - 1) << start

    def has(lane: int) -> bool:
        return lane & need == need

    if use is Use.EXCLUSIVE:
        return tuple(range(len(free.lanes))) if has(free.alone) else ()
    lane = next((number for number, slots in enumerate(free.lanes) if has(slots)), None)
    if lane is None or (use is Use.HANDS_ON and not has(free.hands)):
        return ()
    return (lane, HANDS_LANE) if use is Use.HANDS_ON else (lane,)
