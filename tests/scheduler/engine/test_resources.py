"""Roles, segments and lanes: who can serve whom, and when."""

import pytest

from scheduler.engine.answer import Code
from scheduler.engine.check import check
from scheduler.engine.plan import plan
from scheduler.engine.request import Offset, Placement, Role, Segment, Unit, Use, Visit
from tests.scheduler.engine.building import alone, at, grid, hours, request, resource, visit
from tests.scheduler.engine.independent import faults

ON = grid(days=3)


def only(role: Role, *calendars, minutes=60, step=15, **kwargs):
    """The local times at which a visit with one role can start on the first day."""
    asked = request(ON, [visit("i1", role, minutes=minutes, step=step)], calendars=calendars, **kwargs)
    found = []
    for start in range(at(ON, 0, "07:00"), at(ON, 0, "18:00")):
        placement = Placement("i1", start, ((role.key, calendars[0].id),))
        if not check(asked, [placement]):
            found.append(ON.local(start).strftime("%H:%M"))
        assert bool(check(asked, [placement])) == bool(faults(asked, [placement]))
    return found


def test_exclusive_use_needs_every_lane_and_turnover_counts():
    nurse = resource(
        ON,
        "n",
        "nurse",
        lanes=2,
        working=hours(ON, "09:00", "12:00"),
        busy=[(at(ON, 0, "10:00"), at(ON, 0, "10:30"), 1)],
    )
    role = Role("nurse", "nurse", (Segment(0, 60 + 15, Use.EXCLUSIVE),))
    assert only(role, nurse) == ["10:30", "10:45"]


def test_shared_use_needs_one_lane_for_the_whole_segment():
    busy = [(at(ON, 0, "09:00"), at(ON, 0, "10:00"), 0), (at(ON, 0, "10:00"), at(ON, 0, "11:00"), 1)]
    nurse = resource(ON, "n", "nurse", lanes=2, working=hours(ON, "09:00", "11:30"), busy=busy)
    role = Role("nurse", "nurse", (Segment(0, 60, Use.SHARED),))
    # at 9:30 each lane is free for half of it, none for all
    assert only(role, nurse) == ["09:00", "10:00", "10:15", "10:30"]


def test_set_up_is_exclusive_and_watching_is_shared():
    nurse = resource(
        ON,
        "n",
        "nurse",
        lanes=2,
        working=hours(ON, "09:00", "11:00"),
        busy=[(at(ON, 0, "09:00"), at(ON, 0, "09:30"), 0)],
    )
    role = Role("nurse", "nurse", (Segment(0, 15, Use.EXCLUSIVE), Segment(15, 60, Use.SHARED)))
    assert only(role, nurse) == ["09:30", "09:45", "10:00"]


def test_presence_needs_working_hours_to_the_end_but_no_free_time():
    """Two hours of observation end before the prescriber leaves."""
    booked = [(at(ON, 0, "09:00"), at(ON, 0, "12:00"), 0)]
    prescriber = resource(ON, "p", "prescriber", working=hours(ON, "09:00", "12:00"), busy=booked)
    role = Role("prescriber", "prescriber", (Segment(0, 135, Use.PRESENCE),))
    assert only(role, prescriber, minutes=135, step=30) == ["09:00", "09:30"]


def test_preparation_before_arrival_counts():
    room = resource(ON, "r", "room", working=hours(ON, "09:00", "10:30"))
    role = Role("room", "room", (Segment(-15, 60, Use.EXCLUSIVE),))
    assert only(role, room) == ["09:15", "09:30"]


def test_skills_are_needed_all():
    people = [
        resource(ON, "ann", "therapist", skills=["trauma"]),
        resource(ON, "bob", "therapist", skills=["trauma", "child"]),
    ]
    asked = request(ON, [visit("t1", alone("therapist", 60, skills=["trauma", "child"]))], calendars=people)
    assert plan(asked).best.placements[0].resources == (("therapist", "bob"),)


def test_two_nurses_at_once_are_two_nurses():
    roles = (alone("nurse", 60, key="first"), alone("nurse", 60, key="second"))
    one = resource(ON, "ann", "nurse")
    alone_here = plan(request(ON, [visit("i1", *roles)], calendars=[one])).best
    assert [reason.code for reason in alone_here.unplaced[0].reasons] == [Code.RESOURCE_BUSY]
    both = plan(request(ON, [visit("i1", *roles)], calendars=[one, resource(ON, "bob", "nurse")])).best
    assert {name for _, name in both.placements[0].resources} == {"ann", "bob"}


def test_scarce_skills_are_not_given_away():
    """The only one who can assist could also lead; a planner that fills roles one by one gets stuck."""
    roles = (alone("nurse", 60, key="leads"), alone("nurse", 60, key="assists", skills=["iv"]))
    people = [resource(ON, "ann", "nurse", skills=["iv"]), resource(ON, "bob", "nurse")]
    found = plan(request(ON, [visit("i1", *roles)], calendars=people)).best
    assert found.placements[0].resources == (("assists", "ann"), ("leads", "bob"))


def test_one_resource_may_fill_two_roles_one_after_the_other():
    roles = (
        Role("start", "nurse", (Segment(0, 15, Use.EXCLUSIVE),)),
        Role("end", "nurse", (Segment(45, 60, Use.EXCLUSIVE),)),
    )
    assert plan(request(ON, [visit("i1", *roles)], calendars=[resource(ON, "ann", "nurse")])).best.complete


def test_turnover_of_one_visit_keeps_the_next_out_of_the_same_chair():
    with_turnover = Role("chair", "chair", (Segment(0, 75, Use.EXCLUSIVE),))
    visits = [Visit(f"i{n}", "infusion", 60, (with_turnover,), 60) for n in (1, 2)]
    next_hour = Offset("gap", "i2", "i1", Unit.MINUTES, 60, 60, 60)
    one = [resource(ON, "chair1", "chair")]
    assert not plan(request(ON, visits, [next_hour], one)).best.complete
    two = [*one, resource(ON, "chair2", "chair")]
    found = plan(request(ON, visits, [next_hour], two)).best
    assert {name for placement in found.placements for _, name in placement.resources} == {"chair1", "chair2"}


@pytest.mark.parametrize("gap", [0, 30])
def test_the_patient_is_in_one_place_and_needs_time_between(gap):
    busy = ((at(ON, 0, "09:00"), at(ON, 0, "16:00")),)
    asked = request(ON, [visit("i1")], patient_busy=busy, patient_gap=gap)
    first = plan(asked).best.placements[0].start
    assert ON.local(first).strftime("%d %H:%M") == ("01 16:00" if gap == 0 else "02 09:00")
