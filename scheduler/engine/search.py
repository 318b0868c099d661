"""The search over one course: a beam for a good plan at once, then depth first with jumping back.

Both place the visits in the order of the course. A start, once chosen, narrows the starts of all visits still open, and
the tree's costs-to-go say what the rest will cost at least. Effort is counted in states, never in seconds, so
that the same request always gives the same answer.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from scheduler.engine import staffing
from scheduler.engine.candidates import Choices
from scheduler.engine.relaxation import Tree
from scheduler.engine.request import Placement
from scheduler.engine.states import Blame, Moves, State

_EVERYTHING: Blame = -1
"""A blame that excuses no decision."""
_PER_DATE = 2
"""With how many starts of one date the beam goes on from a state."""
_ALIKE = 2
"""How many partial plans with the same dates the beam keeps; more would crowd out other dates."""


class EffortSpentError(Exception):
    """The states allowed for a search are used up."""


@dataclass(slots=True)
class Effort:
    """States left to look at."""

    left: int

    def spend(self) -> None:
        """Count a state.

        Raises:
            EffortSpentError: none are left.
        """
        if self.left <= 0:
            raise EffortSpentError
        self.left -= 1


@dataclass(frozen=True, slots=True)
class Found:
    """A valid plan with its cost."""

    starts: staffing.Starts
    choices: Choices
    placements: list[Placement]
    points: int


class Judge(Protocol):
    """What decides about starts for all visits at last."""

    def priced(self, starts: staffing.Starts, choices: Choices) -> Found | None:
        """The plan with these starts, the cheapest resources and its cost; ``None`` if resources are short."""

    def valid(self, found: Found) -> bool:
        """Whether a plan keeps every rule."""


class Search:
    """One search around one choice of main resources, for plans cheaper than ``limit``."""

    def __init__(self, tree: Tree, choices: Choices, *, effort: Effort, judge: Judge, limit: int) -> None:
        self.course = tree.course
        self.moves = Moves(tree, choices)
        self.order = self.moves.order
        self.choices = choices
        self.effort = effort
        self.judge = judge
        self.best: Found | None = None
        self.limit = limit
        """Falls with every plan found."""

    def _finish(self, starts: staffing.Starts) -> None:
        """Judge starts in which every visit is decided."""
        found = self.judge.priced(starts, self.choices)
        if found is None or found.points >= self.limit:
            return
        if self.judge.valid(found):
            self.best, self.limit = found, found.points
        elif not self.course.whole:
            # a rule about all visits together, such as a least number each week, may want the last of them gone
            last = next((n for n in reversed(self.order) if n in starts), None)
            if last is not None:
                self._finish({n: at for n, at in starts.items() if n not in self.course.dependents[last]})

    def complete(self, starts: staffing.Starts) -> None:
        """Add every visit to a partial plan that still finds a place in it. Only where visits may be dropped."""
        for n in self.order:
            if n not in starts and self.course.anchors[n] <= starts.keys():
                start = next(self._fitting(self._replayed(starts), n), None)
                if start is not None:
                    starts = {**starts, n: start}
                    self._finish(starts)

    def _fitting(self, state: State | Blame, visit: int) -> Iterator[int]:
        if isinstance(state, State):
            for start in self.moves.ranked(state, visit)[0].tolist():
                if isinstance(self.moves.place(state, visit, start, 0), State):
                    yield start

    def _replayed(self, starts: staffing.Starts) -> State | Blame:
        """The state with exactly these starts, the other visits open."""
        state = self.moves.root()
        for visit, start in starts.items():
            if visit not in self.course.given and isinstance(state, State):
                state = self.moves.place(state, visit, start, 0)
        return state

    # --- the beam -------------------------------------------------------------------------------------------------

    def beam(self, width: int) -> None:
        """Keep the best ``width`` partial plans from visit to visit; cheap, and finds nothing at all at times.

        Raises:
            EffortSpentError: the effort is used up.
        """
        root = self.moves.root()
        layer = [root] if isinstance(root, State) else []
        for visit in self.order:
            options = [
                (bound, rank, start)
                for rank, state in enumerate(layer)
                for bound, start in self._promising(state, visit, width)
            ]
            options.sort(key=lambda option: (option[0], option[1], -1 if option[2] is None else option[2]))
            following: list[State] = []
            alike: Counter[tuple[int, ...]] = Counter()
            for bound, rank, start in options:
                if len(following) == width or bound >= self.limit:
                    break
                dates = layer[rank].dates if start is None else (*layer[rank].dates, self.course.day(start))
                if alike[dates] == _ALIKE:
                    continue
                self.effort.spend()
                after = self._follow(layer[rank], visit, start, bound)
                if isinstance(after, State):
                    after.dates = dates
                    alike[dates] += 1
                    following.append(after)
            layer = following
        for state in layer:
            if state.bound < self.limit:
                self._finish(state.placed)

    def _promising(self, state: State, visit: int, width: int) -> Iterator[tuple[int, int | None]]:
        """The best ways to decide on a visit with their bounds, few of each date; ``None``: do not place it."""
        if visit in state.dropped:
            yield state.bound, None
            return
        if not self.course.whole:
            yield self.moves.drop(state, visit).bound, None
        slots, points = self.moves.ranked(state, visit)
        taken: dict[int, int] = {}
        for slot, bound in zip(slots.tolist(), points.tolist(), strict=True):
            day = self.course.day(slot)
            if taken.get(day, 0) < _PER_DATE:
                taken[day] = taken.get(day, 0) + 1
                yield bound, slot
                width -= 1
                if not width:
                    return

    def _follow(self, state: State, visit: int, start: int | None, bound: int) -> State | Blame:
        if visit in state.dropped:
            return state
        return self.moves.drop(state, visit) if start is None else self.moves.place(state, visit, start, bound)

    # --- depth first ----------------------------------------------------------------------------------------------

    def exhaust(self) -> None:
        """Look at every plan cheaper than the limit; where it returns, none is left.

        Raises:
            EffortSpentError: the effort is used up first.
        """
        root = self.moves.root()
        if isinstance(root, State):
            self._descend(root, 0)

    def _descend(self, state: State, depth: int) -> Blame:
        """Search below a state; returns the decisions to blame that nothing, or nothing more, lies there."""
        while depth < len(self.order) and self.order[depth] in state.dropped:
            depth += 1
        if depth == len(self.order):
            self._finish(state.placed)
            return _EVERYTHING
        visit = self.order[depth]
        date_bit, time_bit = 1 << visit, 1 << (self.moves.size + visit)
        blame = state.blame[visit]
        settled: set[int] = set()
        slots, points = self.moves.ranked(state, visit)
        for start, bound in zip(slots.tolist(), points.tolist(), strict=True):
            if bound >= self.limit:
                blame = _EVERYTHING
                break
            day = self.course.day(start)
            if day in settled:
                continue
            self.effort.spend()
            after = self.moves.place(state, visit, start, bound)
            fault = self._descend(after, depth + 1) if isinstance(after, State) else after
            if self.course.whole and not fault & (date_bit | time_bit):
                return fault  # this visit has no part in it: back to one that has
            if not fault & time_bit:
                settled.add(day)  # no other time of that date would help
            blame |= fault
        if not self.course.whole:
            self._descend_without(state, visit, depth)
            return _EVERYTHING
        return blame & ~(date_bit | time_bit) if blame >= 0 else _EVERYTHING

    def _descend_without(self, state: State, visit: int, depth: int) -> None:
        dropped = self.moves.drop(state, visit)
        if dropped.bound < self.limit:
            self.effort.spend()
            self._descend(dropped, depth + 1)
