"""Holding, booking, moving and cancelling appointments. All or nothing, and never two in one place.

Every function here takes its locks once, sorted and late (``core.locks``), checks again under them, writes in one sorted
insert, and leaves the exclusion constraints as the last word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from clinics.models import Patient, Site, User
from core.errors import Conflict, InvalidInput, Stale, Unprocessable
from scheduler.models import Appointment, ChangeSet, Resource


class Use(StrEnum):
    """How an allocation uses its resource."""

    EXCLUSIVE = "exclusive"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Take:
    """One resource to be taken for one period; the action picks the lane (exclusive: all of them)."""

    resource: Resource
    role: str
    starts_at: datetime
    ends_at: datetime
    use: Use = Use.EXCLUSIVE


@dataclass(frozen=True, slots=True)
class Booking:
    """One appointment to be made or the new place of one to be moved. Instants are aware."""

    starts_at: datetime
    ends_at: datetime
    summary: str
    takes: tuple[Take, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """What an action made: the change set and its appointments, in the order asked for."""

    change_set: ChangeSet
    appointments: tuple[Appointment, ...]


class Taken(Conflict):
    """A resource or the patient is taken in that period.

    ``detail``: ``resource`` (id and name, or None when it is the patient), ``starts_at``, ``ends_at``,
    ``next_free`` (up to three ISO instants at which that resource could take the same length), ``pointer``.
    """

    code = "taken"


class NotWorking(Unprocessable):
    """The resource does not work, or the site is closed, in that period; the message says which and why."""

    code = "not_working"


class WrongStatus(Conflict):
    """The appointment's status does not allow this."""

    code = "wrong_status"


class Changed(Stale):
    """The version does not match. ``detail["current"]`` has the version, status, starts_at."""

    code = "stale"


class OutOfRange(InvalidInput):
    """Too long, reversed, in the past, or absurdly far away."""

    code = "out_of_range"


def hold(
    *, site: Site, patient: Patient | None, bookings: Sequence[Booking], by: User, now: datetime, minutes: int = 10
) -> Made:
    """Holds places: they are taken at once and lapse by themselves after ``minutes``.

    Raises ``Taken``, ``NotWorking``, ``OutOfRange``, ``NotAllowed``, ``Busy``.
    """
    raise NotImplementedError


def book(*, site: Site, patient: Patient, bookings: Sequence[Booking], by: User, now: datetime, reason: str = "") -> Made:
    """Books all or none. Lapsed holds in the way are swept first. Announces ``appointments_changed``.

    Raises ``Taken``, ``NotWorking``, ``OutOfRange``, ``NotAllowed``, ``Busy``.
    """
    raise NotImplementedError


def book_held(*, appointments: Sequence[Appointment], patient: Patient, by: User, now: datetime) -> Made:
    """Turns holds into bookings. Raises ``WrongStatus`` when one has lapsed or is not a hold, ``NotAllowed``, ``Busy``."""
    raise NotImplementedError


def release(*, appointments: Sequence[Appointment], by: User, now: datetime) -> None:
    """Gives holds back before they lapse."""
    raise NotImplementedError


def move(*, appointment: Appointment, to: Booking, by: User, now: datetime, version: int | None, reason: str = "") -> Made:
    """Moves one appointment: new period, new allocations, next schedule epoch; confirmation is void.

    ``version`` is the one the caller saw; None skips the check (only for callers that hold the row).
    Raises ``Changed``, ``WrongStatus``, ``Taken``, ``NotWorking``, ``OutOfRange``, ``NotAllowed``, ``Busy``.
    """
    raise NotImplementedError


def cancel(
    *, appointments: Sequence[Appointment], by: User, now: datetime, reason: str, versions: Mapping[str, int] | None = None
) -> Made:
    """Cancels and frees their resources, as one change set. Those already cancelled are left as they are.

    Raises ``Changed``, ``WrongStatus`` (done or missed), ``NotAllowed``.
    """
    raise NotImplementedError


def set_status(*, appointment: Appointment, status: str, by: User, now: datetime, version: int | None) -> Made:
    """Arrived, in treatment, done, missed, or back to the previous status.

    Coming back from missed takes the resources again and may raise ``Taken``.
    Raises ``Changed``, ``WrongStatus``, ``InvalidInput`` for an unknown status, ``NotAllowed``.
    """
    raise NotImplementedError
