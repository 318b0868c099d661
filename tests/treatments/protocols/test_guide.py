"""The examples of the author's guide follow the schema, and together they use all of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from treatments.protocols import publishing, reading
from treatments.protocols.policies import Cap, Delay, GateKind, LateArrival
from treatments.protocols.schema import (
    Anchor,
    Block,
    ConsecutiveDays,
    Continuity,
    DailyLoad,
    Gap,
    Group,
    OnDays,
    PerDay,
    Protocol,
)
from treatments.protocols.visit_types import Phase, Preparation, Skill, VisitType
from treatments.protocols.wishes import ESCORT_NAMES, WISH_NAMES
from treatments.protocols.yaml_text import load

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "protocols.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
FIELDS = {info.alias or name: info for name, info in Protocol.model_fields.items()}


def parts() -> list[tuple[str, Any]]:
    """Every top-level part of every example."""
    return [(name, value) for example in EXAMPLES for name, value in load(example).data.items()]


def test_the_whole_protocol_can_be_published() -> None:
    publishing.check(reading.read(EXAMPLES[0]))


@pytest.mark.parametrize(("name", "value"), parts(), ids=[name for name, _ in parts()])
def test_each_part_follows_the_schema(name: str, value: Any) -> None:
    TypeAdapter(FIELDS[name].rebuild_annotation()).validate_python(value)


def test_every_part_of_a_protocol_and_of_a_block_is_shown() -> None:
    assert {name for name, _ in parts()} == set(FIELDS)
    blocks = [block for name, value in parts() if name == "blocks" for block in value]
    shown = {part for block in blocks for part in block}
    assert set(Block.model_fields) - shown <= {"title", "tentative"}


@pytest.mark.parametrize(
    ("model", "usual"),
    [
        (VisitType, set()),
        (Phase, set()),
        (Preparation, set()),
        (Gap, {"min_hours", "ideal_hours", "max_hours", "hours_from", "weight"}),
        (Anchor, {"ideal_hours", "max_hours", "hours_from", "counted_from"}),
        (OnDays, {"counted_from"}),
        (ConsecutiveDays, set()),
        (PerDay, set()),
        (Group, set()),
        (Continuity, set()),
        (DailyLoad, set()),
        (Delay, set()),
        (LateArrival, set()),
        (Cap, set()),
    ],
)
def test_every_name_of_a_part_is_shown(model: type[BaseModel], usual: set[str]) -> None:
    """``usual`` are names that are explained or shown with another part."""
    shown = set(re.findall(r"\b([a-z_]+):", "\n".join(EXAMPLES)))
    assert set(model.model_fields) - shown <= usual


@pytest.mark.parametrize(
    "name",
    [
        *Skill,
        *GateKind,
        "presence",
        "tentative",
        "title",
        "before_too",
        "hours_from",
        "counted_from",
        "weight",
        *WISH_NAMES,
        *ESCORT_NAMES,
    ],
)
def test_every_name_is_explained(name: str) -> None:
    assert name in GUIDE.read_text()
