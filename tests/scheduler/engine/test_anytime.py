"""Planning with somebody looking on: every plan on the way is valid, and the bound is never wrong."""

from hypothesis import given

from benchmarks.clinics import Clinic, request
from scheduler.engine.plan import Limits, plan
from tests.scheduler.engine.independent import faults
from tests.scheduler.engine.soaking import examples
from tests.scheduler.engine.strategies import requests

NARROW = Limits(widths=(1, 2, 5, 20, 100), partial_widths=(20,))


def watched(asked, effort=NARROW, stop=None):
    seen = []
    answer = plan(asked, effort=effort, on_better=lambda found, bound: seen.append((found, bound)), stop=stop)
    return answer.best, seen


def is_honest(asked, best, seen):
    for found, bound in seen:
        assert found.complete
        assert faults(asked, found.placements) == []
        assert bound <= best.cost.total
        assert found.bound <= best.cost.total
    costs = [found.cost.total for found, _ in seen]
    bounds = [bound for _, bound in seen]
    assert costs == sorted(costs, reverse=True)
    assert bounds == sorted(bounds)
    if best.complete:
        assert seen[-1][0].placements == best.placements


@examples(60)
@given(requests(most_infusions=4, most_talks=3, days=(8, 16)))
def test_every_plan_on_the_way_is_valid_and_no_bound_is_above_the_cost(asked):
    is_honest(asked, *watched(asked))
    assert plan(asked, effort=NARROW).best == watched(asked)[0]


def test_a_narrow_search_says_that_it_proved_nothing_and_a_wider_one_does_better():
    asked = request(Clinic(0, 5, 0.9), "6+8")
    narrow = plan(asked, effort=Limits((10,), (10,))).best
    wide, seen = watched(asked, Limits((10, 40, 400, 4_000), (10,)))
    is_honest(asked, wide, seen)
    assert wide.gap == 0
    assert narrow.gap is None or narrow.bound <= wide.cost.total <= narrow.cost.total


def test_it_stops_when_told_to_with_what_it_has():
    asked = request(Clinic(0, 5, 0.6), "6+8")
    seen = []
    found = plan(
        asked,
        effort=Limits((5, 5_000), (5,)),
        on_better=lambda found, _: seen.append(found),
        stop=lambda: bool(seen),
    ).best
    assert found.complete
    assert found.placements == seen[-1].placements
    assert faults(asked, found.placements) == []
    assert found.bound <= plan(asked).best.cost.total <= found.cost.total


def test_stopped_at_once_it_answers_that_nothing_is_placed():
    asked = request(Clinic(0, 5, 0.6), "6+8")
    best = plan(asked, stop=lambda: True).best
    assert not best.complete
    assert best.bound is None
