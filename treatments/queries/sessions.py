"""A visit while it takes place: what is to be ticked off and when, until when the patient is observed, what stands in the way of leaving."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING
from uuid import UUID

from treatments.models import Visit, VisitTick
from treatments.protocols import phases, stored
from treatments.protocols.gates import requirements
from treatments.queries.readiness import GONE

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol
    from treatments.protocols.visit_types import Check

START, END, ESCORT, LEFT = "start", "end", "escort", "left"
"""The steps that every visit has; the others are the checks of its protocol."""
LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One check at one moment. ``due_at`` is as planned until the treatment has started, and counted from its start then."""

    key: str
    title: str
    when: str
    due_at: datetime | None
    tick: VisitTick | None

    @property
    def words(self) -> str:
        """Such as "Blood pressure, 40 min after the start"."""
        return f"{self.title}, {self.when}"

    def is_late(self, now: datetime) -> bool:
        """Whether its time has come and nobody has ticked it."""
        return self.tick is None and self.due_at is not None and self.due_at <= now


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something because of which the patient should not leave yet. ``code``: "escort", "observation", "check"."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Session:
    """One visit. ``observed_until`` is None before the treatment starts, and where nothing is observed."""

    visit: Visit
    checks: tuple[CheckStep, ...]
    ticks: Mapping[str, VisitTick]
    needs_escort: bool
    observed_until: datetime | None

    def tick(self, step: str) -> VisitTick | None:
        """The tick of this step that counts."""
        return self.ticks.get(step)

    @property
    def escort_missing(self) -> bool:
        """Whether the patient may leave only with somebody and nobody was confirmed."""
        return self.needs_escort and ESCORT not in self.ticks

    def in_the_way(self, *, now: datetime) -> tuple[Obstacle, ...]:
        """Why the patient should not leave yet, the gravest first."""
        found = []
        if self.escort_missing:
            found.append(Obstacle("escort", "Nobody to leave with is confirmed, and the protocol asks for somebody."))
        if self.observed_until is not None and now < self.observed_until:
            minutes = ceil((self.observed_until - now) / timedelta(minutes=1))
            found.append(Obstacle("observation", f"Observation lasts for another {minutes} min."))
        found += [Obstacle("check", f"{check.words}: not ticked.") for check in self.checks if check.tick is None]
        return tuple(found)


def of_visits(
    visits: Sequence[Visit], documents: "Mapping[UUID, Protocol]", keys: Mapping[UUID, Collection[str]]
) -> dict[UUID, Session]:
    """How these visits stand, by visit. One query.

    Their courses and appointments are loaded; ``documents`` are by protocol version, ``keys`` those of the visits that take
    or took place, by course.
    """
    ticks: dict[UUID, dict[str, VisitTick]] = {visit.pk: {} for visit in visits}
    rows = VisitTick.objects.filter(visit__in=list(ticks), withdrawn_at=None).select_related("by")
    for tick in rows:
        ticks[tick.visit_id][tick.step] = tick
    return {
        visit.pk: _session(
            visit, documents[visit.course.protocol_version_id], ticks[visit.pk], keys.get(visit.course_id, ())
        )
        for visit in visits
    }


def of_visit(visit: Visit) -> Session:
    """The same for one visit, its protocol version loaded too. Two queries."""
    keys = Visit.objects.filter(course=visit.course_id).exclude(status__in=GONE).values_list("key", flat=True)
    version = visit.course.protocol_version
    documents = {version.pk: stored.document(version.document)}
    return of_visits([visit], documents, {visit.course_id: list(keys)})[visit.pk]


def needs_escort(document: "Protocol", key: str, keys: Iterable[str]) -> bool:
    """Whether the protocol lets the patient leave this visit only with somebody."""
    every = list(keys)
    return any(key in gate.asks(every) for gate in requirements(document) if gate.per_start)


def _session(visit: Visit, document: "Protocol", ticks: Mapping[str, VisitTick], keys: Collection[str]) -> Session:
    kind = phases.kind_of(document, visit.key)
    minutes = phases.lengths(document, visit.key, minutes=visit.minutes)
    treatment, observation = minutes.get("treatment", 0), minutes.get("observation", 0)
    planned = visit.appointment.starts_at if visit.appointment is not None else None
    if planned is not None:
        planned += timedelta(minutes=minutes.get("setup", 0))
    started = ticks[START].at if START in ticks else None
    begins = started or planned
    over = ticks[END].at if END in ticks else begins and begins + timedelta(minutes=treatment)
    leaves = over and over + timedelta(minutes=observation)
    return Session(
        visit=visit,
        checks=tuple(_steps(kind.checks, ticks, begins=begins, leaves=leaves)) if kind is not None else (),
        ticks=ticks,
        needs_escort=needs_escort(document, visit.key, keys),
        observed_until=leaves if started is not None and observation else None,
    )


def _steps(
    checks: "Iterable[Check]", ticks: Mapping[str, VisitTick], *, begins: datetime | None, leaves: datetime | None
) -> Sequence[CheckStep]:
    """In order of time; those before leaving last."""
    found: list[tuple[int, CheckStep]] = []
    for check in checks:
        for minute in check.at_minutes:
            when = f"{minute} min after the start" if minute else "before the start"
            key = f"{check.check}.{minute}"
            due_at = begins + timedelta(minutes=minute) if begins is not None else None
            found.append((minute, CheckStep(key, check.title, when, due_at, ticks.get(key))))
        if check.before_leaving:
            key = f"{check.check}.{LEAVING}"
            found.append((24 * 60, CheckStep(key, check.title, "before leaving", leaves, ticks.get(key))))
    return [step for _, step in sorted(found, key=lambda each: each[0])]
