"""What has to agree within rhythms, lengths, preparations, loads and delays: each error at its place."""

from typing import Any

import pytest

from tests.treatments.protocols.documents import short, with_block
from treatments.protocols import reading
from treatments.protocols.problems import ProtocolError

ROUND = {"days": [0, 7, 14], "early_days": 1, "late_days": 1, "source": "A1"}
MADE = {"what": "bag", "kind": "person", "minutes": 20, "lead_hours": 2, "life_hours": 8, "source": "A1"}


def changed(**changes: Any) -> dict[str, Any]:
    """The short document with parts of its own."""
    return short() | changes


def with_type(**changes: Any) -> dict[str, Any]:
    """The short document with the type of the infusions changed to a treatment in a chair."""
    document = short()
    kind = document["visit_types"]["infusion"] | changes
    if "phases" in changes:
        kind["needs"] = kind["needs"][:1]
    document["visit_types"]["infusion"] = kind
    return document


@pytest.mark.parametrize(
    ("document", "path", "found", "expected"),
    [
        (
            with_block(0, per_day={"visits": 2, "source": "A1"}, per_week={"at_most": 2, "week": "calendar", "source": "A1"}),
            "blocks[0].per_day", "`per_week`", "`gap` or `consecutive_days`, or nothing, beside `per_day`",
        ),
        (
            with_block(0, per_day={"visits": 2, "min_minutes": 60, "max_minutes": 30, "source": "A1"}),
            "blocks[0].per_day.max_minutes", "30", "at least 60 (min_minutes)",
        ),
        (
            with_block(0, per_day={"visits": 2, "source": "A1"}, gap={"min_hours": 20, "source": "A1"}),
            "blocks[0].gap", "hours", "days, from each day of visits to the next",
        ),
        (
            with_block(0, count=None, gap=None, on_days=ROUND | {"times": 2}),
            "blocks[0].on_days", "one of `times` and `every_days`",
            "`times` and `every_days` together: how many rounds, and how far apart",
        ),
        (
            with_block(0, count=None, gap=None, on_days=ROUND | {"times": 2, "every_days": 16}),
            "blocks[0].on_days.every_days", "16", "more than 16, a round with its margins",
        ),
        (
            with_block(0, holidays="forbid", gap={"min_days": 2, "source": "A1"}),
            "blocks[0].holidays", '"forbid"', "a `gap` with `ideal_days`, a `cycle` or `on_days`, which give the very days",
        ),
        (
            with_block(0, gap={"min_hours": 20, "counted_from": "planned", "source": "A1"}),
            "blocks[0].gap.counted_from", '"planned"', "a distance in days; hours count from what took place",
        ),
        (
            changed(daily_loads=[{"visits": "talks", "source": "A1"}]),
            "daily_loads[0]", "no number", "at least one of `target`, `at_most`",
        ),
        (
            changed(daily_loads=[{"visits": "talks", "target": 3, "at_most": 2, "source": "A1"}]),
            "daily_loads[0].target", "3", "at most 2 (at_most)",
        ),
        (
            changed(delays=[{"visits": "walks", "max_days": 7, "then": "omit", "source": "A1"}]),
            "delays[0].visits[0]", '"walks"', "a block or visit type: infusion, infusions, talk, talks",
        ),
        (
            with_type(preparations=[MADE | {"life_hours": 1}]),
            "visit_types.infusion.preparations[0].life_hours", "1", "at least 2 (lead_hours)",
        ),
        (
            with_type(phases={"treatment": {"minutes": 40, "first_minutes": 60, "minutes_by_number": [50], "source": "A1"}}),
            "visit_types.infusion.phases.treatment", "`first_minutes` and `minutes_by_number`", "one of them",
        ),
        (
            with_type(phases={"treatment": {"minutes": 40, "source": "A1"}}, first_again_after_days=30),
            "visit_types.infusion.first_again_after_days", "first visits as long as any other",
            "a phase with `first_minutes` or `minutes_by_number`",
        ),
    ],
)  # fmt: skip
def test_parts_that_do_not_agree(document: Any, path: str, found: str, expected: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        reading.from_json(document)
    assert (path, found, expected) in [(each.path, each.found, each.expected) for each in refused.value.problems]


@pytest.mark.parametrize(
    "document",
    [
        with_block(0, count=None, gap=None, on_days=ROUND | {"times": 2, "every_days": 28}),
        with_block(0, per_day={"visits": 2, "min_minutes": 30, "max_minutes": 60, "source": "A1"}),
        with_block(0, holidays="forbid"),
        with_type(preparations=[MADE], first_again_after_days=90),
        with_type(phases={"treatment": {"minutes": 40, "minutes_by_number": [90, 60], "source": "A1"}}),
        changed(daily_loads=[{"visits": "talks", "target": 3, "at_most": 3, "source": "A1"}]),
    ],
)
def test_sound_ones_are_let_through_and_survive_storage(document: Any) -> None:
    read = reading.from_json(document)
    assert reading.from_json(reading.as_json(read)) == read
