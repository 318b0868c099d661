"""Visits that are counted from others, where one of those others has no place.

A course that is booked keeps what it can: a visit that stood does not lose its place only because one before it does.
"""

from collections.abc import Callable, Collection, Mapping

from scheduler.engine.answer import Code, Plan, Reason
from scheduler.engine.order import needs
from scheduler.engine.request import Placement, PlanRequest
from scheduler.engine.restriction import restricted

Unplaced = Mapping[str, tuple[Reason, ...]]
"""Visits without a place, each with the reasons."""


def kept(
    request: PlanRequest, stood: Collection[str], planned: Callable[[PlanRequest], Plan]
) -> tuple[tuple[Placement, ...], Unplaced]:
    """The places of the best partial plan, and the visits without one.

    Where ``planned`` leaves visits that ``stood`` without a place for the sole reason that one before them has none, it is
    asked again without that one: what followed it stays or moves, and keeps what rules are left.
    """
    plan = planned(request)
    unplaced = {each.visit: each.reasons for each in plan.unplaced}
    following = {
        key
        for key, why in unplaced.items()
        if key in stood and all(reason.code is Code.DEPENDS_ON_UNPLACED for reason in why)
    }
    lost = unplaced.keys() - following
    if not following or not lost:
        return plan.placements, unplaced
    placements, more = kept(
        restricted(request, [visit.key for visit in request.visits if visit.key not in lost]), stood, planned
    )
    return placements, {**{key: why for key, why in unplaced.items() if key in lost}, **more}


def bereft(request: PlanRequest, unplaced: Collection[str]) -> dict[str, tuple[Reason, ...]]:
    """The visits that are counted from one without a place and are not without one themselves, with that as the reason."""
    found: dict[str, tuple[Reason, ...]] = {}
    for visit, anchor, rule in needs(request):
        if anchor in unplaced and visit not in unplaced:
            found[visit] = (*found.get(visit, ()), Reason(Code.DEPENDS_ON_UNPLACED, (anchor,), rule))
    return found
