"""Whether what has to be there before the visits of a course is there: consent, results, a ride home."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from core import clock
from treatments.models import Course, GateFulfilment, ProtocolVersion, Visit, VisitStatus
from treatments.models.course import GIVEN_UP
from treatments.protocols import phases, stored
from treatments.protocols.gates import Requirement, requirements
from treatments.queries import courses as reading

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol

AHEAD = (VisitStatus.TO_PLACE, VisitStatus.TENTATIVE, VisitStatus.BOOKED)
"""Visits that have still to take place. Those of an appointment under way are among them."""
GONE = (*GIVEN_UP, VisitStatus.MISSED)
"""Visits that do not take place: the first infusion is the first of those that do."""


class Standing(StrEnum):
    """How one gate stands before one visit."""

    IN_PLACE = "in_place"
    OPEN = "open"
    """Not there, and there is still time."""
    EXPIRES = "expires"
    """There, but too old on the date of the visit; there is still time to renew it."""
    LATE = "late"
    """Not there, or too late there, and the time by which it had to be has passed: the visit cannot keep its time."""


class Light(StrEnum):
    """The worst of several, at a glance. Never the only sign: each item says in words what is missing."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


_LIGHTS = {
    Standing.IN_PLACE: Light.GREEN,
    Standing.OPEN: Light.AMBER,
    Standing.EXPIRES: Light.AMBER,
    Standing.LATE: Light.RED,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One gate before one visit. ``needed_by`` is None for a visit without a time."""

    gate: Requirement
    standing: Standing
    message: str
    fulfilment: GateFulfilment | None
    needed_by: datetime | None
    valid_until: date | None
    """The last local date on which what is there holds; None without a limit."""
    earliest_at: datetime
    """The visit cannot begin sooner, however soon the gate is fulfilled."""

    @property
    def told(self) -> str:
        """The message without the title of the gate, to stand behind it: "needed by 4 December, 9:30"."""
        return self.message.removeprefix(f"{self.gate.title}: ").removesuffix(".")


@dataclass(frozen=True, slots=True)
class VisitReadiness:
    """One visit that has still to take place."""

    visit: Visit
    items: tuple[Item, ...]

    @property
    def light(self) -> Light:
        """Green when everything is there, red when the visit cannot keep its time."""
        return worst(_LIGHTS[item.standing] for item in self.items)

    @property
    def earliest_at(self) -> datetime | None:
        """No gate lets it begin sooner; None without gates."""
        return max((item.earliest_at for item in self.items), default=None)


@dataclass(frozen=True, slots=True)
class Readiness:
    """A course: its gates with the fulfilments that hold, and its visits ahead, in order of time."""

    course: Course
    gates: tuple[tuple[Requirement, tuple[GateFulfilment, ...]], ...]
    visits: tuple[VisitReadiness, ...]

    @property
    def light(self) -> Light:
        """The worst of its visits."""
        return worst(each.light for each in self.visits)


def worst(lights: Iterable[Light]) -> Light:
    """Red before amber before green; green for none."""
    return max(lights, key=list(Light).index, default=Light.GREEN)


def gates(version: ProtocolVersion) -> tuple[Requirement, ...]:
    """The gates of a protocol version."""
    return requirements(stored.document(version.document))


def readiness(course: Course, *, now: datetime) -> Readiness:
    """How the gates of a course stand at ``now``. Three queries, when site and protocol are loaded."""
    visits = list(reading.visits().filter(course=course))
    return stand(course, visits, fulfilments(course), now=now)


def fulfilments(course: Course) -> dict[str, list[GateFulfilment]]:
    """Those that were not withdrawn, by gate, the newest first. One query."""
    found: dict[str, list[GateFulfilment]] = {}
    rows = GateFulfilment.objects.filter(course=course, withdrawal=None).select_related("by")
    for fact in rows.order_by("-done_at", "-id"):
        found.setdefault(fact.gate, []).append(fact)
    return found


def earliest(
    version: ProtocolVersion,
    keys: Collection[str],
    facts: Mapping[str, Iterable[GateFulfilment]],
    *,
    now: datetime,
) -> dict[str, datetime]:
    """For each visit before which somebody has to fast, or which waits for something with a lead time, the instant before
    which it cannot begin.

    ``keys`` are the visits that take or took place. What is there counts from when it was done, what is missing from now:
    it cannot be there sooner. How long it holds does not matter here; that is told beside the plan.
    """
    document = stored.document(version.document)
    found: dict[str, datetime] = {}
    for key in keys:
        kind = phases.kind_of(document, key)
        if kind is not None and kind.prepare is not None:
            found[key] = now + timedelta(hours=kind.prepare.fasting.food_hours)
    for gate in gates(version):
        if not gate.lead:
            continue
        for key in gate.asks(keys):
            since = min((fact.done_at for fact in facts.get(gate.key, ()) if fact.visit in ("", key)), default=now)
            found[key] = max(found.get(key, since), since + gate.lead)
    return found


def stand(
    course: Course, visits: Iterable[Visit], facts: Mapping[str, Iterable[GateFulfilment]], *, now: datetime
) -> Readiness:
    """The same from visits (with their appointments) and fulfilments, by gate, that the caller has read."""
    known = gates(course.protocol_version)
    visits = list(visits)
    keys = [visit.key for visit in visits if visit.status not in GONE]
    asked: dict[str, list[Requirement]] = {}
    for gate in known:
        for key in gate.asks(keys):
            asked.setdefault(key, []).append(gate)
    ahead = [
        VisitReadiness(
            visit,
            tuple(
                _item(gate, visit, facts.get(gate.key, ()), zone=course.site.zone, now=now)
                for gate in asked.get(visit.key, ())
            ),
        )
        for visit in visits
        if visit.status in AHEAD
    ]
    return Readiness(course, tuple((gate, tuple(facts.get(gate.key, ()))) for gate in known), tuple(ahead))


def of_visits(
    visits: Sequence[Visit],
    documents: "Mapping[UUID, Protocol]",
    keys: Mapping[UUID, Collection[str]],
    *,
    zone: str,
    now: datetime,
) -> dict[UUID, VisitReadiness]:
    """How the gates before these visits stand, by visit; they may be of many courses. One query at most.

    ``visits`` have their courses and appointments loaded; ``documents`` are by protocol version, ``keys`` those of the visits
    of a course that take or took place, by course.
    """
    asking = {version: found for version, document in documents.items() if (found := requirements(document))}
    waiting = [visit for visit in visits if visit.course.protocol_version_id in asking]
    courses = {visit.course_id for visit in waiting}
    if not courses:
        return {}
    facts: dict[UUID, dict[str, list[GateFulfilment]]] = defaultdict(lambda: defaultdict(list))
    for fact in GateFulfilment.objects.filter(course__in=courses, withdrawal=None).order_by("-done_at", "-id"):
        facts[fact.course_id][fact.gate].append(fact)
    return {
        visit.pk: VisitReadiness(
            visit,
            tuple(
                _item(gate, visit, facts[visit.course_id].get(gate.key, ()), zone=zone, now=now)
                for gate in asking[visit.course.protocol_version_id]
                if visit.key in gate.asks(keys[visit.course_id])
            ),
        )
        for visit in waiting
    }


def _item(gate: Requirement, visit: Visit, facts: Iterable[GateFulfilment], *, zone: str, now: datetime) -> Item:
    starts_at = visit.appointment.starts_at if visit.appointment is not None else None
    on = clock.local(starts_at or now, zone).date()
    concerning = [fact for fact in facts if _concerns(fact, visit.key, starts_at)]
    fact = _counting(gate, concerning, on, starts_at, zone)
    last = until(gate, fact, zone) if fact is not None else None
    fresh = fact is not None and (last is None or on <= last)
    earliest_at = (fact.done_at if fact is not None and fresh else now) + gate.lead
    if starts_at is not None and earliest_at > starts_at:
        standing = Standing.LATE
    elif fresh:
        standing = Standing.IN_PLACE
    else:
        standing = Standing.OPEN if fact is None else Standing.EXPIRES
    needed_by = starts_at - gate.lead if starts_at is not None else None
    due = ""
    if needed_by is not None:
        by = clock.local(needed_by, zone)
        due = f" by {by:%-d %B}, {clock.in_words(by.time())}"
    return Item(
        gate=gate,
        standing=standing,
        message=f"{gate.title}: {_words(standing, last, due, is_there=fact is not None, fresh=fresh)}.",
        fulfilment=fact,
        needed_by=needed_by,
        valid_until=last,
        earliest_at=earliest_at,
    )


def _concerns(fact: GateFulfilment, visit: str, starts_at: datetime | None) -> bool:
    if fact.visit not in ("", visit):
        return False
    return fact.visit_starts_at is None or fact.visit_starts_at == starts_at


def _counting(
    gate: Requirement, facts: Iterable[GateFulfilment], on: date, starts_at: datetime | None, zone: str
) -> GateFulfilment | None:
    """The one that counts: in time and fresh, else fresh, else the one that holds longest."""

    def lasts(fact: GateFulfilment) -> date:
        return until(gate, fact, zone) or date.max

    fresh = [fact for fact in facts if on <= lasts(fact)]
    in_time = [fact for fact in fresh if starts_at is None or fact.done_at + gate.lead <= starts_at]
    if fresh and not in_time:
        return min(fresh, key=lambda fact: fact.done_at)
    return max(in_time or facts, key=lasts, default=None)


def until(gate: Requirement, fact: GateFulfilment, zone: str) -> date | None:
    """The last local date on which a fulfilment holds; None without a limit."""
    limits = [fact.valid_until] if fact.valid_until is not None else []
    if gate.valid_days is not None:
        limits.append(clock.local(fact.done_at, zone).date() + timedelta(days=gate.valid_days))
    return min(limits, default=None)


def _words(standing: Standing, last: date | None, due: str, *, is_there: bool, fresh: bool) -> str:
    limit = f" until {last:%-d %B %Y}" if last is not None else ""
    if standing == Standing.IN_PLACE:
        return f"in place{limit}"
    if standing == Standing.LATE:
        if is_there and not fresh:
            return f"holds only{limit}, and a new one had to be there{due}"
        return f"{'came too late' if is_there else 'is missing'}; it had to be there{due}"
    if standing == Standing.EXPIRES:
        return f"holds only{limit}; a new one is needed{due}"
    return f"needed{due}" if due else "still needed"
