"""Dates and wall-clock times of every slot of a grid, worked out once."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from scheduler.engine import bits
from scheduler.engine.grid import SLOT_MINUTES, Grid
from scheduler.engine.request import Window

DAY_MINUTES = 24 * 60
_PLAIN_DAY = DAY_MINUTES // SLOT_MINUTES


@dataclass(frozen=True)
class Clock:
    """For each slot of the grid: the number of its local date, its weekday (Monday = 0), its wall-clock minute."""

    grid: Grid
    day: bits.Slots
    weekday: bits.Slots
    minute: bits.Slots

    def aligned(self, step: int) -> int:
        """The slots whose wall-clock minute is divisible by ``step``."""
        return bits.from_mask(self.minute % step == 0)

    def inside(self, window: Window) -> int:
        """The slots at which ``window`` lets a visit start."""
        first = 0 if window.from_on is None else self.grid.day_of(window.from_on)
        last = self.grid.days if window.until_on is None else self.grid.day_of(window.until_on)
        return bits.from_mask(
            np.isin(self.weekday, sorted(window.weekdays))
            & (self.minute >= window.earliest)
            & (self.minute <= window.latest)
            & (self.day >= first)
            & (self.day <= last)
        )

    def whole_days(self, first: int, last: int) -> tuple[int, int]:
        """The period of the dates ``first`` to ``last``, both inclusive, cut to the grid."""
        midnights = self.grid.midnights
        if last < first or last < 0 or first >= self.grid.days:
            return (0, 0)
        return midnights[max(first, 0)], midnights[min(last, self.grid.days - 1) + 1]


@lru_cache(maxsize=16)
def clock(grid: Grid) -> Clock:
    """The clock of a grid. Grids repeat from request to request, so the last few are kept."""
    lengths = [end - begin for begin, end in pairwise(grid.midnights)]
    day = np.repeat(np.arange(grid.days, dtype=np.int64), lengths)
    minutes = []
    for number, length in enumerate(lengths):
        first = grid.midnights[number]
        if length == _PLAIN_DAY:
            minutes.append(np.arange(_PLAIN_DAY, dtype=np.int64) * SLOT_MINUTES)
        else:  # the clocks change on this date
            minutes.append(np.array([grid.minute_of_day(first + n) for n in range(length)], dtype=np.int64))
    minute = np.concatenate(minutes) if minutes else np.zeros(0, dtype=np.int64)
    return Clock(grid, day, (day + grid.first_on.weekday()) % 7, minute)
