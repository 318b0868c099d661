"""What the patient can do and prefers. Plain dataclasses: loaded without Pydantic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

WISH_NAMES = ("weekdays", "not_before", "not_after", "start_on", "people", "not_on", "firm")


class WishesError(ValueError):
    """A stored or sent wish that cannot be read. The text names the wish and what was expected."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the patient can do and prefers; everything in the clinic's local time.

    ``weekdays``, ``not_before`` and ``not_after`` are preferences, or limits when ``firm``.
    ``start_on`` and ``not_on`` always hold. ``people`` are ids of preferred persons.
    """

    weekdays: frozenset[int] = frozenset()
    """Monday = 0; empty means any day."""
    not_before: time | None = None
    """No visit begins before this time of day."""
    not_after: time | None = None
    """Every visit is over by this time of day."""
    start_on: date | None = None
    """The course begins on this date or later."""
    people: tuple[str, ...] = ()
    not_on: frozenset[date] = frozenset()
    """Dates on which the patient cannot come."""
    firm: bool = False

    def to_json(self) -> dict[str, Any]:
        """The wishes as JSON data; what was not wished is left out."""
        data: dict[str, Any] = {
            "weekdays": sorted(self.weekdays),
            "not_before": self.not_before and self.not_before.isoformat("minutes"),
            "not_after": self.not_after and self.not_after.isoformat("minutes"),
            "start_on": self.start_on and self.start_on.isoformat(),
            "people": list(self.people),
            "not_on": sorted(day.isoformat() for day in self.not_on),
            "firm": self.firm,
        }
        return {name: value for name, value in data.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Wishes":
        """Read what ``to_json`` wrote.

        Raises:
            WishesError: a name or a value is not one of a wish.
        """
        if not isinstance(data, Mapping):
            raise WishesError("wishes: expected names with values")
        for name in data:
            if name not in WISH_NAMES:
                raise WishesError(f"{str(name)[:40]}: expected one of {', '.join(WISH_NAMES)}")
        wishes = cls(
            weekdays=frozenset(_weekdays(data.get("weekdays") or [])),
            not_before=_time("not_before", data.get("not_before")),
            not_after=_time("not_after", data.get("not_after")),
            start_on=_date("start_on", data["start_on"]) if data.get("start_on") else None,
            people=tuple(_texts("people", data.get("people") or [])),
            not_on=frozenset(_date("not_on", day) for day in _texts("not_on", data.get("not_on") or [])),
            firm=_flag("firm", data.get("firm", False)),
        )
        if wishes.not_before and wishes.not_after and wishes.not_before >= wishes.not_after:
            raise WishesError("not_after: expected a time after not_before")
        return wishes


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > 400 or not all(isinstance(item, str) for item in value):
        raise WishesError(f"{name}: expected a list of texts")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise WishesError(f"{name}: expected true or false")
    return value


def _weekdays(value: Any) -> list[int]:
    if not isinstance(value, list) or not all(type(day) is int and 0 <= day <= 6 for day in value):
        raise WishesError("weekdays: expected a list of numbers from 0 (Monday) to 6 (Sunday)")
    return value


def _date(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise WishesError(f"{name}: expected a date such as 2026-11-23") from None


def _time(name: str, value: Any) -> time | None:
    if value is None:
        return None
    try:
        found = time.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is not None or found.second or found.microsecond:
        raise WishesError(f"{name}: expected a time of day such as 08:30")
    return found
