"""Why a time was refused: what blocks it, by which rule, who has the place, and what was checked to work instead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinics.models import User
from clinics.permissions import Permission, allows
from core import clock
from core.errors import DomainError
from scheduler.actions.appointments import Taken
from scheduler.models import Appointment, Status
from scheduler.queries.occupants import occupants
from treatments import places
from treatments.actions.reasons import PlaceExplained
from treatments.planning import PlannedVisit
from web import words
from web.visit_lines import who_and_where

BUSY = frozenset(code.value for code in places.BUSY)
"""The reasons that somebody else has what the visit needs."""


@dataclass(frozen=True, slots=True)
class Way:
    """Something else that works. ``value`` is what the button or link sends."""

    words: str
    value: str


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A refusal in words. ``ways`` were each checked against every rule with the rest of the course where it is."""

    title: str
    reasons: tuple[str, ...]
    taken_by: tuple[str, ...]
    ways: tuple[Way, ...]


def of_visit(
    label: str,
    starts_at: datetime,
    *,
    zone: str,
    error: DomainError,
    explained: PlaceExplained | None,
    by: User,
    minutes: int,
    now: datetime,
    sends: str = "",
    standing: datetime | None = None,
) -> WhyNot:
    """Why one visit cannot be at a time. ``explained``, if it could be had, knows the reasons of the planner.

    ``sends`` comes before the instant in what a way sends. To stay at ``standing`` is no way out.
    """
    local = clock.local(starts_at, zone)
    nearest = explained.nearest if explained is not None else ()
    reasons = [problem["message"] for problem in error.detail.get("problems", [])] or [error.message]
    blocked: set[str] = set()
    if explained is not None:
        blocked = {
            key for reason in explained.reasons if reason.hard and reason.code in BUSY for key in reason.resources
        }
    if isinstance(error, Taken) and error.detail.get("resource"):
        blocked.add(error.detail["resource"]["id"])
    return WhyNot(
        title=f"{words.day(local.date())}, {words.clock(local.time())} does not work for {label}",
        reasons=tuple(dict.fromkeys(reasons)),
        taken_by=taken_by(blocked, starts_at, starts_at + timedelta(minutes=minutes), by=by, now=now),
        ways=tuple(ways([way for way in nearest if way.starts_at != standing], zone, sends)),
    )


def taken_by(
    resources: Iterable[str], starts_at: datetime, ends_at: datetime, *, by: User, now: datetime
) -> tuple[str, ...]:
    """Who has these resources then, such as "Omar H., booked by Maria Ruiz"; nothing for who may not see patients."""
    if not allows(by, Permission.VIEW_PATIENTS):
        return ()
    found = occupants(sorted(resources), starts_at, ends_at, now=now)
    return tuple(dict.fromkeys(_told(appointment) for _, appointment in found))[:3]


def _told(appointment: Appointment) -> str:
    maker = appointment.change_set.by.name
    if appointment.status == Status.HELD:
        return f"being booked by {maker}"
    who = appointment.patient.short_name if appointment.patient is not None else "somebody"
    return f"{who}, booked by {maker}"


def ways(nearest: Sequence[PlannedVisit], zone: str, sends: str = "") -> Iterable[Way]:
    """Other places of a visit, nearest first, each with the instant it sends."""
    for place in nearest:
        assert place.starts_at is not None  # noqa: S101 - the nearest places have a time
        local = clock.local(place.starts_at, zone)
        where, who = who_and_where(place.resources.values())
        text = " · ".join(
            part for part in (f"{words.short_day(local.date())}, {words.clock(local.time())}", where, who) if part
        )
        yield Way(text, f"{sends}{place.starts_at.isoformat()}")
