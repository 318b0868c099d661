"""A patient who comes late: until when the visit can still begin today, and what stands in the way after that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from scheduler.engine.request import Placement
from treatments import places
from treatments.planning import Question, Standing


@dataclass(frozen=True, slots=True)
class LateStarts:
    """When a visit can still begin today, while everything else stays where it is.

    ``starts`` are all starts that keep every rule, in order; ``why`` says what forbids the next one after the last of
    them, or any when there is none. Who shall fill which role, by start, is in ``resources``.
    """

    starts: tuple[datetime, ...]
    resources: Mapping[datetime, Mapping[str, str]]
    why: tuple[str, ...]

    @property
    def latest(self) -> datetime | None:
        """Who is there by then is still treated today."""
        return self.starts[-1] if self.starts else None

    def first_from(self, at: datetime) -> datetime | None:
        """The first start at or after an instant; None when that is too late."""
        return next((start for start in self.starts if start >= at), None)


def starts_today(question: Question, key: str, standing: Standing, *, from_at: datetime) -> LateStarts:
    """When the visit, which was to be at ``standing``, can begin from ``from_at`` until the end of that local date.

    ``question`` has all other visits fixed. The visit keeps who and what it has where they are free and takes equal ones
    elsewhere. A closed site, the end of somebody's hours, the next booking of a chair, the life of what was prepared and
    the distance to the other visits all count: every start is tried as a move would be.
    """
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import bits
    from scheduler.engine.availability import Availability

    request, visit = question.request, question.visits[key]
    grid, zone = request.grid, question.site.zone
    first = max(grid.slot_after(from_at), request.not_before)
    midnight = clock.first_instant(clock.local(from_at, zone).date() + timedelta(days=1), zone)
    free = Availability(request)
    today = bits.span(first, min(grid.slot(midnight), grid.slots))
    before = question.placement(standing)
    current = dict(before.resources)
    found: dict[datetime, Mapping[str, str]] = {}
    last = first - 1
    for start in map(int, bits.members(free.starts(visit) & today)):
        filled = places.fill(question, key, start, {}, current)
        if len(filled) == len(visit.roles) and not places.problems_of_change(question, key, start, filled, before):
            found[grid.instant(start)] = filled
            last = start
    after = [int(start) for start in bits.members(free.aligned(visit.start_step) & today) if start > last]
    return LateStarts(tuple(found), found, _why(question, key, after[:1], before))


def _why(question: Question, key: str, starts: list[int], before: Placement) -> tuple[str, ...]:
    told: dict[str, None] = {}
    for start in starts:
        filled = places.fill(question, key, start, {}, dict(before.resources))
        for problem in places.problems_of_change(question, key, start, filled, before):
            told[problem.message] = None
    return tuple(told)


def is_today(at: datetime, now: datetime, zone: str) -> bool:
    """Whether an instant is on the present local date."""
    return clock.local(at, zone).date() == clock.local(now, zone).date()


def at(instant: datetime | None, zone: str) -> str:
    """The wall-clock time of an instant, such as 10:20am."""
    return "" if instant is None else clock.in_words(clock.local(instant, zone).time())
