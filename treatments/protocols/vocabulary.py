"""The small words a protocol document is made of: names, references, weekdays, distances, sources."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

CLINICIAN = "clinician"
"""The source of a value that the clinic's own clinician sets."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Part(BaseModel):
    """A part of a protocol document: immutable, and with no names beyond its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A name within the document: lower-case letters, digits and underscores."""

Reference = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}\.(first|last|each|next|[1-9][0-9]{0,2})$")]
"""A visit of a block: ``infusions.first``, ``.last``, ``.3``; ``.each`` and ``.next`` pair two blocks one to one."""

Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="A time of day, such as 08:30.")]
_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_LINES = r"^[^\x00-\x09\x0b-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x09\x0b-\x1f\x7f]*$"
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]
ShortText = Annotated[str, Field(min_length=1, max_length=100, pattern=_LINE)]
LongText = Annotated[str, Field(min_length=1, max_length=4000, pattern=_LINES)]
Days = Annotated[int, Field(strict=True, ge=0, le=1100)]
Hours = Annotated[float, Field(strict=True, ge=0, le=1000, allow_inf_nan=False)]
Minutes = Annotated[int, Field(strict=True, ge=0, le=720)]
Count = Annotated[int, Field(strict=True, ge=1, le=100)]
Flag = Annotated[bool, Field(strict=True)]
Overridable = Annotated[
    bool,
    Field(
        strict=True, description="A clinician or a manager may book one visit against it, with a reason that is kept."
    ),
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SourceId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]

Source = Annotated[
    tuple[SourceId, ...],
    BeforeValidator(_as_list, json_schema_input_type=SourceId | list[SourceId]),
    Field(min_length=1, max_length=12, description='Ids from `sources`, or "clinician": where the values come from.'),
]
Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(_as_list, json_schema_input_type=Name | list[Name]),
    Field(min_length=1, max_length=40, description="Blocks, or visit types for all blocks of that type."),
]
IdealDays = Annotated[
    tuple[Days, ...],
    BeforeValidator(_as_list, json_schema_input_type=Days | list[Days]),
    Field(min_length=1, max_length=20),
]
Place = Annotated[
    str,
    BeforeValidator(_as_text, json_schema_input_type=str | int),
    Field(pattern=r"^(all|first|last|[1-9][0-9]{0,2})$"),
]


CountedFrom = Annotated[
    Literal["actual", "planned"],
    Field(
        description=(
            "When the visit counted from took place late: actual, from where it took place; "
            "planned, from where it was planned, so that the rhythm stays."
        )
    ),
]


class Strength(StrEnum):
    """Whether a rule may be broken."""

    HARD = "hard"
    WISH = "wish"


class Distance(Part):
    """How far apart two visits are, in days or in hours, never both.

    A day distance is the difference of two local dates; an hour distance is elapsed time.
    """

    min_days: Days | None = Field(None, description="At least so many local dates.")
    ideal_days: Days | None = Field(None, description="Best; further off costs, but is never forbidden.")
    max_days: Days | None = Field(None, description="At most so many local dates.")
    min_hours: Hours | None = Field(None, description="At least so many hours.")
    ideal_hours: Hours | None = Field(None, description="Best; further off costs, but is never forbidden.")
    max_hours: Hours | None = Field(None, description="At most so many hours.")
    hours_from: Literal["end", "start"] = Field(
        "end", description="Hours count from the end of the earlier visit, or from its start."
    )
    source: Source


class Spacing(Distance):
    """A distance that the planner keeps."""

    weight: Annotated[int, Field(strict=True, ge=1, le=10)] = Field(
        1, description="How many times as much a day off the ideal counts; more brings visits forward to it."
    )
    counted_from: CountedFrom = "actual"
    overridable: Overridable = False
