"""Planning many courses into the same calendars: one after another, then better by taking some out and putting them back.

Each course is planned by the planner of single courses, so every rule is kept in the same way; what is decided here is who
chooses first. Effort is counted in plannings and chance comes from a seed, so the same question gives the same answer.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from scheduler.engine import check, explain, followers, objective
from scheduler.engine.answer import Plan
from scheduler.engine.grid import slots
from scheduler.engine.ledger import Ledger, Taken
from scheduler.engine.loads import with_caps, with_loads
from scheduler.engine.objective import UNPLACED
from scheduler.engine.plan import Limits, partial, whole
from scheduler.engine.request import Placement, PlanRequest
from scheduler.engine.schedule import Schedule

NARROW = Limits(widths=(12,), partial_widths=(50,))
"""How hard each course is tried: less than alone, as another order brings more than another search."""
FEWEST, MOST = 2, 5
"""How many courses are taken out at a time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One course among many. All requests have the same grid and the same calendars.

    ``current`` says where the visits that may move are now, for a course that is booked: if they may stay there, the
    course never ends with fewer of them. Their bookings are not in the calendars. With ``in_part`` a course that does not fit
    altogether gets the places there are; without, it gets all or none.
    """

    key: str
    request: PlanRequest
    patient: str = ""
    """Courses with the same patient keep out of each other's way; empty: a patient with this course alone."""
    current: tuple[Placement, ...] = ()
    in_part: bool = False


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try. ``plannings`` counts the courses planned anew after the first round.

    After ``patience`` rounds in a row that brought nothing the search ends.
    """

    plannings: int = 200
    patience: int = 20
    each: Limits = NARROW
    seed: int = 0


NORMAL_EFFORT = Effort()


@dataclass(frozen=True, slots=True)
class Standing:
    """How good an answer is; smaller is better, in this order."""

    incomplete: int
    """Courses of which not every visit has a place."""
    points: int
    """The objective of all courses together; a visit without a place counts in it."""

    def __lt__(self, other: "Standing") -> bool:
        return (self.incomplete, self.points) < (other.incomplete, other.points)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one course gets. Without a plan it gets nothing."""

    key: str
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Together:
    """The answer. Booked in the order of ``outcomes``, each course finds its places free."""

    outcomes: tuple[Outcome, ...]
    standing: Standing
    bound: int
    """The sum of what each course costs at least when it is alone: no answer with every visit placed costs less."""
    most: int
    """So many courses fit when each is alone; no more can fit together, as far as the planner found."""
    plannings: int
    """Courses planned, the first rounds included."""

    @property
    def complete(self) -> int:
        """How many courses have a place for every visit."""
        return sum(outcome.plan is not None and outcome.plan.complete for outcome in self.outcomes)


Progress = Callable[[int, int, Standing], None]
"""Called after each planning with the plannings done, those allowed in all, and the best so far."""


def plan_many(
    wanted: Sequence[Wanted],
    *,
    effort: Effort = NORMAL_EFFORT,
    stop: Callable[[], bool] | None = None,
    on_progress: Progress | None = None,
) -> Together:
    """The best plans found for all courses together.

    ``stop`` is asked before each planning; the answer is then the best so far. Courses that were not looked at yet
    have no plan, or stay where they are.

    Raises:
        ValueError: two courses have the same key, or not all have the same grid and calendars.
    """
    if len({each.key for each in wanted}) < len(wanted):
        raise ValueError("Two courses have the same key.")
    if not wanted:
        return Together((), Standing(0, 0), 0, 0, 0)
    first = wanted[0].request
    if any((each.request.grid, each.request.calendars) != (first.grid, first.calendars) for each in wanted[1:]):
        raise ValueError("All courses have the same grid and the same calendars.")
    batch = _Batch(wanted, effort, stop, on_progress)
    batch.start()
    batch.improve()
    return batch.answer()


@dataclass(frozen=True, slots=True)
class _Held:
    """What a course holds at the moment."""

    plan: Plan | None
    taken: Taken
    points: int

    @property
    def complete(self) -> bool:
        return self.plan is not None and self.plan.complete


class _Batch:
    """The courses with what each holds, and the calendars that say so too."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        effort: Effort,
        stop: Callable[[], bool] | None,
        on_progress: Progress | None,
    ) -> None:
        self.wanted = {each.key: each for each in wanted}
        self.effort = effort
        self.stop = stop or (lambda: False)
        self.on_progress = on_progress
        self.random = random.Random(effort.seed)  # noqa: S311 - chance for a search, not for a secret
        self.ledger = Ledger(wanted[0].request)
        self.alone: dict[str, Plan | None] = {}
        self.held = {key: _Held(None, (), self._missing(key, 0)) for key in self.wanted}
        self.floor = dict.fromkeys(self.wanted, 0)
        self.plannings = 0
        self.total = 2 * len(wanted) + effort.plannings

    def _missing(self, key: str, placed: int) -> int:
        """Points for a course with so many places, those of its fixed visits included."""
        return UNPLACED * (len(self.wanted[key].request.visits) - placed)

    @property
    def standing(self) -> Standing:
        """How good the present state is."""
        return Standing(
            sum(not held.complete for held in self.held.values()), sum(held.points for held in self.held.values())
        )

    # --- one course -----------------------------------------------------------------------------------------------

    def _request(self, key: str) -> PlanRequest:
        """The course as it is asked for now, with what other courses mean for it besides the calendars."""
        others = (
            (self.wanted[other].request, held.plan.placements)
            for other, held in self.held.items()
            if other != key and held.plan is not None
        )
        return with_loads(self._with_patient(key), others)

    def _with_patient(self, key: str) -> PlanRequest:
        """With the patient's visits of other courses: when they are, and where limits count them."""
        each = self.wanted[key]
        if not each.patient:
            return each.request
        held = [
            (other.request, plan.placements)
            for other in self.wanted.values()
            if other.patient == each.patient and other.key != key and (plan := self.held[other.key].plan) is not None
        ]
        elsewhere = [
            (placement.start, placement.start + slots(visit.minutes))
            for request, placements in held
            for placement in placements
            for visit in request.visits
            if visit.key == placement.visit
        ]
        if not elsewhere:
            return each.request
        return with_caps(replace(each.request, patient_busy=(*each.request.patient_busy, *elsewhere)), held)

    def _stay(self, key: str) -> None:
        """Keeps the visits of a booked course that may stay where they are."""
        request = self._request(key)
        free = self.ledger.availability(request)
        schedule = Schedule(request, self.wanted[key].current)
        while violations := check.violations(schedule, free):
            broken = {each.visit for each in violations} - schedule.fixed
            if not broken:
                return
            schedule = Schedule(request, [each for each in schedule.in_order if each.visit not in broken])
        self._hold(key, request, _plan_of(schedule, self.ledger))
        self.floor[key] = len(schedule.placed)

    def _hold(self, key: str, request: PlanRequest, plan: Plan) -> bool:
        """Gives a course its places; ``False`` and nothing done where one of them is not free."""
        taken = self.ledger.take(request, plan.placements)
        if taken is None:
            return False
        self.held[key] = _Held(plan, taken, plan.cost.total)
        return True

    def _plan(self, key: str) -> None:
        """Plans a course that holds nothing into what the others leave."""
        each, request = self.wanted[key], self._request(key)
        best = self.alone.get(key)
        if best is not None and self._stands(key, request, best) and self._hold(key, request, best):
            return
        self._count()
        found = None
        if best is not None or key not in self.alone:
            found = whole(request, self.ledger.availability(request), self.effort.each)
        if found is None and (each.in_part or each.current):
            found = self._in_part(key, request)
        if found is not None:
            self._hold(key, request, found)

    def _in_part(self, key: str, request: PlanRequest) -> Plan:
        """The best partial plan in which what stood does not go only because a visit before it has no place."""
        stood = {each.visit for each in self.wanted[key].current}
        placements, _ = followers.kept(
            request, stood, lambda asked: partial(asked, self.ledger.availability(asked), self.effort.each)
        )
        return _plan_of(Schedule(request, placements), self.ledger)

    def _stands(self, key: str, request: PlanRequest, plan: Plan) -> bool:
        """Whether the plan made for the course alone is still as good, but for the calendars."""
        if request is self.wanted[key].request:
            return True
        schedule, free = Schedule(request, plan.placements), self.ledger.availability(request)
        return not check.violations(schedule, free) and objective.cost(schedule, free).total <= plan.cost.total

    def _drop(self, key: str) -> None:
        """Takes a course out of the calendars."""
        self.ledger.release(self.held[key].taken)
        self.held[key] = _Held(None, (), self._missing(key, 0))

    def _count(self) -> None:
        self.plannings += 1

    # --- the first round ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Lets whoever may stay stay, plans each course alone, and then one after another."""
        empty = Ledger(next(iter(self.wanted.values())).request)
        for key, each in self.wanted.items():
            if each.current:
                self._stay(key)
        for key, each in self.wanted.items():
            if self.stop():
                return
            self.alone[key] = whole(each.request, empty.availability(each.request), self.effort.each)
            self._count()
            self._tell(self.standing)
        for key in self.wanted:
            if self.stop():
                return
            if not self.held[key].complete:
                self._try([key])
            self._tell(self.standing)

    # --- better ---------------------------------------------------------------------------------------------------

    def improve(self) -> None:
        """Takes some courses out and puts them back in another order, as long as the effort lasts."""
        best, idle = self.standing, 0
        until = self.plannings + self.effort.plannings
        while self.plannings < until and idle < self.effort.patience and not self._best_possible() and not self.stop():
            before = self.plannings
            keys = self._chosen()
            if not keys:
                return
            self._try(keys)
            idle = 0 if self.standing < best else idle + 1
            best = min(best, self.standing)
            self.plannings = max(self.plannings, before + 1)
            self._tell(best)

    def _best_possible(self) -> bool:
        """Whether every course that can be complete is, at the least cost it could have alone."""
        alone = [plan for plan in self.alone.values() if plan is not None]
        standing = self.standing
        if len(alone) < len(self.wanted) or standing.incomplete:
            return False
        return standing.points <= sum(plan.bound or 0 for plan in alone)

    def _chosen(self) -> list[str]:
        """The courses to take out, in the order in which they are put back: one without all its places first."""
        open_ = [key for key, held in self.held.items() if not held.complete and self.alone.get(key) is not None]
        placed = [key for key, held in self.held.items() if held.plan is not None and key not in open_]
        out = self.random.sample(placed, min(self.random.randint(FEWEST, MOST), len(placed)))
        return [self.random.choice(open_), *out] if open_ else out

    def _try(self, keys: Sequence[str]) -> bool:
        """Plans these courses anew, in this order; goes back to how it was unless that is as good or better."""
        before, free, held = self.standing, dict(self.ledger.free), dict(self.held)
        for key in keys:
            self._drop(key)
        for n, key in enumerate(keys):
            self._plan(key)
            if not self._may_be(before, keys[n + 1 :]):
                self.ledger.free, self.held = free, held
                return False
        return True

    def _may_be(self, before: Standing, open_: Sequence[str]) -> bool:
        """Whether this can still end no worse than ``before``, if the courses still open do as well as they can."""
        now = self.standing
        best = [self.alone.get(key) for key in open_]
        points = sum(
            (plan.bound or 0) - self._missing(key, 0) for key, plan in zip(open_, best, strict=True) if plan is not None
        )
        least = Standing(now.incomplete - sum(plan is not None for plan in best), now.points + points)
        kept = all(
            held.plan is not None and len(held.plan.placements) >= self.floor[key]
            for key, held in self.held.items()
            if self.floor[key] and key not in open_
        )
        return kept and not before < least

    def _tell(self, best: Standing) -> None:
        if self.on_progress is not None:
            self.on_progress(min(self.plannings, self.total), self.total, best)

    # --- the answer -----------------------------------------------------------------------------------------------

    def answer(self) -> Together:
        """What each course gets, in an order in which they can be booked one by one."""
        return Together(
            outcomes=tuple(Outcome(key, self.held[key].plan) for key in self._bookable()),
            standing=self.standing,
            bound=sum(plan.bound or 0 for plan in self.alone.values() if plan is not None),
            most=sum(plan is not None for plan in self.alone.values()),
            plannings=self.plannings,
        )

    def _bookable(self) -> list[str]:
        """An order in which every course finds a lane for each of its parts.

        While courses came and went, each kept its lanes; booked from nothing they choose anew. A course that finds
        none goes to the front, and one for which that does not help gives up its places.
        """
        order, tried = list(self.wanted), set[str]()
        while (stuck := self._stuck(order)) is not None:
            if stuck in tried:
                self._drop(stuck)
            tried.add(stuck)
            order.remove(stuck)
            order.insert(0, stuck)
        return order

    def _stuck(self, order: Iterable[str]) -> str | None:
        ledger = Ledger(next(iter(self.wanted.values())).request)
        for key in order:
            plan = self.held[key].plan
            if plan is not None and ledger.take(self.wanted[key].request, plan.placements) is None:
                return key
        return None


def _plan_of(schedule: Schedule, ledger: Ledger) -> Plan:
    """The answer's form of places that are kept."""
    free = ledger.availability(schedule.request)
    return Plan(
        placements=schedule.in_order,
        unplaced=explain.unplaced(schedule, free),
        cost=objective.cost(schedule, free),
        notes=check.soft(schedule),
    )
