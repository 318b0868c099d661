"""What a patient does before a visit, worked out for its time: from when no food, until when water, when the ride home."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from scheduler.models import Appointment
from treatments.models import ProtocolVersion, Visit
from treatments.protocols import phases
from treatments.protocols.gates import ESCORT
from treatments.protocols.references import block_of, visits_of
from treatments.queries.readiness import GONE

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol


@dataclass(frozen=True, slots=True)
class GetReady:
    """The get-ready list of one visit, as instants; None: not asked for.

    ``eat_until`` and ``drink_until`` (clear fluids) are when to stop, ``ride_at`` is when the patient can leave with an escort.
    """

    eat_until: datetime | None = None
    drink_until: datetime | None = None
    ride_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a version asks for: hours without food and without fluids by block, and before which visits an escort."""

    fasting: dict[str, tuple[float, float]]
    escorts: tuple[str, ...]


def of_appointments(appointments: Collection[Appointment]) -> dict[UUID, GetReady]:
    """The lists of those of these appointments that have one. Two queries; one more for each version not read before."""
    wanted = {appointment.pk: appointment for appointment in appointments}
    visits = Visit.objects.filter(appointment__in=list(wanted)).values_list(
        "appointment", "key", "course", "course__protocol_version"
    )
    known = [(wanted[appointment], key, course, _asked(version)) for appointment, key, course, version in visits]
    keys = _keys({course for _, _, course, asked in known if asked.escorts})
    found = {}
    for appointment, key, course, asked in known:
        ready = _get_ready(appointment, key, asked, keys.get(course, []))
        if ready != GetReady():
            found[appointment.pk] = ready
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
    escorts = tuple(gate.before for gate in document.gates if gate.gate == ESCORT)
    return _get_ready(visit.appointment, visit.key, _Asked(fasting, escorts), keys)


def _get_ready(appointment: Appointment, key: str, asked: _Asked, keys: Collection[str]) -> GetReady:
    ride = any(key in visits_of(before, keys) for before in asked.escorts)
    ride_at = appointment.ends_at if ride else None
    hours = asked.fasting.get(key.rpartition(".")[0])
    if hours is None:
        return GetReady(ride_at=ride_at)
    food, fluids = (appointment.starts_at - timedelta(hours=each) for each in hours)
    return GetReady(food, fluids, ride_at)


@lru_cache(maxsize=128)
def _asked(version: UUID) -> _Asked:
    """Kept, as a published version never changes. One query.

    Reads the stored data as it is: a dispatcher needs no more of it, and so not the schema and what that brings along.
    """
    document = ProtocolVersion.objects.values_list("document", flat=True).get(pk=version)
    fasting = {}
    for block in document.get("blocks", ()):
        prepare = document["visit_types"][block["visit"]].get("prepare")
        if prepare:
            hours = prepare["fasting"]
            fasting[block["block"]] = (hours["food_hours"], hours["clear_fluids_hours"])
    gates = document.get("gates", ())
    return _Asked(fasting, tuple(gate["before"] for gate in gates if gate["gate"] == ESCORT))


def _keys(courses: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The visits of courses that take or took place, by which gates say which they are before."""
    found: dict[UUID, list[str]] = {}
    rows = Visit.objects.filter(course__in=list(courses)).exclude(status__in=GONE).order_by("position")
    for course, key in rows.values_list("course", "key"):
        found.setdefault(course, []).append(key)
    return found
