"""What the patient can do and prefers. Plain dataclasses: loaded without Pydantic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

WISH = "wish."
"""What the keys of the planner's rules begin with that come from wishes."""
WISH_NAMES = (
    "weekdays",
    "not_before",
    "not_after",
    "start_on",
    "people",
    "only_people",
    "not_on",
    "firm",
    "max_visits_per_week",
    "max_visits_per_day",
    "escort",
)
ESCORT_NAMES = ("weekdays", "not_before", "not_after")


class WishesError(ValueError):
    """A stored or sent wish that cannot be read. The text names the wish and what was expected."""


@dataclass(frozen=True, slots=True)
class Escort:
    """When somebody can come to take the patient home. No weekdays means any."""

    weekdays: frozenset[int] = frozenset()
    not_before: time | None = None
    not_after: time | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the patient can do and prefers; everything in the clinic's local time.

    ``weekdays``, ``not_before`` and ``not_after`` are preferences, or limits when ``firm``.
    ``start_on``, ``not_on``, ``escort`` and the two numbers of visits always hold. ``people`` are ids of preferred persons;
    with ``only_people`` nobody else fills the roles that any of them could fill.
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
    only_people: bool = False
    not_on: frozenset[date] = frozenset()
    """Dates on which the patient cannot come."""
    firm: bool = False
    max_visits_per_week: int | None = None
    """Monday to Sunday."""
    max_visits_per_day: int | None = None
    escort: Escort | None = None
    """Visits before which the protocol asks for an escort end while one can come."""

    def to_json(self) -> dict[str, Any]:
        """The wishes as JSON data; what was not wished is left out."""
        data: dict[str, Any] = {
            "weekdays": sorted(self.weekdays),
            "not_before": self.not_before and self.not_before.isoformat("minutes"),
            "not_after": self.not_after and self.not_after.isoformat("minutes"),
            "start_on": self.start_on and self.start_on.isoformat(),
            "people": list(self.people),
            "only_people": self.only_people,
            "not_on": sorted(day.isoformat() for day in self.not_on),
            "firm": self.firm,
            "max_visits_per_week": self.max_visits_per_week,
            "max_visits_per_day": self.max_visits_per_day,
            "escort": self.escort and _escort_json(self.escort),
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
            only_people=_flag("only_people", data.get("only_people", False)),
            not_on=frozenset(_date("not_on", day) for day in _texts("not_on", data.get("not_on") or [])),
            firm=_flag("firm", data.get("firm", False)),
            max_visits_per_week=_number("max_visits_per_week", data.get("max_visits_per_week")),
            max_visits_per_day=_number("max_visits_per_day", data.get("max_visits_per_day")),
            escort=_escort(data["escort"]) if data.get("escort") is not None else None,
        )
        if wishes.not_before and wishes.not_after and wishes.not_before >= wishes.not_after:
            raise WishesError("not_after: expected a time after not_before")
        return wishes


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > 400 or not all(isinstance(item, str) for item in value):
        raise WishesError(f"{name}: expected a list of texts")
    return value


def _number(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= 50:
        raise WishesError(f"{name}: expected a whole number from 1 to 50")
    return value


def _escort(data: Any) -> Escort:
    if not isinstance(data, Mapping) or not any(data.values()) or any(name not in ESCORT_NAMES for name in data):
        raise WishesError(f"escort: expected {', '.join(ESCORT_NAMES)}")
    try:
        escort = Escort(
            weekdays=frozenset(_weekdays(data.get("weekdays") or [])),
            not_before=_time("not_before", data.get("not_before")),
            not_after=_time("not_after", data.get("not_after")),
        )
    except WishesError as error:
        raise WishesError(f"escort: {error}") from None
    if escort.not_before and escort.not_after and escort.not_before >= escort.not_after:
        raise WishesError("escort: not_after: expected a time after not_before")
    return escort


def _escort_json(escort: Escort) -> dict[str, Any]:
    data = {
        "weekdays": sorted(escort.weekdays),
        "not_before": escort.not_before and escort.not_before.isoformat("minutes"),
        "not_after": escort.not_after and escort.not_after.isoformat("minutes"),
    }
    return {name: value for name, value in data.items() if value}


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
