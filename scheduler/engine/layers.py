"""Partial plans as rows of arrays, and the ways to go on from them."""

from dataclasses import dataclass

import numpy as np

from scheduler.engine.candidates import Points
from scheduler.engine.counts import Flags
from scheduler.engine.togo import Numbers


@dataclass(slots=True)
class Layer:
    """Partial plans as rows."""

    day: Numbers
    """The date of each visit, ``NOWHERE`` while it is open."""
    slot: Numbers
    """The first start the visit may take on its date; -1 where that is any."""
    until: Numbers
    """Where those starts end; -1 where they are all of the date's."""
    choice: Numbers
    """For each series the number of what it is planned around; -1 while that is open."""
    first: Numbers
    last: Numbers
    """The dates left to each visit."""
    due: Points
    """For each open visit that hangs on a placed one, or on none: the least its branch costs."""
    bound: Points
    """The least any plan from here on costs."""
    gone: Flags
    """Visits left without a place, or that cannot do without one that is."""

    def __len__(self) -> int:
        return len(self.bound)

    def take(self, rows: Numbers | Flags) -> "Layer":
        """Some of the plans."""
        return Layer(
            self.day[rows], self.slot[rows], self.until[rows], self.choice[rows], self.first[rows], self.last[rows],
            self.due[rows], self.bound[rows], self.gone[rows],
        )  # fmt: skip


@dataclass(slots=True)
class Moves:
    """Ways to go on, as rows: a partial plan with a place for the next visit, or with none."""

    row: Numbers
    choice: Numbers
    place: Numbers
    day: Numbers
    slot: Numbers
    until: Numbers
    bound: Points

    def __len__(self) -> int:
        return len(self.bound)

    def take(self, rows: Numbers | Flags) -> "Moves":
        """Some of them."""
        return Moves(*(getattr(self, name)[rows] for name in self.__slots__))

    def plus(self, others: "Moves") -> "Moves":
        """These and others."""
        return Moves(*(np.concatenate([getattr(self, name), getattr(others, name)]) for name in self.__slots__))


def mixing(columns: int) -> Numbers:
    """Numbers by which rows of so many columns become codes: that two different rows have the same is next to impossible."""
    return np.random.default_rng(1).integers(1, 2**63, size=columns, dtype=np.int64) | 1


def no_moves(series: int) -> Moves:
    """None at all, in a course with so many series."""
    nothing = np.zeros(0, dtype=np.int64)
    return Moves(nothing, np.zeros((0, series), dtype=np.int64), nothing, nothing, nothing, nothing, nothing)
