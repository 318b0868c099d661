"""The kinds of rules about counts, days, people and preparations: what each says, and that plans keep every kind."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.engine.answer import Code
from scheduler.engine.check import check
from scheduler.engine.explain import why_not
from scheduler.engine.objective import CHANGED_RESOURCE, CROWDED, MOVED, WISH_RESOURCE
from scheduler.engine.plan import plan
from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    DailyLoad,
    Keep,
    Offset,
    PerWeek,
    Placement,
    Preferred,
    Preparation,
    SameDay,
    SameResource,
    Span,
    Unit,
    Window,
)
from tests.scheduler.engine.building import alone, at, days_of, grid, hours, keys, request, resource, series, visit
from tests.scheduler.engine.independent import faults
from tests.scheduler.engine.strategies import requests

ON = grid()
CHAIRS = [resource(ON, name, "chair") for name in ("chair1", "chair2")]
KINDS = [Offset, PerWeek, Span, Window, SameDay, SameResource, ConsecutiveDays, AtMost, Keep, Preferred, DailyLoad]


def best(rules, visits, **kwargs):
    asked = request(ON, visits, rules, **kwargs)
    found = plan(asked).best
    assert faults(asked, found.placements) == []
    assert found.bound is None or found.bound <= found.cost.total
    return found


def broken(rules, *starts, chair="chair1", **kwargs):
    """What the check finds for infusions at (day, time), each as visit and code; the second opinion agrees."""
    asked = request(ON, series(len(starts)), rules, CHAIRS, **kwargs)
    placed = [Placement(f"i{n}", at(ON, *start), (("chair", chair),)) for n, start in enumerate(starts, start=1)]
    found = check(asked, placed)
    assert bool(found) == bool(faults(asked, placed))
    return [(one.visit, one.reason.code) for one in found]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_plan_keeps_every_rule_of_the_kind(kind, data):
    asked = data.draw(requests(most_infusions=4, most_talks=3, days=(10, 24), always=(kind,)))
    assert any(isinstance(rule, kind) for rule in asked.rules) or len(asked.visits) < 2
    found = plan(asked).best
    assert faults(asked, found.placements) == []
    assert check(asked, found.placements) == ()


# --- counts in any number of days ------------------------------------------------------------------------------


def test_a_count_within_a_number_of_days():
    rule = AtMost("cap", keys(series(3)), 2, 10)
    assert broken([rule], (0, "09:00"), (1, "09:00"), (10, "09:00")) == []
    assert broken([rule], (0, "09:00"), (1, "09:00"), (9, "09:00")) == [("i3", Code.TOO_MANY)]


def test_with_one_in_so_many_days_all_are_that_far_apart():
    found = best([AtMost("cap", keys(series(3)), 1, 7)], series(3))
    assert days_of(found, ON) == [0, 7, 14]


def test_earlier_courses_count_and_later_ones_too():
    before, after = ON.first_on - timedelta(300), ON.first_on + timedelta(200)
    found = best([AtMost("cap", ("i1",), 1, 310, (before,))], series(1))
    assert days_of(found, ON) == [10]
    # one before and one after: no 365 days may hold three
    rule = AtMost("cap", ("i1",), 2, 365, (before, after))
    assert broken([rule], (0, "09:00")) == []
    rule = AtMost("cap", ("i1",), 2, 365, (ON.first_on - timedelta(100), after))
    assert broken([rule], (0, "09:00")) == [("i1", Code.TOO_MANY)]
    assert not best([rule], series(1)).complete


def test_a_visit_that_is_over_counts_although_it_lies_before_the_grid():
    over = Placement("i1", at(ON, -3, "09:00"), (("chair", "chair1"),))
    found = best([AtMost("cap", keys(series(2)), 1, 10)], series(2), fixed=(over,))
    assert days_of(found, ON) == [-3, 7]


def test_a_count_across_the_year_end():
    on = grid(date(2026, 12, 28), days=28, zone="Europe/Berlin")
    asked = request(on, series(3), [AtMost("cap", keys(series(3)), 2, 9)])
    found = plan(asked).best
    assert faults(asked, found.placements) == []
    # from 28 December to 6 January are nine dates after the first
    assert [str(on.date(one.start)) for one in found.placements] == ["2026-12-28", "2026-12-28", "2027-01-06"]


# --- staying where it was --------------------------------------------------------------------------------------


def kept(n: int, day: int, *resources) -> Keep:
    return Keep(f"keep.{n}", f"i{n}", at(ON, day, "09:00"), resources)


def test_visits_stay_where_they_are_though_better_places_exist():
    gaps = [Offset("gap", f"i{n + 1}", f"i{n}", Unit.DAYS, 1, 2, 6) for n in (1, 2)]
    found = best([*gaps, kept(1, 1), kept(2, 4), kept(3, 9)], series(3))
    assert days_of(found, ON) == [1, 4, 9]
    assert found.cost.changes == 0
    # control: without the wish to stay the course is earlier and tighter
    assert days_of(best(gaps, series(3)), ON) == [0, 2, 4]


def test_what_has_to_move_moves_alone_and_as_little_as_possible():
    gaps = [Offset("gap", f"i{n + 1}", f"i{n}", Unit.DAYS, 2, None, 7) for n in (1, 2)]
    taken = [resource(ON, "chair1", "chair", busy=[(at(ON, 4, "09:00"), at(ON, 4, "13:00"), 0)])]
    found = best([*gaps, kept(1, 1), kept(2, 4), kept(3, 9)], series(3), calendars=taken)
    assert {one.visit: one.start for one in found.placements} == {
        "i1": at(ON, 1, "09:00"), "i2": at(ON, 4, "13:00"), "i3": at(ON, 9, "09:00"),
    }  # fmt: skip
    assert found.cost.changes == MOVED + 4 * 60
    assert [(note.code, note.amount) for note in found.notes["i2"]] == [(Code.MOVED, 240)]


def test_another_chair_is_a_smaller_change_than_another_time():
    taken = [resource(ON, "chair1", "chair", busy=[(at(ON, 1, "09:00"), at(ON, 1, "10:00"), 0)]), CHAIRS[1]]
    found = best([kept(1, 1, ("chair", "chair1"))], series(1), calendars=taken)
    assert found.placements[0].start == at(ON, 1, "09:00")
    assert found.cost.changes == CHANGED_RESOURCE


# --- people asked for ------------------------------------------------------------------------------------------


def test_people_asked_for_are_preferred_where_they_could_do_it():
    busy = [(at(ON, 0, "09:00"), at(ON, 0, "12:00"), 0)]
    people = [resource(ON, "ann", "therapist", busy=busy), resource(ON, "bob", "therapist"), CHAIRS[0]]
    visits = (visit("t1", alone("therapist", 60)), visit("i1"))
    asked = request(ON, visits, [Preferred("people", ("t1", "i1"), frozenset({"ann"}))], people)
    found = plan(asked).best
    # nobody asked for a chair, so the chair costs nothing
    assert dict(next(one for one in found.placements if one.visit == "t1").resources) == {"therapist": "ann"}
    assert found.cost.wishes == 0
    elsewhere = Placement("t1", at(ON, 0, "09:00"), (("therapist", "bob"),))
    [reason] = [
        one for one in why_not(asked, [elsewhere], "t1", elsewhere.start, {"therapist": "bob"})
        if one.code is Code.NOT_PREFERRED
    ]  # fmt: skip
    assert (reason.hard, reason.subjects, reason.role) == (False, ("ann",), "therapist")


def test_a_wish_for_people_gives_way_to_a_rule_but_a_limit_does_not():
    people = [resource(ON, "ann", "therapist", working=hours(ON, days=[9])), resource(ON, "bob", "therapist")]
    soon = Window("soon", ("t1",), until_on=ON.first_on + timedelta(3))
    visits = (visit("t1", alone("therapist", 60)),)
    soft = best([soon, Preferred("people", ("t1",), frozenset({"ann"}))], visits, calendars=people)
    assert (soft.complete, soft.cost.wishes) == (True, WISH_RESOURCE)
    firm = Preferred("people", ("t1",), frozenset({"ann"}), hard=True)
    assert not best([soon, firm], visits, calendars=people).complete
    assert days_of(best([firm], visits, calendars=people), ON) == [9]


def test_two_may_take_turns_softly():
    rule = SameResource("same", "chair", keys(series(3)), hard=False, at_most=2)
    alternating = [
        resource(ON, f"chair{n}", "chair", working=[(at(ON, day, "09:00"), at(ON, day, "10:00"))])
        for n, day in enumerate((0, 1, 2))
    ]
    found = best([rule], series(3), calendars=alternating)
    assert found.complete
    assert found.cost.continuity == 360


# --- level days ------------------------------------------------------------------------------------------------


def test_crowded_days_cost_and_full_days_are_closed():
    crowded = DailyLoad("load", ("i1",), ((0, 4), (1, 2)), target=3)
    found = best([crowded], series(1))
    assert days_of(found, ON) == [0]
    assert found.cost.load == 2 * CROWDED
    assert [(note.code, note.amount) for note in found.notes["i1"]] == [(Code.DAY_CROWDED, 2)]
    steep = DailyLoad("load", ("i1",), ((0, 40), (1, 2)), target=3)
    assert days_of(best([steep], series(1)), ON) == [1]
    full = DailyLoad("load", ("i1",), ((0, 4), (1, 2)), at_most=4)
    assert broken([full], (0, "09:00")) == [("i1", Code.DAY_FULL)]
    assert days_of(best([full], series(1)), ON) == [1]


def test_visits_of_the_course_itself_count_on_a_full_day():
    reserve = DailyLoad("load", keys(series(3)), ((0, 2),), at_most=4)
    assert broken([reserve], (0, "09:00"), (0, "10:00")) == []
    assert broken([reserve], (0, "09:00"), (0, "10:00"), (0, "11:00")) == [("i3", Code.DAY_FULL)]


# --- preparations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bag", "opens", "first"),
    [
        pytest.param(Preparation("bag", "pharmacy", 20, 30, 120), ("09:00", "17:00"), (0, "10:00"), id="lead"),
        pytest.param(Preparation("bag", "pharmacy", 20, 0, 60), ("09:00", "09:30"), (0, "09:30"), id="life"),
        pytest.param(Preparation("bag", "pharmacy", 20, 30, 1200), ("16:00", "17:00"), (1, "09:00"), id="day before"),
        pytest.param(
            Preparation("bag", "pharmacy", 20, 0, 1200, same_day=True), ("15:00", "16:00"), (0, "15:30"), id="same day"
        ),
        pytest.param(
            Preparation("bag", "pharmacy", 20, 60, 1200, until=15 * 60), ("14:30", "17:00"), (0, "16:00"), id="cut-off"
        ),
        pytest.param(Preparation("bag", "pharmacy", 20, 0, 60), ("09:00", "09:15"), None, id="no time"),
        pytest.param(
            Preparation("bag", "pharmacy", 20, 0, 60, frozenset({"sterile"})), ("09:00", "17:00"), None, id="skill"
        ),
    ],
)
def test_a_preparation_is_made_in_time_and_keeps(bag, opens, first):
    pharmacy = resource(ON, "pharmacy", "pharmacy", working=hours(ON, *opens))
    visits = (replace(visit("i1"), preparations=(bag,)),)
    found = best([], visits, calendars=[CHAIRS[0], pharmacy])
    if first is None:
        assert [one.reasons[0].code for one in found.unplaced] == [Code.NOT_PREPARED]
    else:
        assert found.placements[0].start == at(ON, *first)


def test_how_long_a_preparation_keeps_is_elapsed_time_when_the_clocks_change():
    """From 16:00 on Saturday to 9:00 on Sunday are 17 hours on the wall, and 18 when the clocks go back."""
    on = grid(date(2026, 10, 31), days=3)
    days = frozenset(range(3))
    pharmacy = resource(on, "pharmacy", "pharmacy", working=[(at(on, 0, "15:30"), at(on, 0, "16:00"))])
    chair = resource(on, "chair1", "chair", working=[(at(on, 1, "09:00"), at(on, 1, "17:00"))])
    for life, complete in ((17 * 60, False), (18 * 60, True)):
        visits = (replace(visit("i1"), preparations=(Preparation("bag", "pharmacy", 20, 0, life),)),)
        asked = request(on, visits, [], [chair, pharmacy], open_days=days)
        found = plan(asked).best
        assert found.complete is complete
        assert faults(asked, found.placements) == []


# --- weights -----------------------------------------------------------------------------------------------------


def test_a_heavier_ideal_wins():
    """Six days after the first, or one day: both cannot be; the heavier one is met."""

    def asked(weight):
        ideals = [
            Offset("a", "i2", "i1", Unit.DAYS, 1, 1, 6, weight=weight), Offset("b", "i2", "i1", Unit.DAYS, 1, 4, 6, weight=2)
        ]  # fmt: skip
        return best([*ideals, Window("monday", ("i1",), weekdays=frozenset({0}))], series(2))

    assert days_of(asked(1), ON) == [0, 4]
    assert days_of(asked(3), ON) == [0, 1]
