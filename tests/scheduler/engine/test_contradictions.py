"""Rules that no calendar can satisfy are found, with the smallest set to blame; others are let through."""

from datetime import date, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.engine.contradictions import contradiction
from scheduler.engine.plan import plan
from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    DailyLoad,
    Keep,
    Offset,
    PerWeek,
    Preferred,
    SameDay,
    Span,
    Unit,
    Window,
)
from tests.scheduler.engine.building import grid, keys, request, resource, series
from tests.scheduler.engine.strategies import rules_for

SIX = series(6)
ALL = keys(SIX)
MONDAYS = Window("mondays", ALL, weekdays=frozenset({0}))


def gaps(least, most=None, key="gap"):
    return [Offset(key, b, a, Unit.DAYS, least, None, most) for a, b in pairwise(ALL)]


def minutes(least):
    """From the end of each visit to the start of the next."""
    return [Offset("hours", b, a, Unit.MINUTES, least, from_end=True) for a, b in pairwise(ALL)]


def same_day(count=6):
    return [Offset("day", name, ALL[0], Unit.DAYS, 0, None, 0) for name in ALL[1:count]]


def one(key, least, most, unit=Unit.DAYS):
    return Offset(key, "i2", "i1", unit, least, None, most)


@pytest.mark.parametrize(
    ("rules", "blamed"),
    [
        pytest.param([*gaps(3), Span("span", ALL, 10)], {"gap", "span"}, id="six, three days apart, in ten days"),
        pytest.param([PerWeek("week", ALL, 3, days_apart=3), Span("span", ALL, 10)], {"span", "week"}, id="days apart"),
        pytest.param([PerWeek("week", ALL, 1), Span("span", ALL, 28)], {"span", "week"}, id="one a week in four weeks"),
        pytest.param([PerWeek("week", ALL, 2, rolling=True), Span("s", ALL, 14)], {"s", "week"}, id="rolling"),
        pytest.param([*gaps(0, 2), PerWeek("week", ALL, 1)], {"gap", "week"}, id="close gaps, one a week"),
        pytest.param([*gaps(3, 3), MONDAYS], {"gap", "mondays"}, id="Mondays every three days"),
        pytest.param([*gaps(2, 5), MONDAYS], {"gap", "mondays"}, id="Mondays less than a week apart"),
        pytest.param([one("a", 5, 3)], {"a"}, id="least above most"),
        pytest.param([one("a", 3, None), one("b", None, 2), *gaps(0)], {"a", "b"}, id="two gaps"),
        pytest.param([one("h", 50 * 60, None, Unit.MINUTES), one("d", None, 1)], {"d", "h"}, id="hours against days"),
        pytest.param([one("h", 90, 30, Unit.MINUTES)], {"h"}, id="minutes alone"),
        pytest.param([one("d", 0, 0), SameDay("x", ("i2",), ("i1",), before_too=True)], {"d", "x"}, id="same day"),
        pytest.param([ConsecutiveDays("row", ALL), Span("span", ALL, 4)], {"row", "span"}, id="row and span"),
        pytest.param(
            [ConsecutiveDays("row", ALL, skip_closed=False), Window("w", ALL, weekdays=frozenset(range(5)))],
            {"row", "w"}, id="six days in a row, Monday to Friday",
        ),
        pytest.param(
            [*gaps(2), Window("dates", ALL, from_on=date(2026, 1, 1), until_on=date(2026, 1, 9))],
            {"gap", "dates"}, id="dates",
        ),
        pytest.param(
            [Window("early", ("i1",), latest=600), Window("late", ALL, earliest=660)], {"early", "late"}, id="times",
        ),
        pytest.param([Window("never", ALL, weekdays=frozenset())], {"never"}, id="no weekday"),
        pytest.param([PerWeek("week", ALL, 0)], {"week"}, id="none a week"),
        pytest.param([AtMost("cap", ALL, 0, 9)], {"cap"}, id="none in nine days"),
        pytest.param([AtMost("cap", ALL, 2, 10), Span("span", ALL, 19)], {"cap", "span"}, id="two in ten, twenty days"),
        pytest.param([*gaps(0, 3), AtMost("cap", ALL, 1, 4)], {"cap", "gap"}, id="close gaps, four days apart"),
        pytest.param([*gaps(1, 2), AtMost("cap", ALL, 3, 9)], {"cap", "gap"}, id="close gaps, three in nine days"),
        pytest.param(
            [*same_day(), Window("other", ALL, weekdays=frozenset({1})), DailyLoad("load", ALL, at_most=5)],
            {"day", "load"}, id="six a day where the clinic takes five",
        ),
        pytest.param([*same_day(), *minutes(280)], {"day", "hours"}, id="more hours than a day has"),
        pytest.param(
            [*same_day(4), *minutes(60), Window("early", ALL, earliest=480), Window("late", ALL, latest=660)],
            {"day", "early", "hours", "late"}, id="four of an hour from eight to eleven",
        ),
    ],
)  # fmt: skip
def test_found_with_a_smallest_set(rules, blamed):
    assert contradiction(SIX, rules) == tuple(sorted(blamed))


@pytest.mark.parametrize(
    "rules",
    [
        [*gaps(2), Span("span", ALL, 10)],
        [PerWeek("week", ALL, 2), Span("span", ALL, 15)],
        [*gaps(7, 7), MONDAYS],
        [*gaps(2, 5), PerWeek("week", ALL, 2), Span("span", ALL, 21)],
        [one("h", 46 * 60, 50 * 60, Unit.MINUTES), one("d", 2, 2)],
        [Window("wish", ALL, weekdays=frozenset(), hard=False)],
        [ConsecutiveDays("row", ALL), Window("start", ("i1",), weekdays=frozenset({2}))],
        [AtMost("cap", ALL, 2, 10), Span("span", ALL, 20)],
        [*gaps(1, 2), AtMost("cap", ALL, 5, 9)],
        [*same_day(), DailyLoad("load", ALL, target=1, at_most=6)],
        [*same_day(), *minutes(120)],
        [Preferred("people", ALL, frozenset({"nobody"}), hard=True), Keep("keep", "i1", 0)],
        [],
    ],
)
def test_nothing_is_blamed_for_rules_that_go_together(rules):
    assert contradiction(SIX, rules) is None


def test_a_whole_week_cannot_hold_what_is_asked_of_it():
    visits = series(9)
    names = keys(visits)
    rules = [PerWeek("week", names, 3, at_least=3, days_apart=2), Window("days", names, weekdays=frozenset({0, 1, 3}))]
    assert contradiction(visits, rules) == ("days", "week")


def test_a_whole_week_cannot_hold_more_than_a_cap():
    names = keys(series(9))
    rules = [PerWeek("week", names, 3, at_least=3), AtMost("cap", names, 2, 7), Span("span", names, 90)]
    assert contradiction(series(9), rules) == ("cap", "week")


FOUR = series(4)
NAMES = keys(FOUR)


@st.composite
def tight_rules(draw):
    """A few rules about four visits, more than is needed for most clashes."""
    pairs = st.sampled_from(list(combinations(NAMES, 2)))
    some = st.sampled_from([NAMES, NAMES[:2], NAMES[1:]])

    def offset(key):
        anchor, name = draw(pairs)
        least = draw(st.integers(0, 9))
        return Offset(key, name, anchor, Unit.DAYS, least, None, draw(st.none() | st.integers(least, least + 3)))

    kinds = [
        offset, offset, offset,
        lambda key: Span(key, draw(some), draw(st.integers(0, 8))),
        lambda key: AtMost(key, draw(some), draw(st.integers(1, 2)), draw(st.integers(1, 9))),
        lambda key: PerWeek(key, draw(some), draw(st.integers(1, 2)), rolling=True),
        lambda key: DailyLoad(key, draw(some), at_most=draw(st.integers(1, 2))),
        lambda key: Window(key, draw(some), weekdays=frozenset(draw(st.sets(st.integers(0, 6), min_size=1, max_size=2)))),
        lambda key: SameDay(key, NAMES[2:], NAMES[:2], before_too=True),
    ]  # fmt: skip
    return [draw(st.sampled_from(kinds))(f"r{n}") for n in range(draw(st.integers(4, 8)))]


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(tight_rules())
def test_no_smaller_set_clashes(rules):
    """Against all subsets: one of the smallest sets that clash is the one blamed."""
    sizes = [
        size
        for size in range(1, len(rules) + 1)
        if any(contradiction(FOUR, some) is not None for some in combinations(rules, size))
    ]
    blamed = contradiction(FOUR, rules)
    assert (len(blamed) if blamed else None) == min(sizes, default=None)
    if blamed:
        assert contradiction(FOUR, [rule for rule in rules if rule.key in blamed]) == blamed


@settings(deadline=None, max_examples=35, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_can_be_planned_is_never_called_contradictory(data):
    """A clinic that is open every day with time for all: where it finds a plan, the rules do not clash."""
    on = grid(days=28)
    infusions, talks = series(data.draw(st.integers(1, 4))), series(data.draw(st.integers(0, 2)), "t")
    rules = data.draw(rules_for(on, list(keys(infusions)), list(keys(talks))))
    every_day = [resource(on, f"chair{n}", "chair", working=[(0, on.slots)]) for n in range(2)]
    asked = request(on, infusions + talks, rules, every_day, open_days=frozenset(range(28)))
    if plan(asked).best.complete:
        assert contradiction(asked.visits, rules) is None


def test_the_blamed_rules_clash_by_themselves_and_none_can_be_spared():
    rules = [*gaps(3, 6), Span("span", ALL, 40), PerWeek("week", ALL, 3), one("late", 20, None), MONDAYS]
    blamed = contradiction(SIX, rules)
    assert blamed is not None
    for spared in blamed:
        assert contradiction(SIX, [rule for rule in rules if rule.key in blamed and rule.key != spared]) is None


def test_unknown_visits_are_an_error():
    with pytest.raises(KeyError):
        contradiction(SIX, [Offset("gap", "i2", "nobody", Unit.DAYS, 1)])


def test_a_rule_with_a_date_far_away_is_no_contradiction():
    far = Window("w", ALL, from_on=date(2026, 1, 1), until_on=date(2026, 1, 1) + timedelta(365))
    assert contradiction(SIX, [*gaps(28, 35), far]) is None
