"""Where the times within a date are not searched to the end, plans still keep every rule and nothing false is proved."""

import pytest
from hypothesis import given

from scheduler.engine import planner, together
from scheduler.engine.availability import Availability
from scheduler.engine.plan import Limits, plan, whole
from scheduler.engine.request import Offset, Unit
from tests.scheduler.engine.building import alone, grid, hours, request, resource, series, visit
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


def test_a_wider_run_is_begun_while_there_is_no_plan(monkeypatch):
    """Three visits belong on one date; on the first the therapist has time for any of them, but not for all."""
    monkeypatch.setattr(planner, "_MOST_TRIES", 0)
    on = grid(days=5)
    talks = [visit(f"t{n}", alone("therapist", 60), kind="talk") for n in (1, 2, 3)]
    one_date = [Offset("date", key, "t1", Unit.DAYS, 0, None, 0) for key in ("t2", "t3")]
    at_work = (*hours(on, "09:00", "11:00", days=[0]), *hours(on, days=[3]))
    asked = request(on, talks, one_date, [resource(on, "ann", "therapist", working=at_work)])

    def found(*widths):
        return whole(asked, Availability(asked), Limits(widths, ()))

    assert found(1) is None
    assert found(1, 40).complete
    # only one: tries are used up, and what it costs has an end
    assert found(1, 1, 40) is None
