"""The times of one day at which a visit could begin, and whether the others may stay: booked or proposed. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, allows, require
from core import clock
from core.errors import InvalidInput
from scheduler.engine.request import Placement
from scheduler.queries.holds import held_by
from treatments import places, planning
from treatments.life.running import Running
from treatments.models import ProtocolVersion, Visit
from treatments.places import Placed, Problem
from treatments.planning import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scheduler.engine.availability import Availability

NEXT_DAYS = 60
"""So far ahead the next time is looked for."""
MINUTES_APART = 15
"""Starts closer together than this are not offered; any can be typed."""
SPREAD_MINUTES = 60
"""So far apart are those of one date that are tried for somebody who wants a few to choose from."""
NOON = 12 * 60
MOST_TRIED = 150
"""So many starts are tried at most for them: an answer that comes at once is worth more than the last possibility. What is
refused while the others stay is tried once more with the others moving.
"""
MOST_NEXT = 1000
"""So many are tried at most for the next time."""


@dataclass(frozen=True, slots=True)
class Start:
    """A time at which everybody and everything the visit needs is free.

    ``keeps``: every rule holds with the other visits where they are. Otherwise others have to move, or it is refused:
    a preview of the move says which. ``against``: it breaks rules, all of them such as the clinic lets be overridden.
    """

    starts_at: datetime
    keeps: bool
    against: bool = False


def for_visit(*, visit: Visit, on: date, by: User, now: datetime, running: Running | None = None) -> tuple[Start, ...]:
    """The starts of one local date, in order. Up to thirteen queries, whatever the number of starts.

    Those that need a rule overridden are only for who may do that.
    ``running`` is the course where it has been read already; a move to that date that was looked at takes none then.
    Raises ``InvalidInput`` for a date in the past or more than two years ahead, ``NotAllowed``.
    """
    require(by, Permission.MOVE_VISITS)
    tried = _of_visit(visit, until=on, now=now, running=running)
    if tried is None:
        return ()
    return tuple(tried.starts(on, against=allows(by, Permission.OVERRIDE_RULES)))


def near(
    *, visit: Visit, days: Sequence[date], from_at: datetime, usual: time, by: User, now: datetime
) -> "Iterator[Start]":
    """Starts of these local dates, those that leave the others alone first, in the order of the dates; the caller may stop.

    Of each date at most one in the morning and one after noon, as near to ``usual`` on the clock as there are; none within
    an hour of where the visit is now. Starts an hour apart are near enough to try, and of all dates together ``MOST_TRIED``
    are enough.
    Raises what ``for_visit`` raises.
    """
    require(by, Permission.MOVE_VISITS)
    tried = _of_visit(visit, until=max(days), now=now) if days else None
    if tried is None:
        return
    left = MOST_TRIED
    found: set[tuple[date, bool]] = set()
    others: list[tuple[tuple[date, bool], int]] = []
    for on in days:
        free = [start for start in tried.of(on) if tried.at(start) >= from_at and tried.is_apart(start)]
        for start in _spread(free, tried.clock_minutes, _minutes(usual)):
            half = (on, tried.clock_minutes(start) >= NOON)
            if half in found or not left:
                continue
            left -= 1
            if tried.staying.accepts(start):
                found.add(half)
                yield Start(tried.at(start), keeps=True)
            else:
                others.append((half, start))
    for half, start in others:
        if half not in found and tried.moving.accepts(start):
            found.add(half)
            yield Start(tried.at(start), keeps=False)


def _spread(starts: "Sequence[int]", minutes_of: "Callable[[int], int]", usual: int) -> list[int]:
    """Those nearest to the usual minute of the day first, and no two within an hour of each other."""
    found: list[int] = []
    for start in sorted(starts, key=lambda each: (abs(minutes_of(each) - usual), each)):
        if all(abs(minutes_of(start) - minutes_of(other)) >= SPREAD_MINUTES for other in found):
            found.append(start)
    return found


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _of_visit(visit: Visit, *, until: date, now: datetime, running: Running | None = None) -> "_Tried | None":
    """What it takes to try starts of a booked or waiting visit up to a local date; None if the protocol has it no more."""
    running = running or Running.read(visit.course_id, now=now)
    others = running.yielding - {visit.key}
    last = clock.resolve(until, time(23, 55), running.course.site.zone).at
    question = running.ask(about={visit.key, *others}, anew={visit.key}, target=last, from_at=now)
    if visit.key not in question.visits:
        return None
    standing = running.standing.get(visit.key)
    before = question.placement(standing) if standing is not None else None
    beside = running.current(question, others)
    request = question.request
    together = replace(question, request=replace(request, fixed=(*request.fixed, *beside)))
    return _Tried(question, together, visit.key, before)


def next_for_visit(*, visit: Visit, by: User, now: datetime) -> Start | None:
    """The first time, ``planning.NOTICE`` from now or later, at which the visit could begin with every rule kept and all others
    where they are: none before what it waits for can be there and the patient have fasted.

    None where there is none within ``NEXT_DAYS`` local dates, or none among the first ``MOST_NEXT`` that are free. As many
    queries as ``for_visit``, whatever the number of days, and one for gates. Raises ``NotAllowed``.
    """
    require(by, Permission.MOVE_VISITS)
    today = clock.local(now, visit.course.site.zone).date()
    running = Running.read(visit.course_id, now=now)
    tried = _of_visit(visit, until=today + timedelta(days=NEXT_DAYS), now=now, running=running)
    if tried is None:
        return None
    soonest = max(now + planning.NOTICE, running.ready_at(tried.question).get(visit.key, now))
    in_time = (start for start in tried.free() if tried.at(start) >= soonest)
    found = next((start for start in islice(in_time, MOST_NEXT) if tried.staying.accepts(start)), None)
    return None if found is None else Start(tried.at(found), keeps=True)


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
    tried = _Tried(alone, together, visit, before)
    return tuple(tried.starts(on))


@dataclass(frozen=True)
class _Tried:
    """One visit of which starts are tried. ``question`` has only those visits fixed that cannot move, ``together`` all others."""

    question: Question
    together: Question
    key: str
    before: Placement | None

    @cached_property
    def moving(self) -> "_Trial":
        """With the others wherever they could go."""
        return _Trial(self.question, self.key, self.before)

    @cached_property
    def staying(self) -> "_Trial":
        """With the others where they are."""
        return _Trial(self.together, self.key, self.before)

    def of(self, on: date) -> "list[int]":
        """The slots of one local date at which everybody and everything it needs is free, apart from where it is now."""
        # imported here: keeps web start-up light (numpy)
        from scheduler.engine import bits

        grid = self.question.request.grid
        first, until = clock.day_bounds(on, self.question.site.zone)
        return list(self.free(bits.span(max(0, grid.slot(first)), max(0, min(grid.slot(until), grid.slots)))))

    def free(self, within: int | None = None) -> "Iterator[int]":
        """The same of the whole calendar, or of some of its slots."""
        from scheduler.engine import bits

        grid, free = self.question.request.grid, self.moving.starts
        now_at = self.before.start if self.before is not None else None
        for start in map(int, bits.members(free if within is None else free & within)):
            if start != now_at and not grid.local(start).minute % MINUTES_APART:
                yield start

    def starts(self, on: date, *, against: bool = False) -> "Iterator[Start]":
        """The starts of one local date that are accepted, in order; with ``against`` those too that break rules they may."""
        for start in self.of(on):
            if self.staying.accepts(start):
                yield Start(self.at(start), keeps=True)
                continue
            problems = self.moving.problems(start)
            if problems == ():
                yield Start(self.at(start), keeps=False)
            elif problems and against and all(each.overridable for each in problems):
                yield Start(self.at(start), keeps=False, against=True)

    def at(self, start: int) -> datetime:
        """When a slot begins."""
        return self.question.request.grid.instant(start)

    def is_apart(self, start: int) -> bool:
        """Whether it is not the place where the visit is now, or next to it."""
        if self.before is None:
            return True
        between = self.at(start) - self.at(self.before.start)
        return abs(between.total_seconds()) >= SPREAD_MINUTES * 60

    def clock_minutes(self, start: int) -> int:
        """The minute of the local day at which a slot begins."""
        return _minutes(self.question.request.grid.local(start).time())


@dataclass(frozen=True)
class _Trial:
    """Tries starts of one visit as a move would."""

    question: Question
    key: str
    before: Placement | None

    @cached_property
    def free(self) -> "Availability":
        """Of the request: worked out once for all starts."""
        # imported here: keeps web start-up light (numpy)
        from scheduler.engine.availability import Availability

        return Availability(self.question.request)

    @cached_property
    def starts(self) -> int:
        """The slots at which everybody and everything the visit needs is free, as bits."""
        return self.free.starts(self.question.visits[self.key])

    def accepts(self, start: int) -> bool:
        """Whether everything is free and no rule is broken."""
        return self.problems(start) == ()

    def problems(self, start: int) -> tuple[Problem, ...] | None:
        """The rules that are broken there; None where somebody or something is not free."""
        current = dict(self.before.resources) if self.before is not None else {}
        filled = places.fill(self.question, self.key, start, {}, current, free=self.free)
        if len(filled) < len(self.question.visits[self.key].roles):
            return None
        return places.problems_of_change(self.question, self.key, start, filled, self.before, free=self.free)
