"""Visits beyond the protocol, and the rules about them."""

from datetime import date

from scheduler.engine.request import ConsecutiveDays, Window
from tests.treatments.documents import series
from treatments.protocols import extras
from treatments.protocols.compile import Compiled, compile, course_visits  # noqa: A004 - its own word
from treatments.protocols.extras import Extra, Where
from treatments.protocols.reading import from_json

DOCUMENT = from_json(series())


def course(*added: Extra) -> Compiled:
    compiled = compile(DOCUMENT, start_on=date(2026, 5, 5), more=extras.at_the_end(added))
    return extras.with_extras(compiled, added)


def rules_about(compiled: Compiled, key: str) -> set[tuple[str, str]]:
    """Visit and anchor of the offsets that name a visit."""
    return {
        (rule.visit, rule.anchor)
        for rule in compiled.rules
        if hasattr(rule, "anchor") and key in (rule.visit, rule.anchor)
    }


def test_one_more_at_the_end():
    compiled = course(Extra("infusions.4", Where.END, "infusions.2", ("talks.2",)))
    assert [visit.label for visit in compiled.course if visit.block == "infusions"] == [
        "Infusion 1", "Infusion 2", "Infusion 3", "Infusion 4",
    ]  # fmt: skip
    assert rules_about(compiled, "infusions.4") == {("infusions.4", "infusions.3"), ("talks.2", "infusions.4")}


def test_in_the_place_of_the_missed_one():
    compiled = course(Extra("infusions.4", Where.INSTEAD, "infusions.2", ("talks.2",)))
    assert [visit.key for visit in compiled.visits][:3] == ["infusions.1", "infusions.4", "infusions.3"]
    assert [visit.label for visit in compiled.course][1] == "Infusion 2, made up"
    assert rules_about(compiled, "infusions.4") == {
        ("infusions.4", "infusions.1"),
        ("infusions.3", "infusions.4"),
        ("talks.2", "infusions.4"),
    }
    assert compiled.labels["infusions.4"] == "Infusion 2, made up"


def test_what_has_taken_place_belongs_to_the_missed_one_still():
    for where in Where:
        compiled = course(Extra("infusions.4", where, "infusions.2"))
        assert ("talks.2", "infusions.2") in rules_about(compiled, "talks.2")


def test_a_make_up_of_a_make_up():
    first = Extra("infusions.4", Where.INSTEAD, "infusions.2", ("talks.2",))
    compiled = course(first, Extra("infusions.5", Where.INSTEAD, "infusions.4", ("talks.2",)))
    assert not rules_about(compiled, "infusions.4")
    assert [visit.label for visit in compiled.course][1] == "Infusion 2, made up"


def test_further_visits_count_after_all_others_of_their_type():
    blocks = series()["blocks"]
    later = blocks[0] | {"block": "maintenance", "count": 2, "anchors": [
        {"after": "infusions.last", "min_days": 7, "source": "T", "place": "first"}
    ]}  # fmt: skip
    document = from_json(series(blocks=[*blocks, later]))
    usual = {visit.key: visit.label for visit in course_visits(document)}
    more = {visit.key: visit.label for visit in course_visits(document, more={"infusions": [4]})}
    assert more == usual | {"infusions.4": "Infusion 6"}


def test_they_come_back_from_data():
    found = (Extra("a.2", Where.END, "a.1", ("b.1",)), Extra("a.3", Where.INSTEAD))
    assert extras.read([each.to_json() for each in found]) == found
    assert extras.next_key("a", ["a.1", "a.12", "b.40"]) == "a.13"
    assert extras.next_key("c", ["a.1"]) == "c.1"


def test_a_row_of_days_goes_on_without_the_missed_one():
    parts = series(relations=[], continuity=[])
    row = {"closed_days": "skip", "weekdays": ["mon", "tue", "wed", "thu", "fri"], "source": "T"}
    parts["blocks"] = [{"block": "infusions", "visit": "infusion", "count": 4, "consecutive_days": row, "source": "T"}]
    parts["visit_types"].pop("talk")
    made_up = Extra("infusions.5", Where.INSTEAD, "infusions.3")
    compiled = extras.with_extras(compile(from_json(parts), start_on=date(2026, 5, 5)), [made_up])
    rows = [rule.visits for rule in compiled.rules if isinstance(rule, ConsecutiveDays)]
    assert rows == [("infusions.1", "infusions.2"), ("infusions.5", "infusions.4")]
    assert rules_about(compiled, "infusions.5") == {("infusions.5", "infusions.2")}
    windows = [(rule.visits, rule.weekdays) for rule in compiled.rules if isinstance(rule, Window)]
    assert (("infusions.5",), frozenset(range(5))) in windows
