"""Plan a whole course."""

from collections.abc import Callable
from dataclasses import replace

from scheduler.engine.alternatives import alternatives as others
from scheduler.engine.answer import Answer, Plan
from scheduler.engine.availability import Availability
from scheduler.engine.candidates import IMPOSSIBLE
from scheduler.engine.course import Course
from scheduler.engine.planner import NORMAL, QUICK, THOROUGH, Limits, Planner, Watcher
from scheduler.engine.request import PlanRequest
from scheduler.engine.schedule import Schedule

__all__ = ["NORMAL", "QUICK", "THOROUGH", "Limits", "partial", "plan", "whole"]


def plan(
    request: PlanRequest,
    *,
    alternatives: int = 1,
    effort: Limits = NORMAL,
    on_better: Callable[[Plan, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Answer:
    """The best plan found for a course, and plans that are best in another way.

    If not every visit can be placed, the one plan returned is the best partial plan found, with reasons for what is
    missing. ``alternatives`` is how many plans are asked for in all; those after the first differ from it in kind, each
    says what it costs more, and they exist only if everything has a place. Placements of fixed visits are part of each
    plan. A ``bound`` is given only with complete plans: no plan can cost less.

    ``on_better`` is called with each better complete plan as it is found, and what no plan can cost less than, as far as is
    known then; the bound never falls, the plans' cost never rises. ``stop`` is asked now and then; once it returns true the
    search ends with what it has. The time a search may take is the caller's business: without ``stop`` the same request
    always gives the same answer.
    """
    if not request.visits:
        return Answer(())
    free = Availability(request)
    watcher = Watcher(on_better, stop)
    course = Course(request, free, whole=True)
    planner = Planner(course, watcher)
    best = planner.solve(effort.widths)
    if best is None:
        best_partial = _partial(request, free, effort, watcher)
        return Answer((replace(best_partial, none_complete=planner.lowest >= IMPOSSIBLE),))
    return Answer((best, *others(course, best, effort, alternatives - 1, watcher)))


def whole(request: PlanRequest, free: Availability, effort: Limits = QUICK) -> Plan | None:
    """The best complete plan found over an availability that exists already; ``None`` if there is none or none was found."""
    return Planner(Course(request, free, whole=True)).solve(effort.widths)


def partial(request: PlanRequest, free: Availability, effort: Limits = QUICK) -> Plan:
    """The best partial plan found over an availability that exists already, with reasons for what is missing."""
    return _partial(request, free, effort, Watcher())


def _partial(request: PlanRequest, free: Availability, effort: Limits, watcher: Watcher) -> Plan:
    planner = Planner(Course(request, free, whole=False), Watcher(None, watcher.stop))
    found = planner.solve(effort.partial_widths)
    return found if found is not None else planner.finished(Schedule(request, ()), None)
