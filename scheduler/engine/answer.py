"""What the planner answers: ranked plans, each visit with its reasons, or why there is none."""

from dataclasses import dataclass, field, fields
from enum import StrEnum

from scheduler.engine.request import Placement


class Code(StrEnum):
    """Why a start is refused, or what a plan gives up. The families are those the pages group by."""

    # the place
    SITE_CLOSED = "site_closed"
    NO_RESOURCE = "no_resource"
    """Nobody and nothing of the needed kind and skills exists."""
    RESOURCE_OFF = "resource_off"
    RESOURCE_BUSY = "resource_busy"
    WATCH_FULL = "watch_full"
    """At work, but watching as many people already as they may."""
    HANDS_TAKEN = "hands_taken"
    """At work and able to watch one more, but starting somebody else at that time."""
    NOT_ON_SITE = "not_on_site"
    """Somebody who only has to be there is not, or not to the end."""
    NOT_PREPARED = "not_prepared"
    """Nobody is at work to prepare it in time."""
    DAY_FULL = "day_full"
    """The clinic takes no more starts on that date."""
    # the patient
    PATIENT_BUSY = "patient_busy"
    # the protocol
    TOO_SOON = "too_soon"
    TOO_LATE = "too_late"
    WEEK_FULL = "week_full"
    WEEK_SHORT = "week_short"
    SPAN_EXCEEDED = "span_exceeded"
    NOT_SAME_DAY = "not_same_day"
    OUTSIDE_WINDOW = "outside_window"
    OTHER_RESOURCE = "other_resource"
    NOT_CONSECUTIVE = "not_consecutive"
    TOO_MANY = "too_many"
    """More visits than a number of days may have."""
    NOT_PREFERRED = "not_preferred"
    """Somebody else than those asked for."""
    # the calendar
    IN_THE_PAST = "in_the_past"
    BEYOND_HORIZON = "beyond_horizon"
    OFF_STEP = "off_step"
    # the readiness
    NOT_READY = "not_ready"
    """What has to be there before the visit cannot be there so soon."""
    # not refused, but given up
    NOT_IDEAL = "not_ideal"
    DAY_CROWDED = "day_crowded"
    """The date has more starts than the clinic aims at."""
    MOVED = "moved"
    """Not where it was."""
    # a consequence
    DEPENDS_ON_UNPLACED = "depends_on_unplaced"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason as data. ``subjects`` are keys of visits or ids of resources; ``rule`` is the key of a rule."""

    code: Code
    subjects: tuple[str, ...] = ()
    rule: str | None = None
    hard: bool = True
    amount: int | None = None
    """Days or minutes, as the code implies: by how much it is too soon, how far from the ideal."""
    role: str | None = None
    """The key of the role that a reason about resources concerns."""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A visit with no place, with the reasons, most frequent first."""

    visit: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """The objective of a plan, by term, in the order of importance. ``total`` is what plans are ranked by."""

    unplaced: int = 0
    changes: int = 0
    ideal: int = 0
    continuity: int = 0
    wishes: int = 0
    load: int = 0
    finish: int = 0
    fragments: int = 0

    @property
    def total(self) -> int:
        """The sum of the terms; each already carries its weight."""
        return sum(getattr(self, term.name) for term in fields(self))

    def beyond(self, other: "Cost") -> "Cost":
        """Term by term, how much more this is than another cost."""
        return Cost(**{term.name: getattr(self, term.name) - getattr(other, term.name) for term in fields(self)})


class Kind(StrEnum):
    """What a plan is best in."""

    BEST = "best"
    """The least cost."""
    EARLIEST_FINISH = "earliest_finish"
    """The earliest last date."""
    SAME_TIME = "same_time"
    """The fewest visits away from the usual time of day of their kind."""
    FEWEST_TRIPS = "fewest_trips"
    """The fewest dates on which the patient comes."""
    OTHER_PERSON = "other_person"
    """A series is with somebody, or something, else than in the best plan."""
    OTHER_START = "other_start"
    """It begins on another date than the plans before it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Placements in order of time. ``bound`` is a proved lower bound of ``cost.total`` over all plans, where known."""

    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]
    cost: Cost
    notes: dict[str, tuple[Reason, ...]] = field(default_factory=dict)
    """For each visit key: the soft rules this placement gives up."""
    bound: int | None = None
    none_complete: bool = False
    """For a partial plan: it is proved that no plan has a place for every visit."""
    kind: Kind = Kind.BEST
    more: Cost | None = None
    """For an alternative: what it costs more than the best plan, by term; a negative number is a gain."""

    @property
    def gap(self) -> float | None:
        """By what share of its bound the plan could be dearer than the best there is; 0 if it is proved to be the best."""
        return None if self.bound is None else (self.cost.total - self.bound) / max(self.bound, 1)

    @property
    def complete(self) -> bool:
        """Whether every visit has a place."""
        return not self.unplaced


@dataclass(frozen=True, slots=True)
class Answer:
    """Plans, best first; at least one, possibly partial. Empty only when the request has no visits."""

    plans: tuple[Plan, ...]

    @property
    def best(self) -> Plan:
        """The best plan."""
        return self.plans[0]
