"""Evening out the days of a period: visits go, one after another, from days with too many starts to days that have room.

Each step takes one visit off its day and plans its course around that with the planner of single courses, so every rule is
kept; other visits of the course move along only if they have to. There is no chance in it: the same question has the same
answer.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduler.engine.ledger import Ledger, Taken
from scheduler.engine.loads import with_caps, with_loads
from scheduler.engine.many import NARROW, Wanted
from scheduler.engine.plan import whole
from scheduler.engine.request import DailyLoad, Placement, PlanRequest, Use, Visit

LEVEL = "level"
"""The key of the rule that limits the starts of a day, and the beginning of all that levelling adds to a request."""
Progress = Callable[[int, int, object], None]
"""Called after each planning with the plannings done, those there may be, and the starts above the target."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What is wanted: on no day of ``starts`` more than ``target`` of them, for at most ``most_moves`` moved visits.

    ``starts`` gives for the day numbers of the period everybody's starts, those of the courses included.
    """

    starts: Mapping[int, int]
    target: int
    most_moves: int

    def surplus(self, starts: Mapping[int, int]) -> int:
        """The starts above the target, all days together."""
        return sum(max(0, starts.get(day, 0) - self.target) for day in self.starts)


@dataclass(frozen=True, slots=True)
class Levelled:
    """The answer: for each course that changes the places of all its visits that might have moved, and the starts then."""

    places: Mapping[str, tuple[Placement, ...]]
    starts: Mapping[int, int]
    moves: int
    """Visits that get another place."""


def level(
    wanted: Sequence[Wanted], aim: Aim, *, stop: Callable[[], bool] | None = None, on_progress: Progress | None = None
) -> Levelled:
    """Moves visits of courses that are booked, never to a sum of starts above the target that is not lower than before.

    The requests of ``wanted`` say themselves that nothing leaves the period. Of a patient's courses only one changes.
    ``stop`` is asked before each planning; the answer is then the best so far.
    """
    if not wanted:
        return Levelled({}, dict(aim.starts), 0)
    levelling = _Levelling(wanted, aim, stop or (lambda: False), on_progress)
    levelling.improve()
    return levelling.answer()


class _Levelling:
    """The courses with the places of their visits, and the calendars and starts that go with them."""

    def __init__(
        self, wanted: Sequence[Wanted], aim: Aim, stop: Callable[[], bool], on_progress: Progress | None
    ) -> None:
        self.wanted = {each.key: each for each in wanted}
        self.aim, self.stop, self.on_progress = aim, stop, on_progress
        self.starts = Counter(aim.starts)
        self.places = {each.key: each.current for each in wanted}
        self.ledger = Ledger(wanted[0].request)
        self.taken: dict[str, Taken] = {}
        self.plannings = 0
        for key in sorted(self.wanted, key=self._first_start):
            self._book(key)

    def _first_start(self, key: str) -> tuple[int, str]:
        return min((each.start for each in self.places[key]), default=0), key

    def _book(self, key: str) -> None:
        """Holds the places of a course. One that finds no lane for them is not looked at any more: it stays."""
        taken = self.ledger.take(self.wanted[key].request, self.places[key])
        if taken is not None:
            self.taken[key] = taken

    # --- better ---------------------------------------------------------------------------------------------------

    def improve(self) -> None:
        """Takes visits off full days while that helps: first where nothing else has to move, then with what has to."""
        for most_at_once in (1, len(self.aim.starts) + 1):
            found = True
            while found:
                found = False
                for key, visit in list(self._on_full_days()):
                    if self.stop() or not self.aim.surplus(self.starts):
                        return
                    found |= self._try(key, visit, most_at_once)

    def _on_full_days(self) -> Iterator[tuple[str, str]]:
        """Visits on days above the target, those of the fullest day first."""
        there = sorted(
            (-self.starts[day], day, key, each.visit)
            for key in self.taken
            for each in self.places[key]
            if self.starts[day := self._day(key, each)] > self.aim.target
        )
        return ((key, visit) for _, _, key, visit in there)

    def _try(self, key: str, visit: str, most_at_once: int) -> bool:
        """Whether the visit has left its day for a better one."""
        each, day = self.wanted[key], next(self._day(key, at) for at in self.places[key] if at.visit == visit)
        if self.starts[day] <= self.aim.target or self._is_elsewhere(key):
            return False
        before, free = self.places[key], dict(self.ledger.free)
        self.ledger.release(self.taken[key])
        request = self._request(key, visit, day)
        plan = whole(request, self.ledger.availability(request), NARROW)
        self._count()
        if plan is not None:
            loose = {at.visit for at in before}
            after = tuple(at for at in plan.placements if at.visit in loose)
            starts = self._starts(key, after)
            moved = self._moved(key, after) - self._moved(key, before)
            fits = moved <= most_at_once and self.moves + moved <= self.aim.most_moves
            if fits and self.aim.surplus(starts) < self.aim.surplus(self.starts):
                taken = self.ledger.take(each.request, after)
                if taken is not None:
                    self.places[key], self.taken[key], self.starts = after, taken, starts
                    return True
        self.ledger.free = free
        return False

    def _is_elsewhere(self, key: str) -> bool:
        """Whether another course of the same patient has changed already."""
        patient = self.wanted[key].patient
        return bool(patient) and any(
            each.patient == patient and each.key != key and self._moved(each.key, self.places[each.key])
            for each in self.wanted.values()
        )

    def _request(self, key: str, visit: str, day: int) -> PlanRequest:
        """The course as it is asked for, with the visit on no day that has reached the target without it."""
        asked = self.wanted[key]
        beside = [each for each in self.wanted.values() if each.key != key]
        held = [(each.request, self.places[each.key]) for each in beside]
        same_patient = [
            (each.request, self.places[each.key]) for each in beside if asked.patient and each.patient == asked.patient
        ]
        request = with_caps(with_loads(asked.request, held), same_patient)
        others = self.starts - Counter({day: 1})
        limit = DailyLoad(f"{LEVEL}.{visit}", (visit,), tuple(sorted(others.items())), at_most=self.aim.target)
        return replace(request, rules=(*request.rules, limit))

    def _count(self) -> None:
        self.plannings += 1
        if self.on_progress is not None:
            most = max(self.plannings, sum(len(places) for places in self.places.values()))
            self.on_progress(self.plannings, most, self.aim.surplus(self.starts))

    # --- counting -------------------------------------------------------------------------------------------------

    def _day(self, key: str, placement: Placement) -> int:
        return self.wanted[key].request.grid.day(placement.start)

    def _starts(self, key: str, after: Sequence[Placement]) -> Counter[int]:
        """The starts of all days when the course has these places."""
        gone = Counter(self._day(key, each) for each in self.places[key])
        found = Counter(self.starts)
        found.subtract(gone)
        found.update(self._day(key, each) for each in after)
        return found

    @property
    def moves(self) -> int:
        """The visits that have another place than at first."""
        return sum(self._moved(key, self.places[key]) for key in self.wanted)

    def _moved(self, key: str, places: Sequence[Placement]) -> int:
        visits = {visit.key: visit for visit in self.wanted[key].request.visits}
        stood = {each.visit: _booked(visits[each.visit], each) for each in self.wanted[key].current}
        return sum(_booked(visits[each.visit], each) != stood[each.visit] for each in places)

    def answer(self) -> Levelled:
        """What has changed."""
        changed = {key: places for key, places in self.places.items() if self._moved(key, places)}
        return Levelled(changed, {day: self.starts[day] for day in self.aim.starts}, self.moves)


def _booked(visit: Visit, placement: Placement) -> tuple[int, dict[str, str]]:
    """When a visit is and what it books; who only looks on is left out."""
    looking_on = {role.key for role in visit.roles if all(part.use is Use.PRESENCE for part in role.segments)}
    return placement.start, {role: name for role, name in placement.resources if role not in looking_on}
