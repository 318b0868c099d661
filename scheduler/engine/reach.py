"""What the placed visits of many partial plans leave to an open one: which places, and what they cost from there.

A visit whose every start is a place is looked at before it is its turn: the time of those it shares a date with may leave it
none of the starts that its costs-to-go count on. So a plan's bound rises as soon as that is known, not when the visit is placed.
"""

from typing import NamedTuple

import numpy as np

from scheduler.engine.candidates import IMPOSSIBLE, Points
from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.counts import NOWHERE
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.layers import Layer
from scheduler.engine.objective import IDEAL_PER_MINUTE
from scheduler.engine.request import Unit
from scheduler.engine.togo import AT_ONCE, Axes, Numbers, ToGo, timed

Run = tuple[Numbers, Numbers]
"""For each plan the numbers of the first place of a run, and of the first one after it."""


class Branch(NamedTuple):
    """What the branch of a visit costs at least."""

    axes: Axes
    points: Points
    """At each place of the visit."""
    from_day: Points
    """With the visit on a date or after it."""


class Reach:
    """The places of one course's visits beside those that are placed."""

    def __init__(self, togo: ToGo) -> None:
        self.togo = togo
        self.course = togo.course
        self.midnights = np.array(self.course.request.grid.midnights, dtype=np.int64)
        self.by_start = [
            n in self.course.given or (places.slot is not None and len(places.slot) == len(starts.slot))
            for n, (places, starts) in enumerate(zip(togo.places, togo.candidates.starts, strict=True))
        ]
        """Which visits have every start as a place."""
        self.all = [self._branch(n, togo.axes[n], values) for n, values in enumerate(togo.values)]
        """For each visit what its branch costs, for all choices that concern it."""
        self.above = [
            every if kept is every.points else self._branch(n, togo.message_axes[n], kept)
            for n, (kept, every) in enumerate(zip(togo.kept, self.all, strict=True))
        ]
        """The same for the choices that are made before it is placed, the others being the best."""

    def _branch(self, visit: int, axes: Axes, points: Points) -> Branch:
        places, days = self.togo.places[visit], self.course.request.grid.days
        if visit in self.course.given or not len(places.day):
            return Branch(axes, points, np.zeros((*points.shape[:-1], days), dtype=np.int64))
        by_day = points
        if places.slot is not None:
            by_day = self.togo.by_day(places, points.reshape(-1, points.shape[-1])).reshape(*points.shape[:-1], days)
        from_day = np.minimum.accumulate(by_day[..., ::-1], axis=-1)[..., ::-1]
        return Branch(axes, points, np.ascontiguousarray(from_day))

    @property
    def is_fine(self) -> bool:
        """Whether any visit that is to be placed has every start as a place."""
        return any(fine and n not in self.course.given for n, fine in enumerate(self.by_start))

    def ranges(self, layer: Layer, visit: int) -> Run:
        """For each plan the run of places that the visit may take."""
        places = self.togo.places[visit]
        if visit in self.course.given:
            return np.zeros(len(layer), dtype=np.int64), np.ones(len(layer), dtype=np.int64)
        if places.slot is None:
            return np.maximum(layer.first[:, visit], 0), np.minimum(layer.last[:, visit] + 1, len(places.day))
        begin = np.searchsorted(places.day, layer.first[:, visit])
        end = np.searchsorted(places.day, layer.last[:, visit], side="right")
        for other in range(visit):
            link = self.course.links[other][visit]
            if not timed(link):
                continue
            start, here = layer.slot[:, other], layer.day[:, other] != NOWHERE
            if link.soonest is not None:
                soonest = np.searchsorted(places.slot, start + link.soonest)
                begin = np.where(here, np.maximum(begin, soonest), begin)
            if link.latest is not None:
                latest = np.searchsorted(places.slot, start + link.latest, side="right")
                end = np.where(here, np.minimum(end, latest), end)
        return begin, end

    def left(self, layer: Layer, visit: int, branch: Branch, source: Numbers, choice: Numbers, *, limit: int) -> Points:
        """What the visit's branch may cost beyond the least it can, in plans that are to be cheaper than ``limit``."""
        first = np.clip(layer.first[source, visit], 0, branch.from_day.shape[-1] - 1)
        least = self.costs(branch.axes, branch.from_day, choice, first[:, None])[:, 0]
        left: Points = limit - (layer.bound - layer.due[:, visit])[source] - least
        return left

    def worthwhile(self, layer: Layer, visit: int, source: Numbers, left: Points, run: Run) -> Run:
        """A run without the places that are further from where an ideal wants the visit than what is ``left`` pays for."""
        begin, end = run
        places = self.togo.places[visit]
        for other in range(visit):
            here = layer.day[source, other] != NOWHERE
            for ideal in self.course.links[other][visit].ideals:
                if ideal.unit is Unit.DAYS:
                    at, each = places.day, DAY_MINUTES
                    wished = layer.day[source, other] + ideal.target
                elif places.slot is not None:
                    at, each = places.slot, SLOT_MINUTES
                    wished = layer.slot[source, other] + ideal.target // SLOT_MINUTES
                else:
                    continue
                far = left // (IDEAL_PER_MINUTE * ideal.weight * each) + 1
                begin = np.where(here, np.maximum(begin, np.searchsorted(at, wished - far)), begin)
                end = np.where(here, np.minimum(end, np.searchsorted(at, wished + far, side="right")), end)
        return begin, end

    def shut(self, layer: Layer, visit: int, placed: int, run: Run) -> list[Run]:
        """Runs of starts that the first ``placed`` visits leave to nothing else on their dates, as far as ``run`` meets them."""
        found: list[Run] = []
        slots, days = self.togo.places[visit].slot, self.course.request.grid.days
        if visit in self.course.given or not self.by_start[visit] or slots is None:
            return found
        for other in range(placed):
            if not self.by_start[other] or other == visit:
                continue
            link = self.course.links[other][visit]
            day, start = layer.day[:, other], layer.slot[:, other]
            dawn, dusk = self.midnights[np.clip(day, 0, days)], self.midnights[np.clip(day + 1, 0, days)]
            low, high = start - link.clear_before + 1, start + link.clear_after
            if link.not_later_that_day:
                low, high = np.minimum(low, start), dusk
            if link.not_earlier_that_day:
                low, high = dawn, np.maximum(high, start + 1)
            low, high = np.searchsorted(slots, np.maximum(low, dawn)), np.searchsorted(slots, np.minimum(high, dusk))
            high = np.where(day == NOWHERE, low, high)
            if ((low < high) & (low < run[1]) & (high > run[0])).any():
                found.append((low, high))
        return found

    def ideals(self, layer: Layer, visit: int, source: Numbers, index: Numbers) -> Points:
        """Points for distances from ideals between the visit, at some places for each plan, and those placed."""
        places = self.togo.places[visit]
        total: Points = np.zeros(index.shape, dtype=np.int64)
        at: dict[Unit, Numbers] = {}
        for other in range(visit):
            for ideal in self.course.links[other][visit].ideals:
                each, known, mine = (
                    (DAY_MINUTES, layer.day, places.day)
                    if ideal.unit is Unit.DAYS
                    else (SLOT_MINUTES, layer.slot, places.slot)
                )
                if mine is None:
                    continue
                if ideal.unit not in at:
                    at[ideal.unit] = (mine * each).take(index)
                target = ideal.target * (DAY_MINUTES if ideal.unit is Unit.DAYS else 1)
                off = at[ideal.unit] - (known[source, other] * each + target)[:, None]
                np.abs(off, out=off)
                off *= (layer.day[source, other] != NOWHERE)[:, None] * (IDEAL_PER_MINUTE * ideal.weight)
                total += off
        return total

    def costs(self, axes: Axes, array: Points, choice: Numbers, index: Numbers) -> Points:
        """The entries of an array for the choices of many plans, some for each."""
        rows = np.zeros(len(choice), dtype=np.int64)
        if axes:
            rows = np.ravel_multi_index(tuple(choice[:, k] for k in axes), self.togo.shape(axes)).astype(np.int64)
        found: Points = array.reshape(-1).take(rows[:, None] * array.shape[-1] + index)
        return found

    def foreseen(self, layer: Layer, visit: int, limit: int) -> Layer:
        """Plans in which ``visit`` was placed last, with what those that hang on a placed one cost at least beside all placed.

        Without those that then cannot be cheaper than ``limit``.
        """
        for other, parent in enumerate(self.togo.parent):
            if parent is None or not parent <= visit < other or not (parent == visit or self.by_start[visit]):
                continue
            if len(layer) and self._is_foreseen(other):
                due = self._due(layer, other, visit + 1, limit)
                layer.bound = layer.bound + due - layer.due[:, other]
                layer.due[:, other] = due
                layer = layer.take(layer.bound < min(limit, IMPOSSIBLE // 2))
        return layer

    def _is_foreseen(self, visit: int) -> bool:
        return self.course.whole and self.by_start[visit] and visit not in self.course.given

    def _due(self, layer: Layer, visit: int, placed: int, limit: int) -> Points:
        """The least that a visit's branch costs at the places that the first ``placed`` visits leave it."""
        branch, every = self.above[visit], np.arange(len(layer))
        left = self.left(layer, visit, branch, every, layer.choice, limit=limit)
        begin, end = self.worthwhile(layer, visit, every, left, self.ranges(layer, visit))
        most, size = max(int((end - begin).max()), 0), len(self.togo.places[visit].day)
        due = np.full(len(layer), IMPOSSIBLE, dtype=np.int64)
        if not most or not size:
            return due
        shut = self.shut(layer, visit, placed, (begin, end))
        several = max(AT_ONCE // most, 1)
        for first in range(0, len(layer), several):
            rows = np.arange(first, min(first + several, len(layer)))
            index = begin[rows, None] + np.arange(most)
            out = index >= end[rows, None]
            for low, high in shut:
                out |= (index >= low[rows, None]) & (index < high[rows, None])
            np.minimum(index, size - 1, out=index)
            points = self.costs(branch.axes, branch.points, layer.choice[rows], index)
            points += self.ideals(layer, visit, rows, index)
            points[out] = IMPOSSIBLE
            due[rows] = points.min(axis=1)
        return due
