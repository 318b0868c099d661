"""What an event would do to a course: for every visit what becomes of it, and a digest to recognise the answer by.

Reads only. ``treatments.actions.changes`` works it out again under the locks and writes exactly this.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from scheduler.engine.answer import Reason
from scheduler.engine.request import Placement
from scheduler.models import Appointment, Resource
from scheduler.models.change_set import Verb
from treatments.life.running import Running
from treatments.models import DecisionRecord, Visit
from treatments.models.course import OPEN
from treatments.planning import Question
from treatments.protocols.extras import Extra
from treatments.protocols.overrides import Overridden


class Fate(StrEnum):
    """What becomes of a visit."""

    STAYS = "stays"
    MOVES = "moves"
    """To another time, or to other resources."""
    PLACED = "placed"
    """It waited for a place and gets one."""
    INVALID = "invalid"
    """It cannot stay and found no other place: it goes to the work list."""
    RELEASED = "released"
    """Its place is given back because of another visit or a decision."""
    CANCELLED = "cancelled"
    MISSED = "missed"
    ADDED = "added"
    """A visit beyond the protocol, with a place."""
    UNPLACED = "unplaced"
    """It has no place, as before or because it was added and found none: it is on the work list."""


@dataclass(frozen=True, slots=True)
class Why:
    """A reason: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a visit is: when, and role to resource."""

    starts_at: datetime
    ends_at: datetime
    resources: Mapping[str, Resource]

    def to_json(self) -> dict[str, Any]:
        """As the digest sees it."""
        taken = {role: str(resource.pk) for role, resource in sorted(self.resources.items())}
        return {"starts_at": self.starts_at.isoformat(), "ends_at": self.ends_at.isoformat(), "resources": taken}


@dataclass(frozen=True, slots=True)
class Step:
    """One visit of the course and what becomes of it. A ``before`` or ``after`` of None is no place."""

    visit: str
    label: str
    family: str
    fate: Fate
    before: Spot | None
    after: Spot | None
    reasons: tuple[Why, ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether what the patient knows is no longer so."""
        times = [spot and (spot.starts_at, spot.ends_at) for spot in (self.before, self.after)]
        return self.fate is not Fate.MISSED and times[0] != times[1]


@dataclass(frozen=True)
class Ripple:
    """Everything an event does to one course. ``notes`` are about the event as a whole."""

    verb: Verb
    course: str
    steps: tuple[Step, ...]
    notes: tuple[Why, ...] = ()

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many visits have which fate; those that none has are left out."""
        found = {fate.value: sum(1 for step in self.steps if step.fate is fate) for fate in Fate}
        return {fate: count for fate, count in found.items() if count}

    @property
    def patients_told(self) -> int:
        """How many patients have to hear of it: one message each, whatever the number of visits."""
        return 1 if any(step.is_told for step in self.steps) else 0

    @cached_property
    def digest(self) -> str:
        """Two ripples with the same digest do the same."""
        data = {
            "verb": str(self.verb),
            "course": self.course,
            "steps": [
                [
                    step.visit,
                    step.fate.value,
                    step.before and step.before.to_json(),
                    step.after and step.after.to_json(),
                    [why.code for why in step.reasons],
                ]
                for step in self.steps
            ],
            "notes": [note.code for note in self.notes],
        }
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Change:
    """An event worked out: what to write. Visits are named by their keys, and each at most once."""

    running: Running
    verb: Verb
    question: Question | None = None
    """What ``places`` are places of."""
    places: Mapping[str, Placement] = field(default_factory=dict)
    """New places: of visits that stood, that waited, that are added."""
    unplaced: Mapping[str, tuple[Why, ...]] = field(default_factory=dict)
    """Visits for the work list: those that lose their place, and added ones that find none."""
    cancelled: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()
    added: tuple[Extra, ...] = ()
    firm: frozenset[str] = frozenset()
    """Tentative visits that become firm where they are."""
    ends: bool = False
    """The course is cancelled."""
    said: Mapping[str, tuple[Why, ...]] = field(default_factory=dict)
    """What there is to say about visits that stay or move."""
    notes: tuple[Why, ...] = ()
    course: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the course that change."""
    decision: DecisionRecord | None = None
    """What was decided; it is stored with the change set."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """Versions of appointments that the caller saw, by id."""
    agreed: frozenset[str] = frozenset()
    """Visits whose new time the patient chose."""
    overridden: tuple[Overridden, ...] = ()
    """The rules that visits are booked against."""
    override: str = ""
    """Why."""

    @cached_property
    def ripple(self) -> Ripple:
        """What becomes of every visit that is open or that the event touches."""
        extra = [each.key for each in self.added]
        keys = [visit.key for visit in self.running.visits if visit.status in OPEN or self._touches(visit.key)]
        steps = tuple(self._step(key) for key in [*keys, *extra])
        return Ripple(self.verb, str(self.running.course.pk), steps, self.notes)

    def _touches(self, key: str) -> bool:
        return key in {*self.places, *self.unplaced, *self.cancelled, *self.released, *self.missed, *self.firm}

    def _step(self, key: str) -> Step:
        visit = self.running.by_key.get(key)
        before = spot(visit.appointment) if visit is not None and visit.status in _PLACED else None
        fate, after = self._fate(key, visit, before)
        reasons = self.unplaced.get(key, self.said.get(key, ()))
        if fate is Fate.UNPLACED and visit is not None and not reasons:
            reasons = tuple(Why("waiting", text) for text in visit.unplaced)
        label, family = self._named(key, visit)
        return Step(key, label, family, fate, before, after, reasons)

    def _fate(self, key: str, visit: Visit | None, before: Spot | None) -> tuple[Fate, Spot | None]:
        for fate, keys in (
            (Fate.MISSED, self.missed),
            (Fate.CANCELLED, self.cancelled),
            (Fate.RELEASED, self.released),
        ):
            if key in keys:
                return fate, None
        if key in self.unplaced:
            return (Fate.INVALID if before is not None else Fate.UNPLACED), None
        if key in self.places:
            after = self._spot(self.places[key])
            if visit is None:
                return Fate.ADDED, after
            return (Fate.PLACED if before is None else Fate.MOVES), after
        return (Fate.UNPLACED if before is None else Fate.STAYS), before

    def _named(self, key: str, visit: Visit | None) -> tuple[str, str]:
        if visit is not None:
            return visit.label, visit.family
        assert self.question is not None  # noqa: S101 - nothing is added without having been planned
        return self.question.course[key].label, self.question.course[key].family

    def _spot(self, placement: Placement) -> Spot:
        assert self.question is not None  # noqa: S101 - a place is the answer to it
        starts_at = self.question.request.grid.instant(placement.start)
        minutes = self.question.visits[placement.visit].minutes
        resources = {role: self.question.resources[key] for role, key in placement.resources}
        return Spot(starts_at, starts_at + timedelta(minutes=minutes), resources)


_PLACED = frozenset(OPEN) - {"to_place"}


def spot(appointment: Appointment | None) -> Spot | None:
    """Where an appointment is; needs its allocations with their resources."""
    if appointment is None:
        return None
    resources = {each.role: each.resource for each in appointment.allocations.all()}
    return Spot(appointment.starts_at, appointment.ends_at, resources)


def reasons(question: Question, visit: str, found: Iterable[Reason]) -> tuple[Why, ...]:
    """Reasons of the planner with their sentences, each once."""
    told = [Why(reason.code.value, question.sentence(reason, visit)) for reason in found]
    return tuple({why.message: why for why in told}.values())


def told(question: Question, found: Mapping[str, Sequence[Reason]]) -> dict[str, tuple[Why, ...]]:
    """For each visit its reasons, in words."""
    return {key: reasons(question, key, why) for key, why in found.items()}
