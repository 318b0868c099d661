"""Proposing, booking and cancelling whole courses. All or nothing, or what fits with the rest kept on a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from clinics.models import Patient, Site, User
from core.errors import Conflict, Unprocessable
from scheduler.models import ChangeSet, Resource
from treatments.models import Course, ProtocolVersion


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One visit of a proposal: where it would be and why, or why it found no place.

    ``resources`` maps role to resource. ``notes`` says in words what this place gives up. With ``starts_at`` None the visit is
    unplaced and ``unplaced`` holds the reasons as sentences.
    """

    key: str
    label: str
    family: str
    minutes: int
    starts_at: datetime | None
    ends_at: datetime | None
    resources: dict[str, Resource]
    reason: str
    notes: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan for a course that is not booked yet; nothing is stored."""

    protocol_version: ProtocolVersion
    site: Site
    start_on: date
    wishes: dict[str, object]
    visits: tuple[PlannedVisit, ...]
    cost: int
    bound: int | None

    @property
    def complete(self) -> bool:
        """Whether every visit has a place."""
        return all(visit.starts_at is not None for visit in self.visits)


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit's place as chosen by a person who looked at a proposal: role to resource id."""

    key: str
    starts_at: datetime
    resources: dict[str, str]


@dataclass(frozen=True, slots=True)
class Booked:
    """A course that was booked and the change set that did it."""

    course: Course
    change_set: ChangeSet


class RulesBroken(Unprocessable):
    """A chosen place is against the protocol or the calendar. ``detail["problems"]``: list of {visit, code, message}."""

    code = "rules_broken"


class Incomplete(Conflict):
    """Not every visit found a place and the caller asked for all. ``detail["unplaced"]``: list of {visit, reasons}."""

    code = "incomplete"


def propose(
    *, protocol_version: ProtocolVersion, site: Site, start_on: date, wishes: dict[str, object], by: User, now: datetime,
    patient: Patient | None = None,
) -> Proposal:
    """The best plan, or the best partial one. Reads only.

    Raises ``InvalidInput`` (wishes, dates), ``NotAllowed``.
    """
    raise NotImplementedError


def book(
    *, protocol_version: ProtocolVersion, site: Site, patient: Patient, start_on: date, wishes: dict[str, object],
    by: User, now: datetime, visits: Sequence[Placed] | None = None, partial: bool = False, clinician: User | None = None,
) -> Booked:
    """Books a whole course in one transaction.

    With ``visits`` exactly those places are booked, after the same check as at proposing; somebody else's booking in between
    raises ``scheduler.actions.appointments.Taken``. Without, it plans and books in one go: first optimistically, after a conflict
    under the site's lock, so a second attempt is the last one.
    With ``partial`` what has no place is kept as visits to be placed; otherwise it raises ``Incomplete``.

    Raises ``RulesBroken``, ``Incomplete``, ``Taken``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    raise NotImplementedError


def cancel(*, course: Course, by: User, now: datetime, reason: str, version: int | None = None) -> ChangeSet:
    """Cancels the course and every visit that has not happened; done and missed ones stay as they are.

    Raises ``Stale``, ``Conflict`` when it is already cancelled or completed, ``NotAllowed``.
    """
    raise NotImplementedError
