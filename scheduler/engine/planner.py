"""Planning one course: runs through the layers, each wider than the last, until nothing that was lost could be better."""

from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.engine import check, explain, objective, staffing
from scheduler.engine.aims import AIM, LEAST_COST, Aim
from scheduler.engine.answer import Plan
from scheduler.engine.candidates import IMPOSSIBLE, Candidates, Choices
from scheduler.engine.course import Course
from scheduler.engine.frontier import Frontier, Outcome
from scheduler.engine.objective import UNPLACED
from scheduler.engine.request import Placement
from scheduler.engine.schedule import Schedule
from scheduler.engine.together import Together
from scheduler.engine.togo import ToGo


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard to try. Counted in partial plans, so the answer never depends on the machine."""

    widths: tuple[int, ...]
    """How many partial plans each run keeps from visit to visit."""
    partial_widths: tuple[int, ...]
    """The same for the best partial plan, if there is no complete one."""


QUICK = Limits(widths=(50,), partial_widths=(50,))
NORMAL = Limits(widths=(100, 3_000, 24_000), partial_widths=(60, 600))
THOROUGH = Limits(widths=(100, 2_000, 40_000), partial_widths=(100, 2_000, 10_000))

_MOST_TRIES = 500_000
"""No further run is begun that would try more starts in choosing times within dates than this; one while there is no plan."""
_FAR = 20
"""A plan that may cost more than the best by one in so many of its points is far from it."""
_STEPS = 8
"""Into so many parts what a plan costs beyond its bound is divided, for the first step of what no plan costs less than."""
_JUDGED = 500
"""So many plans of a run are judged at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """A valid plan with its cost."""

    placements: list[Placement]
    points: int


@dataclass
class Watcher:
    """Who looks on while the planner plans: told of each better plan, and asked whether to stop."""

    on_better: Callable[[Plan, int], None] | None = None
    stop: Callable[[], bool] | None = None


@dataclass
class Planner:
    """One course with what its visits cost at least."""

    course: Course
    watcher: Watcher = field(default_factory=Watcher)
    aim: Aim = LEAST_COST

    def __post_init__(self) -> None:
        self.free = self.course.free
        self.best: Found | None = None
        self.lowest = 0
        """No plan costs less; ``IMPOSSIBLE`` where there is none."""
        self.rows = 0
        """How many partial plans the last run looked at."""
        togo = ToGo(self.course, Candidates(self.course, self.aim), self.aim)
        self.frontier = Frontier(togo, Together(togo), self.aim.trip)

    def solve(self, widths: tuple[int, ...]) -> Plan | None:
        """The best plan found; ``None`` if there is none or none was found."""
        self.best, self.lowest = None, 0
        if self.course.contradictory:
            self.lowest = IMPOSSIBLE
            return None
        is_last = False
        for width, wider in zip(widths, (*widths[1:], 0), strict=True):
            before = self.frontier.together.tries
            if not self._passes(width) or is_last:
                break
            # more partial plans take more sets of visits on a date
            is_last = (self.frontier.together.tries - before) * wider > _MOST_TRIES * width
            if is_last and self.best is not None:
                break
        if self.best is None:
            return None
        return self.finished(Schedule(self.course.request, self.best.placements), min(self.lowest, self.best.points))

    def _passes(self, width: int) -> bool:
        """Runs of one width; whether a wider one could find anything.

        Where each start is a place there are many partial plans, and a plan may be known that is far from the best. So what no
        plan costs less than goes up in steps: partial plans beyond the next step are not looked at until it is known that
        there is no plan before it. Each is twice the last, as long as that takes no more partial plans than one layer may hold.
        """
        step = span = self._limit() - self.lowest
        if self.best is not None and span * _FAR > self._limit() and self.frontier.reach.is_fine:
            step = span // _STEPS
        while True:
            goal = min(self._limit(), self.lowest + step)
            if not self._pass(width, goal):
                return False
            if self.lowest < goal:
                return True
            if self.rows <= width:
                step *= 2

    def _pass(self, width: int, goal: int) -> bool:
        """One run for plans cheaper than ``goal``; whether another one could find anything."""
        outcome = self.frontier.run(width, goal, self.watcher.stop)
        self.rows = outcome.rows
        if not len(outcome.layer) and self.best is None and outcome.lost < IMPOSSIBLE and not outcome.stopped:
            # the most promising beginnings lead nowhere; what was lost may have the plan
            self.frontier.spread = True
            outcome = self.frontier.run(width, goal, self.watcher.stop)
            self.frontier.spread = False
        refused = self._judge(outcome)
        if refused < self._limit() and not self.frontier.careful:
            # a rule that the layers do not know: plans must not stand in for each other
            self.frontier.careful = True
            again = self.frontier.run(width, min(goal, self._limit()), self.watcher.stop)
            refused = min(self._judge(again), again.lost)
        lost = outcome.lost
        if self.frontier.together.gave_up and len(outcome.layer):
            # where times were not chosen as well as can be, a plan may cost more than its bound and more than others it stood for
            lost = min(lost, int(outcome.layer.bound.min()))
        self.lowest = max(self.lowest, min(lost, refused, goal, self._limit()))
        return not outcome.stopped and self.lowest < self._limit()

    def _limit(self) -> int:
        return IMPOSSIBLE if self.best is None else self.best.points

    def _judge(self, outcome: Outcome) -> int:
        """Price and check the plans of a run, cheapest first; the least bound among those refused or not looked at."""
        refused = IMPOSSIBLE
        bounds: list[int] = outcome.layer.bound.tolist()
        for row, bound in enumerate(bounds):
            if bound >= self._limit():
                break
            if row == _JUDGED:
                return min(refused, bound)
            choices = tuple(
                names[n] if n >= 0 else None
                for names, n in zip(self.frontier.togo.options, outcome.layer.choice[row].tolist(), strict=True)
            )
            starts = self.frontier.starts(outcome.layer, row)
            if starts is None or not self._consider(starts, choices):
                refused = min(refused, bound)
        return refused

    def _consider(self, starts: staffing.Starts, choices: Choices) -> bool:
        """Take a plan if it is valid and better; whether it is valid."""
        placements = staffing.placements(self.course, starts, choices)
        if placements is None:
            return False
        schedule = Schedule(self.course.request, placements)
        if check.violations(schedule, self.free):
            last = max((n for n in starts if n not in self.course.given), default=None)
            if not self.course.whole and last is not None:
                # a rule about all visits together, such as a least number each week, may want the last of them gone
                gone = self.course.dependents[last]
                self._consider({n: at for n, at in starts.items() if n not in gone}, choices)
            return False
        points = objective.cost(schedule, self.free).total + AIM * self.aim.count(schedule)
        if points < self._limit():
            self.best = Found(placements, points)
            if self.watcher.on_better is not None:
                self.watcher.on_better(self.finished(schedule, min(self.lowest, points)), self.lowest)
        return True

    def finished(self, schedule: Schedule, bound: int | None) -> Plan:
        """The answer's form of a schedule."""
        complete = len(schedule.placed) == len(schedule.visits)
        return Plan(
            placements=schedule.in_order,
            unplaced=explain.unplaced(schedule, self.free),
            cost=objective.cost(schedule, self.free),
            notes=check.soft(schedule),
            bound=min(bound, UNPLACED) if complete and bound is not None else None,
        )
