"""Which partial plans another one stands for: it leaves the open visits the same, or more, and costs no more."""

from collections.abc import Collection

import numpy as np

from scheduler.engine.candidates import IMPOSSIBLE, Points
from scheduler.engine.counts import NOWHERE, Count, Flags
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.layers import Layer, Moves, mixing
from scheduler.engine.objective import IDEAL_PER_MINUTE
from scheduler.engine.request import Unit
from scheduler.engine.togo import Numbers, ToGo, timed


class Merging:
    """What partial plans of one course are compared by."""

    def __init__(self, togo: ToGo, counts: list[Count]) -> None:
        self.togo = togo
        self.course = togo.course
        self.counts = counts
        self.size = len(self.course.visits)
        columns = self.size * (12 + len(self.course.series) + 2 * len(counts)) + len(self.course.series) + 8
        self.mixed = mixing(columns)
        self.looking = np.array([[timed(link) for link in row] for row in self.course.links], dtype=np.bool_)
        """For each visit: which others look at its time."""

    def distinct(self, layer: Layer, visit: int, *, careful: bool) -> Layer:
        """A layer after ``visit`` without the plans that another stands for.

        ``careful`` keeps all apart that differ in a date, though they leave the same to the open visits.
        """
        if not len(layer):
            return layer
        waiting = self._waiting(visit)
        looked_at = self._looked_at(visit + 1, waiting)
        code = self._codes(layer, visit + 1, waiting, [layer.day] if careful else [])
        spent = layer.bound - layer.due.sum(axis=1)
        kept = _cheapest(code, spent, layer.bound)
        for other in looked_at:
            if not careful and other not in self.course.given:
                kept = kept[~self._outdone(layer, other, waiting, (code, spent), kept)]
        return layer.take(kept)

    def forgetting(self, layer: Layer, visit: int) -> Numbers | None:
        """A number for each plan, the same for those that differ in nothing but what only ``visit``, placed next, looks at.

        ``None`` where all differ in more.
        """
        code = self._codes(layer, visit, self._waiting(visit), [])
        return code if len(np.unique(code)) < len(code) else None

    def foremost(self, layer: Layer, visit: int, moves: Moves, code: Numbers) -> Moves:
        """Moves without those that lead to the same as another one, at no less cost. ``code`` is what ``forgetting`` found."""
        columns = [moves.place, moves.slot, moves.until]
        columns += [moves.choice[:, k] for k in sorted({*self.togo.concerning[visit], *self.togo.opened[visit]})]
        if pull := self.togo.pulls[visit]:
            columns.append(layer.slot[moves.row, pull.anchor])
        owed = layer.due.sum(axis=1) - layer.due[:, visit]
        at = len(columns)
        with np.errstate(over="ignore"):
            # other numbers than those that the codes of the plans are made with
            code = (code * self.mixed[-1])[moves.row]
            for column, mixed in zip(columns, self.mixed, strict=False):
                code += column * mixed
            # what those that are on the date already can still do there
            for other in range(visit):
                state = np.zeros(len(layer), dtype=np.int64)
                for column in self._state(layer, other, ()):
                    state += column * self.mixed[at]
                    at += 1
                here = np.flatnonzero(layer.day[moves.row, other] == moves.day)
                code[here] += state[moves.row[here]]
        return moves.take(_cheapest(code, moves.bound - owed[moves.row], moves.bound))

    def _waiting(self, visit: int) -> list[int]:
        """The visits that are open once ``visit`` is placed."""
        return [n for n in range(visit + 1, self.size) if n not in self.course.given]

    def _looked_at(self, placed: int, waiting: list[int]) -> list[int]:
        """Those of the first ``placed`` visits at whose time an open one looks."""
        found: list[int] = np.flatnonzero(self.looking[:placed, waiting].any(axis=1)).tolist()
        return found

    def _codes(self, layer: Layer, placed: int, waiting: list[int], more: list[Numbers]) -> Numbers:
        """A number for each plan with ``placed`` visits, the same for those that leave the same to the open ones."""
        columns = self._leaving(layer, placed, waiting) if waiting else [layer.choice]
        columns += [layer.day[:, count.members] for count in self.counts if not count.forgetful]
        looked_at = self._looked_at(placed, waiting)
        with np.errstate(over="ignore"):
            code: Numbers = layer.slot[:, looked_at] @ self.mixed[looked_at]
            at = self.size
            for column in [*columns, *more]:
                width = 1 if column.ndim == 1 else column.shape[1]
                code += column * self.mixed[at] if column.ndim == 1 else column @ self.mixed[at : at + width]
                at += width
        return code

    def _outdone(
        self, layer: Layer, other: int, waiting: list[int], known: tuple[Numbers, Points], kept: Numbers
    ) -> Flags:
        """Which plans cost no less than one that differs only in a time of ``other`` that leaves open visits more."""
        code, spent = known
        links = [link for n in waiting if timed(link := self.course.links[other][n])]
        slot, points = layer.slot[kept, other], spent[kept]
        with np.errstate(over="ignore"):
            alike = code[kept] - slot * self.mixed[other] + (layer.day[kept, other] == NOWHERE)
        # what ideals can cost more for each slot further away
        each = sum(ideal.weight for link in links for ideal in link.ideals if ideal.unit is Unit.MINUTES)
        each *= SLOT_MINUTES * IDEAL_PER_MINUTE
        found = np.zeros(len(kept), dtype=np.bool_)
        if all(link.latest is None for link in links):
            found |= _beaten(alike, slot, points, each)
        if all(link.soonest is None for link in links):
            found |= _beaten(alike, -slot, points, each)
        return found

    def _leaving(self, layer: Layer, placed: int, waiting: list[int]) -> list[Numbers]:
        """Everything about plans that matters to the open visits, but the times of day that those look at."""
        first, last = layer.first[:, waiting], layer.last[:, waiting]
        columns: list[Numbers] = [first, last, layer.gone[:, waiting].astype(np.int64)]
        open_series = {k for n in waiting for k in self.togo.concerning[n]}
        columns += [layer.choice[:, k] for k in sorted(open_series)]
        soonest = layer.first[:, waiting].min(axis=1)
        for other in range(placed):
            links = [self.course.links[other][n] for n in waiting]
            day = layer.day[:, other]
            if any(ideal.unit is Unit.DAYS for link in links for ideal in link.ideals):
                columns.append(day)
            if (soonest - day).min() < max(1, *(link.apart for link in links)):
                near = self._near(layer, other, waiting)
                columns += [np.where(near, column, NOWHERE) for column in self._state(layer, other, open_series)]
        for count in self.counts:
            members = [n for n in waiting if n in count.members]
            if members and count.forgetful:
                columns.append(
                    count.kept(layer.day, layer.first[:, members].min(axis=1), layer.last[:, members].max(axis=1))
                )
        return columns

    def _state(self, layer: Layer, other: int, known: Collection[int]) -> list[Numbers]:
        """What a placed visit is to others on its date, but for the ``known`` series."""
        columns = [layer.day[:, other]]
        if self.togo.partly(other):
            until = layer.until[:, other]
            columns += [np.where(until >= 0, layer.slot[:, other], NOWHERE), until]
        if pull := self.togo.pulls[other]:
            columns.append(layer.slot[:, pull.anchor])
        return columns + [layer.choice[:, k] for k in self.togo.concerning[other] if k not in known]

    def _near(self, layer: Layer, other: int, waiting: list[int]) -> Flags:
        """Whether an open visit could come to be on the date of a placed one, or nearer to it than it may be."""
        reach = np.array([max(1, self.course.links[other][n].apart) for n in waiting], dtype=np.int64)
        day = layer.day[:, other, None]
        near: Flags = (layer.first[:, waiting] - day < reach) & (day - layer.last[:, waiting] < reach)
        any_near: Flags = np.any(near, axis=1)
        return any_near


def _cheapest(code: Numbers, spent: Points, bound: Points) -> Numbers:
    """The number of the cheapest of each code, ascending."""
    ranking = np.lexsort((np.arange(len(code)), bound, spent, code))
    first = np.ones(len(code), dtype=np.bool_)
    first[1:] = code[ranking[1:]] != code[ranking[:-1]]
    return np.sort(ranking[first])


def _beaten(alike: Numbers, slot: Numbers, points: Points, each: int) -> Flags:
    """Which plans are no cheaper than one that is alike but for an earlier slot, if every slot between costs ``each``."""
    score = points - each * slot
    ranking = np.lexsort((points, slot, alike))
    alike, score = alike[ranking], score[ranking]
    begins = np.ones(len(ranking), dtype=np.bool_)
    begins[1:] = alike[1:] != alike[:-1]
    # the least so far in each group: lowered from group to group, a running least starts anew in each
    down = (np.cumsum(begins) - 1) * (int(np.ptp(score)) + 1)
    least = np.minimum.accumulate(score - down)
    before = np.append(IMPOSSIBLE, least[:-1] + down[1:])
    found = np.zeros(len(ranking), dtype=np.bool_)
    found[ranking] = ~begins & (before <= score)
    return found
