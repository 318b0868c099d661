"""Where the times within a date are not searched to the end, plans still keep every rule and nothing false is proved."""

import pytest
from hypothesis import given

from scheduler.engine import together
from scheduler.engine.plan import plan
from tests.scheduler.engine.building import grid, request, series
from tests.scheduler.engine.independent import faults
from tests.scheduler.engine.soaking import examples
from tests.scheduler.engine.strategies import requests

crowded = requests(most_infusions=2, most_talks=4, days=(2, 3), most_resources=3, close="17:00")


def hurried(asked):
    """The best plan when next to no times may be tried."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MOST_TRIES", "ALL_TRIES", "FEW_TRIES"):
            patch.setattr(together, name, 1)
        return plan(asked).best


@examples(60)
@given(crowded)
def test_no_plan_costs_less_than_its_bound(asked):
    best, found = plan(asked).best, hurried(asked)
    assert faults(asked, found.placements) == []
    if best.complete:
        assert not found.none_complete
    if best.complete and found.bound is not None:
        assert found.bound <= best.cost.total


def test_the_search_is_cut_short_at_all():
    """The control: with these limits the planner does lose a proof, so the test above looks at something."""
    asked = request(grid(days=1), series(4))
    best, found = plan(asked).best, hurried(asked)
    assert best.gap == 0
    assert found.bound < best.bound
