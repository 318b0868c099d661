import random
from dataclasses import replace
from itertools import combinations

import pytest

from scheduler.engine import many
from scheduler.engine.ledger import Ledger
from scheduler.engine.many import Effort, Wanted, plan_many
from scheduler.engine.request import DailyLoad, Offset, Placement, Role, SameResource, Segment, Unit, Use, Window
from tests.scheduler.engine.building import alone, at, grid, hours, keys, request, resource, series, visit
from tests.scheduler.engine.independent import faults
from tests.scheduler.engine.together import double_uses

GRID = grid(days=14)


def one_visit(days, calendars=None, **kwargs):
    """A course of one hour in the chair between 9 and 10, on one of these days of the grid."""
    dates = [GRID.first_on.toordinal() + day for day in days]
    first, last = GRID.first_on.fromordinal(min(dates)), GRID.first_on.fromordinal(max(dates))
    rules = [Window("only then", ("i1",), latest=9 * 60, from_on=first, until_on=last)]
    return request(GRID, series(1), rules, calendars, **kwargs)


def on(key, day):
    return Placement(key, at(GRID, day, "09:00"), (("chair", "chair1"),))


def busy_clinic(seed, count):
    """Courses of three infusions and two talks in a clinic that cannot take them all."""
    chance = random.Random(seed)
    watched = Role("nurse", "nurse", (Segment(0, 15, Use.HANDS_ON), Segment(15, 90, Use.SHARED)))
    infusions = tuple(visit(f"i{n}", alone("chair", 90, turnover=15), watched, minutes=90) for n in (1, 2, 3))
    talks = tuple(visit(f"t{n}", alone("therapist", 60), kind="talk") for n in (1, 2))
    calendars = (
        resource(GRID, "chair1", "chair"),
        resource(GRID, "chair2", "chair"),
        resource(GRID, "nurse1", "nurse", lanes=2),
        resource(GRID, "therapist1", "therapist", working=hours(GRID, "12:00", "17:00")),
    )
    rules = [
        *(Offset("gap", b, a, Unit.DAYS, 2, 3, 4) for a, b in zip(keys(infusions), keys(infusions)[1:], strict=False)),
        *(Offset("talk", f"t{n}", f"i{n}", Unit.DAYS, 1, 1, 2) for n in (1, 2)),
        SameResource("one chair", "chair", keys(infusions), hard=False),
    ]
    found = []
    for n in range(count):
        earliest = chance.choice((9, 10, 12)) * 60
        suits = Window("suits", keys(infusions), frozenset(range(5)) - {chance.randrange(7)}, earliest, earliest + 180)
        asked = request(GRID, (*infusions, *talks), (*rules, suits), calendars, patient_gap=30)
        found.append(Wanted(f"course {n}", asked))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_what_is_planned_together_keeps_every_rule_and_uses_nothing_twice(seed):
    wanted = busy_clinic(seed, 8)
    requests = {each.key: each.request for each in wanted}
    found = plan_many(wanted, effort=Effort(40, seed=seed))
    placed = [(requests[each.key], each.plan.placements) for each in found.outcomes if each.plan is not None]
    assert 2 <= len(placed) == found.complete
    assert [faults(asked, placements) for asked, placements in placed] == [[]] * len(placed)
    assert double_uses(placed) == []


def test_the_second_opinion_sees_a_double_use():
    asked = one_visit([0])
    assert double_uses([(asked, [on("i1", 0)]), (asked, [on("i1", 0)])])
    assert double_uses([(asked, [on("i1", 0)]), (asked, [on("i1", 1)])]) == []


@pytest.mark.parametrize("seed", range(4))
def test_the_same_question_gives_the_same_answer_and_never_a_worse_one_than_in_turn(seed):
    wanted = busy_clinic(seed, 8)
    in_turn = plan_many(wanted, effort=Effort(0))
    found = plan_many(wanted, effort=Effort(30))
    assert found == plan_many(wanted, effort=Effort(30))
    assert not in_turn.standing < found.standing
    assert found.complete >= in_turn.complete


def test_who_can_choose_gives_way_to_who_cannot():
    flexible, bound_ = Wanted("flexible", one_visit([0, 1])), Wanted("bound", one_visit([0]))
    in_turn = plan_many([flexible, bound_], effort=Effort(0))
    assert [each.key for each in in_turn.outcomes if each.plan is None] == ["bound"]
    found = plan_many([flexible, bound_], effort=Effort(10))
    assert found.complete == 2
    assert found.most == 2


def test_all_or_nothing_unless_part_of_it_is_wanted():
    calendars = (resource(GRID, "chair1", "chair", working=hours(GRID, "09:00", "10:00", days=[0])),)
    asked = request(GRID, series(2), calendars=calendars)
    nothing = plan_many([Wanted("a", asked)]).outcomes[0].plan
    some = plan_many([Wanted("a", asked, in_part=True)]).outcomes[0].plan
    assert nothing is None
    assert some is not None
    assert (len(some.placements), len(some.unplaced)) == (1, 1)


def test_a_booked_course_stays_where_it_may_stay_whoever_wants_its_place():
    booked = Wanted("booked", one_visit([0]), current=(on("i1", 0),))
    new = Wanted("new", one_visit([0]))
    for order in ([new, booked], [booked, new]):
        plans = {each.key: each.plan for each in plan_many(order, effort=Effort(10)).outcomes}
        assert plans["new"] is None
        assert plans["booked"].placements == (on("i1", 0),)


def test_a_booked_course_moves_on_if_another_then_fits_and_it_loses_nothing():
    booked = Wanted("booked", one_visit([0, 1]), current=(on("i1", 0),))
    found = plan_many([Wanted("new", one_visit([0])), booked], effort=Effort(10))
    assert found.complete == 2


def test_visits_of_a_booked_course_that_cannot_stay_are_placed_anew_or_left_for_the_work_list():
    closed = (resource(GRID, "chair1", "chair", working=hours(GRID, days=[1, 2])),)
    current = (on("i1", 0), Placement("i2", at(GRID, 1, "09:00"), (("chair", "chair1"),)))
    first_day = Window("day", ("i1",), until_on=GRID.first_on)
    asked = request(GRID, series(2), [first_day], closed)
    plan = plan_many([Wanted("booked", asked, current=current)], effort=Effort(5)).outcomes[0].plan
    assert [each.visit for each in plan.placements] == ["i2"]
    assert [each.visit for each in plan.unplaced] == ["i1"]
    anew = plan_many([Wanted("booked", replace(asked, rules=()), current=current)], effort=Effort(5)).outcomes[0].plan
    assert anew.complete


def test_one_patient_is_in_one_place():
    calendars = tuple(resource(GRID, f"chair{n}", "chair") for n in (1, 2))
    asked = one_visit([0], calendars)
    same = [Wanted("a", asked, patient="ada"), Wanted("b", asked, patient="ada")]
    other = [Wanted("a", asked, patient="ada"), Wanted("b", asked, patient="bob")]
    assert plan_many(same, effort=Effort(5)).complete == 1
    assert plan_many(other, effort=Effort(5)).complete == 2


@pytest.mark.parametrize("seed", range(3))
def test_booked_in_the_order_of_the_answer_everybody_finds_a_lane(seed):
    wanted = busy_clinic(seed, 8)
    requests = {each.key: each.request for each in wanted}
    found = plan_many(wanted, effort=Effort(60, seed=seed))
    ledger = Ledger(wanted[0].request)
    plans = [(requests[each.key], each.plan.placements) for each in found.outcomes if each.plan is not None]
    assert all(ledger.take(asked, placements) is not None for asked, placements in plans)


def test_a_ledger_gives_back_exactly_what_it_took():
    wanted = busy_clinic(1, 2)
    ledger = Ledger(wanted[0].request)
    before = {name: (free.lanes, free.hands, free.alone) for name, free in ledger.free.items()}
    plan = plan_many(wanted[:1]).outcomes[0].plan
    taken = ledger.take(wanted[0].request, plan.placements)
    assert {name: (free.lanes, free.hands, free.alone) for name, free in ledger.free.items()} != before
    assert ledger.take(wanted[0].request, plan.placements) is None
    ledger.release(taken)
    assert {name: (free.lanes, free.hands, free.alone) for name, free in ledger.free.items()} == before


def test_stopping_keeps_the_best_so_far():
    wanted = busy_clinic(2, 6)
    seen = []
    calls = iter(range(1000))
    found = plan_many(
        wanted,
        effort=Effort(50),
        stop=lambda: next(calls) >= 15,
        on_progress=lambda done, total, best: seen.append((done, total, best)),
    )
    assert found.standing == seen[-1][2]
    assert found.plannings < 50
    nothing = plan_many(wanted, stop=lambda: True)
    assert nothing.complete == 0
    assert len(nothing.outcomes) == 6


def test_progress_grows_and_the_best_never_gets_worse():
    seen = []
    plan_many(
        busy_clinic(3, 6), effort=Effort(30), on_progress=lambda done, total, best: seen.append((done, total, best))
    )
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert seen[-1][0] <= seen[-1][1]
    assert not any(earlier[2] < later[2] for earlier, later in combinations(seen[6:], 2))


def test_nothing_costs_less_than_the_bound():
    wanted = [Wanted(f"course {n}", one_visit([0, 1, 2])) for n in range(3)]
    found = plan_many(wanted, effort=Effort(10))
    assert found.complete == 3
    assert found.bound <= found.standing.points


def test_courses_over_other_calendars_are_refused():
    other = (resource(GRID, "chair2", "chair"),)
    with pytest.raises(ValueError, match="same calendars"):
        plan_many([Wanted("a", one_visit([0])), Wanted("b", one_visit([0], other))])
    with pytest.raises(ValueError, match="same key"):
        plan_many([Wanted("a", one_visit([0])), Wanted("a", one_visit([0]))])


def test_no_courses():
    assert many.plan_many([]).complete == 0


def test_a_limit_of_starts_a_day_counts_the_visits_of_all_courses():
    calendars = tuple(resource(GRID, f"chair{n}", "chair") for n in (1, 2, 3))
    limit = DailyLoad("level", ("i1",), taken=((0, 1),), at_most=2)
    wanted = [
        Wanted(key, replace(asked, rules=(*asked.rules, limit)))
        for key, asked in (
            ("a", one_visit([0, 1], calendars)),
            ("b", one_visit([0, 1], calendars)),
            ("c", one_visit([0], calendars)),
        )
    ]
    found = plan_many(wanted, effort=Effort(10))
    starts = [GRID.day(each.start) for outcome in found.outcomes for each in outcome.plan.placements]
    assert sorted(starts) == [0, 1, 1]  # one is there already


def test_the_search_ends_when_nothing_can_be_better():
    found = plan_many([Wanted("a", one_visit([0])), Wanted("b", one_visit([1]))], effort=Effort(1000))
    assert found.plannings == 2
