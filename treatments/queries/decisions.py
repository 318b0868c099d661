"""The points at which a course waits for a clinician: coming, due, overdue, decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from core import clock
from treatments.models import Course, DecisionRecord, Visit
from treatments.models.course import GIVEN_UP
from treatments.protocols import stored
from treatments.protocols.references import visits_of

if TYPE_CHECKING:
    from treatments.protocols.policies import Decision


class DecisionState(StrEnum):
    """How a decision stands."""

    AHEAD = "ahead"
    """The visit it follows is not over yet."""
    DUE = "due"
    OVERDUE = "overdue"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """One decision of a course. ``opens_at`` and ``due_on`` are None while its visit has no time."""

    course: Course
    decision: "Decision"
    after: Visit
    opens_at: datetime | None
    """The end of the visit it follows."""
    due_on: date | None
    """Decided at the latest on this local date."""
    state: DecisionState
    record: DecisionRecord | None


def points(course: Course, *, now: datetime) -> tuple[DecisionPoint, ...]:
    """The decisions of a course in the order of its protocol. Two queries, when site and protocol are loaded."""
    visits = course.visits.select_related("appointment").order_by("position")
    return stand(course, list(visits), list(records(course)), now=now)


def records(*courses: Course) -> Iterable[DecisionRecord]:
    """What was decided about these courses and not undone, the newest first."""
    rows = DecisionRecord.objects.in_force().filter(course__in=courses).select_related("by")
    return rows.order_by("-decided_at", "-id")


def stand(
    course: Course, visits: Sequence[Visit], made: Sequence[DecisionRecord], *, now: datetime
) -> tuple[DecisionPoint, ...]:
    """The same from visits (with their appointments) and decisions, newest first, that the caller has read."""
    by_key = {visit.key: visit for visit in visits if visit.status not in GIVEN_UP}
    zone = course.site.zone
    found = []
    for decision in stored.document(course.protocol_version.document).decisions:
        for key in visits_of(decision.after, by_key):
            after = by_key[key]
            record = next(
                (each for each in made if each.decision == decision.decision and each.after == after.key), None
            )
            opens_at = after.appointment.ends_at if after.appointment is not None else None
            due_on = None
            if opens_at is not None:
                due_on = clock.local(opens_at, zone).date() + timedelta(days=decision.within_days)
            state = DecisionState.DECIDED if record is not None else _state(opens_at, due_on, zone, now)
            found.append(DecisionPoint(course, decision, after, opens_at, due_on, state, record))
    return tuple(found)


def _state(opens_at: datetime | None, due_on: date | None, zone: str, now: datetime) -> DecisionState:
    if opens_at is None or due_on is None or now < opens_at:
        return DecisionState.AHEAD
    return DecisionState.DUE if clock.local(now, zone).date() <= due_on else DecisionState.OVERDUE
