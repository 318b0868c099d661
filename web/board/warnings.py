"""The one thing somebody should know about a visit before it begins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from scheduler.models import Appointment, Status
from scheduler.models.appointment import UPCOMING
from scheduler.queries import hours
from treatments.models import Visit
from treatments.queries import readiness
from web.board.reading import Facts, visit_of

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol

_STANDS = {
    readiness.Standing.LATE: "{} missing",
    readiness.Standing.EXPIRES: "{} expires",
    readiness.Standing.OPEN: "{} needed",
}


@dataclass(frozen=True)
class Warnings:
    """By appointment, the most important one."""

    found: Mapping[UUID, str]

    @classmethod
    def about(
        cls, facts: Facts, visits: Iterable[Visit], documents: "Mapping[UUID, Protocol]", *, now: datetime
    ) -> "Warnings":
        """Somebody or something is away; the patient is late; something that has to be there is missing; it is the first visit. One query."""
        found: dict[UUID, str] = {}
        upcoming = {key: each for key, each in facts.appointments.items() if each.status in UPCOMING}
        waiting = [visit for visit in visits if visit.appointment_id in upcoming and not _begun(visit, now)]
        keys = {visit.course_id: each.keys for each in upcoming.values() if (visit := visit_of(each))}  # type: ignore[attr-defined]
        ready = readiness.of_visits(waiting, documents, keys, zone=facts.site.zone, now=now)
        for key, each in upcoming.items():
            visit = visit_of(each)
            text = (
                _away(facts, key)
                or _late(each, now)
                or _missing(ready.get(visit.pk) if visit else None)
                or _first(visit)
            )
            if text:
                found[key] = text
        return cls(found)

    def of(self, appointment: Appointment) -> str:
        """The warning about an appointment; empty for none."""
        return self.found.get(appointment.pk, "")


def _begun(visit: Visit, now: datetime) -> bool:
    return visit.appointment is not None and visit.appointment.ends_at <= now


def _away(facts: Facts, appointment: UUID) -> str:
    for resource in facts.resources:
        taken = facts.taken.get(resource.pk, {}).get(appointment)
        if taken is None:
            continue
        working = facts.working[str(resource.pk)]
        inside = [(max(a, facts.bounds[0]), min(b, facts.bounds[1])) for a, b in taken.periods]
        if not all(hours.covers(working, start, end) for start, end in inside if start < end):
            return f"{resource.name} is not there"
    return ""


def _late(appointment: Appointment, now: datetime) -> str:
    minutes = int((now - appointment.starts_at).total_seconds() // 60)
    return f"{minutes} min late" if appointment.status == Status.BOOKED and 5 <= minutes < 240 else ""


def _missing(ready: "readiness.VisitReadiness | None") -> str:
    """The gate that is furthest from being in place, by its kind: "Escort missing"."""
    if ready is None:
        return ""
    for standing, text in _STANDS.items():
        for item in ready.items:
            if item.standing is standing:
                return text.format(item.gate.kind.replace("_", " ").capitalize())
    return ""


def _first(visit: Visit | None) -> str:
    return "First visit" if visit is not None and visit.position == 1 else ""
