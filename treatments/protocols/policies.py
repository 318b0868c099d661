"""What a protocol says beside times: gates, assessments, decisions, and what happens when a visit is missed.

No visit is planned sooner than a gate's lead time; the rest says what follows when something happens.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from treatments.protocols.vocabulary import (
    Count,
    Days,
    Distance,
    Flag,
    Hours,
    LongText,
    Minutes,
    Name,
    Names,
    Overridable,
    Part,
    Reference,
    Source,
    Text,
)


class GateKind(StrEnum):
    """What has to be there before a visit may take place."""

    CONSENT = "consent"
    LABS = "labs"
    CLEARANCE = "clearance"
    REFERRAL = "referral"
    AUTHORISATION = "authorisation"
    ESCORT = "escort"


class Gate(Part):
    """Something that must be in place before a visit."""

    gate: GateKind
    title: Text
    before: Reference = Field(description="`infusions.first`: once; `infusions.each`: for every visit of the block.")
    lead_hours: Hours | None = Field(None, description="In place so many hours before the visit.")
    valid_days: Days | None = Field(None, description="On the day of the visit it is at most so old.")
    source: Source


class Moment(Distance):
    """When an assessment is due: before or after a visit, or every so many days during a block."""

    before: Reference | None = None
    after: Reference | None = None
    during: Name | None = Field(None, description="A block, from its first to its last visit.")
    every_days: Days | None = Field(None, description="With `during`: how often.")


class Assessment(Part):
    """A measure and when it is taken."""

    measure: Name = Field(description='A short name such as "phq9", by which decisions refer to it.')
    title: Text
    filled_by: Literal["patient", "clinician"]
    look_back_days: Days | None = Field(None, description="The period the questions ask about.")
    min_days_between: Days | None = Field(None, description="Not sooner after the one before.")
    moments: tuple[Moment, ...] = Field(min_length=1, max_length=20)
    review: LongText | None = Field(None, description="Which answer a person has to look at, who, and how soon.")
    source: Source


class Choice(Part):
    """One way a decision can go."""

    answer: Text
    drop_percent: Annotated[int, Field(strict=True, ge=1, le=100)] | None = Field(
        None, description="Suggested when the measure fell by at least this share of its first value."
    )
    score_at_most: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = Field(
        None, description="Suggested when the measure is at most this."
    )
    goes_to: Name = Field(description='A block (it may be an earlier one), "stop", or "clinician" to leave it open.')


class Decision(Part):
    """A point at which a clinician decides how the course goes on. Tentative visits wait for it."""

    decision: Name
    title: Text
    after: Reference
    within_days: Days = Field(description="Decided at the latest so many days after that visit.")
    measure: Name | None = Field(None, description="The assessment the decision rests on.")
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=10)
    source: Source


class Missed(Part):
    """What follows when a visit is missed."""

    visits: Names
    then: Literal["append", "shift", "fill", "omit", "keep", "escalate"] = Field(
        description=(
            "append: add it at the end. shift: move the rest too. fill: within the same window. omit: no make-up. "
            "keep: the schedule stays as it is. escalate: a clinician decides."
        )
    )
    within_days: Days | None = Field(None, description="Later than this, a clinician decides.")
    source: Source


class Lapse(Part):
    """What follows after a break that became too long."""

    visits: Names
    after_days: Annotated[int, Field(strict=True, ge=1, le=1100)]
    then: Literal["resume", "step_back", "restart", "clinician"]
    source: Source


class Delay(Part):
    """How long visits wait when a gate is not passed: labs, illness. The rest of the course moves with them."""

    visits: Names
    max_days: Days = Field(description="So many days later than due at the most.")
    then: Literal["escalate", "omit", "restart"] = Field(
        description="What follows when even that is too soon. escalate: a clinician decides."
    )
    source: Source


class LateArrival(Part):
    """What follows when a patient comes late."""

    visits: Names
    grace_minutes: Minutes = Field(description="So late changes nothing.")
    then: Literal["start_late", "rebook"] = Field(
        description="start_late: begin as late as the day allows. rebook: find another day."
    )
    source: Source


class Cancellation(Part):
    """What a cancelled visit frees, and how early it has to be cancelled."""

    visits: Names
    notice_hours: Hours
    frees: Literal["visit", "block", "course"] = Field(description="What goes to the waiting list.")
    only_first: Flag = Field(False, description="This concerns the cancellation of the first visit.")
    source: Source


class Cap(Part):
    """At most so many visits in any period of so many days, over all courses of a patient.

    `at_most: 1` is the least distance from one to the next, whatever the plan.
    """

    visits: Names
    at_most: Count
    in_days: Annotated[int, Field(strict=True, ge=1, le=1100)]
    source: Source
    overridable: Overridable = False
