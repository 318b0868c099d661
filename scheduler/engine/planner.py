"""Planning one course: a search for each promising choice of main resources, and the best of all."""

from contextlib import suppress
from dataclasses import dataclass

from scheduler.engine import bits, check, explain, objective, staffing
from scheduler.engine.answer import Plan
from scheduler.engine.candidates import IMPOSSIBLE, Candidates, Choices
from scheduler.engine.choices import combinations
from scheduler.engine.course import Course
from scheduler.engine.objective import UNPLACED
from scheduler.engine.relaxation import Tree
from scheduler.engine.schedule import Schedule
from scheduler.engine.search import Effort, EffortSpentError, Found, Search


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard to try. Counted in states of the search, so the answer never depends on the machine."""

    beam: int
    """Partial plans kept from visit to visit."""
    states: int
    """States looked at, after the beam, for a plan in which everything has a place."""
    partial_states: int
    """The same for the best partial plan, if there is no complete one."""
    choices: int
    """Combinations of main resources that are bounded."""
    searched: int
    """Combinations of main resources that are searched."""


QUICK = Limits(beam=3, states=300, partial_states=100, choices=12, searched=4)
NORMAL = Limits(beam=4, states=1_200, partial_states=500, choices=40, searched=24)
THOROUGH = Limits(beam=30, states=60_000, partial_states=20_000, choices=400, searched=60)


_USUAL_VISITS = 14
"""A state of a longer course takes more work, so fewer of them are looked at."""


class Planner:
    """One course with its candidates and tree."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.free = course.free
        self.best: Found | None = None
        self.impossible = False
        """Whether the last search proved that there is no plan; without a plan and a proof it gave up."""
        self._prepare()

    def _prepare(self) -> None:
        self.candidates = Candidates(self.course)
        self.tree = Tree(self.course, self.candidates)

    def solve(self, limits: Limits, states: int) -> Plan | None:
        """The best plan found; ``None`` if there is none or none was found."""
        self.best = None
        self.impossible = self.course.contradictory
        if self.impossible:
            return None
        found, others = combinations(self.course, self.tree.bound, limits.choices)
        proved = {choices: bound for bound, choices in found}
        worth = [pair for pair in found if pair[0] < IMPOSSIBLE // 2]
        for bound, choices in worth[: limits.searched]:
            if bound < self._limit():
                self._beam(choices, limits.beam)
        left = states * _USUAL_VISITS // max(len(self.course.visits), _USUAL_VISITS)
        for n, (bound, choices) in enumerate(worth):
            if bound >= self._limit() or left <= 0:
                continue
            # without a plan so far every choice gets its share; with one, the most promising may use it all
            share = left if self.best else max(left // (len(worth) - n), min(left, 50))
            search = self._search(choices, share)
            if self._exhaust(search):
                proved[choices] = max(bound, search.limit)
            left -= share - max(search.effort.left, 0)
        if self.best is None:
            self.impossible = min([others, *proved.values()]) >= IMPOSSIBLE // 2
            return None
        if not self.course.whole:
            search = self._search(self.best.choices, 0)
            search.complete(self.best.starts)
            self.best = search.best or self.best
        lowest = min([others, *proved.values(), self.best.points, UNPLACED])
        return self.finished(Schedule(self.course.request, self.best.placements), lowest)

    def _limit(self) -> int:
        return IMPOSSIBLE if self.best is None else self.best.points

    def _search(self, choices: Choices, states: int) -> Search:
        return Search(self.tree, choices, effort=Effort(states), judge=self, limit=self._limit())

    def _beam(self, choices: Choices, width: int) -> None:
        search = self._search(choices, 10 * width * len(self.course.visits))
        with suppress(EffortSpentError):
            search.beam(width)
        self.best = search.best or self.best

    def _exhaust(self, search: Search) -> bool:
        """Search depth first; whether everything was looked at."""
        complete = True
        try:
            search.exhaust()
        except EffortSpentError:
            complete = False
        self.best = search.best or self.best
        return complete

    def priced(self, starts: staffing.Starts, choices: Choices) -> Found | None:
        """The plan with these starts, the cheapest resources and its cost; ``None`` if resources are short."""
        placements = staffing.placements(self.course, starts, choices)
        if placements is None:
            return None
        schedule = Schedule(self.course.request, placements)
        return Found(starts, choices, placements, objective.cost(schedule, self.free).total)

    def valid(self, found: Found) -> bool:
        """Whether a plan keeps every rule, by the same checks as at booking."""
        return not check.violations(Schedule(self.course.request, found.placements), self.free)

    def finished(self, schedule: Schedule, bound: int | None) -> Plan:
        """The answer's form of a schedule."""
        complete = len(schedule.placed) == len(schedule.visits)
        return Plan(
            placements=schedule.in_order,
            unplaced=explain.unplaced(schedule, self.free),
            cost=objective.cost(schedule, self.free),
            notes=check.soft(schedule),
            bound=bound if complete else None,
        )

    def avoid_first_date(self, plan: Plan) -> bool:
        """Let no later plan start on the date this one starts on. False if nothing would be left to plan with."""
        first = next((p for p in plan.placements if p.visit not in self.course.fixed), None)
        if first is None:
            return False
        number = self.course.index[first.visit]
        day = self.course.day(first.start)
        self.course.domains[number] &= ~bits.span(*self.free.clock.whole_days(day, day))
        self._prepare()
        return self.course.domains[number] != 0
