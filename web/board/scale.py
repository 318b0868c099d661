"""Where things stand on a board: hours and minutes below its upper edge, as classes of board_times.css.

The content policy allows no styles in pages, so a place is said by four classes: "h1 m30 l1 n15" begins an hour and a half below
the edge and is an hour and a quarter long.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

STEP = 5
"""Minutes: what begins or ends in between is drawn from the mark before to the mark after."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the board, in minutes from its upper edge."""

    first: int
    last: int

    @property
    def css(self) -> str:
        """Its place and length as classes."""
        return f"h{self.first // 60} m{self.first % 60} {self.length_css}"

    @property
    def length_css(self) -> str:
        """Only its length: for what fills its upper part."""
        return f"l{self.minutes // 60} n{self.minutes % 60}"

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.last - self.first

    def inside(self, outer: "Span") -> "Span":
        """The same stretch, counted from the beginning of one that holds it."""
        return Span(max(self.first - outer.first, 0), max(self.last - outer.first, 0))


@dataclass(frozen=True, slots=True)
class Scale:
    """The whole hours a board shows, of one local date."""

    on: date
    first_hour: int
    hours: int

    @classmethod
    def holding(cls, on: date, periods: Iterable[tuple[datetime, datetime]]) -> "Scale":
        """The hours that hold these local periods, cut to the date; a working day when there are none."""
        marks = [cls(on, 0, 24).minutes(at) for period in periods for at in period]
        first, last = (min(marks) // 60, -(-max(marks) // 60)) if marks else (8, 18)
        return cls(on, min(first, 23), max(last - min(first, 23), 1))

    def minutes(self, at: datetime) -> int:
        """How far below the edge a local time is; what is beyond an edge is at it."""
        wall = at.replace(tzinfo=None) - datetime.combine(self.on, time(self.first_hour))
        return min(max(int(wall / timedelta(minutes=1)), 0), self.hours * 60)

    def span(self, starts: datetime, ends: datetime) -> Span:
        """Where a local period is drawn."""
        first = self.minutes(starts) // STEP * STEP
        last = -(-self.minutes(ends) // STEP) * STEP
        return Span(min(first, self.hours * 60 - STEP), max(last, first + STEP))

    @property
    def marks(self) -> tuple[time, ...]:
        """The full hours, from the first on."""
        return tuple(time((self.first_hour + hour) % 24) for hour in range(self.hours))

    @property
    def css(self) -> str:
        """The height of the board as a class."""
        return f"l{self.hours} n0"

    def now(self, local: datetime) -> str:
        """Where the line of the present moment is, as classes; empty when it is not on the board."""
        if local.date() != self.on or not self.first_hour <= local.hour < self.first_hour + self.hours:
            return ""
        minutes = self.minutes(local) // STEP * STEP
        return f"h{minutes // 60} m{minutes % 60}"
