"""The protocol document: a template of a course, as blocks of visits and the rules between them.

Shapes only. What has to agree between parts (references, sources, counts) is checked in ``checks``; a document is
sound when it came through ``reading``.
"""

from typing import Annotated, Literal

from pydantic import Field

from treatments.protocols.policies import (
    Assessment,
    Cancellation,
    Cap,
    Decision,
    Delay,
    Gate,
    Lapse,
    LateArrival,
    Missed,
)
from treatments.protocols.visit_types import Skill, VisitType
from treatments.protocols.vocabulary import (
    Clock,
    Count,
    CountedFrom,
    Days,
    Flag,
    IdealDays,
    LongText,
    Minutes,
    Name,
    Names,
    Overridable,
    Part,
    Place,
    Reference,
    ShortText,
    Source,
    SourceId,
    Spacing,
    Strength,
    Text,
    Weekday,
)

# --- how the visits of one block lie to each other -----------------------------------------------------------------


class Gap(Spacing):
    """From each visit of the block to the next. With `cycle`, within one cycle only."""

    ideal_days: IdealDays | None = Field(  # type: ignore[assignment]  # one number, or several that take turns
        None, description="Best; one number, or several that take turns: [3, 4] for Monday, Thursday, Monday."
    )


class PerWeek(Part):
    """How many visits fall in a week."""

    at_most: Annotated[int, Field(strict=True, ge=1, le=7)]
    at_least: Annotated[int, Field(strict=True, ge=0, le=7)] = Field(
        0, description="Not asked of the weeks of the first and the last visit."
    )
    week: Literal["calendar", "rolling"] = Field(description="Monday to Sunday, or any seven dates in a row.")
    days_apart: Annotated[int, Field(strict=True, ge=1, le=6)] = Field(1, description="2: not on neighbouring days.")
    source: Source
    overridable: Overridable = False


class Cycle(Part):
    """Every so many weeks, some visits together: pairs every other week are `weeks: 2, visits: 2`."""

    weeks: Annotated[int, Field(strict=True, ge=1, le=26)]
    visits: Annotated[int, Field(strict=True, ge=1, le=14)]
    early_days: Days = Field(description="A cycle may begin so many days early.")
    late_days: Days = Field(description="A cycle may begin so many days late.")
    counted_from: CountedFrom = "actual"
    source: Source
    overridable: Overridable = False


class OnDays(Part):
    """Visits on given days, counted from the first visit of the block, which is day 0."""

    days: Annotated[tuple[Days, ...], Field(min_length=1, max_length=60)] = Field(
        description="Rising, from 0: [0, 14, 42]."
    )
    early_days: Days
    late_days: Days
    times: Annotated[int, Field(strict=True, ge=1, le=60)] = Field(1, description="The days are gone through so often.")
    every_days: Annotated[int, Field(strict=True, ge=1, le=400)] | None = Field(
        None, description="With `times`: how many days after the beginning of one round the next begins."
    )
    counted_from: CountedFrom = "actual"
    source: Source
    overridable: Overridable = False


class ConsecutiveDays(Part):
    """One visit on each open day in a row."""

    closed_days: Literal["skip", "forbid"] = Field(
        description="skip: go on after weekends and holidays. forbid: begin only where none falls inside."
    )
    start_weekdays: tuple[Weekday, ...] = Field((), description="The first visit is on one of these.")
    weekdays: tuple[Weekday, ...] = Field(
        (), description="Only these count: with mon to fri a row goes on from Friday to Monday. Otherwise every day."
    )
    source: Source


class Span(Part):
    """From the first to the last visit at most so many days."""

    max_days: Days
    source: Source
    overridable: Overridable = False


class PerDay(Part):
    """Several visits on one day, one after the other. `gap` and `consecutive_days` then say how the days lie."""

    visits: Annotated[int, Field(strict=True, ge=2, le=20)]
    min_minutes: Minutes = Field(0, description="From the end of one to the start of the next at least so long.")
    max_minutes: Minutes | None = Field(None, description="And at most so long.")
    source: Source


class Group(Part):
    """Seats in a class that meets at fixed times: a resource of the kind `group`, whose hours are its meetings."""

    skills: tuple[Skill, ...] = Field((), max_length=5, description="The class has all of these.")
    same: Flag = Field(True, description="All visits of the block are in one class.")
    source: Source


class Anchor(Spacing):
    """Where visits of this block lie relative to a visit of another one.

    With `.each`, the n-th visit of this block belongs to the n-th of the other; with `.next`, to the one after it.
    """

    place: Place = Field("all", description="Which visits of this block: all, first, last, or a number.")
    after: Reference | None = Field(None, description="After this visit. Give either `after` or `before`.")
    before: Reference | None = Field(None, description="Before this visit. Give either `after` or `before`.")


class Block(Part):
    """Visits of one type. How many: exactly one of `count`, `weeks`, `plan_ahead` and `on_days`."""

    block: Name = Field(
        description="The name of the block, in the plural: its visits are `infusions.1`, `infusions.2`."
    )
    visit: Name = Field(description="The visit type.")
    title: ShortText | None = Field(None, description="What pages call the block.")
    count: Count | None = Field(None, description="So many visits.")
    weeks: Annotated[int, Field(strict=True, ge=1, le=60)] | None = Field(
        None, description="So many weeks; with `per_week`, which says how many visits a week has."
    )
    plan_ahead: Annotated[int, Field(strict=True, ge=1, le=24)] | None = Field(
        None, description="Open-ended: so many visits are planned ahead, tentatively."
    )
    tentative: Flag = Field(False, description="The visits wait for a decision and can be released by it.")
    gap: Gap | None = None
    per_week: PerWeek | None = None
    cycle: Cycle | None = None
    on_days: OnDays | None = None
    consecutive_days: ConsecutiveDays | None = None
    per_day: PerDay | None = None
    holidays: Literal["shift", "forbid"] = Field(
        "shift",
        description=(
            "A visit due on a closed day. shift: it moves, as far as its limits let it. "
            "forbid: none moves; the block begins only where each falls on its very day."
        ),
    )
    span: Span | None = None
    group: Group | None = None
    anchors: tuple[Anchor, ...] = Field((), max_length=10)
    source: Source = Field(description="Where the number of visits comes from.")

    @property
    def length(self) -> int:
        """How many visits are planned now."""
        if self.on_days is not None:
            return len(self.on_days.days) * self.on_days.times
        if self.weeks is not None:
            return self.weeks * (self.per_week.at_most if self.per_week else 1)
        return self.count or self.plan_ahead or 0

    @property
    def is_tentative(self) -> bool:
        """Whether its visits wait for a decision: as stated, or because the block is open-ended."""
        return self.tentative or self.plan_ahead is not None


# --- between blocks ----------------------------------------------------------------------------------------------------


class NotSameDayAfter(Part):
    """Once a visit of `after` has begun, none of `visits` on the same day. Impairment lasts until the next morning."""

    rule: Literal["not_same_day_after"]
    visits: Names
    after: Names
    before_too: Flag = Field(False, description="Not on that day at all.")
    source: Source
    overridable: Overridable = False


class Order(Part):
    """`then` begins only once the first visit of `first` is over."""

    rule: Literal["order"]
    first: Name
    then: Name
    source: Source
    overridable: Overridable = False


class FinishedBefore(Part):
    """All of `finish` is over before `before` begins."""

    rule: Literal["finished_before"]
    finish: Name
    before: Name
    min_days: Days = Field(0, description="At least so many days between.")
    source: Source
    overridable: Overridable = False


Relation = Annotated[NotSameDayAfter | Order | FinishedBefore, Field(discriminator="rule")]


class CourseSpan(Part):
    """From the first to the last visit of several blocks at most so many days."""

    visits: Names
    max_days: Days
    source: Source
    overridable: Overridable = False


class Window(Part):
    """On which days and at what time of day visits may start."""

    visits: Names
    weekdays: tuple[Weekday, ...] = Field((), max_length=7)
    first_start: Clock | None = None
    last_start: Clock | None = None
    strength: Strength
    source: Source
    overridable: Overridable = False


class Continuity(Part):
    """The same person, chair or room in all these visits."""

    role: Name = Field(description="A role of the visit type: therapist, nurse, chair.")
    visits: Names
    strength: Strength
    at_most: Annotated[int, Field(strict=True, ge=1, le=4)] = Field(
        1, description="So many different ones may take turns."
    )
    source: Source
    overridable: Overridable = False


class DailyLoad(Part):
    """How many visits of these types begin on one day in the clinic, those of other patients included."""

    visits: Names
    target: Count | None = Field(None, description="More than this a day costs.")
    at_most: Count | None = Field(None, description="Never more: what is left of the day is kept for urgent visits.")
    source: Source
    overridable: Overridable = False


CourseRule = CourseSpan | Window | Continuity


class Protocol(Part):
    """A template of a course of treatment."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)] = Field(
        description="Lower-case words joined by hyphens. It stays the same over all versions."
    )
    title: ShortText
    indication: Text = Field(alias="for", description="Whom it is for.")
    summary: LongText
    sources: dict[SourceId, Text] = Field(min_length=1, max_length=60, description="Citations by a short id.")
    visit_types: dict[Name, VisitType] = Field(min_length=1, max_length=20)
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=30)
    relations: tuple[Relation, ...] = Field((), max_length=40)
    spans: tuple[CourseSpan, ...] = Field((), max_length=20)
    windows: tuple[Window, ...] = Field((), max_length=40)
    continuity: tuple[Continuity, ...] = Field((), max_length=40)
    daily_loads: tuple[DailyLoad, ...] = Field((), max_length=20)
    gates: tuple[Gate, ...] = Field((), max_length=40)
    assessments: tuple[Assessment, ...] = Field((), max_length=40)
    decisions: tuple[Decision, ...] = Field((), max_length=20)
    missed: tuple[Missed, ...] = Field((), max_length=20)
    lapses: tuple[Lapse, ...] = Field((), max_length=20)
    delays: tuple[Delay, ...] = Field((), max_length=20)
    late_arrivals: tuple[LateArrival, ...] = Field((), max_length=20)
    cancellations: tuple[Cancellation, ...] = Field((), max_length=20)
    caps: tuple[Cap, ...] = Field((), max_length=20)

    def block(self, name: str) -> Block:
        """The block of that name. Raises ``KeyError``."""
        for block in self.blocks:
            if block.block == name:
                return block
        raise KeyError(name)

    @property
    def counts_from_plan(self) -> bool:
        """Whether a distance counts from where a visit was planned, not from where it took place."""
        parts = [part for block in self.blocks for part in (block.gap, block.cycle, block.on_days, *block.anchors)]
        return any(part is not None and part.counted_from == "planned" for part in parts)

    def blocks_named(self, names: tuple[str, ...]) -> tuple[Block, ...]:
        """The blocks that ``names`` stand for (blocks or visit types), in document order."""
        return tuple(block for block in self.blocks if block.block in names or block.visit in names)
