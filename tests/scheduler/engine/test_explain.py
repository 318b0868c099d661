"""Why not there: all reasons, of all families, seen from the visit that is asked about."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.engine import explain
from scheduler.engine.answer import Code
from scheduler.engine.check import check
from scheduler.engine.explain import why_not
from scheduler.engine.plan import plan
from scheduler.engine.request import (
    HANDS_LANE,
    Offset,
    PerWeek,
    Placement,
    Role,
    SameResource,
    Segment,
    Unit,
    Use,
    Window,
)
from tests.scheduler.engine.building import alone, at, grid, keys, request, resource, series, visit
from tests.scheduler.engine.strategies import requests

ON = grid(days=14)
CHAIR = (("chair", "chair1"),)


def codes(found):
    return [(reason.code, reason.hard) for reason in found]


def test_every_reason_is_given_at_once():
    visits = series(3)
    busy = [resource(ON, "chair1", "chair", busy=[(at(ON, 1, "09:00"), at(ON, 1, "12:00"), 0)])]
    rules = [
        Offset("gap", "i2", "i1", Unit.DAYS, 2, 3, 5),
        PerWeek("week", keys(visits), 1),
        Window("days", ("i2",), weekdays=frozenset({0, 3})),
        Window("wish", ("i2",), earliest=720, hard=False),
    ]
    asked = request(ON, visits, rules, busy, patient_busy=((at(ON, 1, "10:00"), at(ON, 1, "11:00")),))
    found = why_not(asked, [Placement("i1", at(ON, 0, "09:00"), CHAIR)], "i2", at(ON, 1, "10:05"))
    assert codes(found) == [
        (Code.OFF_STEP, True),
        (Code.RESOURCE_BUSY, True),
        (Code.OUTSIDE_WINDOW, True),
        (Code.PATIENT_BUSY, True),
        (Code.WEEK_FULL, True),
        (Code.TOO_SOON, True),
        (Code.OUTSIDE_WINDOW, False),
    ]
    assert next(reason for reason in found if reason.code is Code.TOO_SOON).amount == 1


def test_a_rule_of_another_visit_is_turned_round():
    rule = Offset("talk", "t1", "i1", Unit.DAYS, 1, None, 3)
    asked = request(ON, [visit("i1"), visit("t1")], [rule])
    found = why_not(asked, [Placement("t1", at(ON, 3, "09:00"), CHAIR)], "i1", at(ON, 3, "11:00"))
    assert [(reason.code, reason.subjects, reason.rule) for reason in found] == [(Code.TOO_LATE, ("t1",), "talk")]


def test_the_calendar_family():
    asked = request(ON, series(1), not_before=at(ON, 1, "09:00"))
    assert codes(why_not(asked, [], "i1", at(ON, 0, "10:00"))) == [(Code.IN_THE_PAST, True)]
    assert (Code.BEYOND_HORIZON, True) in codes(why_not(asked, [], "i1", ON.slots))
    assert (Code.SITE_CLOSED, True) in codes(why_not(asked, [], "i1", at(ON, 5, "10:00")))
    assert codes(why_not(asked, [], "i1", at(ON, 1, "10:00"))) == []


def test_a_visit_that_cannot_be_ready_sooner():
    ready = at(ON, 1, "10:00")
    asked = request(ON, [replace(visit("i1"), not_before=ready), visit("i2")])
    assert codes(why_not(asked, [], "i1", at(ON, 1, "09:00"))) == [(Code.NOT_READY, True)]
    assert codes(why_not(asked, [], "i1", ready)) == []
    assert codes(why_not(asked, [], "i2", at(ON, 1, "09:00"))) == []

    def first(asked):
        return min(each.start for each in plan(asked).best.placements if each.visit == "i1")

    assert first(request(ON, [visit("i1")])) < ready
    assert first(request(ON, [replace(visit("i1"), not_before=ready)])) == ready


def test_named_resources_are_judged_by_themselves():
    people = [
        resource(ON, "ann", "therapist", busy=[(at(ON, 0, "09:00"), at(ON, 0, "12:00"), 0)]),
        resource(ON, "bob", "therapist", working=[(at(ON, 1, "09:00"), at(ON, 1, "12:00"))]),
        resource(ON, "eve", "therapist"),
        resource(ON, "chair1", "chair"),
    ]
    asked = request(ON, [visit("t1", alone("therapist", 60))], calendars=people)
    nine = at(ON, 0, "09:00")
    assert why_not(asked, [], "t1", nine) == ()
    for name, code in (("ann", Code.RESOURCE_BUSY), ("bob", Code.RESOURCE_OFF), ("chair1", Code.NO_RESOURCE)):
        found = why_not(asked, [], "t1", nine, {"therapist": name})
        assert [(reason.code, reason.subjects, reason.role) for reason in found] == [(code, (name,), "therapist")]


def test_who_is_busy_and_who_is_off_are_two_reasons():
    people = [
        resource(ON, "ann", "therapist", busy=[(at(ON, 0, "09:00"), at(ON, 0, "12:00"), 0)]),
        resource(ON, "bob", "therapist", working=[]),
    ]
    asked = request(ON, [visit("t1", alone("therapist", 60))], calendars=people)
    found = why_not(asked, [], "t1", at(ON, 0, "09:00"))
    assert [(reason.code, reason.subjects) for reason in found] == [
        (Code.RESOURCE_BUSY, ("ann",)),
        (Code.RESOURCE_OFF, ("bob",)),
    ]


def test_a_nurse_who_watches_enough_who_starts_somebody_and_who_is_not_there_are_told_apart():
    nurse = Role("nurse", "nurse", (Segment(0, 15, Use.HANDS_ON), Segment(15, 60, Use.SHARED)))
    there = Role("prescriber", "prescriber", (Segment(0, 60, Use.PRESENCE),))
    day = (at(ON, 0, "09:00"), at(ON, 0, "17:00"))
    people = [
        resource(ON, "full", "nurse", lanes=2, busy=[(*day, 0), (*day, 1)]),
        resource(ON, "starting", "nurse", lanes=2, busy=[(*day, 0), (*day, HANDS_LANE)]),
        resource(ON, "wu", "prescriber", working=[(at(ON, 0, "09:00"), at(ON, 0, "10:30"))]),
    ]
    asked = request(ON, [visit("i1", nurse, there)], calendars=people)
    found = why_not(asked, [], "i1", at(ON, 0, "10:00"))
    assert [(reason.code, reason.subjects) for reason in found] == [
        (Code.WATCH_FULL, ("full",)),
        (Code.HANDS_TAKEN, ("starting",)),
        (Code.NOT_ON_SITE, ("wu",)),
    ]


def test_every_code_has_its_rank():
    assert set(explain._ORDER) == set(Code)


def test_another_resource_is_told_from_the_visit_that_moves():
    people = [resource(ON, name, "therapist") for name in ("ann", "bob")]
    visits = [visit(f"t{n}", alone("therapist", 60), kind="talk") for n in (1, 2)]
    asked = request(ON, visits, [SameResource("same", "therapist", keys(visits))], people)
    later = [Placement("t2", at(ON, 3, "09:00"), (("therapist", "bob"),))]
    found = why_not(asked, later, "t1", at(ON, 0, "09:00"), {"therapist": "ann"})
    assert [(reason.code, reason.subjects) for reason in found] == [(Code.OTHER_RESOURCE, ("bob", "t2"))]
    assert why_not(asked, later, "t1", at(ON, 0, "09:00"), {"therapist": "bob"}) == ()


@settings(deadline=None, max_examples=35, suppress_health_check=list(HealthCheck))
@given(requests(most_infusions=4, most_talks=3, days=(10, 20), fixing=False), st.data())
def test_no_reason_against_a_start_exactly_when_the_check_accepts_it(asked, data):
    placed = list(plan(asked).best.placements)
    if not placed:
        return
    moved = data.draw(st.sampled_from(placed))
    day = data.draw(st.integers(0, asked.grid.days - 1))
    start = at(asked.grid, day, data.draw(st.sampled_from(["09:00", "10:00", "11:00", "11:05"])))
    others = [one for one in placed if one != moved]
    hard = [reason for reason in why_not(asked, others, moved.visit, start, dict(moved.resources)) if reason.hard]
    accepted = check(asked, [*others, Placement(moved.visit, start, moved.resources)]) == ()
    assert accepted == (not hard)
