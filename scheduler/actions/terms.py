"""The terms booking is spoken in: what is asked, what comes back, what can go wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from clinics.models import Site
from core.errors import Conflict, InvalidInput, Stale, Unprocessable
from scheduler.models import Appointment, ChangeSet, Resource


class Use(StrEnum):
    """How an allocation uses its resource."""

    EXCLUSIVE = "exclusive"
    HANDS_ON = "hands_on"
    """One lane, and the hands: others may be served meanwhile, but nobody else hands-on."""
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Take:
    """One resource to be taken for one period; the action picks the lane (exclusive: all of them; hands-on: one and the hands).

    ``lanes``: those it had before, given back where they are still free.
    """

    resource: Resource
    role: str
    starts_at: datetime
    ends_at: datetime
    use: Use = Use.EXCLUSIVE
    lanes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Booking:
    """One appointment to be made or the new place of one to be moved. Instants are aware."""

    starts_at: datetime
    ends_at: datetime
    summary: str
    takes: tuple[Take, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything one action asks for, at one site.

    ``patients`` says for whom each booking is. ``giving_up``: appointments whose places this same action frees or
    already has.
    """

    site: Site
    patients: Sequence[UUID | None]
    bookings: Sequence[Booking]
    now: datetime
    giving_up: frozenset[UUID] = field(default_factory=frozenset)


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
