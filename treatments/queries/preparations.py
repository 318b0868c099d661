"""What a patient does before a visit, worked out for its time: from when no food, until when water, when the ride home."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from clinics.models import Patient, Role, Site
from scheduler.models import Appointment, Status
from treatments.models import (
    CourseStatus,
    GateFulfilment,
    PreparationTick,
    Preparing,
    ProtocolVersion,
    Visit,
    VisitStatus,
)
from treatments.protocols import phases
from treatments.protocols.gates import ESCORT, requirements
from treatments.protocols.references import block_of, visits_of
from treatments.queries.readiness import GONE

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol

FIELDS = ("appointment", "key", "course", "course__protocol_version", "status")


@dataclass(frozen=True, slots=True)
class GetReady:
    """The get-ready list of one visit, as instants; None: not asked for.

    ``eat_until`` and ``drink_until`` (clear fluids) are when to stop, ``ride_at`` is when the patient can leave with an escort;
    ``course``, ``gate`` and ``visit`` say where that an escort was named is noted.
    """

    eat_until: datetime | None = None
    drink_until: datetime | None = None
    ride_at: datetime | None = None
    course: UUID | None = None
    gate: str = ""
    visit: str = ""

    @property
    def critical(self) -> tuple[Preparing, ...]:
        """The items that can be ticked and without which the visit may have to be put off."""
        wanted = {Preparing.FOOD: self.eat_until, Preparing.DRINK: self.drink_until}
        if self.eat_until == self.drink_until:
            del wanted[Preparing.DRINK]
        return tuple(item for item, until in wanted.items() if until is not None)


@dataclass(frozen=True, slots=True)
class Done:
    """What the patient has seen to: items ticked, and who drives them home (empty if that is not known).

    ``ride`` is what the patient wrote; where staff noted it, ``ride_known`` alone is set.
    """

    ticks: frozenset[str] = frozenset()
    ride: str = ""
    ride_known: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a version asks for: hours without food and without fluids by block, and before which visits an escort, by gate.

    ``labels`` is what patients read of the visits of a block, by language; ``reminders`` are those that visits of a block have,
    where their type has not all.
    """

    fasting: dict[str, tuple[float, float]]
    escorts: dict[str, str]
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    reminders: dict[str, frozenset[str]] = field(default_factory=dict)


Row = Mapping[str, Any]
"""One visit with ``FIELDS``."""


@dataclass(frozen=True, slots=True)
class Reminding:
    """What the type of a visit says about its reminders: whether there is a list to speak of, and which; None: all."""

    prepares: bool
    reminders: frozenset[str] | None


def of_appointments(appointments: Collection[Appointment]) -> dict[UUID, GetReady]:
    """The lists of those of these appointments that have one. One query; one more for versions not read before."""
    return of_rows(appointments, _beside(appointments))


def reminding(appointments: Collection[Appointment]) -> dict[UUID, Reminding]:
    """Of those of these appointments that belong to a course. One query; one more for versions not read before."""
    rows, wanted = _beside(appointments), {each.pk for each in appointments}
    lists = of_rows(appointments, rows)
    concerned = [row for row in rows if row["appointment"] in wanted]
    asked = _asked({row["course__protocol_version"] for row in concerned})
    return {
        row["appointment"]: Reminding(
            row["appointment"] in lists, asked[row["course__protocol_version"]].reminders.get(block_of(row["key"]))
        )
        for row in concerned
    }


def _beside(appointments: Collection[Appointment]) -> list[Row]:
    """All visits of the courses of these appointments."""
    beside = Visit.objects.filter(appointment__in=[each.pk for each in appointments]).values("course")
    return list(Visit.objects.filter(course__in=beside).order_by("position").values(*FIELDS))


def rows_of(patient: Patient) -> list[Row]:
    """The visits of the patient's running courses. One query."""
    running = Visit.objects.filter(course__patient=patient, course__status=CourseStatus.ACTIVE)
    return list(running.order_by("course", "position").values(*FIELDS))


def progress(rows: Sequence[Row]) -> tuple[int, int]:
    """How many visits are done, of how many that take or took place."""
    counted = [row for row in rows if row["status"] not in GONE]
    return sum(1 for row in counted if row["status"] == VisitStatus.DONE), len(counted)


def labels(rows: Sequence[Row], language: str) -> dict[UUID, str]:
    """What patients read of each appointment of these visits, where their protocol says it in this language.

    One query for versions not read before.
    """
    timed = [row for row in rows if row["appointment"] is not None]
    asked = _asked({row["course__protocol_version"] for row in timed})
    found = {}
    for row in timed:
        of_block = asked[row["course__protocol_version"]].labels.get(block_of(row["key"]), {})
        if language in of_block:
            found[row["appointment"]] = of_block[language]
    return found


def of_rows(appointments: Collection[Appointment], rows: Sequence[Row]) -> dict[UUID, GetReady]:
    """The same from rows with all visits of their courses. One query for versions not read before."""
    wanted = {appointment.pk: appointment for appointment in appointments}
    keys: dict[UUID, list[str]] = {}
    for row in rows:
        if row["status"] not in GONE:
            keys.setdefault(row["course"], []).append(row["key"])
    concerned = [row for row in rows if row["appointment"] in wanted]
    asked = _asked({row["course__protocol_version"] for row in concerned})
    found = {}
    for row in concerned:
        of = asked[row["course__protocol_version"]]
        ready = _get_ready(wanted[row["appointment"]], row, of, keys.get(row["course"], []))
        if ready != GetReady():
            found[row["appointment"]] = ready
    return found


def of_visit(visit: Visit, document: "Protocol", keys: Collection[str]) -> GetReady:
    """The list of one visit with its appointment, from the document of its course that the caller has read. No query.

    ``keys`` are the visits of the course that take or took place.
    """
    if visit.appointment is None:
        return GetReady()
    kind = phases.kind_of(document, visit.key)
    fasting = {}
    if kind is not None and kind.prepare is not None:
        hours = kind.prepare.fasting
        fasting[block_of(visit.key)] = (hours.food_hours, hours.clear_fluids_hours)
    asked = _Asked(fasting, {gate.key: gate.before for gate in requirements(document) if gate.kind == ESCORT})
    return _get_ready(visit.appointment, {"key": visit.key, "course": visit.course_id}, asked, keys)


def done(appointments: Collection[Appointment], ready: Mapping[UUID, GetReady]) -> dict[UUID, Done]:
    """What patients have seen to, of the lists of these appointments. Two queries; none without lists."""
    listed = [each for each in appointments if each.pk in ready]
    if not listed:
        return {}
    ticks: dict[UUID, set[str]] = {}
    rows = PreparationTick.objects.filter(appointment__in=[each.pk for each in listed])
    known = rows.values_list("appointment", "schedule_epoch", "item")
    epochs = {each.pk: each.schedule_epoch for each in listed}
    for key, epoch, item in known:
        if epochs[key] == epoch:
            ticks.setdefault(key, set()).add(item)
    named = _named([ready[each.pk] for each in listed if ready[each.pk].gate])
    found = {}
    for each in listed:
        fact = named.get((ready[each.pk].course, ready[each.pk].gate, ready[each.pk].visit, each.starts_at))
        by_patient = fact is not None and fact.by.role == Role.SERVICE
        found[each.pk] = Done(
            frozenset(ticks.get(each.pk, ())),
            fact.note if fact is not None and by_patient else "",
            fact is not None,
        )
    return found


@dataclass(frozen=True, slots=True)
class Unready:
    """A visit of which something is not seen to without which it may have to be put off: items not ticked, no ride known."""

    appointment: Appointment
    unticked: tuple[Preparing, ...]
    needs_ride: bool


def unready(site: Site, on: date, *, now: datetime) -> list[Unready]:
    """Those of one local date that are still to begin, in order. At most four queries, one more for versions not read before."""
    coming = list(
        Appointment.objects.filter(site=site, local_on=on, status=Status.BOOKED, starts_at__gt=now)
        .select_related("patient")
        .order_by("starts_at", "id")
    )
    ready = of_appointments(coming) if coming else {}
    seen_to = done(coming, ready)
    found = []
    for each in coming:
        if each.pk in ready:
            known = seen_to[each.pk]
            unticked = tuple(item for item in ready[each.pk].critical if item not in known.ticks)
            needs_ride = bool(ready[each.pk].gate) and not known.ride_known
            if unticked or needs_ride:
                found.append(Unready(each, unticked, needs_ride))
    return found


def _named(asked: Sequence[GetReady]) -> dict[tuple[UUID | None, str, str, datetime | None], GateFulfilment]:
    """The newest fact about each ride that still holds, by course, gate, visit and its start."""
    if not asked:
        return {}
    facts = (
        GateFulfilment.objects.filter(
            course__in={each.course for each in asked}, gate__in={each.gate for each in asked}, withdrawal=None
        )
        .select_related("by")
        .order_by("done_at", "id")
    )
    return {(fact.course_id, fact.gate, fact.visit, fact.visit_starts_at): fact for fact in facts}


def _get_ready(appointment: Appointment, row: Row, asked: _Asked, keys: Collection[str]) -> GetReady:
    key = row["key"]
    gate = next((gate for gate, before in asked.escorts.items() if key in visits_of(before, keys)), "")
    ride = {"ride_at": appointment.ends_at, "course": row["course"], "gate": gate, "visit": key} if gate else {}
    hours = asked.fasting.get(block_of(key))
    if hours is None:
        return GetReady(**ride)
    food, fluids = (appointment.starts_at - timedelta(hours=each) for each in hours)
    return GetReady(food, fluids, **ride)


_KNOWN: dict[UUID, _Asked] = {}
"""What published versions ask for: they never change."""
MOST_KNOWN = 256


def _asked(versions: Collection[UUID]) -> Mapping[UUID, _Asked]:
    """What these versions ask for. One query for those not read before.

    Reads the stored data as it is: a dispatcher needs no more of it, and so not the schema and what that brings along.
    """
    found = {version: _KNOWN[version] for version in versions if version in _KNOWN}
    if missing := set(versions) - found.keys():
        rows = ProtocolVersion.objects.filter(pk__in=missing).values_list("pk", "document")
        found |= {version: _read(document) for version, document in rows}
        if len(_KNOWN) > MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN.update(found)
    return found


def _read(document: dict[str, Any]) -> _Asked:
    fasting, told, reminders = {}, {}, {}
    for block in document.get("blocks", ()):
        kind = document["visit_types"][block["visit"]]
        told[block["block"]] = {"en": kind["patient_label"], **(kind.get("patient_labels") or {})}
        if kind.get("reminders") is not None:
            reminders[block["block"]] = frozenset(kind["reminders"])
        prepare = kind.get("prepare")
        if prepare:
            hours = prepare["fasting"]
            fasting[block["block"]] = (hours["food_hours"], hours["clear_fluids_hours"])
    escorts = [gate["before"] for gate in document.get("gates", ()) if gate["gate"] == ESCORT]
    return _Asked(
        fasting, {f"{ESCORT}.{number}": before for number, before in enumerate(escorts, start=1)}, told, reminders
    )
