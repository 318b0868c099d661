"""What can happen to a running course: each event is data, and is previewed before it is applied.

``course`` is its id, ``visit`` the key of a visit, ``version`` the one of the visit's appointment that the caller saw
(None skips the check).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """How much a cancellation takes."""

    THIS = "this"
    LATER = "later"
    """The visit, and those of its block that come after it."""
    COURSE = "course"


@dataclass(frozen=True, slots=True)
class Move:
    """A visit gets another time. The others move where they have to, unless ``only_this``.

    ``resources``: role to resource id; roles that are not named keep theirs where free, else equal ones fill them.
    ``agreed``: the patient chose the time, so it counts as confirmed. ``override``: why the visit shall be there although
    rules that may be overridden forbid it; None does not ask for that, "" leaves the reason open in a preview.
    """

    course: UUID
    visit: str
    starts_at: datetime
    resources: Mapping[str, str] = field(default_factory=dict)
    only_this: bool = False
    version: int | None = None
    agreed: bool = False
    override: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A visit that waits for a place gets one. As ``Move`` otherwise."""

    course: UUID
    visit: str
    starts_at: datetime
    resources: Mapping[str, str] = field(default_factory=dict)
    only_this: bool = False
    override: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Visits are given up. ``visit`` may be None where the whole course is."""

    course: UUID
    visit: str | None = None
    scope: Scope = Scope.THIS
    version: int | None = None


class Then(StrEnum):
    """What follows a missed visit; the protocol says it for each block."""

    APPEND = "append"
    """One more visit at the end of the block."""
    SHIFT = "shift"
    """It is made up for as soon as possible, and the rest moves too."""
    FILL = "fill"
    """It is made up for within the same window; the rest stays."""
    OMIT = "omit"
    KEEP = "keep"
    """The schedule stays as it is."""
    ESCALATE = "escalate"
    """A clinician decides."""


@dataclass(frozen=True, slots=True)
class NoShow:
    """The patient did not come. ``then`` overrides what the protocol says about missed visits."""

    course: UUID
    visit: str
    then: Then | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """The patient comes late to a visit of today: at ``arrives_at``, or is there now."""

    course: UUID
    visit: str
    arrives_at: datetime | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """A visit waits so many local dates, for results or an illness; what comes after it moves with it."""

    course: UUID
    visit: str
    days: int
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Decide:
    """A clinician decides. ``choice`` is one of ``treatments.models.Choice``; ``decision`` its name in the protocol, if any.

    ``block``: the one to go on with, or whose distance changes to ``gap_days`` local dates. ``cancel_booked``: stopping
    cancels what is firm too.
    """

    course: UUID
    choice: str
    decision: str = ""
    block: str = ""
    gap_days: int | None = None
    cancel_booked: bool = False


@dataclass(frozen=True, slots=True)
class Extend:
    """Open-ended blocks get their next visits."""

    course: UUID


Event = Move | Place | Cancel | NoShow | Late | Delay | Decide | Extend
