"""The planner's time base: five-minute slots of elapsed time, with the local dates they fall on."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

SLOT_MINUTES = 5


@dataclass(frozen=True)
class Grid:
    """Numbers the slots of ``days`` local dates from ``first_on`` in the zone ``zone``.

    Slot 0 begins at the first instant of ``first_on``. Slots count *elapsed* time, so a day has 276 or 300 of
    them when the clocks change; whatever concerns dates or wall-clock times asks the grid.
    """

    zone: str
    first_on: date
    days: int

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone as an object."""
        return ZoneInfo(self.zone)

    @cached_property
    def origin(self) -> datetime:
        """The instant at which slot 0 begins, in UTC."""
        return self._first_instant(self.first_on)

    @cached_property
    def midnights(self) -> tuple[int, ...]:
        """The slot at which each local date begins; one more entry closes the last date."""
        return tuple(self.slot(self._first_instant(self.first_on + timedelta(days=n))) for n in range(self.days + 1))

    @cached_property
    def slots(self) -> int:
        """How many slots the grid has."""
        return self.midnights[-1]

    def _first_instant(self, on: date) -> datetime:
        # fold=0: where midnight is repeated the date begins with the first one; where it is skipped, Python
        # resolves to the instant the clocks jump, which is the first one of that date.
        return datetime.combine(on, time.min, self.tz).astimezone(UTC)

    def slot(self, instant: datetime) -> int:
        """The slot that contains ``instant`` (floor); it may lie outside the grid."""
        return int((instant - self.origin).total_seconds() // 60 // SLOT_MINUTES)

    def slot_after(self, instant: datetime) -> int:
        """The first slot that begins at or after ``instant`` (ceiling)."""
        return -int(-((instant - self.origin).total_seconds() / 60) // SLOT_MINUTES)

    def instant(self, slot: int) -> datetime:
        """The instant at which ``slot`` begins, in UTC."""
        return self.origin + timedelta(minutes=SLOT_MINUTES * slot)

    def local(self, slot: int) -> datetime:
        """The wall-clock time at which ``slot`` begins, in the grid's zone."""
        return self.instant(slot).astimezone(self.tz)

    def day(self, slot: int) -> int:
        """The number of the local date (0 = ``first_on``) that ``slot`` falls on.

        Negative or beyond ``days`` for a slot outside the grid: a visit that is over may lie before it.
        """
        if not 0 <= slot < self.slots:
            return self.day_of(self.local(slot).date())
        return bisect_right(self.midnights, slot) - 1

    def day_of(self, on: date) -> int:
        """The number of a local date; negative or beyond ``days`` when it lies outside the grid."""
        return (on - self.first_on).days

    def date(self, slot: int) -> date:
        """The local date that ``slot`` falls on."""
        return self.first_on + timedelta(days=self.day(slot))

    def minute_of_day(self, slot: int) -> int:
        """The wall-clock time at which ``slot`` begins, in minutes since local midnight."""
        local = self.local(slot)
        return local.hour * 60 + local.minute


def slots(minutes: int) -> int:
    """A length in minutes as slots, rounded up."""
    return -(-minutes // SLOT_MINUTES)
