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
