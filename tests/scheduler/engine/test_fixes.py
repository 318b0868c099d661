"""Fixes: each is a change that was planned with, and each can be made."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.engine.blame import blame
from scheduler.engine.concessions import Concession, concession
from scheduler.engine.explain import why_not
from scheduler.engine.fixes import (
    AddWeekdays,
    AllowAlso,
    Come,
    Elsewhere,
    LeaveOut,
    Leeway,
    Lift,
    Relax,
    Soften,
    Start,
    applied,
    fixes,
    relaxed,
)
from scheduler.engine.grid import Grid
from scheduler.engine.nearest import nearest
from scheduler.engine.plan import QUICK, plan
from scheduler.engine.request import AtMost, Offset, PerWeek, Preferred, SameDay, Span, Unit, Window
from tests.scheduler.engine.building import alone, at, grid, hours, keys, request, resource, series, visit, weekdays
from tests.scheduler.engine.independent import faults
from tests.scheduler.engine.strategies import requests

ON = grid(days=21)


def asked_for(asked, leeway=None, groups=None):
    """The fixes of a request that does not fit, and the rules that would have to give way."""
    partial = plan(asked).best
    assert not partial.complete
    found = blame(asked, groups=groups)
    leeway = leeway or Leeway()
    return fixes(asked, partial, found, leeway), concession(asked, found, leeway, groups=groups or {})


def test_a_wish_gives_way_by_the_least_that_helps():
    wish = Window("wish", ("i1",), earliest=7 * 60, latest=8 * 60)
    found, _ = asked_for(request(ON, series(1), [wish]), Leeway(wishes=(("wish",),)))
    # making it a mere wish would come to the same place, and nothing is left of the course without its only visit
    assert [fix.change for fix in found] == [Relax(("wish",), "latest", 60)]


def test_one_exception_to_a_wish():
    chair = resource(ON, "chair1", "chair", working=hours(ON, days=[0, 1]))
    visits = series(2)
    wish = Window("wish", keys(visits), weekdays=frozenset({0}))
    asked = request(ON, visits, [Offset("gap", "i2", "i1", Unit.DAYS, 1, None, None), wish], [chair])
    found, _ = asked_for(asked, Leeway(wishes=(("wish",),)))
    assert found[0].change == Soften(("wish",), ("i2",))


def test_one_more_weekday():
    visits = series(3)
    gap = [Offset(f"gap.{n}", f"i{n}", f"i{n - 1}", Unit.DAYS, 2, None, 3) for n in (2, 3)]
    wish = Window("wish", keys(visits), weekdays=frozenset({0, 3}))
    asked = request(ON, visits, [*gap, wish])
    found, _ = asked_for(asked, Leeway(wishes=(("wish",),)))
    added = next(fix for fix in found if isinstance(fix.change, AddWeekdays))
    assert len(added.change.weekdays) == 1
    assert {ON.local(placed.start).weekday() for placed in added.plan.placements} <= {0, 3, *added.change.weekdays}


def test_a_date_on_which_the_patient_could_come_after_all():
    ends = ON.midnights
    away = tuple((ends[n], ends[n + 1]) for n in range(21) if n != 20)
    found, _ = asked_for(request(ON, series(1), patient_busy=away), Leeway(away=frozenset(range(20))))
    assert found[0].change == Come(0)


def test_another_start():
    full = [resource(ON, "chair1", "chair", busy=[(0, ON.slots, 0)])]
    asked = request(ON, series(1), calendars=full)
    later = Grid(ON.zone, ON.first_on + timedelta(21), 14)
    free = request(later, series(1), calendars=[resource(later, "chair1", "chair")], open_days=weekdays(later))
    found, _ = asked_for(asked, Leeway(starts=lambda: [replace(asked), free]))
    assert [fix.change for fix in found] == [Start(1)]


def test_another_site_where_the_calendars_of_this_one_are_to_blame():
    full = [resource(ON, "chair1", "chair", busy=[(0, ON.slots, 0)])]
    asked = request(ON, series(1), calendars=full)
    free = request(ON, series(1), calendars=[resource(ON, "chair2", "chair")])
    found, _ = asked_for(asked, Leeway(sites=lambda: [replace(asked), free]))
    assert [fix.change for fix in found] == [Elsewhere(1)]
    # no other calendar helps where the wishes alone are too much
    never = Window("wish", ("i1",), weekdays=frozenset())
    found, _ = asked_for(request(ON, series(1), [never]), Leeway(sites=lambda: [free]))
    assert found == ()


def test_what_can_be_placed_can_be_booked_and_the_rest_waits():
    visits = [*series(2), visit("t1", alone("therapist", 60))]
    people = [resource(ON, "chair1", "chair"), resource(ON, "ann", "therapist", working=())]
    found, _ = asked_for(request(ON, visits, calendars=people))
    assert [fix.change for fix in found] == [LeaveOut(("t1",))]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        (Offset("rule", "i2", "i1", Unit.DAYS, 1, None, 4), Relax(("rule",), "most", 3)),
        (Offset("rule", "i2", "i1", Unit.DAYS, 8, None, 13), Relax(("rule",), "least", 1)),
        (Span("rule", ("i1", "i2"), 5), Relax(("rule",), "most_days", 2)),
        (SameDay("rule", ("i2",), ("i1",), before_too=True), None),
    ],
)
def test_the_rule_that_would_have_to_give_way_least(rule, change):
    # the chair is there on Mondays only, one visit each
    chair = resource(ON, "chair1", "chair", working=hours(ON, "09:00", "10:00", days=[0, 7]))
    apart = Offset("apart", "i2", "i1", Unit.MINUTES, 0, None, None)
    asked = request(ON, series(2), [apart, rule], [chair])
    if change is None:
        assert plan(asked).best.complete
        return
    _, least = asked_for(asked)
    assert least.changes == (change,)
    assert plan(applied(asked, change)).best.complete
    smaller = replace(change, by=change.by - 1)
    assert not plan(applied(asked, smaller)).best.complete


def test_a_rule_without_a_limit_is_lifted():
    chair = resource(ON, "chair1", "chair", working=hours(ON, days=[0]))
    asked = request(ON, series(2), [SameDay("sober", ("i2",), ("i1",), before_too=True)], [chair])
    _, least = asked_for(asked)
    assert least.changes == (Lift(("sober",)),)


def test_a_rule_of_several_keys_gives_way_together():
    chair = resource(ON, "chair1", "chair", working=hours(ON, "09:00", "10:00", days=[0, 7, 14]))
    rules = [Offset(f"gap.{n}", f"i{n}", f"i{n - 1}", Unit.DAYS, 2, None, 5) for n in (2, 3)]
    _, least = asked_for(request(ON, series(3), rules, [chair]), groups={"gap.2": "gap", "gap.3": "gap"})
    assert least.changes == (Relax(("gap.2", "gap.3"), "most", 2),)


def test_a_count_per_week_gives_way_by_one():
    chair = resource(ON, "chair1", "chair", working=hours(ON, days=[0, 2]))
    _, least = asked_for(request(ON, series(2), [PerWeek("week", ("i1", "i2"), 1)], [chair]))
    assert least.changes == (Relax(("week",), "at_most", 1),)


def test_days_stay_apart_and_the_course_gets_longer_instead():
    """Either end could give way; visits are not put on one day where the last may be later instead."""
    chair = resource(ON, "chair1", "chair", working=hours(ON, "09:00", "15:00", days=[0, 7]))
    rule = Offset("rule", "i2", "i1", Unit.DAYS, 1, None, 4)
    _, least = asked_for(request(ON, series(2), [rule], [chair]))
    assert least.changes == (Relax(("rule",), "most", 3),)


def on_days(*days):
    """A chair that is there on some days of the grid, for one visit each."""
    return [resource(ON, "chair1", "chair", working=hours(ON, "09:00", "10:00", days=days))]


def all_made(asked, changes):
    for change in changes:
        asked = applied(asked, change)
    return asked


def test_two_rules_give_way_together_where_no_one_rule_would_do():
    """The chair is there a week later; that is too late for the distance and for the span."""
    rules = [Offset("gap", "i2", "i1", Unit.DAYS, 1, None, 4), Span("span", ("i1", "i2"), 5)]
    asked = request(ON, series(2), rules, on_days(0, 7))
    _, least = asked_for(asked)
    assert least.changes == (Relax(("gap",), "most", 3), Relax(("span",), "most_days", 2))
    assert least.sure
    assert faults(all_made(asked, least.changes), least.plan.placements) == []
    # the control: neither alone does, nor both by less
    for changes in ([Lift(("gap",))], [Lift(("span",))], [least.changes[0], Relax(("span",), "most_days", 1)]):
        assert not plan(all_made(asked, changes)).best.complete


def test_a_rule_and_a_wish_give_way_together():
    gap = Offset("gap", "i2", "i1", Unit.DAYS, 1, None, 4)
    wish = Window("wish", ("i1", "i2"), weekdays=frozenset({2, 3}))
    asked = request(ON, series(2), [gap, wish], on_days(0, 7))
    found, least = asked_for(asked, Leeway(wishes=(("wish",),)))
    assert found == ()
    assert least.changes == (Relax(("gap",), "most", 3), Lift(("wish",)))
    assert plan(all_made(asked, least.changes)).best.complete


def test_where_calendars_alone_forbid_it_no_rule_is_named():
    gap = Offset("gap", "i2", "i1", Unit.DAYS, 1, None, 4)
    _, least = asked_for(request(ON, series(2), [gap], on_days(0)))
    assert least == Concession(sure=True)


@pytest.mark.parametrize(
    ("rule", "field", "furthest"),
    [
        (Offset("r", "b", "a", Unit.DAYS, 3, None, 5), "least", 1),
        (Offset("r", "b", "a", Unit.DAYS, 1, None, 5), "least", 1),
        (Offset("r", "b", "a", Unit.DAYS, 0, None, 5), "least", 0),
        (Offset("r", "b", "a", Unit.DAYS, -5, None, -2), "most", -1),
        (Offset("r", "b", "a", Unit.DAYS, -5, None, 0), "most", 0),
        (Offset("r", "b", "a", Unit.MINUTES, 90, None, None, from_end=True), "least", 0),
        (PerWeek("r", ("a", "b"), 2, days_apart=3), "days_apart", 1),
        (PerWeek("r", ("a", "b"), 2, at_least=2), "at_least", 0),
        (AtMost("r", ("a", "b"), 1, 28), "days", 1),
        (Window("r", ("a",), earliest=7 * 60 + 10), "earliest", 0),
        (Window("r", ("a",), latest=17 * 60), "latest", 24 * 60),
    ],
)
def test_no_limit_gives_way_beyond_what_makes_sense(rule, field, furthest):
    assert getattr(relaxed(rule, field, 10**5), field) == furthest


def test_what_keeps_visits_together_has_no_such_end():
    assert relaxed(Offset("r", "b", "a", Unit.DAYS, -5, None, -2), "least", 4).least == -9
    assert relaxed(Offset("r", "b", "a", Unit.DAYS, 1, None, 5), "most", 4).most == 9


def of_therapists(working):
    visits = [visit(f"t{n}", alone("therapist", 60)) for n in (1, 2)]
    people = [resource(ON, name, "therapist", working=hours(ON, days=days)) for name, days in working.items()]
    rules = [
        Offset("gap", "t2", "t1", Unit.DAYS, 1, None, 2),
        Preferred("people", ("t1", "t2"), frozenset({"ann"}), hard=True),
    ]
    return request(ON, visits, rules, people)


def test_somebody_else_treats_the_patient_too():
    found, _ = asked_for(of_therapists({"ann": [0], "bob": [4], "cat": [1]}), Leeway(people=("people",)))
    assert found[0].change == AllowAlso(("people",), ("cat",))
    assert {name for placed in found[0].plan.placements for _, name in placed.resources} == {"ann", "cat"}


def test_anybody_does_where_one_more_is_not_enough():
    found, _ = asked_for(of_therapists({"ann": [0], "bob": [3], "cat": [4]}), Leeway(people=("people",)))
    assert found[0].change == Soften(("people",), ("t1", "t2"))


# --- generated --------------------------------------------------------------------------------------------------------


def leeway_of(asked) -> Leeway:
    """Windows are taken for wishes; a start two days later can be offered."""
    windows = tuple(
        (rule.key,) for rule in asked.rules if isinstance(rule, Window) and rule.hard and rule.key.startswith("when")
    )
    people = tuple(rule.key for rule in asked.rules if isinstance(rule, Preferred) and rule.hard)
    return Leeway(wishes=windows, people=people, starts=lambda: [replace(asked, not_before=asked.not_before + 24 * 12)])


def check_fixes(asked, tally):
    """Every fix of a request that does not fit is made, and accepted."""
    partial = plan(asked).best
    if partial.complete:
        return
    tally["infeasible"] += 1
    assert all(each.reasons for each in partial.unplaced)
    found = blame(asked)
    if found.plan is not None:
        assert faults(asked, found.plan.placements) == []
        return
    leeway = leeway_of(asked)
    others = list(leeway.starts())
    suggested = fixes(asked, partial, found, leeway)
    assert len(suggested) <= 3
    # every other one: they take as long as all the fixes
    if tally["infeasible"] % 2 and all(isinstance(fix.change, LeaveOut) for fix in suggested):
        check_concession(asked, concession(asked, found, leeway, groups={}), tally)
    for fix in suggested:
        tally["fixes"] += 1
        changed = applied(asked, fix.change, others)
        assert faults(changed, fix.plan.placements) == []
        if isinstance(fix.change, LeaveOut):
            assert {each.visit for each in fix.plan.placements}.isdisjoint(fix.change.visits)
        else:
            assert fix.plan.complete
            assert plan(changed).best.complete


def check_concession(asked, least, tally):
    """Either the rules that would have to give way are named, and do when all of them give; or it is proved that none would do."""
    assert least.changes or least.sure
    tally["conceded"] += bool(least.changes)
    tally["together"] += len(least.changes) > 1
    if least.changes:
        changed = all_made(asked, least.changes)
        assert least.plan.complete
        assert faults(changed, least.plan.placements) == []
        if len(least.changes) > 1 and least.sure:
            assert not plan(all_made(asked, least.changes[1:]), effort=QUICK).best.complete, "one of them can be spared"


def test_what_works_instead_is_found_weeks_away():
    asked = request(ON, series(2), [Offset("gap", "i2", "i1", Unit.DAYS, 14, None, None)])
    first = next(placed for placed in plan(asked).best.placements if placed.visit == "i1")
    ways = nearest(asked, [first], "i2", at(ON, ON.day(first.start) + 1, "09:00"))
    assert [ON.day(way.start) - ON.day(first.start) for way in ways] == [14, 15, 16]


def check_ways_out(asked, data, tally):
    """A visit that is refused at some time is refused with reasons, and can go where it is told it can."""
    best = plan(asked).best
    movable = [placed for placed in best.placements if placed not in asked.fixed]
    if not movable:
        return
    moved = data.draw(st.sampled_from(movable))
    start = at(
        asked.grid, data.draw(st.integers(0, asked.grid.days - 1)), data.draw(st.sampled_from(["09:00", "10:05"]))
    )
    if not [
        reason for reason in why_not(asked, best.placements, moved.visit, start, dict(moved.resources)) if reason.hard
    ]:
        return
    tally["refused"] += 1
    others = [placed for placed in best.placements if placed.visit != moved.visit]
    ways = nearest(asked, others, moved.visit, start, dict(moved.resources))
    assert ways  # it can always stay where it is
    assert len(set(ways)) == len(ways) <= 3
    for way in ways:
        tally["ways"] += 1
        assert faults(asked, [*others, way]) == []


def run(examples):
    tally = dict.fromkeys(("infeasible", "fixes", "conceded", "together", "refused", "ways"), 0)

    @settings(deadline=None, max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
    @given(requests(), st.data())
    def every_fix_is_accepted(asked, data):
        check_fixes(asked, tally)
        check_ways_out(asked, data, tally)

    every_fix_is_accepted()
    return tally


@pytest.mark.long
def test_every_suggested_fix_is_accepted():
    tally = run(430)
    assert tally["infeasible"] + tally["refused"] >= 500, tally
    assert tally["infeasible"] >= 100, tally
    assert tally["fixes"] >= 100, tally
    assert tally["conceded"] >= 60, tally
    assert tally["together"] >= 40, tally


@pytest.mark.soak
def test_every_suggested_fix_of_many_more_is_accepted():
    tally = run(6000)
    assert tally["infeasible"] + tally["refused"] >= 5000, tally
