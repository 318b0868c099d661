"""Each kind of rule: what its check says, and that a plan keeps it."""

from datetime import date, timedelta

import pytest

from scheduler.engine.answer import Code
from scheduler.engine.check import check
from scheduler.engine.plan import plan
from scheduler.engine.request import (
    HANDS_LANE,
    ConsecutiveDays,
    Offset,
    PerWeek,
    Placement,
    Role,
    SameDay,
    SameResource,
    Segment,
    Span,
    Unit,
    Use,
    Visit,
    Window,
)
from tests.scheduler.engine.building import alone, at, days_of, grid, hours, keys, request, resource, series, visit
from tests.scheduler.engine.independent import faults

ON = grid()
"""Four weeks from Monday 1 June 2026, New York."""
CHAIR = (("chair", "chair1"),)


def gap(least=None, ideal=None, most=None, *, of="i2", after="i1", unit=Unit.DAYS, key="gap", from_end=False):
    return Offset(key, of, after, unit, least, ideal, most, from_end)


def broken(rules, *starts, visits=None, **kwargs):
    """The codes, visits and amounts the check finds for visits at (day, time)."""
    visits = visits or series(len(starts))
    asked = request(ON, visits, rules, **kwargs)
    placed = [Placement(one.key, at(ON, *start), CHAIR) for one, start in zip(visits, starts, strict=True)]
    found = check(asked, placed)
    assert bool(found) == bool(faults(asked, placed))
    return [(one.visit, one.reason.code, one.reason.amount) for one in found]


def best(rules, visits, **kwargs):
    asked = request(ON, visits, rules, **kwargs)
    found = plan(asked).best
    assert faults(asked, found.placements) == []
    return found


# --- offsets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "expected"),
    [(1, [("i2", Code.TOO_SOON, 1)]), (2, []), (4, []), (7, [("i2", Code.TOO_LATE, 2)])],
)
def test_a_day_gap_is_the_difference_of_local_dates(day, expected):
    assert broken([gap(2, 3, 5)], (0, "16:00"), (day, "09:00")) == expected


def test_a_minutes_gap_is_elapsed_time_from_start_or_end():
    assert broken([gap(120, unit=Unit.MINUTES)], (0, "09:00"), (0, "11:00")) == []
    late = broken([gap(120, unit=Unit.MINUTES, from_end=True)], (0, "09:00"), (0, "11:00"))
    assert late == [("i2", Code.TOO_SOON, 60)]


def test_negative_offsets_put_a_visit_before_its_anchor():
    preparation = visit("prep", kind="talk")
    rules = [gap(-7, -2, -1, of="prep", after="i1")]
    found = best(rules, (visit("i1"), preparation))
    placed = {one.visit: ON.day(one.start) for one in found.placements}
    assert placed["i1"] - placed["prep"] == 2


def test_ideals_are_met_where_they_can_be_and_noted_where_not():
    busy = resource(ON, "chair1", "chair", busy=[(at(ON, 3, "09:00"), at(ON, 3, "17:00"), 0)])
    rules = [gap(2, 3, 5), Window("monday", ("i1",), weekdays=frozenset({0}), until_on=ON.first_on)]
    assert days_of(best(rules, series(2)), ON) == [0, 3]
    found = best(rules, series(2), calendars=[busy])
    assert days_of(found, ON) == [0, 2]
    assert [(note.code, note.amount, note.hard) for note in found.notes["i2"]] == [(Code.NOT_IDEAL, 1, False)]
    assert found.cost.ideal == 1440


def test_a_gap_of_fifty_hours_from_the_end():
    found = best([gap(50 * 60, unit=Unit.MINUTES, from_end=True, most=52 * 60)], series(2))
    first, second = (one.start for one in found.placements)
    assert 50 * 60 <= (second - first) * 5 - 60 <= 52 * 60


# --- weeks ---------------------------------------------------------------------------------------------------


def test_calendar_weeks_and_rolling_weeks_differ_at_the_week_end():
    friday_monday = [(2, "09:00"), (4, "09:00"), (7, "09:00")]
    assert broken([PerWeek("w", keys(series(3)), 2)], *friday_monday) == []
    rolling = broken([PerWeek("w", keys(series(3)), 2, rolling=True)], *friday_monday)
    assert rolling == [("i3", Code.WEEK_FULL, 2)]


def test_visits_of_a_week_are_kept_apart():
    week = PerWeek("w", keys(series(2)), 2, days_apart=2)
    assert broken([week], (0, "09:00"), (1, "09:00")) == [("i2", Code.TOO_SOON, 1)]


def test_the_least_number_is_not_asked_of_the_first_and_the_last_week():
    week = PerWeek("w", keys(series(3)), 2, at_least=2)
    assert broken([week], (4, "09:00"), (7, "09:00"), (14, "09:00")) == [("i3", Code.WEEK_SHORT, 1)]
    assert (
        broken([PerWeek("w", keys(series(4)), 2, at_least=2)], (4, "09:00"), (7, "09:00"), (9, "09:00"), (14, "09:00"))
        == []
    )


@pytest.mark.parametrize("rolling", [False, True])
def test_a_series_without_gaps_is_spread_over_the_weeks(rolling):
    visits = series(6)
    found = best([PerWeek("w", keys(visits), 2, at_least=2, rolling=rolling, days_apart=2)], visits)
    assert found.complete
    assert days_of(found, ON)[0] == 0
    assert days_of(found, ON)[-1] <= 16


# --- spans, windows, days ----------------------------------------------------------------------------------------


def test_span_counts_from_the_first_to_the_last():
    span = Span("s", keys(series(3)), 7)
    assert broken([span], (0, "09:00"), (4, "09:00"), (7, "09:00")) == []
    assert broken([span], (0, "09:00"), (4, "09:00"), (8, "09:00")) == [("i3", Code.SPAN_EXCEEDED, 1)]


@pytest.mark.parametrize(
    ("window", "start", "fits"),
    [
        (Window("w", ("i1",), weekdays=frozenset({1})), (0, "09:00"), False),
        (Window("w", ("i1",), weekdays=frozenset({1})), (1, "09:00"), True),
        (Window("w", ("i1",), latest=12 * 60), (0, "12:00"), True),
        (Window("w", ("i1",), latest=12 * 60), (0, "12:30"), False),
        (Window("w", ("i1",), earliest=10 * 60), (0, "09:30"), False),
        (Window("w", ("i1",), from_on=date(2026, 6, 2)), (0, "09:00"), False),
        (Window("w", ("i1",), until_on=date(2026, 6, 2)), (1, "16:00"), True),
        (Window("w", ("i1",), until_on=date(2026, 6, 2)), (2, "09:00"), False),
    ],
)
def test_windows(window, start, fits):
    assert broken([window], start) == ([] if fits else [("i1", Code.OUTSIDE_WINDOW, None)])
    assert best([window], series(1)).complete


def test_a_wish_gives_way_and_is_noted():
    afternoons = [
        resource(ON, "chair1", "chair", busy=[(at(ON, day, "09:00"), at(ON, day, "13:00"), 0) for day in range(28)])
    ]
    wish = Window("mornings", ("i1",), latest=12 * 60, hard=False)
    found = best([wish], series(1), calendars=afternoons)
    assert found.complete
    assert [(note.code, note.rule) for note in found.notes["i1"]] == [(Code.OUTSIDE_WINDOW, "mornings")]
    assert found.cost.wishes > 0
    assert best([wish], series(1)).cost.wishes == 0


def test_nothing_after_a_sedating_visit_on_its_day():
    visits = (visit("i1"), visit("t1", kind="talk"))
    rule = SameDay("sober", ("t1",), ("i1",))
    assert broken([rule], (0, "11:00"), (0, "09:00"), visits=visits) == []
    assert broken([rule], (0, "09:00"), (0, "11:00"), visits=visits) == [("t1", Code.NOT_SAME_DAY, None)]
    before_too = SameDay("sober", ("t1",), ("i1",), before_too=True)
    assert broken([before_too], (0, "11:00"), (0, "09:00"), visits=visits) == [("t1", Code.NOT_SAME_DAY, None)]


def test_the_friday_infusion_pushes_its_talk_to_a_monday_without_a_clash():
    """The talk has 72 hours, the week end is closed, and on Monday the next infusion waits."""
    visits = (*series(2), visit("t1", alone("therapist", 60), kind="talk"))
    rules = [
        Window("friday", ("i1",), weekdays=frozenset({4}), until_on=ON.first_on + timedelta(6)),
        gap(3, 3, 3),
        gap(1, 1, 3, of="t1", after="i1", key="talk"),
        SameDay("sober", ("t1",), ("i1", "i2")),
    ]
    people = [resource(ON, "chair1", "chair"), resource(ON, "ann", "therapist")]
    found = best(rules, visits, calendars=people)
    assert found.complete
    assert [one.visit for one in found.placements] == ["i1", "t1", "i2"]


# --- consecutive days ------------------------------------------------------------------------------------------


def test_ten_weekdays_skip_the_week_end_and_a_holiday():
    open_days = frozenset(range(28)) - {5, 6, 12, 13, 19, 20, 26, 27, 9}
    visits = series(10)
    monday = Window("start", ("i1",), weekdays=frozenset({0}))
    found = best([ConsecutiveDays("row", keys(visits)), monday], visits, open_days=open_days)
    assert days_of(found, ON) == [0, 1, 2, 3, 4, 7, 8, 10, 11, 14]


def test_weekdays_in_a_row_where_the_site_opens_every_day():
    visits = series(7)
    everyday = frozenset(range(28))
    chair = resource(ON, "chair1", "chair", working=hours(ON, days=everyday))
    weekdays = frozenset(range(5))
    rules = [ConsecutiveDays("row", keys(visits), weekdays=weekdays), Window("w", keys(visits), weekdays=weekdays)]
    found = best(rules, visits, open_days=everyday, calendars=[chair])
    assert days_of(found, ON) == [0, 1, 2, 3, 4, 7, 8]
    # control: counting every open day, the row breaks at the first week-end
    rules = [ConsecutiveDays("row", keys(visits)), Window("w", keys(visits), weekdays=weekdays)]
    assert not best(rules, visits, open_days=everyday, calendars=[chair]).complete


def test_consecutive_days_that_may_not_skip():
    visits = series(5)
    found = best([ConsecutiveDays("row", keys(visits), skip_closed=False)], visits)
    assert days_of(found, ON) == [0, 1, 2, 3, 4]
    assert not best([ConsecutiveDays("row", keys(series(6)), skip_closed=False)], series(6)).complete


def test_a_missed_day_breaks_the_row():
    rule = ConsecutiveDays("row", keys(series(2)))
    assert broken([rule], (4, "09:00"), (7, "09:00")) == []
    assert broken([rule], (3, "09:00"), (7, "09:00")) == [("i2", Code.NOT_CONSECUTIVE, None)]


# --- hands-on --------------------------------------------------------------------------------------------------


def set_up(nurse: Use) -> tuple[Visit, ...]:
    role = Role("nurse", "nurse", (Segment(0, 15, nurse), Segment(15, 60, Use.SHARED)))
    return (visit("i1", role, step=15),)


@pytest.mark.parametrize(
    ("use", "busy", "start"),
    [
        # somebody is watched from 9 to 12: with hands on it can begin at once, all alone only after that
        (Use.HANDS_ON, [("09:00", "12:00", 0)], "09:00"),
        (Use.EXCLUSIVE, [("09:00", "12:00", 0)], "12:00"),
        # somebody else is being set up until 9:15
        (Use.HANDS_ON, [("09:00", "12:00", 0), ("09:00", "09:15", HANDS_LANE)], "09:15"),
        (Use.SHARED, [("09:00", "12:00", 0), ("09:00", "09:15", HANDS_LANE)], "09:00"),
        # both lanes are taken
        (Use.HANDS_ON, [("09:00", "12:00", 0), ("09:00", "11:00", 1)], "11:00"),
    ],
)
def test_a_nurse_watches_several_and_sets_up_one(use, busy, start):
    taken = [(at(ON, 0, begin), at(ON, 0, end), lane) for begin, end, lane in busy]
    nurse = resource(ON, "nurse", "nurse", busy=taken, lanes=2)
    found = best([], set_up(use), calendars=[nurse])
    assert found.placements[0].start == at(ON, 0, start)


# --- resources -------------------------------------------------------------------------------------------------


def two_therapists():
    """Ann works Mondays and Fridays, Bob the other days."""
    ann = [(at(ON, day, "09:00"), at(ON, day, "17:00")) for day in (0, 4, 7, 11, 14, 18)]
    bob = [(at(ON, day, "09:00"), at(ON, day, "17:00")) for day in (1, 2, 3, 8, 9, 10)]
    return [resource(ON, "ann", "therapist", working=ann), resource(ON, "bob", "therapist", working=bob)]


@pytest.mark.parametrize("hard", [True, False])
def test_the_same_therapist_throughout(hard):
    visits = tuple(visit(f"t{n}", alone("therapist", 60), kind="talk") for n in (1, 2))
    # a day apart suits neither; with one therapist it takes three or four
    rules = [gap(1, 1, 4, of="t2", after="t1"), SameResource("same", "therapist", keys(visits), hard=hard)]
    found = best(rules, visits, calendars=two_therapists())
    used = {dict(one.resources)["therapist"] for one in found.placements}
    assert found.complete
    assert len(used) == 1


def test_a_wish_for_the_same_person_costs_less_than_a_missed_day():
    visits = tuple(visit(f"t{n}", alone("therapist", 60), kind="talk") for n in (1, 2))
    monday = Window("monday", ("t1",), weekdays=frozenset({0}))
    rules = [gap(1, 1, 4, of="t2", after="t1"), SameResource("same", "therapist", keys(visits), hard=False), monday]
    found = best(rules, visits, calendars=two_therapists())
    assert days_of(found, ON) == [0, 1]
    assert found.cost.continuity > 0
    assert [note.code for notes in found.notes.values() for note in notes] == [Code.OTHER_RESOURCE]
