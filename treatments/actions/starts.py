"""The times of one day at which a visit could begin, and whether the others may stay: booked or proposed. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core import clock
from core.errors import InvalidInput
from scheduler.engine.request import Placement
from scheduler.queries.holds import held_by
from treatments import places, planning
from treatments.life.running import Running
from treatments.models import ProtocolVersion, Visit
from treatments.places import Placed
from treatments.planning import Question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduler.engine.availability import Availability

NEXT_DAYS = 60
"""So far ahead the next time is looked for."""
MINUTES_APART = 15
"""Starts closer together than this are not offered; any can be typed."""


@dataclass(frozen=True, slots=True)
class Start:
    """A time at which everybody and everything the visit needs is free.

    ``keeps``: every rule holds with the other visits where they are. Otherwise others have to move, or it is refused:
    a preview of the move says which.
    """

    starts_at: datetime
    keeps: bool


def for_visit(*, visit: Visit, on: date, by: User, now: datetime) -> tuple[Start, ...]:
    """The starts of one local date, in order. Up to fourteen queries, whatever the number of starts.

    Raises ``InvalidInput`` for a date in the past or more than two years ahead, ``NotAllowed``.
    """
    require(by, Permission.MOVE_VISITS)
    running = Running.read(visit.course_id, now=now)
    zone = running.course.site.zone
    others = running.movable - {visit.key}
    last = clock.resolve(on, time(23, 55), zone).at
    question = running.ask(about={visit.key, *others}, target=last, from_at=now)
    if visit.key not in question.visits:
        return ()
    standing = running.standing.get(visit.key)
    before = question.placement(standing) if standing is not None else None
    beside = running.current(question, others)
    request = question.request
    together = replace(question, request=replace(request, fixed=(*request.fixed, *beside)))
    return tuple(_starts(question, together, visit.key, before, on))


def next_for_visit(*, visit: Visit, by: User, now: datetime) -> Start | None:
    """The first time from now on at which the visit could begin with every rule kept and all others where they are.

    None within ``NEXT_DAYS`` local dates. As many queries as ``for_visit``, whatever the number of days.
    Raises ``NotAllowed``.
    """
    require(by, Permission.MOVE_VISITS)
    running = Running.read(visit.course_id, now=now)
    zone = running.course.site.zone
    today = clock.local(now, zone).date()
    last = clock.resolve(today + timedelta(days=NEXT_DAYS), time(23, 55), zone).at
    others = running.movable - {visit.key}
    question = running.ask(about={visit.key, *others}, target=last, from_at=now)
    if visit.key not in question.visits:
        return None
    standing = running.standing.get(visit.key)
    before = question.placement(standing) if standing is not None else None
    beside = running.current(question, others)
    together = replace(question, request=replace(question.request, fixed=(*question.request.fixed, *beside)))
    return _first(together, visit.key, before)


def _first(together: Question, key: str, before: Placement | None) -> Start | None:
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import bits
    from scheduler.engine.availability import Availability

    grid = together.request.grid
    free = Availability(together.request)
    staying = _Tried(together, free, key, before)
    for start in map(int, bits.members(free.starts(together.visits[key]))):
        if (before is not None and start == before.start) or grid.local(start).minute % MINUTES_APART:
            continue
        if staying.accepts(start):
            return Start(grid.instant(start), keeps=True)
    return None


def for_proposal(
    *,
    protocol_version: ProtocolVersion,
    site: Site,
    start_on: date,
    wishes: dict[str, object],
    visit: str,
    on: date,
    by: User,
    now: datetime,
    visits: Sequence[Placed],
    pinned: Collection[str] = (),
    patient: Patient | None = None,
    held: UUID | None = None,
) -> tuple[Start, ...]:
    """The same for one visit of a proposal whose others are at ``visits``; those that are ``pinned`` cannot move.

    ``held`` names a hold of ``by`` for this course: its places count as free. Raises ``InvalidInput``, ``NotAllowed``.
    """
    require(by, Permission.BOOK_COURSES)
    question = planning.ask(
        protocol_version=protocol_version,
        site=site,
        patient=patient,
        start_on=start_on,
        wishes=planning.read_wishes(wishes),
        now=now,
        held=[row.pk for row in held_by(by, held)],
    )
    if visit not in question.visits:
        raise InvalidInput("The protocol has no such visit.", pointer="visit")
    chosen = places.placements(question, visits, now=now)
    before = next((placement for placement in chosen if placement.visit == visit), None)
    others = tuple(placement for placement in chosen if placement.visit != visit)
    firm = tuple(placement for placement in others if placement.visit in pinned)
    alone, together = (replace(question, request=replace(question.request, fixed=fixed)) for fixed in (firm, others))
    return tuple(_starts(alone, together, visit, before, on))


def _starts(question: Question, together: Question, key: str, before: Placement | None, on: date) -> "Iterator[Start]":
    """``question`` has only those visits fixed that cannot move, ``together`` all others where they are."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import bits
    from scheduler.engine.availability import Availability

    grid, visit = question.request.grid, question.visits[key]
    first, until = clock.day_bounds(on, question.site.zone)
    day = bits.span(max(0, grid.slot(first)), max(0, min(grid.slot(until), grid.slots)))
    free = Availability(question.request)
    moving = _Tried(question, free, key, before)
    staying = _Tried(together, Availability(together.request), key, before)
    for start in map(int, bits.members(free.starts(visit) & day)):
        if (before is not None and start == before.start) or grid.local(start).minute % MINUTES_APART:
            continue
        if staying.accepts(start):
            yield Start(grid.instant(start), keeps=True)
        elif moving.accepts(start):
            yield Start(grid.instant(start), keeps=False)


@dataclass(frozen=True)
class _Tried:
    """Tries starts of one visit as a move would."""

    question: Question
    free: "Availability"
    key: str
    before: Placement | None

    def accepts(self, start: int) -> bool:
        current = dict(self.before.resources) if self.before is not None else {}
        filled = places.fill(self.question, self.key, start, {}, current, free=self.free)
        if len(filled) < len(self.question.visits[self.key].roles):
            return False
        return not places.problems_of_change(self.question, self.key, start, filled, self.before, free=self.free)
