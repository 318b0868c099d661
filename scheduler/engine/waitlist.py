"""Who of those waiting fits a time that has become free: checked against their own course, ranked, with the reasons."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduler.engine import bits, objective, place, rules
from scheduler.engine.answer import Reason
from scheduler.engine.availability import Availability, collide
from scheduler.engine.grid import SLOT_MINUTES, slots
from scheduler.engine.ledger import Ledger, Taken
from scheduler.engine.request import Placement, PlanRequest, Role, Use
from scheduler.engine.schedule import Schedule

_TEAMS = 20
"""So many choices of people and places are tried for a start; those the visit has already come first."""


@dataclass(frozen=True, slots=True)
class Freed:
    """A period, in slots, that has become free: of one resource, or of anybody where none is named."""

    start: int
    end: int
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One visit that waits for another place, or for its first.

    In ``request`` every other visit with a place is fixed, and what days and hours suit are windows. ``current`` is where
    the visit is now and ``held`` what it holds in the calendars, which it would give up.
    """

    key: str
    request: PlanRequest
    visit: str
    current: Placement | None = None
    held: Taken = ()
    not_before: int = 0
    """The first slot at which the patient could be there, with the notice they need."""
    before: int | None = None
    """Every place begins before this slot."""
    sooner: bool = True
    """Only a place before the present one is wanted."""
    days: int = 0
    """How long it has been waiting."""
    urgent: bool = False


class Merit(StrEnum):
    """What speaks for a match, in the order in which it counts."""

    URGENT = "urgent"
    NO_PLACE_YET = "no_place_yet"
    FITS_COURSE = "fits_course"
    """The course gets better by it; ``amount`` is by how many points of the objective."""
    SAVES_DAYS = "saves_days"
    WAITING_DAYS = "waiting_days"


@dataclass(frozen=True, slots=True)
class Why:
    """One merit of a match, with its amount where it has one."""

    merit: Merit
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A place in the freed period for somebody who waits. ``gives_up`` are the wishes it does not keep."""

    key: str
    placement: Placement
    why: tuple[Why, ...]
    gives_up: tuple[Reason, ...]

    def amount(self, merit: Merit) -> int:
        """How much of a merit it has; 1 for one without an amount, 0 without it."""
        return next((1 if each.amount is None else each.amount for each in self.why if each.merit is merit), 0)

    @property
    def rank(self) -> tuple[int | str, ...]:
        """Smaller is better: merits in their order, then the earlier start, then the key."""
        return (*(-self.amount(merit) for merit in Merit), self.placement.start, self.key)


def matches(freed: Freed, waiting: Sequence[Waiting]) -> tuple[Match, ...]:
    """Everybody waiting who can begin in the freed period with the freed resource, the best first.

    Each gets the best of their possible places: a place keeps every rule of the course, with the other visits where they are;
    what was wrong between those before is not held against it. The visit may last beyond the period where the calendars
    are free. All requests have the same grid and calendars.
    """
    if not waiting:
        return ()
    ledger = Ledger(waiting[0].request)
    found = [match for each in waiting if (match := _best(freed, each, ledger)) is not None]
    return tuple(sorted(found, key=lambda match: match.rank))


def _best(freed: Freed, waiting: Waiting, ledger: Ledger) -> Match | None:
    request = waiting.request
    ledger.release(waiting.held)
    free = ledger.availability(request)
    try:
        before = Schedule(request, [waiting.current] if waiting.current is not None else [])
        known = {finding for finding in rules.findings(before) if finding.reason.hard}
        best: tuple[int, int, Placement] | None = None
        for placement in _places(freed, waiting, free):
            after = Schedule(request, [placement])
            if any(finding.reason.hard and finding not in known for finding in rules.findings(after)):
                continue
            if any(place.patient_clashes(after, after.visits[waiting.visit], placement.start)):
                continue
            points = objective.cost(after, free).total
            if best is None or (points, placement.start) < best[:2]:
                best = (points, placement.start, placement)
        if best is None:
            return None
        gain = objective.cost(before, free).total - best[0]
        return _match(waiting, best[2], gain)
    finally:
        ledger.hold(waiting.held)


def _match(waiting: Waiting, placement: Placement, gain: int) -> Match:
    request, why = waiting.request, []
    if waiting.urgent:
        why.append(Why(Merit.URGENT))
    if waiting.current is None:
        why.append(Why(Merit.NO_PLACE_YET))
    else:
        saved = request.grid.day(waiting.current.start) - request.grid.day(placement.start)
        if gain > 0:
            why.append(Why(Merit.FITS_COURSE, gain))
        if saved > 0:
            why.append(Why(Merit.SAVES_DAYS, saved))
    if waiting.days > 0:
        why.append(Why(Merit.WAITING_DAYS, waiting.days))
    after = Schedule(request, [placement])
    gives_up = tuple(
        finding.reason
        for finding in rules.findings(after)
        if finding.visit == waiting.visit and not finding.reason.hard
    )
    return Match(waiting.key, placement, tuple(why), gives_up)


def _places(freed: Freed, waiting: Waiting, free: Availability) -> Iterator[Placement]:
    """The places in the period that the calendars and the visit's own windows allow, at another time than the present one."""
    visit = next(each for each in waiting.request.visits if each.key == waiting.visit)
    last = freed.end if waiting.before is None else min(freed.end, waiting.before)
    if waiting.sooner and waiting.current is not None:
        last = min(last, waiting.current.start)
    starts = free.starts(visit) & bits.span(max(freed.start, waiting.not_before), last)
    wanted: dict[str, str] = {}
    if waiting.current is not None:
        wanted = dict(waiting.current.resources)
        starts &= ~(1 << waiting.current.start)
    for start in bits.members(starts).tolist():
        teams = 0
        for team in _teams(visit.roles, start, free, (freed.resource, wanted), ()):
            if freed.resource is not None and not _uses(team, freed, start):
                continue
            yield Placement(visit.key, start, tuple(sorted((role.key, name) for role, name in team)))
            teams += 1
            if teams == _TEAMS:
                break


_Team = tuple[tuple[Role, str], ...]


def _teams(
    roles: Sequence[Role], start: int, free: Availability, first: tuple[str | None, dict[str, str]], team: _Team
) -> Iterator[_Team]:
    """Everybody who could fill the roles: what has become free first, then whom the visit has already."""
    if not roles:
        yield team
        return
    role = roles[0]
    freed, current = first[0], first[1].get(role.key)
    for name in sorted(free.eligible(role), key=lambda each: (each != freed, each != current, each)):
        clashes = any(name == other and collide(role, start, taken, start) for taken, other in team)
        if free.role_starts(role, name) >> start & 1 and not clashes:
            yield from _teams(roles[1:], start, free, first, (*team, (role, name)))


def _uses(team: Iterable[tuple[Role, str]], freed: Freed, start: int) -> bool:
    """Whether the freed resource serves in the freed period, and not only looks on."""
    return any(
        name == freed.resource
        and segment.use is not Use.PRESENCE
        and start + segment.starts // SLOT_MINUTES < freed.end
        and freed.start < start + slots(segment.ends)
        for role, name in team
        for segment in role.segments
    )
