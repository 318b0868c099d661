"""Hours of a day as people type them: "8:00 to 12:00, 13:30 to 18:00", "9am-5pm"; nothing means closed."""

import re
from collections.abc import Sequence
from datetime import time

Windows = tuple[tuple[time, time], ...]

_CLOSED = frozenset({"", "-", "–", "closed", "off", "none"})
_APART = re.compile(r"\s*(?:,|;|\band\b)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:-|–|\bto\b|\buntil\b)\s*", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?", re.IGNORECASE)
_NAMED = {"midday": time(12), "noon": time(12)}


class HoursError(ValueError):
    """This is no time of day, or no period. The text is the part that could not be read."""


def read(text: str) -> Windows:
    """The windows of one day, in order. Raises ``HoursError``."""
    text = text.strip()
    if text.lower() in _CLOSED:
        return ()
    return tuple(sorted(_window(part) for part in _APART.split(text) if part))


def write(windows: Sequence[tuple[time, time]]) -> str:
    """As ``read`` reads it: "8:00 to 12:00, 13:30 to 18:00"; empty for none."""
    return ", ".join(f"{_clock(starts)} to {_clock(ends)}" for starts, ends in windows)


def _window(text: str) -> tuple[time, time]:
    ends = _BETWEEN.split(text)
    if len(ends) != 2:
        raise HoursError(text)
    return _time(ends[0]), _time(ends[1])


def _time(text: str) -> time:
    text = text.strip().lower()
    if text in _NAMED:
        return _NAMED[text]
    found = _TIME.fullmatch(text)
    if not found:
        raise HoursError(text)
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half:
        if not 1 <= hour <= 12:
            raise HoursError(text)
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        raise HoursError(text) from None


def _clock(at: time) -> str:
    return f"{at.hour}:{at:%M}"
