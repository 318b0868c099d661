"""Rules that contradict each other are refused by name before a version is published."""

import pytest

from tests.treatments.protocols.documents import short, with_block
from treatments.protocols import publishing, reading


def clash(document: dict) -> list[str]:
    with pytest.raises(reading.ProtocolError) as refused:
        publishing.check(reading.from_json(document))
    return [str(problem) for problem in refused.value.problems]


def test_six_visits_three_days_apart_do_not_fit_in_ten_days() -> None:
    gap = {"min_days": 3, "source": "A1"}
    apart, whole = "Infusion: at least 3 days apart", "Infusion: at most 10 days from the first to the last"
    assert clash(with_block(0, gap=gap, span={"max_days": 10, "source": "A1"})) == [
        f'blocks[0].gap: found "{apart}"; expected a rule that can hold together with blocks[0].span ({whole})',
        f'blocks[0].span: found "{whole}"; expected a rule that can hold together with blocks[0].gap ({apart})',
    ]


def test_the_same_visits_fit_in_fifteen_days() -> None:
    gap = {"min_days": 3, "source": "A1"}
    publishing.check(reading.from_json(with_block(0, gap=gap, span={"max_days": 15, "source": "A1"})))


def test_two_blocks_each_after_the_other() -> None:
    document = short()
    document["blocks"][0]["anchors"] = [{"place": "first", "after": "talks.last", "min_days": 1, "source": "A1"}]
    found = " ".join(clash(document))
    assert "blocks[0].anchors[0]" in found
    assert "blocks[1].anchors[0]" in found


def test_a_weekly_count_and_a_span() -> None:
    week = {"at_most": 1, "week": "rolling", "source": "A1"}
    found = clash(with_block(0, gap=None, per_week=week, span={"max_days": 20, "source": "A1"}))
    assert [text.partition(":")[0] for text in found] == ["blocks[0].per_week", "blocks[0].span"]


def test_a_course_of_four_years_is_refused() -> None:
    gap = {"min_days": 200, "max_days": 300, "source": "A1"}
    assert clash(with_block(0, gap=gap)) == ["blocks: found a course of up to 1532 days; expected at most 1100 days"]


ROW = {"gap": None, "consecutive_days": {"closed_days": "skip", "source": "A1"}}
DAYS = {"gap": None, "count": None, "on_days": {"days": [0, 14], "early_days": 3, "late_days": 3, "source": "A1"}}
CYCLE = {"cycle": {"weeks": 1, "visits": 1, "early_days": 2, "late_days": 2, "source": "A1"}}
VERY_DAYS = {"gap": {"ideal_days": 7, "source": "A1"}, "holidays": "forbid"}
BY_ITSELF = {"anchors": [{"place": "first", "after": "infusions.first", "min_days": 1, "source": "A1"}]}
FITTING = {"append", "shift", "fill", "omit", "keep", "escalate"}


@pytest.mark.parametrize(
    ("number", "pattern", "refused"),
    [
        pytest.param(0, {}, set(), id="gap"),
        pytest.param(
            0, {"gap": None, "per_week": {"at_most": 2, "week": "calendar", "source": "A1"}}, set(), id="per week"
        ),
        pytest.param(0, ROW, {"fill"}, id="row of days"),
        pytest.param(0, ROW | {"per_day": {"visits": 3, "source": "A1"}}, set(), id="several a day"),
        pytest.param(0, DAYS, {"append"}, id="given days"),
        pytest.param(0, CYCLE, {"append"}, id="cycle"),
        pytest.param(0, VERY_DAYS, {"shift", "fill"}, id="very days"),
        pytest.param(1, {}, {"append"}, id="paired"),
        pytest.param(1, BY_ITSELF, set(), id="tied to another block"),
    ],
)
def test_missed_visits_are_made_up_for_in_ways_the_pattern_has_room_for(number, pattern, refused) -> None:
    document = with_block(number, **pattern)
    if number == 0:
        del document["blocks"][1], document["visit_types"]["talk"]
    block = document["blocks"][number]
    found = set()
    for then in sorted(FITTING):
        document["missed"] = [{"visits": block["visit"], "then": then, "source": "A1"}]
        try:
            publishing.check(reading.from_json(document))
        except reading.ProtocolError as error:
            [problem] = error.problems
            assert problem.path == "missed[0].then"
            assert problem.found == f'"{then}" for the block "{block["block"]}"'
            assert problem.expected.startswith("another policy, as ")
            found.add(then)
    assert found == refused


def test_only_the_policy_that_holds_for_a_block_counts() -> None:
    document = with_block(1)
    document["missed"] = [
        {"visits": "talks", "then": "fill", "source": "A1"},
        {"visits": ["infusion", "talk"], "then": "append", "source": "A1"},
    ]
    publishing.check(reading.from_json(document))
    document["missed"].reverse()
    assert [text.partition(":")[0] for text in clash(document)] == ["missed[0].then"]
