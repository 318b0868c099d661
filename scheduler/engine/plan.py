"""Plan a whole course."""

from scheduler.engine.answer import Answer, Plan
from scheduler.engine.availability import Availability
from scheduler.engine.course import Course
from scheduler.engine.planner import NORMAL, QUICK, THOROUGH, Limits, Planner
from scheduler.engine.request import PlanRequest
from scheduler.engine.schedule import Schedule

__all__ = ["NORMAL", "QUICK", "THOROUGH", "Limits", "partial", "plan", "whole"]


def plan(request: PlanRequest, *, alternatives: int = 1, effort: Limits = NORMAL) -> Answer:
    """The best plans found for a course, best first.

    If not every visit can be placed, the one plan returned is the best partial plan found, with reasons for what is
    missing. Further alternatives start on other dates and exist only if everything has a place. Placements of fixed
    visits are part of each plan. A ``bound`` is given only with complete plans: no plan can cost less.
    """
    if not request.visits:
        return Answer(())
    free = Availability(request)
    planner = Planner(Course(request, free, whole=True))
    best = planner.solve(effort, effort.states)
    if best is None:
        return Answer((_partial(request, free, effort),))
    plans = [best]
    while len(plans) < alternatives and planner.avoid_first_date(plans[-1]):
        other = planner.solve(effort, effort.states // 2)
        if other is None:
            break
        plans.append(other)
    return Answer(tuple(sorted(plans, key=lambda found: found.cost.total)))


def whole(request: PlanRequest, free: Availability, effort: Limits = QUICK) -> Plan | None:
    """The best complete plan found over an availability that exists already; ``None`` if there is none or none was found."""
    return Planner(Course(request, free, whole=True)).solve(effort, effort.states)


def partial(request: PlanRequest, free: Availability, effort: Limits = QUICK) -> Plan:
    """The best partial plan found, with reasons for what is missing."""
    return _partial(request, free, effort)


def _partial(request: PlanRequest, free: Availability, effort: Limits) -> Plan:
    planner = Planner(Course(request, free, whole=False))
    found = planner.solve(effort, effort.partial_states)
    return found if found is not None else planner.finished(Schedule(request, ()), None)
