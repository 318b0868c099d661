"""Properties of every plan, whatever the request; the judge is the independent checker."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.engine import links, rules
from scheduler.engine.availability import Availability
from scheduler.engine.check import check
from scheduler.engine.plan import QUICK, plan
from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    DailyLoad,
    Offset,
    PerWeek,
    Preferred,
    Preparation,
    SameDay,
    SameResource,
    Span,
    Unit,
    Window,
)
from tests.scheduler.engine.building import alone, at, grid, hours, keys, request, resource, series, visit
from tests.scheduler.engine.independent import faults
from tests.scheduler.engine.strategies import requests

several = settings(deadline=None, max_examples=35, suppress_health_check=list(HealthCheck))


@several
@given(requests(most_infusions=5, most_talks=4, days=(10, 30)))
def test_every_plan_is_valid_and_every_refusal_has_a_reason(asked):
    found = plan(asked).best
    assert faults(asked, found.placements) == []
    assert check(asked, found.placements) == ()
    placed = {placement.visit for placement in found.placements}
    assert {one.visit for one in found.unplaced} == {v.key for v in asked.visits} - placed
    assert all(one.reasons for one in found.unplaced)
    assert found.complete == (found.cost.unplaced == 0)
    assert list(found.placements) == sorted(found.placements, key=lambda one: (one.start, one.visit))
    if found.bound is not None:
        assert found.bound <= found.cost.total


@settings(several, max_examples=8)
@given(requests(most_infusions=4, most_talks=3, days=(10, 20)), st.randoms(use_true_random=False))
def test_the_same_request_gives_the_same_answer(asked, shuffler):
    """Also when sets and the order of calendars happen to come in another order."""
    calendars = list(asked.calendars)
    shuffler.shuffle(calendars)
    again = replace(asked, calendars=tuple(calendars), open_days=frozenset(sorted(asked.open_days, reverse=True)))
    assert plan(asked) == plan(again)


@settings(several, max_examples=8)
@given(requests(most_infusions=4, most_talks=3, days=(10, 20)))
def test_less_effort_is_still_valid(asked):
    found = plan(asked, effort=QUICK).best
    assert faults(asked, found.placements) == []


# --- negative controls: the tests above would notice a planner that forgets a rule ---------------------------------

ON = grid(days=21)
TWO = series(2)
TALK = (visit("i1"), visit("t1", alone("therapist", 60), kind="talk"))
PEOPLE = [resource(ON, "chair1", "chair"), resource(ON, "ann", "therapist")]
ALTERNATING = [
    resource(ON, "chair1", "chair", working=[(at(ON, day, "09:00"), at(ON, day, "10:00")) for day in (0, 2)]),
    resource(ON, "chair2", "chair", working=[(at(ON, day, "09:00"), at(ON, day, "10:00")) for day in (1, 3)]),
]

FORGOTTEN = [
    pytest.param(TWO, Offset("r", "i2", "i1", Unit.DAYS, 3, None, 5), None, id="offset"),
    pytest.param(series(3), PerWeek("r", keys(series(3)), 2), None, id="per week"),
    pytest.param(
        series(2), Span("r", keys(TWO), 3),
        [resource(ON, "chair1", "chair", working=[
            (at(ON, day, "09:00"), at(ON, day, "10:00")) for day in (0, 7, 8)])],
        id="span",
    ),
    pytest.param(series(1), Window("r", ("i1",), weekdays=frozenset({3})), None, id="window"),
    pytest.param(TALK, SameDay("r", ("t1",), ("i1",)), PEOPLE, id="same day"),
    pytest.param(TWO, SameResource("r", "chair", keys(TWO)), ALTERNATING, id="same resource"),
    pytest.param(TWO, ConsecutiveDays("r", keys(TWO)), None, id="consecutive days"),
    pytest.param(series(3), AtMost("r", keys(series(3)), 2, 12), None, id="at most"),
    pytest.param(series(1), AtMost("r", ("i1",), 1, 30, (ON.first_on - timedelta(20),)), None, id="at most, history"),
    pytest.param(series(1), Preferred("r", ("i1",), frozenset({"chair2"}), hard=True), ALTERNATING, id="preferred"),
    pytest.param(series(2), DailyLoad("r", keys(TWO), ((0, 2), (1, 1)), at_most=2), None, id="daily load"),
]  # fmt: skip


@pytest.mark.parametrize(("visits", "rule", "calendars"), FORGOTTEN)
def test_a_planner_that_forgets_a_rule_is_caught(visits, rule, calendars):
    asked = request(ON, visits, [rule], calendars)
    assert faults(asked, plan(asked).best.placements) == []
    forgetful = plan(replace(asked, rules=())).best
    assert forgetful.complete
    assert faults(asked, forgetful.placements) != []


def test_a_cap_on_different_people_is_caught():
    """Three days, three chairs that are each there on one of them: two may take turns, so the third visit waits."""
    at_nine = [
        resource(ON, f"chair{n}", "chair", working=[(at(ON, day, "09:00"), at(ON, day, "10:00")) for day in days])
        for n, days in enumerate([(0, 8), (1, 9), (2, 10)])
    ]
    asked = request(ON, series(3), [SameResource("r", "chair", keys(series(3)), at_most=2)], at_nine)
    found = plan(asked).best
    assert found.complete
    assert faults(asked, found.placements) == []
    forgetful = plan(replace(asked, rules=())).best
    assert [ON.day(one.start) for one in forgetful.placements] == [0, 1, 2]
    assert faults(asked, forgetful.placements) != []


def test_a_planner_that_forgets_to_have_things_prepared_is_caught(monkeypatch):
    bag = Preparation("bag", "pharmacy", 20, lead=60, life=180)
    visits = (replace(visit("i1"), preparations=(bag,)),)
    pharmacy = resource(ON, "pharmacy", "pharmacy", working=hours(ON, "12:00", "13:00"))
    asked = request(ON, visits, [], [resource(ON, "chair1", "chair"), pharmacy])
    found = plan(asked).best
    assert faults(asked, found.placements) == []
    assert found.placements[0].start == at(ON, 0, "13:30")
    monkeypatch.setattr(Availability, "prepared", lambda self, _: (1 << self.slots) - 1)
    with pytest.raises(AssertionError, match="the planner breaks a rule"):
        plan(asked)


def test_the_final_check_stops_a_search_that_forgets_a_rule(monkeypatch):
    asked = request(ON, TALK, [SameDay("r", ("t1",), ("i1",))], PEOPLE)
    monkeypatch.delitem(links.TIES, SameDay)
    assert faults(asked, plan(asked).best.placements) == []
    monkeypatch.setitem(rules.CHECKS, SameDay, lambda *_: ())
    with pytest.raises(AssertionError, match="the planner breaks a rule"):
        plan(asked)
