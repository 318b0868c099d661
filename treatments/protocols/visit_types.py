"""Kinds of visits: how long each phase takes and what it needs."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from treatments.protocols.vocabulary import Clock, Flag, Hours, Minutes, Name, Part, ShortText, Source


class Code(StrEnum):
    """The family of a visit type, shown as a two-letter mark on boards."""

    INFUSION = "IN"
    PSYCHOTHERAPY = "PS"
    PHYSICAL_THERAPY = "PT"
    MEDITATION = "ME"
    CONSULTATION = "CO"

    @property
    def family(self) -> str:
        """The family in lower case: "infusion", "physical_therapy"."""
        return self.name.lower()


class Skill(StrEnum):
    """What a resource can be asked for. A clinic gives these to its people, chairs and rooms."""

    INFUSION_NURSE = "infusion_nurse"
    PRESCRIBER = "prescriber"
    PSYCHOTHERAPIST = "psychotherapist"
    PHYSICAL_THERAPIST = "physical_therapist"
    MINDFULNESS_TEACHER = "mindfulness_teacher"
    MONITORED = "monitored"
    """A chair with heart, breathing and oxygen monitoring."""
    QUIET = "quiet"
    GYM = "gym"
    GROUP = "group"
    PHARMACIST = "pharmacist"
    START_DESK = "start_desk"
    """A device that stands for starts: as many lanes as visits may begin at the same time."""


PhaseMinutes = Annotated[Minutes, Field(multiple_of=5)]
PhaseUse = Literal["exclusive", "hands_on", "shared", "presence"]
PHASES = ("setup", "treatment", "observation", "turnover")
"""The phases of a visit, in order. The patient is there for all but the turnover."""


class Phase(Part):
    """One phase of a visit, in minutes."""

    minutes: Minutes = Field(description="How long the phase takes, a multiple of 5.", multiple_of=5)
    first_minutes: Minutes | None = Field(
        None, description="How long it takes at the first visit of this type in a course.", multiple_of=5
    )
    minutes_by_number: Annotated[tuple[PhaseMinutes, ...], Field(max_length=20)] = Field(
        (), description="How long it takes at the first, second, third visit of this type; `minutes` at all later ones."
    )
    source: Source

    def at(self, number: int) -> int:
        """How long it takes at the visit of this number, from 1."""
        if number == 1 and self.first_minutes is not None:
            return self.first_minutes
        return self.minutes_by_number[number - 1] if number <= len(self.minutes_by_number) else self.minutes


class Phases(Part):
    """The phases of a visit, in this order. Only `treatment` is required."""

    setup: Phase | None = Field(None, description="Arrival, checks, preparation.")
    treatment: Phase = Field(description="The treatment or the session itself.")
    observation: Phase | None = Field(None, description="Recovery under observation, until the patient leaves.")
    turnover: Phase | None = Field(None, description="Cleaning and changeover, after the patient has left.")

    def present(self) -> dict[str, Phase]:
        """The phases this visit has, by name, in order."""
        return {name: phase for name in PHASES if (phase := getattr(self, name)) is not None}


class During(Part):
    """How each phase uses the resource. A phase that is not named does not need it.

    exclusive: nobody else. shared: one place of those the resource has. presence: on site, but booked by nobody.
    """

    visit: PhaseUse | None = Field(None, description="All phases but the turnover: the patient's time.")
    all: PhaseUse | None = Field(None, description="All phases, the turnover included.")
    setup: PhaseUse | None = None
    treatment: PhaseUse | None = None
    observation: PhaseUse | None = None
    turnover: PhaseUse | None = None

    def use_in(self, phase: str) -> PhaseUse | None:
        """How ``phase`` uses the resource; its own name wins over ``visit``, and that over ``all``."""
        own: PhaseUse | None = getattr(self, phase)
        return own or (self.visit if phase != "turnover" else None) or self.all


class Need(Part):
    """One resource that stays with the visit: a chair, a room, a device, a person."""

    role: Name = Field(description='What it is here: "chair", "nurse", "therapist".')
    kind: Literal["chair", "room", "device", "person", "group"]
    skills: tuple[Skill, ...] = Field((), max_length=5, description="It has all of these.")
    during: During
    source: Source


class Preparation(Part):
    """Something made before each visit by somebody at work then, such as a bag by the pharmacy. It books nobody."""

    what: Name
    kind: Literal["person", "room", "device"]
    skills: tuple[Skill, ...] = Field((), max_length=5, description="Who makes it has all of these.")
    minutes: Annotated[Minutes, Field(ge=5, multiple_of=5)] = Field(
        description="How long the work takes, in one piece."
    )
    lead_hours: Hours = Field(0, description="Ready at least so long before the visit.")
    life_hours: Hours = Field(description="Ready at most so long before the visit: how long it keeps.")
    by: Clock | None = Field(None, description="Ready by this time of day.")
    day_before: Flag = Field(False, description="It may be made the day before.")
    source: Source


FastingHours = Annotated[Hours, Field(le=24)]


class Fasting(Part):
    """Until how long before the visit begins the patient may eat and drink, in hours of elapsed time."""

    food_hours: FastingHours = Field(description="From so long before the visit on no food.")
    clear_fluids_hours: FastingHours = Field(
        description="Until so long before the visit water and clear fluids are fine."
    )
    source: Source


class Prepare(Part):
    """What the patient does before the visit; messages and the patient's page tell it in clock times.

    An escort is not said here: it is a gate, which says before which visits.
    """

    fasting: Fasting


class Check(Part):
    """Something that somebody of the clinic looks at during the visit and ticks off: blood pressure, pulse and oxygen."""

    check: Name
    title: ShortText
    at_minutes: Annotated[tuple[Minutes, ...], Field(max_length=20)] = Field(
        (), description="So many minutes after the start of the treatment. 0 is before it starts."
    )
    before_leaving: Flag = Field(False, description="And once more before the patient leaves.")
    source: Source


class PatientLabels(Part):
    """What patients read in languages other than English."""

    es: ShortText | None = None


Reminder = Literal["seven_days", "three_days", "one_day", "day_of"]


class VisitType(Part):
    """A kind of visit."""

    code: Code
    name: ShortText = Field(description='In the singular: "Infusion". Visits are called "Infusion 1", "Infusion 2".')
    patient_label: ShortText = Field(
        description="What patients read on their page once they gave their birth date. Says nothing about the treatment."
    )
    patient_labels: PatientLabels | None = Field(
        None, description="The same in other languages. Where theirs is missing, patients read only day and time."
    )
    start_every: Literal[5, 10, 15, 20, 30, 60] = Field(
        15, description="Visits start at clock minutes divisible by this."
    )
    phases: Phases
    needs: tuple[Need, ...] = Field(min_length=1, max_length=10)
    preparations: tuple[Preparation, ...] = Field((), max_length=5)
    prepare: Prepare | None = Field(None, description="What the patient does beforehand.")
    reminders: Annotated[tuple[Reminder, ...], Field(max_length=4)] | None = Field(
        None,
        description="The only reminders that visits of this type have, of those the clinic sends; empty: none. Missing: all.",
    )
    checks: tuple[Check, ...] = Field((), max_length=10, description="What is looked at during the visit, and when.")
    first_again_after_days: Annotated[int, Field(strict=True, ge=1, le=1100)] | None = Field(
        None, description="After a break of more days than this a visit is as long as the first one."
    )

    def minutes(self, number: int) -> dict[str, int]:
        """Length of each phase at the visit of this number, from 1."""
        return {name: phase.at(number) for name, phase in self.phases.present().items()}
