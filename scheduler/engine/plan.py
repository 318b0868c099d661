"""Plan a whole course."""

from scheduler.engine.answer import Answer, Plan
from scheduler.engine.availability import Availability
from scheduler.engine.course import Course
from scheduler.engine.planner import NORMAL, QUICK, THOROUGH, Limits, Planner
from scheduler.engine.request import PlanRequest
from scheduler.engine.schedule import Schedule

__all__ = ["NORMAL", "QUICK", "THOROUGH", "Limits", "plan"]


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
    best = planner.solve(effort.widths)
    if best is None:
        return Answer((_partial(request, free, effort),))
    plans = [best]
    while len(plans) < alternatives and planner.avoid_first_date(plans[-1]):
        other = planner.solve(effort.widths)
        if other is None:
            break
        plans.append(other)
    return Answer(tuple(sorted(plans, key=lambda found: found.cost.total)))


def _partial(request: PlanRequest, free: Availability, effort: Limits) -> Plan:
    planner = Planner(Course(request, free, whole=False))
    found = planner.solve(effort.partial_widths)
    return found if found is not None else planner.finished(Schedule(request, ()), None)
