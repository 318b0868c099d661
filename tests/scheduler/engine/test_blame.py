"""What is to blame when a course does not fit: a smallest set, each part of it needed."""

import pytest
from hypothesis import HealthCheck, assume, given, settings

from scheduler.engine.availability import Availability
from scheduler.engine.blame import Blame, Kind, Part, attempt, blame, lifted, parts
from scheduler.engine.request import Offset, PerWeek, SameDay, Unit, Window
from tests.scheduler.engine.building import alone, at, grid, hours, keys, request, resource, series, visit
from tests.scheduler.engine.independent import faults
from tests.scheduler.engine.strategies import requests

ON = grid(days=21)


def gaps(count, least=2, most=3, name="i"):
    return [
        Offset(f"gap.{n}", f"{name}{n}", f"{name}{n - 1}", Unit.DAYS, least, None, most) for n in range(2, count + 1)
    ]


def by_rule(rules):
    return {rule.key: rule.key.partition(".")[0] for rule in rules}


def test_the_only_nurse_who_works_on_mondays_fails_most_dates():
    visits = [visit(f"i{n}", alone("chair", 60), alone("nurse", 60)) for n in (1, 2, 3, 4)]
    people = [
        resource(ON, "chair1", "chair"),
        resource(ON, "nurse1", "nurse", working=hours(ON, days=[0, 7, 14])),
    ]
    rules = gaps(4)
    found = blame(request(ON, visits, rules, people), groups=by_rule(rules))
    assert found.proved
    assert {cause.part for cause in found.causes} == {
        Part(Kind.HOURS, ("nurse1",)),
        Part(Kind.RULE, ("gap.2", "gap.3", "gap.4")),
    }
    hours_cause = next(cause for cause in found.causes if cause.part.kind is Kind.HOURS)
    assert hours_cause.of == 4
    assert 2 <= len(hours_cause.visits) <= 3


def test_bookings_are_told_from_hours():
    busy = [(at(ON, day, "09:00"), at(ON, day, "17:00"), 0) for day in range(21)]
    found = blame(request(ON, series(1), (), [resource(ON, "chair1", "chair", busy=busy)]))
    assert found.proved
    assert [(cause.part.kind, cause.visits, cause.of) for cause in found.causes] == [(Kind.BOOKINGS, ("i1",), 1)]


def test_the_patients_own_calendar_and_a_wish():
    asked = request(ON, series(1), [Window("wish", ("i1",), weekdays=frozenset({0}))], patient_busy=(
        (at(ON, 0, "00:00"), at(ON, 1, "00:00")), (at(ON, 7, "00:00"), at(ON, 8, "00:00")), (at(ON, 14, "00:00"), at(ON, 15, "00:00")),
    ))  # fmt: skip
    found = blame(asked)
    assert found.proved
    assert {cause.part.kind for cause in found.causes} == {Kind.RULE, Kind.PATIENT}


def test_a_closed_site_is_to_blame_only_where_it_is():
    found = blame(request(ON, series(1), open_days=frozenset()))
    assert found.proved
    assert [cause.part.kind for cause in found.causes] == [Kind.SITE]


def test_a_holiday_between_two_visits_is_blamed_with_the_rule_it_spoils():
    asked = request(
        ON,
        series(2),
        [
            Offset("gap", "i2", "i1", Unit.DAYS, 1, None, 3),
            Window("start", ("i1",), until_on=ON.date(at(ON, 4, "09:00"))),
        ],
        open_days=frozenset({4, 8}),
    )
    found = blame(asked)
    assert found.proved
    assert {cause.part.kind for cause in found.causes} == {Kind.RULE, Kind.SITE}
    site = next(cause for cause in found.causes if cause.part.kind is Kind.SITE)
    assert site.visits


def test_two_rules_that_contradict_each_other_are_blamed_and_no_calendar_is():
    visits = series(3)
    rules = [*gaps(3, 4, 5), PerWeek("week", keys(visits), 3, at_least=3), SameDay("sober", ("i3",), ("i1",))]
    rules.append(Window("late", ("i3",), until_on=ON.date(at(ON, 5, "09:00"))))
    found = blame(request(ON, visits, rules), groups=by_rule(rules))
    assert found.proved
    assert {key for cause in found.causes for key in cause.part.keys} == {"gap.2", "gap.3", "late"}


def test_a_role_that_nobody_fills_is_the_whole_reason():
    found = blame(request(ON, [visit("t1", alone("therapist", 60))]))
    assert found == Blame(proved=True, nobody=(("t1", "therapist"),))


def test_nothing_to_lift_leaves_no_cause():
    found = blame(request(ON, series(1), not_before=ON.slots))
    assert found == Blame(proved=True)


def test_what_fits_has_nothing_to_blame():
    found = blame(request(ON, series(2), gaps(2)))
    assert found.plan is not None
    assert found.plan.complete
    assert found.causes == ()


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(requests(fixing=False))
@pytest.mark.long
def test_a_proved_blame_clashes_and_none_of_it_can_be_spared(asked):
    found = blame(asked)
    assume(found.plan is None and found.proved and found.causes)
    everything = [*parts(asked, Availability(asked), {}), Part(Kind.SITE)]
    if Part(Kind.SITE) not in {cause.part for cause in found.causes}:
        everything.pop()  # closed days stay closed unless they are to blame
    for number in {cause.clash for cause in found.causes}:
        kept = {cause.part for cause in found.causes if cause.clash == number}
        assert attempt(lifted(asked, set(everything) - kept)) == (None, True)
        for part in kept:
            without = lifted(asked, set(everything) - kept | {part})
            plan, _ = attempt(without)
            assert plan is not None, part
            assert faults(without, plan.placements) == []


def test_two_clashes_that_have_nothing_to_do_with_each_other_are_both_told():
    """The infusions cannot be as far apart as they have to be; the talk has no therapist on any day it may be on."""
    visits = [*series(2), visit("t1", alone("therapist", 60))]
    rules = [
        Offset("gap", "i2", "i1", Unit.DAYS, 5, None, None),
        Window("soon", ("i1", "i2"), until_on=ON.date(at(ON, 3, "09:00"))),
        Window("monday", ("t1",), weekdays=frozenset({0})),
    ]
    people = [resource(ON, "chair1", "chair"), resource(ON, "ann", "therapist", working=hours(ON, days=[1, 8, 15]))]
    found = blame(request(ON, visits, rules, people))
    assert found.proved
    clashes = {
        number: {cause.part.keys for cause in found.causes if cause.clash == number}
        for number in {cause.clash for cause in found.causes}
    }
    assert sorted(clashes) == [0, 1]
    assert sorted(map(sorted, clashes.values())) == [[("ann",), ("monday",)], [("gap",), ("soon",)]]
    assert all(cause.visits for cause in found.causes)


def test_one_clash_is_told_once():
    """The control: without the second reason nothing is told apart from the first."""
    rules = [
        Offset("gap", "i2", "i1", Unit.DAYS, 5, None, None),
        Window("soon", ("i1", "i2"), until_on=ON.date(at(ON, 3, "09:00"))),
    ]
    found = blame(request(ON, series(2), rules))
    assert {cause.clash for cause in found.causes} == {0}
