"""Drawings of shares as coordinates: bars one below the other, and a week by hours. Everything drawn is also written.

Told apart by pattern and number, never by colour alone. Lengths are the units of the drawing, which scales with the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from web import words

BAR, ROW, TALL = 400, 46, 16
CELL, CELL_TALL, NAMES, HEADS = 50, 46, 92, 22
MOST_TALL = 24
"""The bar of a cell that is full."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a bar stands for. ``shares``, from 0 to 1, are drawn one after the other; None: too few to say."""

    label: str
    shares: tuple[float, ...] | None
    says: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of a bar; ``number`` chooses its pattern."""

    number: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its words."""

    label: str
    says: str
    label_y: int
    y: int
    text_x: float
    text_y: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars that begin at the same edge. ``full`` is the share at the right edge; ``keys`` name the patterns."""

    title: str
    rows: tuple[Row, ...]
    keys: tuple[str, ...] = ()

    @property
    def full(self) -> float:
        """The share that the longest bar may have: 1, or less where all are short; one of a few round ones."""
        most = max((sum(row.shares) for row in self.rows if row.shares is not None), default=0)
        return next(full for full in (0.1, 0.25, 0.5, 1.0) if most <= full or full == 1)

    @property
    def scale(self) -> str:
        """What the right edge stands for."""
        return f"{round(100 * self.full)} %"

    @property
    def top(self) -> int:
        """Where the rows begin."""
        return 24 if self.keys else 4

    @property
    def foot(self) -> int:
        """Where the edges end."""
        return self.top + ROW * len(self.rows)

    @property
    def height(self) -> int:
        """Of the drawing."""
        return self.foot + 20

    @property
    def scale_y(self) -> int:
        """Where the words of the scale stand."""
        return self.foot + 14

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The rows as they are drawn."""
        return tuple(self._bar(row, self.top + ROW * number) for number, row in enumerate(self.rows))

    @property
    def legend(self) -> tuple[tuple[int, int, int, str], ...]:
        """For each pattern: its number, where its box and its words stand, and its name."""
        return tuple((number, number * 170, number * 170 + 22, key) for number, key in enumerate(self.keys))

    @property
    def says(self) -> str:
        """All of it in words."""
        return " ".join(f"{row.label}: {row.says}." for row in self.rows)

    def _bar(self, row: Row, top: int) -> Bar:
        pieces, x = [], 0.0
        for number, share in enumerate(row.shares or ()):
            width = round(min(share / self.full, 1.0) * BAR, 1)
            pieces.append(Piece(number, round(x, 1), width))
            x += width
        return Bar(row.label, row.says, top + 14, top + 20, round(x + 8, 1), top + 20 + TALL - 4, tuple(pieces))


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of one weekday; ``tall`` is the height of its bar."""

    says: str
    text: str
    x: int
    middle: float
    text_y: int
    bar_y: float
    tall: float


@dataclass(frozen=True, slots=True)
class Heat:
    """A week by hours. ``shares`` by weekday (Monday is 0) and hour of the clock, at least one; an hour without is left empty."""

    title: str
    shares: Mapping[tuple[int, int], float]

    @property
    def hours(self) -> Sequence[int]:
        """The hours from the first to the last that has anything."""
        found = {hour for _, hour in self.shares}
        return range(min(found), max(found) + 1)

    @property
    def weekdays(self) -> list[int]:
        """The weekdays that have anything."""
        return sorted({weekday for weekday, _ in self.shares})

    @property
    def width(self) -> int:
        """Of the drawing."""
        return NAMES + CELL * len(self.hours)

    @property
    def height(self) -> int:
        """Of the drawing."""
        return HEADS + CELL_TALL * len(self.weekdays)

    @property
    def heads(self) -> list[tuple[float, str]]:
        """Where the hours stand, and what they are called."""
        return [(NAMES + CELL * (n + 0.5), words.clock(time(hour))) for n, hour in enumerate(self.hours)]

    @property
    def lines(self) -> list[tuple[int, int, str, list[Cell]]]:
        """For each weekday: its lower edge, where its name stands, the name, and its cells."""
        found = []
        for number, weekday in enumerate(self.weekdays):
            top = HEADS + CELL_TALL * number
            cells = [
                self._cell(weekday, hour, n, top) for n, hour in enumerate(self.hours) if (weekday, hour) in self.shares
            ]
            found.append((top + CELL_TALL, top + CELL_TALL // 2 + 4, words.WEEKDAYS[weekday], cells))
        return found

    @property
    def says(self) -> str:
        """The fullest and the emptiest hour in words."""
        fullest, emptiest = self.extremes
        return f"Fullest: {self.name(fullest)}. Emptiest: {self.name(emptiest)}."

    @property
    def extremes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The fullest and the emptiest hour, of equals the first of the week."""
        ordered = sorted(self.shares, key=lambda at: (self.shares[at], at))
        highest, lowest = self.shares[ordered[-1]], self.shares[ordered[0]]
        return min(at for at in ordered if self.shares[at] == highest), min(
            at for at in ordered if self.shares[at] == lowest
        )

    def name(self, at: tuple[int, int]) -> str:
        """Such as "Tuesday from 10am, 78 %"."""
        return f"{words.WEEKDAYS[at[0]]} from {words.clock(time(at[1]))}, {round(100 * self.shares[at])}\N{NO-BREAK SPACE}%"

    def _cell(self, weekday: int, hour: int, column: int, top: int) -> Cell:
        share = self.shares[weekday, hour]
        tall = round(MOST_TALL * min(share, 1.0), 1)
        x = NAMES + CELL * column
        bottom = top + CELL_TALL - 2
        return Cell(
            self.name((weekday, hour)), f"{round(100 * share)}", x + 4, x + CELL / 2, top + 14, bottom - tall, tall
        )
