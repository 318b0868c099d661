"""What is answered when not everything fits, and when parts are given."""

from itertools import pairwise

import pytest

from scheduler.engine.answer import Answer, Code
from scheduler.engine.check import check
from scheduler.engine.plan import plan
from scheduler.engine.request import Offset, PerWeek, Placement, SameResource, Span, Unit, Window
from tests.scheduler.engine.building import alone, at, days_of, grid, keys, request, resource, series, visit
from tests.scheduler.engine.independent import faults

ON = grid(days=14)


def gaps(visits, least=2, ideal=3, most=4, key="gap"):
    names = keys(visits)
    return [Offset(key, b, a, Unit.DAYS, least, ideal, most) for a, b in pairwise(names)]


def reasons(found):
    return {one.visit: [reason.code for reason in one.reasons] for one in found.unplaced}


def test_no_visits_no_plan():
    assert plan(request(ON, [])) == Answer(())


def test_everything_that_fits_is_placed_and_the_rest_says_why():
    working = [(at(ON, day, "09:00"), at(ON, day, "10:00")) for day in (0, 2, 4)]
    visits = series(5)
    found = plan(request(ON, visits, gaps(visits), [resource(ON, "chair1", "chair", working=working)])).best
    assert days_of(found, ON) == [0, 2, 4]
    assert found.bound is None
    assert reasons(found)["i4"][0] is Code.RESOURCE_OFF
    assert reasons(found)["i5"] == [Code.DEPENDS_ON_UNPLACED]
    assert found.unplaced[1].reasons[0].subjects == ("i4",)


def test_a_branch_that_fits_is_kept_when_another_does_not():
    visits = (*series(2), visit("t1", alone("therapist", 60), kind="talk"))
    rules = [*gaps(visits[:2]), Offset("talk", "t1", "i1", Unit.DAYS, 1, 1, 3)]
    found = plan(request(ON, visits, rules, [resource(ON, "chair1", "chair")])).best
    assert len(found.placements) == 2
    assert reasons(found)["t1"][0] is Code.NO_RESOURCE
    assert found.unplaced[0].reasons[0].role == "therapist"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"open_days": frozenset()}, Code.SITE_CLOSED),
        ({"not_before": ON.slots}, Code.IN_THE_PAST),
        ({"calendars": []}, Code.NO_RESOURCE),
        ({"calendars": [resource(ON, "chair1", "chair", working=[])]}, Code.RESOURCE_OFF),
        ({"calendars": [resource(ON, "chair1", "chair", busy=[(0, ON.slots, 0)])]}, Code.RESOURCE_BUSY),
        ({"patient_busy": ((0, ON.slots),)}, Code.PATIENT_BUSY),
        ({"rules": [Window("w", ("i1",), weekdays=frozenset({6}))]}, Code.OUTSIDE_WINDOW),
    ],
)
def test_the_first_reason_names_the_cause(change, code):
    found = plan(request(ON, series(1), **change)).best
    assert found.placements == ()
    assert reasons(found)["i1"][0] is code


def test_a_visit_due_after_the_last_date_is_beyond_the_horizon():
    visits = series(3)
    found = plan(request(ON, visits, gaps(visits, 7, 7, 7))).best
    assert days_of(found, ON) == [0, 7]
    assert reasons(found) == {"i3": [Code.BEYOND_HORIZON]}


def test_a_visit_due_before_now_is_in_the_past():
    visits = series(2)
    given = (Placement("i1", at(ON, 0, "09:00"), (("chair", "chair1"),)),)
    found = plan(request(ON, visits, gaps(visits, 1, 1, 1), fixed=given, not_before=ON.midnights[5])).best
    assert reasons(found)["i2"][0] is Code.IN_THE_PAST


def test_rules_that_cannot_all_hold_leave_the_last_visit_out():
    visits = series(6)
    found = plan(request(ON, visits, [*gaps(visits, 3, 3, 4), Span("span", keys(visits), 10)])).best
    assert len(found.placements) < 6
    assert found.unplaced[0].reasons[0].code in (Code.SPAN_EXCEEDED, Code.TOO_SOON)


def test_a_least_number_per_week_that_cannot_be_met_costs_a_visit_not_the_course():
    visits = series(5)
    on = grid(days=21)
    working = [(at(on, day, "09:00"), at(on, day, "12:00")) for day in (0, 1, 7, 14, 15)]
    rule = PerWeek("w", keys(visits), 2, at_least=2)
    asked = request(on, visits, [rule], [resource(on, "chair1", "chair", working=working)])
    found = plan(asked).best
    assert len(found.placements) == 4
    assert faults(asked, found.placements) == []
    assert Code.WEEK_SHORT in [reason.code for reason in found.unplaced[0].reasons]


# --- fixed visits ------------------------------------------------------------------------------------------------


def fixed(key, day, clock="09:00", name="chair1"):
    return Placement(key, at(ON, day, clock), (("chair", name),))


def test_fixed_visits_stay_even_where_the_calendar_already_holds_them():
    visits = series(3)
    given = (fixed("i2", 3),)
    booked = [resource(ON, "chair1", "chair", busy=[(given[0].start, given[0].start + 12, 0)])]
    asked = request(ON, visits, gaps(visits), booked, fixed=given)
    found = plan(asked).best
    assert found.complete
    assert given[0] in found.placements
    assert days_of(found, ON) == [0, 3, 7]
    assert check(asked, found.placements) == ()


def test_a_late_fixed_visit_moves_the_tail_and_is_not_held_against_the_plan():
    visits = series(3)
    found = plan(request(ON, visits, gaps(visits), fixed=(fixed("i1", 0), fixed("i2", 8)))).best
    assert found.complete
    assert days_of(found, ON) == [0, 8, 11]


def test_a_visit_before_the_grid_still_counts():
    visits = series(2)
    past = Placement("i1", -200, (("chair", "chair1"),))
    found = plan(request(ON, visits, gaps(visits, 2, 2, 4), fixed=(past,))).best
    assert days_of(found, ON) == [-1, 1]


def test_the_others_follow_the_resource_of_a_fixed_visit():
    visits = series(3)
    chairs = [resource(ON, name, "chair") for name in ("chair1", "chair2")]
    rule = SameResource("same", "chair", keys(visits))
    found = plan(request(ON, visits, [*gaps(visits), rule], chairs, fixed=(fixed("i2", 3, name="chair2"),))).best
    assert {dict(one.resources)["chair"] for one in found.placements} == {"chair2"}
