"""Costs-to-go: for each start of a visit, the least its branch of the course can cost, for all choices at once.

Each visit hangs on one earlier visit by the window of dates or minutes between them. On that tree a dynamic program is exact:
from the leaves up, the best a visit's branch can cost for each place of the visit. What it leaves out (the patient in two
places, counts per week, distances that are not edges of the tree) can only make a plan dearer, so costs-to-go never
overestimate.

A *place* of a visit is a local date, since most rules do not look further; for a visit to which a later one is tied by minutes it
is a run of starts of one date that leave the same to the later one. Arrays have one axis for each series that is still open in the branch (the
resource it is planned around) and a last one for places. A series whose visits all lie in one branch is decided at the top of
that branch, so that above it only the best resource counts.
"""

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduler.engine.aims import LEAST_COST, Aim
from scheduler.engine.candidates import IMPOSSIBLE, Candidates, Choice, Points
from scheduler.engine.choices import options
from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.course import Course
from scheduler.engine.distances import FREE
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.links import Link
from scheduler.engine.objective import IDEAL_PER_MINUTE, UNPLACED
from scheduler.engine.request import Unit

AT_ONCE = 200_000
"""So many numbers are worked with at once: what the processor has close at hand."""

Axes = tuple[int, ...]
"""Numbers of series, ascending."""
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Where a visit can be: dates, or runs of starts, of which ``slot`` is the first."""

    day: Numbers
    slot: Numbers | None
    own: Points
    """The least the visit costs by itself at each place, a row for each choice that concerns it."""


class Pull(NamedTuple):
    """Where an ideal in minutes wants a visit whose places are dates: so many minutes after the start of ``anchor``."""

    anchor: int
    minutes: int
    each: int
    """Points for each minute away from there."""


class ToGo:
    """The tree of a course with its costs-to-go."""

    def __init__(self, course: Course, candidates: Candidates, aim: Aim = LEAST_COST) -> None:
        self.course = course
        self.candidates = candidates
        size = len(course.visits)
        self.options: list[list[Choice | None]] = [
            [found for found in options(course, rule) if (k, found) != aim.without] or [None]
            for k, rule in enumerate(course.series)
        ]
        self.parent = [self._parent(n) for n in range(size)]
        self.children: list[list[int]] = [[] for _ in range(size)]
        for n, parent in enumerate(self.parent):
            if parent is not None:
                self.children[parent].append(n)
        self.concerning: list[Axes] = [tuple(found) for found in candidates.concerning]
        pulls = [self._pull(n) for n in range(size)]
        self.timed = [n in course.given or self._ties(n, pulls[n]) for n in range(size)]
        """Which visits have runs of starts as places."""
        self.pulls = [None if tied else pull for pull, tied in zip(pulls, self.timed, strict=True)]
        """For visits that only the one they hang on wants at a distance in minutes, and that no later one looks at."""
        self.tied = [
            [] if self.timed[n] else [other for other in range(n) if timed(course.links[other][n])] for n in range(size)
        ]
        """For visits whose places are dates: the earlier ones that leave them only some starts of a date."""
        self.opened = self._opened()
        """For each visit the series that are decided where it is placed; ``opened[-1]``: before all visits."""
        known: dict[object, tuple[Points, Places]] = {}
        self.alike: list[int] = []
        """Visits with the same number have the same starts at the same cost."""
        self.rows: list[Points] = []
        """For each visit the points of its starts, a row for each choice that concerns it."""
        self.places: list[Places] = []
        self.runs: dict[int, Places] = {}
        """For visits whose places are dates, but whose parent leaves them starts by the minute: their runs of starts."""
        numbers: dict[object, int] = {}
        for n in range(size):
            key = candidates.likeness(n)
            self.alike.append(numbers.setdefault(key, len(numbers)))
            key = (key, n if self.timed[n] else None)
            if key not in known:
                known[key] = self._places(n)
            rows, places = known[key]
            self.rows.append(rows)
            self.places.append(places)
            parent = self.parent[n]
            if parent is not None and not self.timed[n] and timed(course.links[parent][n]):
                self.runs[n] = self._in_runs(n, rows)
        self.axes: list[Axes] = [()] * size
        self.values: list[Points] = [np.zeros(0, dtype=np.int64)] * size
        """For each visit: the least its branch costs with it at each place."""
        self.messages: list[Points] = [np.zeros(0, dtype=np.int64)] * size
        """For each visit that hangs on another: the same for each place of the other one."""
        self.message_axes: list[Axes] = [()] * size
        self.kept: list[Points] = [np.zeros(0, dtype=np.int64)] * size
        """``values`` for the series that are still open above the visit."""
        self.loose: list[Points] = [np.zeros(0, dtype=np.int64)] * size
        """For each visit: the least its branch costs wherever it is, hanging on nothing."""
        for n in range(size - 1, -1, -1):
            self._fill(n)

    def partly(self, visit: int) -> bool:
        """Whether a visit may take only some of the starts of its date."""
        return self.timed[visit] or bool(self.tied[visit])

    # --- the tree -------------------------------------------------------------------------------------------------

    def _parent(self, visit: int) -> int | None:
        """The earlier visit whose link says most: one with an ideal before one without, then the narrowest window."""
        found = []
        for n in range(visit):
            link = self.course.links[n][visit]
            if (n in self.course.given and visit in self.course.given) or not (link.strict or link.ideals):
                continue
            found.append((not link.ideals, _width(link), -n))
        return -min(found)[2] if found else None

    def _pull(self, visit: int) -> Pull | None:
        """What the time of a visit is wished by, if its places can be dates for all that."""
        wishing = [n for n in range(visit) if wished_by_time(self.course.links[n][visit])]
        parent = self.parent[visit]
        if wishing != [parent] or visit in self.course.given:
            return None
        ideals = self.course.links[wishing[0]][visit].ideals
        if len(ideals) > 1:
            return None
        return Pull(wishing[0], ideals[0].target, IDEAL_PER_MINUTE * ideals[0].weight)

    def _ties(self, visit: int, pull: Pull | None) -> bool:
        """Whether each time of day has to be a place of its own: a later visit looks at it, or more than one ideal does."""
        links = self.course.links[visit]
        return any(timed(link) for link in links[visit + 1 :]) or (
            pull is None and any(map(wished_by_time, links[:visit]))
        )

    def _opened(self) -> dict[int, Axes]:
        above: list[list[int]] = []
        for n in range(len(self.parent)):
            parent = self.parent[n]
            above.append([*(above[parent] if parent is not None else []), n])
        found: dict[int, list[int]] = {n: [] for n in range(-1, len(self.parent))}
        for k in range(len(self.options)):
            paths = [path for path, axes in zip(above, self.concerning, strict=True) if k in axes]
            if not paths:
                continue
            shared = [n for n in paths[0] if all(n in path for path in paths)]
            found[shared[-1] if shared else -1].append(k)
        return {n: tuple(axes) for n, axes in found.items()}

    # --- places and what they cost by themselves ------------------------------------------------------------------

    def choices(self, axes: Axes) -> list[tuple[Choice | None, ...]]:
        """Every combination of what some series are planned around, the others open; in the order of the arrays' rows."""
        found = []
        for names in product(*(self.options[k] for k in axes)):
            chosen = dict(zip(axes, names, strict=True))
            found.append(tuple(chosen.get(k) for k in range(len(self.options))))
        return found

    def shape(self, axes: Axes) -> tuple[int, ...]:
        """How many options each of some series has."""
        return tuple(len(self.options[k]) for k in axes)

    def _places(self, visit: int) -> tuple[Points, Places]:
        starts = self.candidates.starts[visit]
        rows = np.stack([self.candidates.points(visit, names) for names in self.choices(self.concerning[visit])])
        if self.timed[visit]:
            return rows, self._in_runs(visit, rows)
        days = self.course.request.grid.days
        own = np.full((len(rows), days), IMPOSSIBLE, dtype=np.int64)
        if len(starts.slot):
            begin = np.flatnonzero(np.diff(starts.day, prepend=starts.day[0] - 1))
            own[:, starts.day[begin]] = np.minimum.reduceat(rows, begin, axis=1)
        return rows, Places(np.arange(days), None, own)

    def _in_runs(self, visit: int, rows: Points) -> Places:
        starts, begin = self.candidates.starts[visit], self._runs(visit)
        own = np.minimum.reduceat(rows, begin, axis=1) if len(begin) else rows
        return Places(starts.day[begin], starts.slot[begin], own)

    def _runs(self, visit: int) -> Numbers:
        """Where, among the starts of a visit, each run begins of those that leave the same to the visits tied to it by minutes."""
        starts = self.candidates.starts[visit]
        same = [starts.day]
        for other, link in enumerate(self.course.links[visit]):
            if other == visit or not timed(link):
                continue
            slots = self.candidates.starts[other].slot
            if wished_by_time(link):
                return np.arange(len(starts.slot))
            if link.soonest is not None:
                same.append(np.searchsorted(slots, starts.slot + link.soonest))
            if link.latest is not None:
                same.append(np.searchsorted(slots, starts.slot + link.latest, side="right"))
        differs = np.ones(len(starts.slot), dtype=np.bool_)
        if len(differs):
            differs[1:] = np.any([numbers[1:] != numbers[:-1] for numbers in same], axis=0)
        return np.flatnonzero(differs)

    # --- the dynamic program --------------------------------------------------------------------------------------

    def _fill(self, visit: int) -> None:
        axes = tuple(
            sorted({*self.concerning[visit], *(k for c in self.children[visit] for k in self.message_axes[c])})
        )
        self.axes[visit] = axes
        self.values[visit] = self._branch_values(visit, self.places[visit])
        closed = tuple(n for n, k in enumerate(axes) if k in self.opened[visit])
        self.message_axes[visit] = tuple(k for k in axes if k not in self.opened[visit])
        parent = self.parent[visit]
        kept = self.kept[visit] = self.values[visit].min(axis=closed) if closed else self.values[visit]
        without = self.dropped(visit)
        least = kept.min(axis=-1) if kept.shape[-1] else np.full(kept.shape[:-1], IMPOSSIBLE, dtype=np.int64)
        self.loose[visit] = np.minimum(least, without)
        if parent is not None:
            below = self.runs.get(visit, self.places[visit])
            if visit in self.runs:
                kept = self._branch_values(visit, below)
                kept = kept.min(axis=closed) if closed else kept
            rows = kept.reshape(int(np.prod(kept.shape[:-1], dtype=np.int64)), kept.shape[-1])
            message = self._message(parent, visit, below, rows)
            message = message.reshape(*kept.shape[:-1], len(self.places[parent].day))
            self.messages[visit] = np.minimum(message, without)

    def _branch_values(self, visit: int, places: Places) -> Points:
        """The least a visit's branch costs with it at each of some places: its own, or its runs where those are dates."""
        axes = self.axes[visit]
        total = self.spread(
            places.own.reshape(*self.shape(self.concerning[visit]), len(places.day)), self.concerning[visit], axes
        )
        for child in self.children[visit]:
            message = self.messages[child]
            if places is not self.places[visit]:
                message = message[..., places.day]
            total = total + self.spread(message, self.message_axes[child], axes)
        return np.minimum(np.broadcast_to(total, (*self.shape(axes), len(places.day))), IMPOSSIBLE)

    def dropped(self, visit: int) -> int:
        """What it costs at least to leave a visit without a place, and with it those that cannot do without it."""
        if self.course.whole or visit in self.course.given:
            return IMPOSSIBLE
        return UNPLACED * len(self._branch(visit) & self.course.dependents[visit])

    def _branch(self, visit: int) -> set[int]:
        found, fresh = {visit}, [visit]
        while fresh:
            more = self.children[fresh.pop()]
            found.update(more)
            fresh += more
        return found

    def spread(self, array: Points, axes: Axes, over: Axes) -> Points:
        """An array with axes of length one for the series it does not depend on."""
        sizes = dict(zip(axes, array.shape, strict=False))
        return array.reshape(*(sizes.get(k, 1) for k in over), array.shape[-1])

    def _message(self, parent: int, child: int, below: Places, values: Points) -> Points:
        link, above = self.course.links[parent][child], self.places[parent]
        if not len(below.day) or not len(above.day):
            return np.full((len(values), len(above.day)), IMPOSSIBLE, dtype=np.int64)
        if timed(link) and above.slot is not None and below.slot is not None:
            return self._by_time(link, above, below, values)
        if below.slot is not None:
            values = self.by_day(below, values)
        day, back = np.unique(above.day, return_inverse=True)
        return self._by_date(link, day, values)[:, back]

    def by_day(self, places: Places, values: Points) -> Points:
        """For each date the least of the values of its places."""
        days = np.full((len(values), self.course.request.grid.days), IMPOSSIBLE, dtype=np.int64)
        begin = np.flatnonzero(np.diff(places.day, prepend=places.day[0] - 1))
        days[:, places.day[begin]] = np.minimum.reduceat(values, begin, axis=1)
        return days

    def _by_date(self, link: Link, day: Numbers, values: Points) -> Points:
        """For each date of the parent: the least over the dates of the child, given by date."""
        days = values.shape[1]
        best = np.full((len(values), len(day)), IMPOSSIBLE, dtype=np.int64)
        used = np.flatnonzero((values < IMPOSSIBLE).any(axis=0))
        if not len(used):
            return best
        first = max(link.least, int(used[0] - day[-1]))
        last = min(link.most, int(used[-1] - day[0]))
        due = due_days(link, day) if link.following else None
        for offset in range(first, last + 1):
            if abs(offset) < link.apart or (not offset and link.not_later_that_day and link.not_earlier_that_day):
                continue
            there = day + offset
            fits = (there >= 0) & (there < days)
            if due is not None:
                fits &= there == due
            cost = sum(
                IDEAL_PER_MINUTE * ideal.weight * DAY_MINUTES * abs(offset - ideal.target)
                for ideal in link.ideals
                if ideal.unit is Unit.DAYS
            )
            np.minimum(best, np.where(fits, values[:, np.clip(there, 0, days - 1)] + cost, IMPOSSIBLE), out=best)
        return best

    def _by_time(self, link: Link, above: Places, below: Places, values: Points) -> Points:
        assert above.slot is not None and below.slot is not None  # noqa: S101, PT018 - said by the caller
        ideal = link.ideals[0] if link.ideals else None
        low, high = self._limits(link, above.day)
        if link.soonest is not None:
            low = np.maximum(low, above.slot + link.soonest)
        if link.latest is not None:
            high = np.minimum(high, above.slot + link.latest + 1)
        begin, end = np.searchsorted(below.slot, low), np.searchsorted(below.slot, high)
        if ideal is None:
            return _least(values, begin, end)
        day_based = ideal.unit is Unit.DAYS
        at = below.day * DAY_MINUTES if day_based else below.slot * SLOT_MINUTES
        here = above.day * DAY_MINUTES if day_based else above.slot * SLOT_MINUTES
        wished = here + ideal.target * (DAY_MINUTES if day_based else 1)
        each = IDEAL_PER_MINUTE * ideal.weight
        turn = np.clip(np.searchsorted(at, wished), begin, np.maximum(begin, end))
        too_early = _least(values - each * at, begin, turn) + each * wished
        too_late = _least(values + each * at, turn, end) - each * wished
        best: Points = np.minimum(np.minimum(too_early, too_late), IMPOSSIBLE)
        return best

    def _limits(self, link: Link, day: Numbers) -> tuple[Numbers, Numbers]:
        """For each date of the parent: the period its link leaves to the child, judged by dates."""
        days = self.course.request.grid.days
        midnights = np.array(self.course.request.grid.midnights, dtype=np.int64)
        first, last = day + link.least, day + link.most
        if link.following:
            due = due_days(link, day)
            first, last = np.maximum(first, due), np.minimum(last, due)
        low = midnights[np.clip(first, 0, days)]
        high = midnights[np.clip(last + 1, 0, days)]
        return low, np.maximum(high, low)


def timed(link: Link) -> bool:
    """Whether a link looks at more than dates and the order within a date."""
    soonest = link.soonest if link.soonest is not None else 0
    latest = link.latest if link.latest is not None else 0
    return wished_by_time(link) or not 0 <= soonest <= link.clear_after or not -link.clear_before <= latest <= 0


def wished_by_time(link: Link) -> bool:
    """Whether an ideal in minutes lies between the two visits."""
    return any(ideal.unit is Unit.MINUTES for ideal in link.ideals)


def due_days(link: Link, day: Numbers) -> Numbers:
    """The date on which the other of two consecutive visits is due; far away where there is none."""
    row = np.array(link.row, dtype=np.int64)
    index = np.searchsorted(row, day, side="right") if link.following == 1 else np.searchsorted(row, day) - 1
    exists = (index >= 0) & (index < len(row))
    due = np.full(len(day), FREE, dtype=np.int64)
    due[exists] = row[index[exists]]
    return due


def _width(link: Link) -> int:
    dates = (link.most - link.least) * DAY_MINUTES
    if link.following:
        return 0
    if link.soonest is not None and link.latest is not None:
        return min(dates, (link.latest - link.soonest) * SLOT_MINUTES)
    return dates


def _least(values: Points, begin: Numbers, end: Numbers) -> Points:
    """For each row the least of every run ``[begin, end)`` of its numbers; impossible where a run is empty.

    Each run is two runs of a power of two that overlap, and the least of all of those is made by doubling.
    """
    rows, size = values.shape
    some = end > begin
    power = np.log2(np.maximum(end - begin, 1)).astype(np.int64)
    powers = int(power.max(initial=0)) + 1
    left = power * size + np.where(some, begin, 0)
    right = power * size + np.where(some, end - (1 << power), 0)
    best = np.empty((rows, len(begin)), dtype=np.int64)
    some_rows = max(AT_ONCE // (powers * size), 1)
    table = np.zeros((some_rows, powers, size), dtype=np.int64)
    for first in range(0, rows, some_rows):
        part = best[first : first + some_rows]
        runs = table[: len(part)]
        runs[:, 0] = values[first : first + some_rows]
        for n in range(1, powers):
            width = 1 << (n - 1)
            np.minimum(runs[:, n - 1, :-width], runs[:, n - 1, width:], out=runs[:, n, :-width])
        flat = runs.reshape(len(part), -1)
        np.minimum(flat.take(left, axis=1), flat.take(right, axis=1), out=part)
    best[:, ~some] = IMPOSSIBLE
    return best
