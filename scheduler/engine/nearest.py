"""Where else: the nearest places of one visit that keep every rule, for somebody who was refused one."""

from collections.abc import Iterable, Iterator, Mapping

from scheduler.engine import bits, place, rules
from scheduler.engine.answer import Code
from scheduler.engine.availability import Availability, collide
from scheduler.engine.request import Placement, PlanRequest, SameResource, Visit
from scheduler.engine.schedule import Schedule

MOST = 3
"""So many other places are offered."""
MOST_STARTS = 400
"""So many starts are tried one by one, from the nearest on: those of about three days."""
FURTHER_DATES, STARTS_OF_A_DATE = 28, 6
"""On so many dates beyond them so many starts are tried, spread over the day."""
OF_THE_TEAM = (Code.OTHER_RESOURCE, Code.NOT_PREFERRED)
"""What rules say against who or what fills a role; whatever else they say is said of the start, whoever comes."""
MOST_TEAMS = 12
"""So many ways to fill the roles are tried at one start."""


def nearest(
    request: PlanRequest,
    placements: Iterable[Placement],
    visit: str,
    start: int,
    resources: Mapping[str, str] | None = None,
    *,
    most: int = MOST,
) -> tuple[Placement, ...]:
    """Up to ``most`` places for ``visit`` near slot ``start``; every other visit stays.

    The first is the nearest of all. Then come the nearest with the same ``resources`` where they name some, and the
    nearest on other dates. Each was checked as a booking is: it breaks no rule that was kept before.

    Raises:
        KeyError: the request has no such visit.
    """
    search = _Nearby(request, placements, visit)
    named = dict(resources or {})
    found: list[Placement] = []
    days: set[int] = set()
    kept = not named
    for at in search.starts(start):
        if len(found) == most:
            break
        day = request.grid.day(at)
        if not kept:
            place_kept = search.first(at, named)
            if place_kept is not None:
                kept = True
                if place_kept not in found:
                    found.append(place_kept)
                    days.add(day)
                continue
        if day not in days and len(found) < most - (not kept):
            any_place = search.first(at, {})
            if any_place is not None:
                found.append(any_place)
                days.add(day)
    return tuple(sorted(found, key=lambda placement: (abs(placement.start - start), placement.start)))


class _Nearby:
    """The places of one visit while the others stay."""

    def __init__(self, request: PlanRequest, placements: Iterable[Placement], visit: str) -> None:
        others = [placement for placement in placements if placement.visit != visit]
        self.schedule = Schedule(request, others)
        self.free = Availability(request)
        self.visit: Visit = self.schedule.visits[visit]
        self.known = set(rules.findings(self.schedule))

    def starts(self, start: int) -> Iterator[int]:
        """The starts that the calendars allow, from the nearest on."""
        allowed = sorted(
            (int(slot) for slot in bits.members(self.free.starts(self.visit))),
            key=lambda slot: (abs(slot - start), slot),
        )
        yield from allowed[:MOST_STARTS]
        dates: dict[int, list[int]] = {}
        for slot in allowed[MOST_STARTS:]:
            dates.setdefault(self.schedule.request.grid.day(slot), []).append(slot)
        for slots in list(dates.values())[:FURTHER_DATES]:
            yield from slots[:: -(-len(slots) // STARTS_OF_A_DATE)]

    def first(self, start: int, named: Mapping[str, str]) -> Placement | None:
        """The first way to fill the roles there that breaks nothing."""
        for number, team in enumerate(self._teams(start, named)):
            if number == MOST_TEAMS:
                return None
            placement = Placement(self.visit.key, start, tuple(sorted(team.items())))
            moved = self.schedule.with_visit(placement)
            against = {reason.code for reason in rules.against(moved, self.visit.key) if reason.hard}
            if not against.issubset(OF_THE_TEAM):
                return None
            if not against and self._accepted(moved, placement, team):
                return placement
        return None

    def _teams(self, start: int, named: Mapping[str, str]) -> Iterator[dict[str, str]]:
        teams: list[dict[str, str]] = [{}]
        for role in self.visit.roles:
            able = [
                name
                for name in (
                    [named[role.key]] if role.key in named else self._usual_first(role.key, self.free.eligible(role))
                )
                if name in self.free.free and self.free.role_starts(role, name) >> start & 1
            ]
            teams = [
                {**team, role.key: name}
                for team in teams
                for name in able
                if not any(
                    name == team.get(other.key) and collide(role, start, other, start) for other in self.visit.roles
                )
            ][: 4 * MOST_TEAMS]
        yield from teams

    def _usual_first(self, role: str, able: list[str]) -> list[str]:
        """Those who fill the role in the rest of a series come first: they are wanted, or needed."""
        used = [
            resource
            for rule in self.schedule.request.rules
            if isinstance(rule, SameResource) and rule.role == role and self.visit.key in rule.visits
            for key in self.schedule.present(rule.visits)
            if (resource := self.schedule.resource(key, role)) is not None
        ]
        return sorted(able, key=lambda name: -used.count(name))

    def _accepted(self, moved: Schedule, placement: Placement, team: Mapping[str, str]) -> bool:
        if any(place.reasons(self.free, moved, place.Attempt(self.visit, placement.start, team))):
            return False
        return not any(finding.reason.hard and finding not in self.known for finding in rules.findings(moved))
