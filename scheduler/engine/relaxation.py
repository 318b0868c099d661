"""The course as a tree: exact costs-to-go and a proved lower bound, ignoring what couples the branches.

Each visit hangs on one earlier visit by the window of dates or minutes between them. On that tree a dynamic program is
exact: from the leaves up, the best a visit's branch can cost for each of its starts. What it leaves out (the patient in two
places, counts per week, distances that are not edges of the tree) can only make a plan dearer, so the sum over the roots
is a lower bound, and the costs-to-go never overestimate.
"""

import numpy as np

from scheduler.engine import bits
from scheduler.engine.candidates import IMPOSSIBLE, Candidates, Choices, Points
from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.course import Course
from scheduler.engine.distances import FREE
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.links import Link
from scheduler.engine.objective import IDEAL_PER_MINUTE, UNPLACED
from scheduler.engine.request import Unit


class Tree:
    """Which visit hangs on which, and the costs-to-go for any choice of main resources."""

    def __init__(self, course: Course, candidates: Candidates) -> None:
        self.course = course
        self.candidates = candidates
        size = len(course.visits)
        self.parent = [self._parent(n) for n in range(size)]
        self.children: list[list[int]] = [[] for _ in range(size)]
        for n, parent in enumerate(self.parent):
            if parent is not None:
                self.children[parent].append(n)
        self.branch = [self._branch(n) for n in range(size)]
        self.concerning = [sorted({k for n in branch for k in candidates.concerning[n]}) for branch in self.branch]
        self._values: dict[tuple[int, Choices], Points] = {}
        self._messages: dict[tuple[int, Choices], Points] = {}

    def _parent(self, visit: int) -> int | None:
        """The earlier visit whose link says most: one with an ideal before one without, then the narrowest window."""
        found = []
        for n in range(visit):
            link = self.course.links[n][visit]
            if (n in self.course.given and visit in self.course.given) or not (link.strict or link.ideals):
                continue
            found.append((not link.ideals, _width(link), -n))
        return -min(found)[2] if found else None

    def _branch(self, visit: int) -> set[int]:
        found, fresh = {visit}, [visit]
        while fresh:
            more = self.children[fresh.pop()]
            found.update(more)
            fresh += more
        return found

    def values(self, visit: int, choices: Choices) -> Points:
        """For each start of a visit: the least its branch can cost with it there."""
        key = (visit, tuple(choices[k] for k in self.concerning[visit]))
        if key not in self._values:
            total = self.candidates.points(visit, choices).copy()
            for child in self.children[visit]:
                total += self.message(child, choices)
            self._values[key] = np.minimum(total, IMPOSSIBLE)
        return self._values[key]

    def dropped(self, visit: int) -> int:
        """What it costs to leave a visit without a place, and all of its branch that cannot do without it."""
        if self.course.whole or visit in self.course.given:
            return IMPOSSIBLE
        return UNPLACED * len(self.branch[visit] & self.course.dependents[visit])

    def least(self, root: int, choices: Choices) -> int:
        """The least the branch of a visit that hangs on nothing can cost."""
        values = self.values(root, choices)
        return min(int(values.min()) if len(values) else IMPOSSIBLE, self.dropped(root))

    def bound(self, choices: Choices) -> int:
        """A lower bound of the cost of every plan around these choices."""
        return sum(self.least(n, choices) for n, parent in enumerate(self.parent) if parent is None)

    def message(self, child: int, choices: Choices) -> Points:
        """For each start of the parent: the least the child's branch can cost."""
        key = (child, tuple(choices[k] for k in self.concerning[child]))
        parent = self.parent[child]
        if parent is None:
            raise ValueError("A visit that hangs on nothing sends no message.")
        if key not in self._messages:
            self._messages[key] = np.minimum(self._least_within(parent, child, choices), self.dropped(child))
        return self._messages[key]

    def _least_within(self, parent: int, child: int, choices: Choices) -> Points:
        link = self.course.links[parent][child]
        above, below = self.candidates.starts[parent], self.candidates.starts[child]
        if not len(below.slot) or not len(above.slot):
            return np.full(len(above.slot), IMPOSSIBLE, dtype=np.int64)
        values = self.values(child, choices)
        ideal = link.ideals[0] if link.ideals else None
        timed = (
            link.soonest is not None or link.latest is not None or (ideal is not None and ideal.unit is Unit.MINUTES)
        )
        slot, below_day = below.slot, below.day
        if timed:
            day, back = above.day, np.arange(len(above.day))
        else:  # all starts of one date see the same, and only the best of a date matters
            day, back = np.unique(above.day, return_inverse=True)
            first = np.flatnonzero(np.diff(below_day, prepend=below_day[0] - 1))
            values, slot, below_day = np.minimum.reduceat(values, first), slot[first], below_day[first]
        low, high = self._limits(link, day)
        if timed:
            if link.soonest is not None:
                low = np.maximum(low, above.slot + link.soonest)
            if link.latest is not None:
                high = np.minimum(high, above.slot + link.latest + 1)
        begin, end = np.searchsorted(slot, low), np.searchsorted(slot, high)
        if ideal is None:
            least: Points = _Least(values).between(begin, end)[back]
            return least
        at = slot * SLOT_MINUTES if ideal.unit is Unit.MINUTES else below_day * DAY_MINUTES
        here = above.slot * SLOT_MINUTES if ideal.unit is Unit.MINUTES else day * DAY_MINUTES
        wished = here + ideal.target * (DAY_MINUTES if ideal.unit is Unit.DAYS else 1)
        each = IDEAL_PER_MINUTE * ideal.weight
        turn = np.clip(np.searchsorted(at, wished), begin, np.maximum(begin, end))
        too_early = _Least(values - each * at).between(begin, turn) + each * wished
        too_late = _Least(values + each * at).between(turn, end) - each * wished
        best: Points = np.minimum(np.minimum(too_early, too_late), IMPOSSIBLE)[back]
        return best

    def _limits(self, link: Link, day: bits.Slots) -> tuple[bits.Slots, bits.Slots]:
        """For each date of the parent: the period its link leaves to the child, judged by dates."""
        days = self.course.request.grid.days
        midnights = np.array(self.course.request.grid.midnights, dtype=np.int64)
        first, last = day + link.least, day + link.most
        if link.following:
            row = np.array(link.row, dtype=np.int64)
            index = np.searchsorted(row, day, side="right") if link.following == 1 else np.searchsorted(row, day) - 1
            exists = (index >= 0) & (index < len(row))
            due = np.full(len(day), FREE, dtype=np.int64)
            due[exists] = row[index[exists]]
            first, last = np.maximum(first, due), np.minimum(last, due)
        low = midnights[np.clip(first, 0, days)]
        high = midnights[np.clip(last + 1, 0, days)]
        return low, np.maximum(high, low)


def _width(link: Link) -> int:
    dates = (link.most - link.least) * DAY_MINUTES
    if link.following:
        return 0
    if link.soonest is not None and link.latest is not None:
        return min(dates, (link.latest - link.soonest) * SLOT_MINUTES)
    return dates


class _Least:
    """The least of any run of an array, each in constant time (a sparse table)."""

    def __init__(self, values: Points) -> None:
        self.rows = [values]
        width = 1
        while 2 * width <= len(values):
            last = self.rows[-1]
            row = last.copy()
            row[: len(last) - width] = np.minimum(last[:-width], last[width:])
            self.rows.append(row)
            width *= 2
        self.table = np.stack(self.rows)

    def between(self, begin: bits.Slots, end: bits.Slots) -> Points:
        """The least of ``[begin, end)`` for each pair; impossible where it is empty."""
        length = end - begin
        some = length > 0
        row = np.zeros(len(length), dtype=np.int64)
        row[some] = np.log2(length[some]).astype(np.int64)
        size = self.table.shape[1]
        left = np.minimum(begin, size - 1)
        right = np.clip(end - (1 << row), 0, size - 1)
        return np.where(some, np.minimum(self.table[row, left], self.table[row, right]), IMPOSSIBLE)
