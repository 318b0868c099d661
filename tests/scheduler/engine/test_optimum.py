"""On tiny requests the planner equals trying everything: in what fits, in cost, and in its bound."""

from hypothesis import HealthCheck, assume, given, settings

from scheduler.engine.availability import Availability
from scheduler.engine.objective import cost
from scheduler.engine.plan import plan
from scheduler.engine.schedule import Schedule
from tests.scheduler.engine.brute_force import TooManyError, plans
from tests.scheduler.engine.strategies import requests

several = settings(deadline=None, max_examples=35, suppress_health_check=list(HealthCheck))
tiny = requests(most_infusions=3, most_talks=1, days=(5, 8), most_resources=2, close="11:00")


def everything(asked, **kwargs):
    try:
        return list(plans(asked, **kwargs))
    except TooManyError:
        assume(False)


@several
@given(tiny)
def test_finds_the_best_of_all_plans_and_proves_it(asked):
    found = plan(asked).best
    every = everything(asked)
    assert found.complete == bool(every)
    if every:
        free = Availability(asked)
        best = min(cost(Schedule(asked, one), free).total for one in every)
        assert found.bound == found.cost.total == best


@settings(several, max_examples=15)
@given(tiny)
def test_a_partial_plan_leaves_out_as_little_as_possible(asked):
    found = plan(asked).best
    assume(not found.complete)
    assert len(found.placements) == max(len(one) for one in everything(asked, partial=True))
