"""Partial plans, and what placing one more visit leaves to the others."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np

from scheduler.engine import bits, staffing, weeks
from scheduler.engine.candidates import IMPOSSIBLE, Choices, Points
from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.objective import IDEAL_PER_MINUTE, UNPLACED
from scheduler.engine.relaxation import Tree
from scheduler.engine.request import Counting, Unit

Blame = int
"""A set of decisions, as bits: ``n`` the date given to visit ``n``, ``number of visits + n`` its time of day."""


@dataclass(slots=True)
class State:
    """Some visits placed, the starts of the others narrowed accordingly."""

    placed: staffing.Starts
    domains: list[int]
    blame: list[Blame]
    """For each visit the decisions that narrowed its starts."""
    due: list[int]
    """For each open visit that hangs on a placed one, or on none: the least its branch costs."""
    bound: int
    """The least any plan from here on costs."""
    dropped: frozenset[int] = frozenset()
    """Visits left without a place."""
    dates: tuple[int, ...] = ()
    """The dates chosen, in the order of choice; kept by the beam alone."""

    def waits(self, visit: int) -> bool:
        """Whether a visit is still to be decided."""
        return visit not in self.placed and visit not in self.dropped


class Moves:
    """From state to state, around one choice of main resources.

    A move that leaves an open visit without any start gives, instead of a state, the blame: which decisions together
    make a plan impossible. Where visits may be dropped this is no reason to stop.
    """

    def __init__(self, tree: Tree, choices: Choices) -> None:
        self.tree = tree
        self.course = tree.course
        self.choices = choices
        self.size = len(self.course.visits)
        self.order = [n for n in range(self.size) if n not in self.course.given]
        """The visits to be placed, in the order in which they are."""
        self.values = [tree.values(n, choices) for n in range(self.size)]
        self.weekly = [
            [rule for rule in self.course.weekly if visit.key in rule.visits] for visit in self.course.visits
        ]

    def root(self) -> State | Blame:
        """The state with only the fixed visits placed."""
        due = [self.tree.least(n, self.choices) if self.tree.parent[n] is None else 0 for n in range(self.size)]
        state: State | Blame = State({}, [self._possible(n) for n in range(self.size)], [0] * self.size, due, sum(due))
        for n, placement in self.course.given.items():
            if isinstance(state, State):
                bound = state.bound - state.due[n] + int(self.values[n][0])
                state = self.place(state, n, placement.start, bound)
        if isinstance(state, State) and self.course.whole:
            return next((state.blame[n] for n in self.order if not state.domains[n]), state)
        return state

    def _possible(self, visit: int) -> int:
        """The starts of a visit from which its whole branch can be placed."""
        if visit in self.course.given:
            return 0
        mask = np.zeros(self.course.free.slots, dtype=np.bool_)
        mask[self.tree.candidates.starts[visit].slot[self.values[visit] < IMPOSSIBLE // 2]] = True
        return bits.from_mask(mask)

    def place(self, state: State, visit: int, start: int, bound: int) -> State | Blame:
        """One more visit placed; ``bound`` is what the plan then costs at least."""
        after = State(
            placed={**state.placed, visit: start},
            domains=state.domains[:],
            blame=state.blame[:],
            due=state.due[:],
            bound=bound,
            dropped=state.dropped,
        )
        trouble = self._narrow(after, visit, start)
        for rule in self.weekly[visit] if trouble is None else ():
            trouble = self._narrow_weeks(after, rule) if trouble is None else trouble
        if trouble is not None:
            return trouble
        after.due[visit] = 0
        index = self.tree.candidates.starts[visit].at(start)
        for child in self.tree.children[visit]:
            if after.waits(child):
                after.due[child] = int(self.tree.message(child, self.choices)[index])
        if visit not in self.course.given and (beside := staffing.touching(self.course, visit, start, state.placed)):
            together = {n: after.placed[n] for n in (visit, *beside)}
            if not staffing.can_be_staffed(self.course, together, self.choices):
                return reduce(or_, (1 << n | 1 << (self.size + n) for n in together))
        return after

    def drop(self, state: State, visit: int) -> State:
        """A visit, and all that cannot do without it, left without a place."""
        gone = self.course.dependents[visit] - state.placed.keys() - state.dropped
        due = state.due[:]
        bound = state.bound + UNPLACED * len(gone)
        for n in gone:
            bound -= due[n]
            due[n] = 0
        return State(state.placed, state.domains, state.blame, due, bound, state.dropped | gone)

    def _narrow(self, state: State, visit: int, start: int) -> Blame | None:
        """Take from every open visit the starts that do not go with this one."""
        course = self.course
        day = course.day(start)
        by_date, by_time = 1 << visit, 1 << visit | 1 << (self.size + visit)
        for other in self.order:
            if not state.waits(other) or not state.domains[other]:
                continue
            link, before = course.links[visit][other], state.domains[other]
            dated = course.narrowed_by_date(link, day, before)
            left = course.narrowed_by_time(link, start, day, dated)
            if left != before:
                state.blame[other] |= by_date if left == dated else by_time
                state.domains[other] = left
                if not left and course.whole:
                    return state.blame[other]
        return None

    def _narrow_weeks(self, state: State, rule: Counting) -> Blame | None:
        """Take the weeks and other periods that are full from the visits still open."""
        course, clock = self.course, self.course.free.clock
        members = [course.index[key] for key in rule.visits]
        placed = [n for n in members if n in state.placed]
        waiting = [n for n in members if state.waits(n)]
        days = sorted(course.day(state.placed[n]) for n in placed)
        fault = reduce(or_, (1 << n for n in placed))
        closed = reduce(or_, (bits.span(*period) for period in weeks.full(rule, clock, days)), 0)
        for n in waiting:
            left = state.domains[n] & ~closed
            if left != state.domains[n]:
                state.domains[n] = left
                state.blame[n] |= fault
                if not left and course.whole:
                    return state.blame[n]
        if course.whole and weeks.cannot_be_filled(rule, clock, days, [state.domains[n] for n in waiting]):
            return reduce(or_, (state.blame[n] for n in waiting), fault)
        return None

    def ranked(self, state: State, visit: int) -> tuple[bits.Slots, Points]:
        """The starts still open to a visit with the bound of each, cheapest first, earliest first among equals."""
        starts = self.tree.candidates.starts[visit]
        slots = bits.members(state.domains[visit])
        index = np.searchsorted(starts.slot, slots)
        points = self.values[visit][index] + (state.bound - state.due[visit])
        for other, start in state.placed.items():
            for ideal in self.course.links[other][visit].ideals:
                if ideal.unit is Unit.DAYS:
                    off = np.abs(starts.day[index] - self.course.day(start) - ideal.target) * DAY_MINUTES
                else:
                    off = np.abs(SLOT_MINUTES * (slots - start) - ideal.target)
                points = points + IDEAL_PER_MINUTE * ideal.weight * off
        ranking = np.argsort(points, kind="stable")
        ranking = ranking[points[ranking] < IMPOSSIBLE // 2]
        return slots[ranking], points[ranking]
