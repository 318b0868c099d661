"""The clock, and the one place where a wall-clock time becomes an instant."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present instant, in UTC. Only edges (views, tasks, commands) read it; everything below is told the time."""
    return datetime.now(UTC)


class Adjustment(StrEnum):
    """What had to be done to make an instant of a wall-clock time."""

    NONE = "none"
    GAP = "gap"
    """The clocks skip this time; it was shifted forward by the length of the gap."""
    REPEATED = "repeated"
    """The clocks pass this time twice; the first was taken unless ``fold`` asked for the second."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """An instant in UTC and how it came about."""

    at: datetime
    adjustment: Adjustment


def resolve(on: date, at: time, zone: str, *, fold: int = 0) -> Resolved:
    """The instant of a wall-clock time in an IANA zone.

    A time in a gap is shifted forward by the gap; of a repeated time the first is taken unless ``fold`` is 1.
    Never ask the database to do this: PostgreSQL takes the other one of a repeated time.

    Raises ``zoneinfo.ZoneInfoNotFoundError`` for an unknown zone.
    """
    tz = ZoneInfo(zone)
    wall = datetime.combine(on, at)
    first = wall.replace(tzinfo=tz, fold=0)
    second = wall.replace(tzinfo=tz, fold=1)
    if first.utcoffset() == second.utcoffset():
        return Resolved(first.astimezone(UTC), Adjustment.NONE)
    exists = first.astimezone(UTC).astimezone(tz).replace(tzinfo=None) == wall
    if not exists:
        return Resolved(first.astimezone(UTC), Adjustment.GAP)
    return Resolved((second if fold else first).astimezone(UTC), Adjustment.REPEATED)


def in_words(at: time) -> str:
    """A time of day as staff read it everywhere: "9:30am", "2pm", "midday", "midnight"."""
    if at.minute == 0 and at.hour in (0, 12):
        return "midday" if at.hour else "midnight"
    minutes = f":{at.minute:02d}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"


def local(at: datetime, zone: str) -> datetime:
    """An instant as wall-clock time in an IANA zone."""
    return at.astimezone(ZoneInfo(zone))


def first_instant(on: date, zone: str) -> datetime:
    """The instant at which a local date begins."""
    return resolve(on, time.min, zone).at


def day_bounds(on: date, zone: str) -> tuple[datetime, datetime]:
    """The half-open period of a local date; 23 or 25 hours long when the clocks change."""
    return first_instant(on, zone), first_instant(on + timedelta(days=1), zone)
