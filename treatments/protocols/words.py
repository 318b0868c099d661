"""Lengths, distances and lists in plain English, used by rules and by the planner's reasons."""

from collections.abc import Iterable, Sequence
from datetime import time

from core.clock import in_words

WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_sentence(label: str) -> str:
    """A label as it stands inside a sentence: "Infusion 3" becomes "infusion 3", "MBSR class 1" stays."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def at_start(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def count(number: float, unit: str) -> str:
    """A number with its unit: "1 day", "2 days", "1.5 hours"."""
    return f"{number:g} {unit}" if number == 1 else f"{number:g} {unit}s"


def minutes(number: int) -> str:
    """A length in minutes, in whole hours or days where it is that: "45 minutes", "2 hours"."""
    for size, unit in ((24 * 60, "day"), (60, "hour")):
        if number and number % size == 0 and number // size > 1:
            return count(number // size, unit)
    return "1 hour" if number == 60 else count(number, "minute")


def within(least: float | None, most: float | None, unit: str) -> str:
    """A range: "2 to 5 days", "at least 2 days", "exactly 14 days"; empty when both ends are open."""
    if least is not None and most is not None:
        return f"exactly {count(least, unit)}" if least == most else f"{least:g} to {count(most, unit)}"
    if least is not None:
        return f"at least {count(least, unit)}"
    return f"at most {count(most, unit)}" if most is not None else ""


def listing(items: Iterable[str]) -> str:
    """Items in a sentence: "a", "a and b", "a, b and c"."""
    given = list(items)
    return given[0] if len(given) == 1 else ", ".join(given[:-1]) + " and " + given[-1] if given else ""


def weekdays(numbers: Iterable[int]) -> str:
    """Weekdays (Monday = 0): "Monday to Friday", "Tuesday and Thursday"."""
    days: Sequence[int] = sorted(numbers)
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{WEEKDAY_NAMES[days[0]]} to {WEEKDAY_NAMES[days[-1]]}"
    return listing(WEEKDAY_NAMES[day] for day in days)


def clock(minute: int) -> str:
    """A time of day from minutes since midnight: "8:30am"."""
    return in_words(time(minute // 60 % 24, minute % 60))
