"""Dates as people type them: "27 May 1980", "May 27, 1980", "1980-05-27", "5/27/1980", "3 to 7 Dec"."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from web.words import MONTHS

MONTH_FIRST = frozenset({"US", "PH", "FM", "MH", "PW"})
"""Countries in which 5/4 is the fourth of May."""
LONGEST_RANGE_DAYS = 366

_SPANISH = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip
_MONTHS = {
    name[:length].lower(): number
    for names in (_SPANISH, MONTHS)
    for number, name in enumerate(names, 1)
    for length in range(3, len(name) + 1)
}
_WORDS = re.compile(r"[a-z]+|\d+", re.IGNORECASE)
_WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_ISO = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})$")
_RANGE = re.compile(r"\s+(?:to|until|–)\s+|\s*–\s*", re.IGNORECASE)


class DateError(ValueError):
    """This is no date. The text is the part that could not be read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How numbers are read: which comes first in 5/4, and the date from which one without a year is looked for."""

    month_first: bool
    near: date | None = None

    @classmethod
    def in_country(cls, country: str, *, near: date | None = None) -> "Reading":
        """As people of that country (ISO 3166-1) write."""
        return cls(country.upper() in MONTH_FIRST, near)

    @property
    def example(self) -> str:
        """A date in figures as it is read, for a hint."""
        return "5/27/1980" if self.month_first else "27/5/1980"


def read(text: str, reading: Reading) -> date:
    """One date.

    Without a year it is the next such date from ``reading.near`` on.
    Raises ``DateError``.
    """
    try:
        return _read(text, reading)
    except ValueError as error:
        raise DateError(text.strip()) from error


def _read(text: str, reading: Reading) -> date:
    text = _WEEKDAY.sub("", text.strip())
    if iso := _ISO.match(text):
        return date(*(int(part) for part in iso.groups()))
    parts = _WORDS.findall(text.lower().replace(" of ", " "))
    parts = [part for part in parts if part not in ("st", "nd", "rd", "th", "de")]
    names = [part for part in parts if part.isalpha()]
    numbers = [int(part) for part in parts if part.isdigit()]
    if len(names) > 1 or any(name not in _MONTHS for name in names) or len(numbers) + len(names) not in (2, 3):
        raise ValueError(text)
    if names:
        month, (day, *year) = _MONTHS[names[0]], numbers
    else:
        first, second, *year = numbers
        month, day = (first, second) if reading.month_first else (second, first)
    if year:
        return date(_full_year(year[0]), month, day)
    return _next(month, day, reading.near)


def read_list(text: str, reading: Reading) -> frozenset[date]:
    """Dates and ranges parted by commas, semicolons or lines: "27 Nov, 3 to 7 Dec".

    Raises ``DateError``.
    """
    found: set[date] = set()
    for part in re.split(r"[,;\n]", re.sub(r"([A-Za-z]{3,}\.? \d{1,2}), (\d{4})", r"\1 \2", text)):
        if part.strip():
            try:
                found |= _range(part.strip(), reading)
            except ValueError:
                raise DateError(part.strip()) from None
    return frozenset(found)


def _range(text: str, reading: Reading) -> set[date]:
    ends = _RANGE.split(text)
    if len(ends) > 2:
        raise ValueError(text)
    last = read(ends[-1], reading)
    first = last
    if len(ends) == 2:
        first = last.replace(day=int(ends[0])) if ends[0].strip().isdigit() else read(ends[0], reading)
    if not 0 <= (last - first).days <= LONGEST_RANGE_DAYS:
        raise ValueError(text)
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


def _full_year(year: int) -> int:
    if year >= 100:
        return year
    raise ValueError("two figures do not say which century")


def _next(month: int, day: int, near: date | None) -> date:
    if near is None:
        raise ValueError("no year")
    for year in range(near.year, near.year + 5):  # five years hold a 29 February
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= near:
            return found
    raise ValueError("no such date")
