"""What the placed visits of many partial plans leave to an open one: which places, and what they cost from there.

A visit whose every start is a place is looked at before it is its turn: the time of those it shares a date with may leave it
none of the starts that its costs-to-go count on. So a plan's bound rises as soon as that is known, not when the visit is placed.
"""

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

    def costs(self, array: Points, axes: Axes, choice: Numbers, index: Numbers) -> Points:
        """The entries of an array of the visit's places for the choices of many plans, at some places for each."""
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
                due = self._due(layer, other, visit + 1)
                layer.bound = layer.bound + due - layer.due[:, other]
                layer.due[:, other] = due
                layer = layer.take(layer.bound < min(limit, IMPOSSIBLE // 2))
        return layer

    def _is_foreseen(self, visit: int) -> bool:
        return self.course.whole and self.by_start[visit] and visit not in self.course.given

    def _due(self, layer: Layer, visit: int, placed: int) -> Points:
        """The least that a visit's branch costs at the places that the first ``placed`` visits leave it."""
        begin, end = self.ranges(layer, visit)
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
            points = self.costs(self.togo.kept[visit], self.togo.message_axes[visit], layer.choice[rows], index)
            points += self.ideals(layer, visit, rows, index)
            points[out] = IMPOSSIBLE
            due[rows] = points.min(axis=1)
        return due
