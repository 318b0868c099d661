"""On tiny requests the planner equals trying everything: in what fits, in cost, and in its bound."""

import pytest
from hypothesis import assume, given

from scheduler.engine import frontier
from scheduler.engine.availability import Availability
from scheduler.engine.objective import cost
from scheduler.engine.plan import plan
from scheduler.engine.schedule import Schedule
from tests.scheduler.engine.brute_force import TooManyError, plans
from tests.scheduler.engine.soaking import examples
from tests.scheduler.engine.strategies import requests

tiny = requests(most_infusions=2, most_talks=1, days=(4, 6), most_resources=2, close="11:00")
small = requests(most_infusions=3, most_talks=2, days=(5, 8), most_resources=2, close="11:00")


@pytest.fixture(autouse=True, scope="module")
def _merging_as_in_large_searches():
    """However few moves there are, those that lead to the same as another are left out at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frontier, "_MANY", 0)
        yield


def everything(asked, **kwargs):
    try:
        return list(plans(asked, **kwargs))
    except TooManyError:
        assume(False)


def cheapest(asked, every):
    free = Availability(asked)
    return min(cost(Schedule(asked, one), free).total for one in every)


def is_the_best_of_all(asked):
    found = plan(asked).best
    every = everything(asked, budget=3_000)
    assert found.complete == bool(every)
    assert found.none_complete == (not every)
    if every:
        assert found.bound == found.cost.total == cheapest(asked, every)


@examples(300)
@given(tiny)
@pytest.mark.long
def test_finds_the_best_of_all_tiny_plans_and_proves_it(asked):
    is_the_best_of_all(asked)


@examples(40)
@given(small)
def test_finds_the_best_of_all_plans_and_proves_it(asked):
    is_the_best_of_all(asked)


@examples(30)
@given(small)
def test_a_partial_plan_leaves_out_as_little_as_possible_and_is_the_best_of_those(asked):
    found = plan(asked).best
    assume(not found.complete)
    every = everything(asked, partial=True, budget=3_000)
    assert len(found.placements) == max(len(one) for one in every)
    assert found.cost.total == cheapest(asked, every)
