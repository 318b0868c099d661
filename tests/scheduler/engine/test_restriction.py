"""A request without some of its visits."""

from dataclasses import replace
from datetime import date

import pytest

from scheduler.engine.grid import Grid
from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    Keep,
    Offset,
    PerWeek,
    Placement,
    PlanRequest,
    SameDay,
    SameResource,
    Span,
    Unit,
    Visit,
)
from scheduler.engine.restriction import restricted

GRID = Grid("America/New_York", date(2026, 5, 4), 30)
VISITS = tuple(Visit(key, "x", 60, ()) for key in ("a.1", "a.2", "a.3", "a.4", "b.1"))


def gap(number: int, **limits) -> Offset:
    return Offset(
        f"a.gap.{number}", f"a.{number}", f"a.{number - 1}", Unit.DAYS, **({"least": 3, "ideal": 3, "most": 5} | limits)
    )


def request(*rules, fixed=()) -> PlanRequest:
    return PlanRequest(GRID, VISITS, rules, (), frozenset(range(30)), fixed=fixed)


def without(found: PlanRequest, *gone: str) -> PlanRequest:
    return restricted(found, {visit.key for visit in found.visits} - set(gone))


def test_with_all_visits_it_is_the_same():
    asked = request(gap(2))
    assert without(asked) is asked


def test_visits_fixed_places_and_keeps_go():
    place = Placement("a.2", 100, ())
    asked = request(Keep("keep.a.2", "a.2", 100), fixed=(place,))
    found = without(asked, "a.2")
    assert [visit.key for visit in found.visits] == ["a.1", "a.3", "a.4", "b.1"]
    assert (found.rules, found.fixed) == ((), ())


def test_neighbours_keep_the_least_distance_and_nothing_else():
    found = without(request(gap(2), gap(3), gap(4)), "a.2")
    assert found.rules == (replace(gap(3), anchor="a.1", ideal=None, most=None), gap(4))


def test_also_across_two_that_are_gone():
    found = without(request(gap(2), gap(3), gap(4)), "a.2", "a.3")
    assert found.rules == (replace(gap(4), anchor="a.1", ideal=None, most=None),)


def test_a_follow_up_of_what_is_gone_is_free():
    follow_up = Offset("b.anchor1.1", "b.1", "a.2", Unit.DAYS, 1, 1, 2)
    assert without(request(gap(2), follow_up), "a.2").rules == ()


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (PerWeek("w", ("a.1", "a.2", "a.3"), 2, at_least=1), PerWeek("w", ("a.1", "a.3"), 2, at_least=0)),
        (PerWeek("w", ("a.1", "a.3"), 2, at_least=1), PerWeek("w", ("a.1", "a.3"), 2, at_least=1)),
        (Span("s", ("a.1", "a.2"), 9), Span("s", ("a.1",), 9)),
        (AtMost("m", ("a.2",), 1, 9), None),
        (SameDay("d", ("b.1",), ("a.1", "a.2")), SameDay("d", ("b.1",), ("a.1",))),
        (SameDay("d", ("b.1",), ("a.2",)), None),
        (SameResource("r", "nurse", ("a.1", "a.2", "a.3")), SameResource("r", "nurse", ("a.1", "a.3"))),
    ],
)
def test_rules_about_several_visits(rule, left):
    assert without(request(rule), "a.2").rules == (() if left is None else (left,))


def test_a_row_of_days_is_broken_where_a_visit_is_missing():
    row = ConsecutiveDays("c", ("a.1", "a.2", "a.3", "a.4"))
    assert without(request(row), "a.2").rules == (ConsecutiveDays("c", ("a.3", "a.4")),)
    assert without(request(row), "a.4").rules == (ConsecutiveDays("c", ("a.1", "a.2", "a.3")),)
