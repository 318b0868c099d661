"""Plans that are best in another way: valid, different, and truly the best of their kind."""

from itertools import pairwise

from hypothesis import assume, given

from benchmarks.clinics import Clinic
from benchmarks.clinics import request as course_in
from scheduler.engine.aims import AIM
from scheduler.engine.alternatives import irregular
from scheduler.engine.answer import Cost, Kind
from scheduler.engine.availability import Availability
from scheduler.engine.course import Course
from scheduler.engine.objective import cost
from scheduler.engine.plan import plan
from scheduler.engine.request import Offset, Placement, SameResource, Unit
from scheduler.engine.schedule import Schedule
from tests.scheduler.engine.brute_force import TooManyError, plans
from tests.scheduler.engine.building import at, days_of, grid, keys, request, resource, series
from tests.scheduler.engine.independent import faults
from tests.scheduler.engine.soaking import examples
from tests.scheduler.engine.strategies import requests

ON = grid(days=14)


def weekly(visits, ideal=3):
    return [Offset("gap", b, a, Unit.DAYS, 1, ideal, 4) for a, b in pairwise(keys(visits))]


def by_kind(answer):
    return {found.kind: found for found in answer.plans[1:]}


def trips(asked, placements):
    return len({asked.grid.day(one.start) for one in placements})


def finish(asked, placements):
    return max((asked.grid.day(one.start) for one in placements if one not in asked.fixed), default=-1)


def total(asked, placements):
    return cost(Schedule(asked, placements), Availability(asked)).total


def test_they_are_valid_different_ranked_and_say_what_they_cost_more():
    asked = course_in(Clinic(1, 5, 0.6), "6+8")
    best, *others = plan(asked, alternatives=6).plans
    assert best.kind is Kind.BEST
    assert best.more is None
    assert {one.kind for one in others} == set(Kind) - {Kind.BEST}
    assert len({one.placements for one in (best, *others)}) == 6
    assert [one.cost.total for one in others] == sorted(one.cost.total for one in others)
    for one in others:
        assert one.complete
        assert faults(asked, one.placements) == []
        assert one.more.total == one.cost.total - best.cost.total
        assert one.cost.total >= one.bound == best.cost.total
    found = {one.kind: one for one in others}
    assert finish(asked, found[Kind.EARLIEST_FINISH].placements) < finish(asked, best.placements)
    assert trips(asked, found[Kind.FEWEST_TRIPS].placements) < trips(asked, best.placements)
    course = Course(asked, Availability(asked), whole=True)
    assert irregular(course, found[Kind.SAME_TIME]) < irregular(course, best)


@examples(20)
@given(requests(most_infusions=2, most_talks=1, days=(4, 6), most_resources=2, close="11:00"))
def test_no_plan_at_all_is_better_in_their_kind(asked):
    assume(plan(asked).best.complete)
    answer = plan(asked, alternatives=6)
    try:
        every = list(plans(asked, budget=2_000))
    except TooManyError:
        assume(False)
    found = by_kind(answer)
    least = min(finish(asked, one) for one in every)
    fewest = min(total(asked, one) + AIM * trips(asked, one) for one in every)
    if Kind.EARLIEST_FINISH in found:
        one = found[Kind.EARLIEST_FINISH]
        assert finish(asked, one.placements) == least
        assert one.cost.total == min(total(asked, any_) for any_ in every if finish(asked, any_) == least)
    if Kind.FEWEST_TRIPS in found:
        one = found[Kind.FEWEST_TRIPS]
        assert one.cost.total + AIM * trips(asked, one.placements) == fewest
    for one in answer.plans:
        assert faults(asked, one.placements) == []
    assert len({one.placements for one in answer.plans}) == len(answer.plans)


def test_another_person_is_offered_at_their_price():
    visits = series(3)
    chairs = [resource(ON, name, "chair") for name in ("chair1", "chair2")]
    rule = SameResource("same", "chair", keys(visits))
    answer = plan(request(ON, visits, [*weekly(visits), rule], chairs), alternatives=6)
    other = by_kind(answer)[Kind.OTHER_PERSON]
    used = [{dict(one.resources)["chair"] for one in found.placements} for found in (answer.best, other)]
    assert used == [{"chair1"}, {"chair2"}]
    assert other.more == Cost()


def test_other_starts_fill_the_rest():
    visits = series(3)
    answer = plan(request(ON, visits, weekly(visits)), alternatives=4)
    firsts = [days_of(one, ON)[0] for one in answer.plans if one.kind in (Kind.BEST, Kind.OTHER_START)]
    assert len(answer.plans) == 4
    assert len(set(firsts)) == len(firsts) > 1


def test_there_are_none_where_nothing_else_fits():
    working = [(at(ON, 0, "09:00"), at(ON, 0, "10:00"))]
    asked = request(ON, series(1), [], [resource(ON, "chair1", "chair", working=working)])
    assert len(plan(asked, alternatives=3).plans) == 1


def test_a_fixed_visit_after_all_others_is_no_later_finish():
    visits = series(3)
    late = Placement("i3", at(ON, 11, "09:00"), (("chair", "chair1"),))
    asked = request(ON, visits, weekly(visits[:2]), fixed=(late,))
    answer = plan(asked, alternatives=6)
    assert answer.best.complete
    assert Kind.EARLIEST_FINISH in by_kind(answer)
