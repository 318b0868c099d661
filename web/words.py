"""Dates, times, lengths and counts as the pages say them: "Thursday 26 November", "9:30am to 11am", "midday".

Everything here takes local dates and times; whoever calls turns instants into the site's zone first.
"""

from datetime import date, datetime, time

from core.clock import in_words

clock = in_words

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def day(on: date, *, today: date | None = None) -> str:
    """Such as "Thursday 26 November"; with the year when it is not that of ``today``."""
    words = f"{WEEKDAYS[on.weekday()]} {on.day} {MONTHS[on.month - 1]}"
    return words if today is None or today.year == on.year else f"{words} {on.year}"


def short_day(on: date) -> str:
    """Such as "Thu 26 Nov", for columns."""
    return f"{WEEKDAYS[on.weekday()][:3]} {on.day} {MONTHS[on.month - 1][:3]}"


def relative_day(on: date, today: date) -> str:
    """Such as "today", "tomorrow", "on Thursday 26 November"."""
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    return near.get((on - today).days) or f"on {day(on, today=today)}"


def full_date(on: date) -> str:
    """Such as "26 November 1980"."""
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def moment(at: datetime) -> str:
    """Such as "4 May, 9:30am"."""
    return f"{at.day} {MONTHS[at.month - 1]}, {clock(at.time())}"


def between(start: time, end: time) -> str:
    """Such as "9:30am to 11am"."""
    return f"{clock(start)} to {clock(end)}"


def short_between(start: time, end: time) -> str:
    """Such as "9:30 to 11am", "9:30am to 1pm": the half of the day is said once where both have the same."""
    first, last = clock(start), clock(end)
    same = first[-2:] == last[-2:] and first[-2:] in ("am", "pm")
    return f"{first[:-2] if same else first} to {last}"


def length(minutes: int) -> str:
    """Such as "45 min", "2 h", "2 h 15 min"."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def count(number: int, one: str, many: str = "") -> str:
    """Such as "1 visit", "9 visits", "1,200 visits"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def grouped(number: str) -> str:
    """A number as a table has it, with its thousands apart: "2,412.5"; any other text as it is."""
    whole, dot, part = number.partition(".")
    return f"{int(whole):,}{dot}{part}" if whole.isascii() and whole.isdigit() and f"{part}0".isdigit() else number


def listing(items: list[str]) -> str:
    """Such as "Monday", "Monday and Friday", "Monday, Wednesday and Friday"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
