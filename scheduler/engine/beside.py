"""What a visit costs beside those that many partial plans have on its date already.

Where all but one or two of the visits on a date have a single start left, which is usual where distances are in minutes, the
least over the starts of those is worked out for all plans at once. The rest is asked of ``together``, set by set.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from scheduler.engine.candidates import IMPOSSIBLE, Points
from scheduler.engine.counts import NOWHERE, Flags
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.layers import Layer, Moves, mixing
from scheduler.engine.together import Member, Together, goes
from scheduler.engine.togo import Numbers, ToGo

_AT_ONCE = 256
"""So many dates with two open visits are looked at in one go: their pairs of starts take memory."""


class Beside:
    """The visits of one course on shared dates."""

    def __init__(self, togo: ToGo, together: Together, trip: int) -> None:
        self.togo = togo
        self.course = togo.course
        self.together = together
        self.trip = trip
        """Points for each date on which the patient comes; only for alternatives."""
        size, days = len(self.course.visits), self.course.request.grid.days
        self.mixed = mixing(4 * size)
        self.edges = [np.searchsorted(starts.day, np.arange(days + 1)) for starts in togo.candidates.starts]
        """For each visit and date: the number of its first start from there on."""
        self.entangled = [
            (one, other)
            for one, other in combinations(range(size), 2)
            if not together.simple(one, other) or self._both_given(one, other)
        ]
        """Pairs of visits that take more than their starts to say what they cost on one date."""

    def rows(self, visit: int, choice: Numbers) -> Numbers:
        """The row of a visit's choices in its table of points."""
        axes = self.togo.concerning[visit]
        if not axes:
            return np.zeros(len(choice), dtype=np.int64)
        return np.ravel_multi_index(tuple(choice[:, k] for k in axes), self.togo.shape(axes)).astype(np.int64)

    def wished(self, layer: Layer, visit: int, row: Numbers) -> Numbers:
        """Where an ideal in minutes wants a visit whose places are dates, in minutes of the grid; else ``NOWHERE``."""
        pull = self.togo.pulls[visit]
        if pull is None:
            return np.full(len(row), NOWHERE, dtype=np.int64)
        start = layer.slot[row, pull.anchor] * SLOT_MINUTES + pull.minutes
        return np.where(layer.day[row, pull.anchor] == NOWHERE, NOWHERE, start)

    def points(self, visit: int, rows: Numbers, at: Numbers, wished: Numbers) -> Points:
        """For many plans what each of some starts of a visit costs by itself, with its way from where it is wished."""
        table = self.togo.rows[visit]
        points: Points = table.reshape(-1).take(rows[:, None] * table.shape[1] + at)
        if pull := self.togo.pulls[visit]:
            away = self.togo.candidates.starts[visit].slot.take(at) * SLOT_MINUTES
            away -= wished[:, None]
            np.abs(away, out=away)
            away *= np.where(wished == NOWHERE, 0, pull.each)[:, None]
            points += away
        return points

    def members(self, layer: Layer, row: int, visits: list[int], choice: Numbers) -> tuple[Member, ...]:
        """Placed visits of one plan, with what is left to each; ``choice`` of resources may be more than the plan's."""
        limits = [(int(layer.slot[row, n]), int(layer.until[row, n])) for n in visits]
        return tuple(self._member(layer, row, n, choice, each) for n, each in zip(visits, limits, strict=True))

    def _member(self, layer: Layer, row: int, visit: int, choice: Numbers, limits: tuple[int, int]) -> Member:
        wished = int(self.wished(layer, visit, np.array([row]))[0]) if self.togo.pulls[visit] else NOWHERE
        slot, until = limits if limits[1] >= 0 else (-1, -1)
        return Member(visit, int(self.rows(visit, choice[None])[0]), slot, until, wished)

    # --- what a visit adds ----------------------------------------------------------------------------------------

    def surplus(self, layer: Layer, visit: int, moves: Moves) -> Points:
        """What the visit costs beside those already on its date, beyond its own."""
        placed = moves.day != NOWHERE
        same: Flags = (layer.day[moves.row] == moves.day[:, None]) & placed[:, None]
        several = same.sum(axis=1)
        extra = np.where((several == 0) & placed, self.trip, 0)
        same[:, visit] = several > 0
        entangled = np.zeros(len(moves), dtype=np.bool_)
        for one, other in self.entangled:
            entangled |= same[:, one] & same[:, other]
        dates = self._dates(layer, visit, moves, same)
        open_ones = dates.open.sum(axis=1)
        paired = (several == 1) & (open_ones == 2) & ~entangled
        quick = (several > 0) & (open_ones <= 2) & ~paired & ~entangled
        sets = dates.open @ self.mixed[: dates.open.shape[1]]
        for number in np.unique(sets[quick]).tolist():
            at = np.flatnonzero(quick & (sets == number))
            extra[at] += self._open(dates.take(at), np.flatnonzero(dates.open[at[0]]).tolist())
        for other in np.flatnonzero(same[paired].any(axis=0)).tolist():
            if other != visit:
                at = np.flatnonzero(paired & same[:, other])
                extra[at] += self._pairs(layer, visit, moves.take(at), other)
        for move in np.flatnonzero((several > 0) & ~quick & ~paired).tolist():
            others = [n for n in np.flatnonzero(same[move]).tolist() if n != visit]
            if len(others) > 1 or not self._both_given(others[0], visit):
                extra[move] += self._crowded(layer, visit, moves, move, others)
        return extra

    def _dates(self, layer: Layer, visit: int, moves: Moves, same: Flags) -> "_Dates":
        """The visits on the date of each move, with the starts that each may take there."""
        shape = same.shape
        low, wished, rows = np.zeros(shape, dtype=np.int64), np.full(shape, NOWHERE), np.zeros(shape, dtype=np.int64)
        high = low + 1
        for n in np.flatnonzero(same.any(axis=0)).tolist():
            rows[:, n] = self.rows(n, moves.choice)
            wished[:, n] = self.wished(layer, n, moves.row)
            if n in self.course.given:
                continue
            here = n == visit
            slot = moves.slot if here else layer.slot[moves.row, n]
            until = moves.until if here else layer.until[moves.row, n]
            starts, edges = self.togo.candidates.starts[n].slot, self.edges[n]
            day = np.clip(moves.day, 0, len(edges) - 2)
            low[:, n] = np.where(until < 0, edges[day], np.searchsorted(starts, slot))
            high[:, n] = np.where(until < 0, edges[day + 1], np.searchsorted(starts, until))
        return _Dates(visit, same, low, high, wished, rows, same & (high - low > 1))

    def _open(self, dates: "_Dates", open_ones: list[int]) -> Points:
        """The same where only one or two given visits of each date have more than one start, or none has."""
        if len(open_ones) == 2:
            # few dates differ in what matters, and each takes every pair of starts
            rows, back = dates.distinct(self.mixed)
            dates = dates.take(rows)
            found = [
                self._filled(dates.take(np.arange(n, min(n + _AT_ONCE, len(rows)))), open_ones)
                for n in range(0, len(rows), _AT_ONCE)
            ]
            return np.concatenate(found)[back]
        return self._filled(dates, open_ones)

    def _filled(self, dates: "_Dates", open_ones: list[int]) -> Points:
        starts, links, visit = self.togo.candidates.starts, self.course.links, dates.visit
        single = {
            n: starts[n].slot[np.minimum(dates.low[:, n], len(starts[n].slot) - 1)]
            for n in np.flatnonzero(dates.same.any(axis=0)).tolist()
            if n not in open_ones
        }
        fits = np.ones(len(dates), dtype=np.bool_)
        for n, start in single.items():
            if visit in single and n != visit:
                fits &= ~dates.same[:, n] | goes(links[n][visit], single[visit] - start)
        slots, before, after = [], [], []
        for n in open_ones:
            low, high = dates.low[:, n], dates.high[:, n]
            at = low[:, None] + np.arange(int((high - low).max()))
            inside = at < high[:, None]
            at = np.minimum(at, len(starts[n].slot) - 1)
            slots.append(starts[n].slot[at])
            points = np.where(inside, self.points(n, dates.rows[:, n], at, dates.wished[:, n]), IMPOSSIBLE)
            allowed = points
            for m, start in single.items():
                together = ~dates.same[:, m, None] | goes(links[m][n], slots[-1] - start[:, None])
                allowed = np.where(together, allowed, IMPOSSIBLE)
                if visit not in (m, n):
                    points = np.where(together, points, IMPOSSIBLE)
            before.append(points)
            after.append(allowed)
        if not open_ones:
            return np.where(fits, 0, IMPOSSIBLE)
        if len(open_ones) == 1:
            old, new = before[0].min(axis=1), after[0].min(axis=1)
        else:
            link = links[open_ones[0]][open_ones[1]]
            pairs = goes(link, slots[1][:, None, :] - slots[0][:, :, None])
            new = _least_pair(after[0], after[1], pairs)
            apart = visit in open_ones
            old = before[0].min(axis=1) + before[1].min(axis=1) if apart else _least_pair(before[0], before[1], pairs)
        return np.where(fits & (new < IMPOSSIBLE // 2), new - old, IMPOSSIBLE)

    def _both_given(self, one: int, other: int) -> bool:
        return one in self.course.given and other in self.course.given

    def _pairs(self, layer: Layer, visit: int, moves: Moves, other: int) -> Points:
        row = moves.row
        states = (
            moves.day, layer.slot[row, other], layer.until[row, other], self.wished(layer, other, row),
            moves.slot, moves.until, self.wished(layer, visit, row),
        )  # fmt: skip
        rows = self.rows(other, moves.choice), self.rows(visit, moves.choice)
        return self.together.pairs(other, visit, np.stack(states, axis=1), *rows)

    def _crowded(self, layer: Layer, visit: int, moves: Moves, at: int, others: list[int]) -> int:
        row, choice, day = int(moves.row[at]), moves.choice[at], int(moves.day[at])
        found = self.members(layer, row, others, choice)
        before = self.together.surplus(found, day) if len(found) > 1 else 0
        one = self._member(layer, row, visit, choice, (int(moves.slot[at]), int(moves.until[at])))
        after = self.together.surplus((*found, one), day)
        return after - before if after < IMPOSSIBLE else IMPOSSIBLE


@dataclass(frozen=True, slots=True)
class _Dates:
    """For many moves: which visits are on the date of ``visit``, itself among them, and what each may take there."""

    visit: int
    same: Flags
    low: Numbers
    high: Numbers
    """From which to before which of its starts."""
    wished: Numbers
    rows: Numbers
    open: Flags
    """Which of them have more than one start."""

    def __len__(self) -> int:
        return len(self.same)

    def take(self, at: Numbers) -> "_Dates":
        """Those of some moves."""
        return _Dates(
            self.visit, self.same[at], self.low[at], self.high[at], self.wished[at], self.rows[at], self.open[at]
        )

    def distinct(self, mixed: Numbers) -> tuple[Numbers, Numbers]:
        """The numbers of moves that stand for all, and for each move which of them stands for it."""
        here = self.same.any(axis=0)
        arrays = (self.low, self.high, self.wished, self.rows)
        table = np.concatenate([np.where(self.same, array, -1)[:, here] for array in arrays], axis=1)
        _, rows, back = np.unique(table @ mixed[: table.shape[1]], return_index=True, return_inverse=True)
        return rows, back.ravel()


def _least_pair(one: Points, other: Points, allowed: Flags) -> Points:
    """The least sum of a start of one visit and an allowed one of the other, for each move."""
    best = np.where(allowed, other[:, None, :], IMPOSSIBLE).min(axis=2)
    least: Points = np.minimum((one + best).min(axis=1), IMPOSSIBLE)
    return least
