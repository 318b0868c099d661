"""What the parts of a document become for the planner."""

from datetime import date, time
from pathlib import Path

import pytest

from scheduler.engine.grid import Grid
from scheduler.engine.request import (
    ConsecutiveDays,
    Offset,
    PerWeek,
    Role,
    SameDay,
    SameResource,
    Segment,
    Span,
    Unit,
    Use,
    Window,
)
from tests.treatments.protocols.documents import MONDAY, compiled, rules, short, with_block
from treatments.protocols import catalog, reading
from treatments.protocols.compile import compile as compile_course
from treatments.protocols.wishes import Escort, Wishes

every_file = pytest.mark.parametrize("path", catalog.files(), ids=lambda path: path.stem)


@every_file
def test_keys_are_unique_and_rules_name_existing_visits_and_roles(path: Path) -> None:
    course = compile_course(reading.read_file(path), start_on=MONDAY)
    keys = {visit.key for visit in course.visits}
    assert len(keys) == len(course.visits) == len(course.course)
    assert len({rule.key for rule in course.rules}) == len(course.rules)
    assert set(course.notes) == {rule.key for rule in course.rules}
    roles = {visit.key: {role.key for role in visit.roles} for visit in course.visits}
    for rule in course.rules:
        named = {rule.visit, rule.anchor} if isinstance(rule, Offset) else set(rule.visits)
        assert named <= keys
        if isinstance(rule, SameResource):
            assert all(rule.role in roles[key] for key in rule.visits)


@every_file
def test_every_rule_has_words_a_source_and_a_place(path: Path) -> None:
    course = compile_course(reading.read_file(path), start_on=MONDAY)
    for key, note in course.notes.items():
        assert note.words
        assert key == "start" or (note.sources and note.path)


@every_file
def test_every_visit_has_a_reason_that_fits(path: Path) -> None:
    for visit in compile_course(reading.read_file(path), start_on=MONDAY).course:
        assert 0 < len(visit.reason) <= 300
        assert len(visit.label) <= 120
        assert len(visit.key) <= 80


@every_file
def test_the_same_document_compiles_to_the_same_course(path: Path) -> None:
    document = reading.read_file(path)
    first = compile_course(document, start_on=MONDAY)
    assert compile_course(document, start_on=MONDAY) == first


@every_file
def test_the_planner_hears_no_words_of_the_clinic(path: Path) -> None:
    document = reading.read_file(path)
    course = compile_course(document, start_on=MONDAY)
    heard = repr((course.visits, course.rules))
    assert document.title not in heard
    assert not [kind.name for kind in document.visit_types.values() if f"'{kind.name}" in heard]


# --- visits --------------------------------------------------------------------------------------------------


def test_the_first_visit_is_longer_and_turnover_is_not_the_patients_time() -> None:
    course = compiled(short())
    lengths = {visit.key: visit.minutes for visit in course.visits}
    assert lengths["infusions.1"] == 30 + 40 + 35
    assert lengths["infusions.2"] == 15 + 40 + 35


def test_phases_become_segments_and_like_neighbours_are_one() -> None:
    course = compiled(short())
    roles = {role.key: role for role in course.visits[1].roles}
    assert roles["chair"].segments == (Segment(0, 100, Use.EXCLUSIVE),)
    assert roles["nurse"].segments == (Segment(0, 15, Use.EXCLUSIVE), Segment(15, 90, Use.SHARED))


def test_visits_of_one_type_are_numbered_over_the_whole_course() -> None:
    document = short()
    anchors = [{"place": "first", "after": "infusions.last", "min_days": 7, "source": "A1"}]
    document["blocks"].append(
        {"block": "boosters", "visit": "infusion", "plan_ahead": 2, "anchors": anchors, "source": "A1"}
    )
    visits = {visit.key: visit for visit in compiled(document).course}
    assert visits["boosters.1"].label == "Infusion 7"
    assert visits["boosters.1"].minutes == visits["infusions.2"].minutes
    assert visits["boosters.1"].tentative
    assert not visits["infusions.6"].tentative


def test_without_tentative_blocks_keys_and_labels_stay_the_same() -> None:
    document = reading.read_file(catalog.CATALOG / "iv-ketamine-depression-thrice-weekly.yaml")
    whole = compile_course(document, start_on=MONDAY)
    firm = compile_course(document, start_on=MONDAY, tentative=False)
    assert set(firm.course) == {visit for visit in whole.course if not visit.tentative}
    assert not [rule for rule in firm.rules if "maintenance" in rule.key]


# --- rules within a block --------------------------------------------------------------------------------------


def test_a_gap_is_an_offset_to_the_visit_before_and_its_ideals_take_turns() -> None:
    gaps = rules(compiled(short()), "blocks[0].gap")
    assert gaps[0] == Offset("infusions.gap.2", "infusions.2", "infusions.1", Unit.DAYS, 2, 3, 5)
    assert [gap.ideal for gap in gaps] == [3, 4, 3, 4, 3]


def test_a_gap_in_hours_counts_from_the_end_of_the_visit_before() -> None:
    course = compiled(with_block(0, gap={"min_hours": 1.5, "max_hours": 48, "source": "A1"}))
    assert rules(course, "blocks[0].gap")[0] == Offset(
        "infusions.gap.2", "infusions.2", "infusions.1", Unit.MINUTES, 90, None, 2880, from_end=True
    )


def test_a_weekly_count_puts_its_visits_in_order() -> None:
    week = {"at_most": 2, "at_least": 1, "week": "rolling", "days_apart": 2, "source": "A1"}
    found = rules(compiled(with_block(0, gap=None, per_week=week)), "blocks[0].per_week")
    visits = tuple(f"infusions.{n}" for n in range(1, 7))
    assert found[0] == PerWeek("infusions.per_week", visits, 2, 1, rolling=True, days_apart=2)
    assert found[1] == Offset("infusions.order.2", "infusions.2", "infusions.1", Unit.DAYS, least=2)
    assert len(found) == 1 + 5


def test_weeks_times_visits_a_week_is_the_number_of_visits() -> None:
    week = {"at_most": 2, "week": "calendar", "source": "A1"}
    document = with_block(0, count=None, weeks=3, per_week=week)
    assert len([visit for visit in compiled(document).course if visit.block == "infusions"]) == 6


def test_pairs_every_other_week() -> None:
    cycle = {"weeks": 2, "visits": 2, "early_days": 2, "late_days": 3, "source": "A1"}
    course = compiled(with_block(0, cycle=cycle, gap={"min_days": 1, "max_days": 4, "source": "A1"}))
    between = rules(course, "blocks[0].cycle")
    assert Offset("infusions.cycle.3", "infusions.3", "infusions.1", Unit.DAYS, 12, 14, 17) in between
    assert Offset("infusions.cycle_order.3", "infusions.3", "infusions.2", Unit.DAYS, 1) in between
    assert Span("infusions.cycle_week.3", ("infusions.3", "infusions.4"), 6) in between
    inside = rules(course, "blocks[0].gap")
    assert [(rule.anchor, rule.visit) for rule in inside] == [
        ("infusions.1", "infusions.2"),
        ("infusions.3", "infusions.4"),
        ("infusions.5", "infusions.6"),
    ]


def test_given_days_count_from_the_first_visit_and_the_period_after_them_from_the_last() -> None:
    course = compile_course(reading.read_file(catalog.CATALOG / "infliximab.yaml"), start_on=MONDAY)
    days = rules(course, "blocks[0].on_days")
    assert [(rule.anchor, rule.visit, rule.ideal) for rule in days] == [
        ("induction.1", "induction.2", 14),
        ("induction.1", "induction.3", 42),
    ]
    (first,) = rules(course, "blocks[1].anchors[0]")
    assert (first.anchor, first.visit, first.ideal) == ("induction.3", "maintenance.1", 56)
    assert [rule.ideal for rule in rules(course, "blocks[1].gap")] == [56, 56]


def test_consecutive_days_with_a_weekday_to_begin_on() -> None:
    days = {"closed_days": "skip", "start_weekdays": ["mon", "tue"], "source": "A1"}
    course = compiled(with_block(0, gap=None, consecutive_days=days))
    visits = tuple(f"infusions.{n}" for n in range(1, 7))
    assert rules(course, "blocks[0].consecutive_days") == [
        ConsecutiveDays("infusions.consecutive_days", visits, skip_closed=True),
        Window("infusions.consecutive_start", visits[:1], weekdays=frozenset({0, 1})),
    ]


def test_a_class_is_a_seat_in_a_group_and_the_same_group_throughout() -> None:
    group = {"skills": ["mindfulness_teacher"], "source": "A1"}
    course = compiled(with_block(1, group=group))
    talks = tuple(f"talks.{n}" for n in range(1, 7))
    assert rules(course, "blocks[1].group") == [SameResource("talks.group", "group", talks)]
    seat = next(role for role in course.visits[6].roles if role.key == "group")
    assert seat == Role("group", "group", (Segment(0, 50, Use.SHARED),), frozenset({"mindfulness_teacher"}))
    assert not rules(compiled(with_block(1, group=group | {"same": False})), "blocks[1].group")


def test_visits_with_no_rule_between_them_are_on_different_days_in_order() -> None:
    course = compiled(with_block(0, gap=None))
    (first, *_) = rules(course, "blocks[0]")
    assert first == Offset("infusions.order.2", "infusions.2", "infusions.1", Unit.DAYS, least=1)


def test_a_visit_that_belongs_to_another_is_not_ordered_by_its_own_block() -> None:
    assert not rules(compiled(short()), "blocks[1]")


# --- anchors ---------------------------------------------------------------------------------------------------


def anchored(**anchor: object) -> list[Offset]:
    return rules(compiled(with_block(1, anchors=[{"source": "A1", **anchor}])), "blocks[1].anchors[0]")


def test_each_belongs_to_the_one_with_its_number() -> None:
    found = anchored(after="infusions.each", min_days=1, ideal_days=1, max_days=3)
    assert [(rule.visit, rule.anchor) for rule in found] == [(f"talks.{n}", f"infusions.{n}") for n in range(1, 7)]
    assert (found[0].least, found[0].ideal, found[0].most) == (1, 1, 3)


def test_before_the_next_one_pairs_all_but_the_last() -> None:
    document = with_block(
        1,
        anchors=[
            {"after": "infusions.each", "min_days": 1, "source": "A1"},
            {"before": "infusions.next", "min_hours": 2, "source": "A1"},
        ],
    )
    found = rules(compiled(document), "blocks[1].anchors[1]")
    assert [(rule.visit, rule.anchor) for rule in found] == [(f"talks.{n}", f"infusions.{n + 1}") for n in range(1, 6)]
    # two hours from the end of the talk, which takes 50 minutes
    assert (found[0].unit, found[0].least, found[0].most) == (Unit.MINUTES, None, -170)


def test_days_before_are_negative() -> None:
    (rule,) = anchored(place="last", before="infusions.first", min_days=1, ideal_days=2, max_days=14)
    assert rule == Offset("talks.anchor1.6", "talks.6", "infusions.1", Unit.DAYS, -14, -2, -1)


def test_the_same_day_is_after_only_in_order() -> None:
    days, order = anchored(place="first", after="infusions.3", max_days=2)
    assert (days.least, days.most) == (0, 2)
    assert order == Offset("talks.anchor1.1.order", "talks.1", "infusions.3", Unit.MINUTES, 0, from_end=True)


def test_all_visits_within_a_window_after_one() -> None:
    found = anchored(after="infusions.last", min_days=1, max_days=84)
    assert {(rule.anchor, rule.least, rule.most) for rule in found} == {("infusions.6", 1, 84)}
    assert len(found) == 6


def test_hours_from_the_start_of_the_other_visit() -> None:
    (rule,) = anchored(place=2, after="infusions.1", min_hours=24, hours_from="start")
    assert (rule.visit, rule.least, rule.from_end) == ("talks.2", 1440, False)


# --- rules of the course -----------------------------------------------------------------------------------------


def test_relations_windows_continuity_and_spans() -> None:
    document = short() | {
        "relations": [
            {"rule": "not_same_day_after", "visits": "talk", "after": "infusions", "source": "A1"},
            {"rule": "finished_before", "finish": "talks", "before": "infusions", "min_days": 2, "source": "A1"},
            {"rule": "order", "first": "infusions", "then": "talks", "source": "A1"},
        ],
        "windows": [{"visits": "talk", "weekdays": ["fri"], "last_start": "15:00", "strength": "wish", "source": "A1"}],
        "continuity": [{"role": "therapist", "visits": "talks", "strength": "hard", "source": "A1"}],
        "spans": [{"visits": ["infusion", "talk"], "max_days": 60, "source": "A1"}],
    }
    course = compiled(document)
    infusions, talks = (tuple(f"{block}.{n}" for n in range(1, 7)) for block in ("infusions", "talks"))
    assert rules(course, "relations[0]") == [SameDay("relations.1", talks, infusions)]
    assert rules(course, "relations[1]") == [Offset("relations.2", "infusions.1", "talks.6", Unit.DAYS, 2)]
    assert rules(course, "relations[2]") == [
        Offset("relations.3", "talks.1", "infusions.1", Unit.MINUTES, 0, from_end=True)
    ]
    assert rules(course, "windows[0]") == [Window("windows.1", talks, frozenset({4}), latest=900, hard=False)]
    assert rules(course, "continuity[0]") == [SameResource("continuity.1", "therapist", talks, hard=True)]
    assert rules(course, "spans[0]") == [Span("spans.1", infusions + talks, 60)]


# --- wishes --------------------------------------------------------------------------------------------------------


def test_the_course_begins_on_the_later_of_start_and_wish() -> None:
    later = date(2026, 12, 1)
    course = compiled(short(), Wishes(start_on=later))
    (start,) = [rule for rule in course.rules if rule.key == "start"]
    assert isinstance(start, Window)
    assert start.from_on == later
    assert course.start_on == MONDAY
    assert course.horizon_days == compiled(short()).horizon_days + 8


def test_weekday_and_time_wishes_are_soft_and_firm_ones_hard() -> None:
    wishes = Wishes(weekdays=frozenset({0, 3}), not_before=time(9), not_after=time(12))
    soft = {rule.key: rule for rule in compiled(short(), wishes).rules if rule.key.startswith("wish")}
    assert {rule.hard for rule in soft.values()} == {False}
    assert soft["wish.weekdays"].weekdays == {0, 3}
    # a visit of 105 minutes that is to be over by 12:00 starts by 10:15
    assert (soft["wish.time.105"].earliest, soft["wish.time.105"].latest) == (540, 615)
    firm = compiled(short(), Wishes(weekdays=frozenset({0, 3}), firm=True))
    assert [rule.hard for rule in firm.rules if rule.key == "wish.weekdays"] == [True]


def test_days_away_are_taken_in_the_request() -> None:
    course = compiled(short(), Wishes(not_on=frozenset({date(2026, 11, 24), date(2020, 1, 1)})))
    grid = Grid("Europe/Berlin", MONDAY, course.horizon_days)
    request = course.request(grid=grid, calendars=(), open_days=frozenset(), patient_busy=((600, 610),))
    assert request.patient_busy == ((288, 576), (600, 610))


def test_wishes_survive_storage() -> None:
    wishes = Wishes(
        weekdays=frozenset({0, 4}),
        not_before=time(8, 30),
        not_after=time(17),
        start_on=date(2026, 12, 1),
        people=("7", "9"),
        not_on=frozenset({date(2026, 12, 24)}),
        firm=True,
        max_visits_per_week=2,
        max_visits_per_day=1,
        escort=Escort(frozenset({1}), time(9), None),
    )
    assert Wishes.from_json(wishes.to_json()) == wishes
    assert Wishes().to_json() == {}
    assert Wishes.from_json({}) == Wishes()
