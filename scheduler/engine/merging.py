"""Which partial plans another one stands for: it leaves the open visits the same, or more, and costs no more."""

import numpy as np

from scheduler.engine.candidates import IMPOSSIBLE, Points
from scheduler.engine.counts import NOWHERE, Count, Flags
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.layers import Layer, mixing
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
        columns = self.size * (12 + len(self.course.series) + 2 * len(counts)) + len(self.course.series)
        self.mixed = mixing(columns)

    def distinct(self, layer: Layer, visit: int, *, careful: bool) -> Layer:
        """A layer after ``visit`` without the plans that another stands for.

        ``careful`` keeps all apart that differ in a date, though they leave the same to the open visits.
        """
        if not len(layer):
            return layer
        waiting = [n for n in range(visit + 1, self.size) if n not in self.course.given]
        looked_at = [n for n in range(visit + 1) if any(timed(self.course.links[n][other]) for other in waiting)]
        columns = self._leaving(layer, visit, waiting) if waiting else [layer.choice]
        columns += [layer.day[:, count.members] for count in self.counts if not count.forgetful]
        if careful:
            columns.append(layer.day)
        table = np.concatenate([column.reshape(len(layer), -1) for column in columns], axis=1)
        with np.errstate(over="ignore"):
            code = table @ self.mixed[self.size : self.size + table.shape[1]]
            code += layer.slot[:, looked_at] @ self.mixed[looked_at]
        spent = layer.bound - layer.due.sum(axis=1)
        ranking = np.lexsort((np.arange(len(layer)), layer.bound, spent, code))
        first = np.ones(len(layer), dtype=np.bool_)
        first[1:] = code[ranking[1:]] != code[ranking[:-1]]
        kept = np.sort(ranking[first])
        for other in looked_at:
            if not careful and other not in self.course.given:
                kept = kept[~self._outdone(layer, other, waiting, (code, spent), kept)]
        return layer.take(kept)

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

    def _leaving(self, layer: Layer, visit: int, waiting: list[int]) -> list[Numbers]:
        """Everything about plans that matters to the open visits, but the times of day that those look at."""
        first, last = layer.first[:, waiting], layer.last[:, waiting]
        columns: list[Numbers] = [first, last, layer.gone[:, waiting].astype(np.int64)]
        open_series = {k for n in waiting for k in self.togo.concerning[n]}
        columns += [layer.choice[:, k] for k in sorted(open_series)]
        for other in range(visit + 1):
            links = [self.course.links[other][n] for n in waiting]
            day = layer.day[:, other]
            if any(ideal.unit is Unit.DAYS for link in links for ideal in link.ideals):
                columns.append(day)
            near = self._near(layer, other, waiting)
            columns.append(np.where(near, day, NOWHERE))
            if self.togo.partly(other):
                cut = near & (layer.until[:, other] >= 0)
                columns += [np.where(cut, layer.slot[:, other], NOWHERE), np.where(cut, layer.until[:, other], NOWHERE)]
            if pull := self.togo.pulls[other]:
                columns.append(np.where(near, layer.slot[:, pull.anchor], NOWHERE))
            columns += [
                np.where(near, layer.choice[:, k], -1) for k in self.togo.concerning[other] if k not in open_series
            ]
        for count in self.counts:
            members = [n for n in waiting if n in count.members]
            if members and count.forgetful:
                columns.append(
                    count.kept(layer.day, layer.first[:, members].min(axis=1), layer.last[:, members].max(axis=1))
                )
        return columns

    def _near(self, layer: Layer, other: int, waiting: list[int]) -> Flags:
        """Whether an open visit could come to be on the date of a placed one, or nearer to it than it may be."""
        reach = np.array([max(1, self.course.links[other][n].apart) for n in waiting], dtype=np.int64)
        day = layer.day[:, other, None]
        near: Flags = (layer.first[:, waiting] - day < reach) & (day - layer.last[:, waiting] < reach)
        any_near: Flags = np.any(near, axis=1)
        return any_near


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
