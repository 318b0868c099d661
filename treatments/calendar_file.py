"""A clinic in a file: hours, resources and what is taken, to plan against without a database.

```yaml
zone: America/New_York
hours: {mon: "08:00-18:00", tue: "08:00-18:00", wed: "08:00-12:00, 13:00-18:00"}
closed: [2026-12-25]
resources:
  - {name: Chair 1, kind: chair, skills: [monitored]}
  - {name: Nurse Ada, kind: person, skills: [infusion_nurse], lanes: 3, hours: {mon: "08:00-16:00"}}
busy:
  - {resource: Chair 1, from: "2026-12-01T09:00", to: "2026-12-01T12:00"}
```

Times are wall-clock times of the zone. A resource without hours works whenever the clinic is open; one without lanes has
one. What is busy without a lane takes the whole resource.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import available_timezones

from scheduler.engine.grid import Grid
from scheduler.engine.request import HANDS_LANE, Calendar, Period
from treatments.protocols.problems import ProtocolError
from treatments.protocols.vocabulary import WEEKDAYS
from treatments.protocols.yaml_text import load

Hours = Mapping[int, tuple[tuple[time, time], ...]]
"""For weekdays (Monday = 0): from when to when."""
MOST_LANES = HANDS_LANE - 1


class CalendarFileError(ValueError):
    """A calendar file that cannot be used; the text says where and what was expected."""


@dataclass(frozen=True, slots=True)
class _Resource:
    name: str
    kind: str
    skills: frozenset[str]
    lanes: int
    hours: Hours


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """What a calendar file says. The names of resources are their ids."""

    zone: str
    hours: Hours
    closed: frozenset[date]
    resources: tuple[_Resource, ...]
    busy: tuple[tuple[str, datetime, datetime, int | None], ...]

    def open_days(self, grid: Grid) -> frozenset[int]:
        """The numbers of the dates on which the clinic is open."""
        return frozenset(n for n in range(grid.days) if self._open(grid, n))

    def _open(self, grid: Grid, number: int) -> bool:
        on = grid.first_on + timedelta(days=number)
        return bool(self.hours.get(on.weekday())) and on not in self.closed

    def calendars(self, grid: Grid) -> tuple[Calendar, ...]:
        """The calendars of all resources over the grid."""
        return tuple(
            Calendar(
                id=each.name,
                kind=each.kind,
                working=self._working(each.hours, grid),
                busy=tuple(sorted(self._busy(each, grid))),
                skills=each.skills,
                lanes=each.lanes,
            )
            for each in self.resources
        )

    def _working(self, hours: Hours, grid: Grid) -> tuple[Period, ...]:
        found = []
        for number in sorted(self.open_days(grid)):
            on = grid.first_on + timedelta(days=number)
            for begins, ends in hours.get(on.weekday(), ()):
                first = grid.slot_after(datetime.combine(on, begins, grid.tz))
                last = grid.slot(datetime.combine(on, ends, grid.tz))
                if first < last:
                    found.append((first, last))
        return tuple(found)

    def _busy(self, resource: _Resource, grid: Grid) -> list[tuple[int, int, int]]:
        found = []
        for name, begins, ends, lane in self.busy:
            first = max(grid.slot(begins.replace(tzinfo=grid.tz)), 0)
            last = min(grid.slot_after(ends.replace(tzinfo=grid.tz)), grid.slots)
            if name == resource.name and first < last:
                found += [(first, last, each) for each in (range(resource.lanes) if lane is None else [lane])]
        return found


def read(text: str | bytes) -> CalendarFile:
    """The clinic in a YAML text.

    Raises:
        CalendarFileError: the text cannot be read, or something in it is missing, unknown or wrong.
    """
    try:
        data = load(text).data
    except ProtocolError as error:
        raise CalendarFileError(str(error)) from None
    top = _names(data, "the file", needed={"zone", "hours", "resources"}, known={"closed", "busy"})
    if _text(top["zone"], "zone") not in available_timezones():
        raise CalendarFileError("zone: expected a time zone such as Europe/Berlin")
    hours = _hours(top["hours"], "hours")
    resources = tuple(
        _resource(each, hours, f"resources[{n}]") for n, each in enumerate(_items(top["resources"], "resources"))
    )
    names = [each.name for each in resources]
    if len(set(names)) < len(names):
        raise CalendarFileError("resources: expected a different name for each")
    lanes = {each.name: each.lanes for each in resources}
    return CalendarFile(
        zone=top["zone"],
        hours=hours,
        closed=frozenset(_date(each, f"closed[{n}]") for n, each in enumerate(_items(top.get("closed"), "closed"))),
        resources=resources,
        busy=tuple(_taken(each, lanes, f"busy[{n}]") for n, each in enumerate(_items(top.get("busy"), "busy"))),
    )


def _resource(data: Any, usual: Hours, at: str) -> _Resource:
    given = _names(data, at, needed={"name", "kind"}, known={"skills", "lanes", "hours"})
    lanes = given.get("lanes", 1)
    if not isinstance(lanes, int) or isinstance(lanes, bool) or not 1 <= lanes <= MOST_LANES:
        raise CalendarFileError(f"{at}.lanes: expected a number from 1 to {MOST_LANES}")
    hours = _hours(given["hours"], f"{at}.hours") if "hours" in given else usual
    skills = frozenset(_text(each, f"{at}.skills") for each in _items(given.get("skills"), f"{at}.skills"))
    return _Resource(_text(given["name"], f"{at}.name"), _text(given["kind"], f"{at}.kind"), skills, lanes, hours)


def _taken(data: Any, lanes: Mapping[str, int], at: str) -> tuple[str, datetime, datetime, int | None]:
    given = _names(data, at, needed={"resource", "from", "to"}, known={"lane"})
    name, lane = given["resource"], given.get("lane")
    if not isinstance(name, str) or name not in lanes:
        raise CalendarFileError(f"{at}.resource: expected the name of one of the resources")
    is_number = isinstance(lane, int) and not isinstance(lane, bool)
    if lane is not None and not (is_number and 0 <= lane < lanes[name]):
        raise CalendarFileError(f"{at}.lane: expected a number from 0 to {lanes[name] - 1}")
    begins, ends = _instant(given["from"], f"{at}.from"), _instant(given["to"], f"{at}.to")
    if begins >= ends:
        raise CalendarFileError(f"{at}.to: expected a time after from")
    return name, begins, ends, lane


def _hours(data: Any, at: str) -> Hours:
    given = _names(data, at, needed=set(), known=set(WEEKDAYS))
    return {WEEKDAYS.index(day): _periods(text, f"{at}.{day}") for day, text in given.items()}


def _periods(data: Any, at: str) -> tuple[tuple[time, time], ...]:
    found = []
    for part in _text(data, at).split(","):
        begins, separator, ends = part.strip().partition("-")
        try:
            period = (time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip()))
        except ValueError:
            separator = ""
        if not separator or any(each.tzinfo is not None for each in period) or period[0] >= period[1]:
            raise CalendarFileError(f'{at}: expected hours such as "08:00-12:00, 13:00-18:00"')
        found.append(period)
    return tuple(found)


def _names(data: Any, at: str, *, needed: set[str], known: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise CalendarFileError(f"{at}: expected names with values")
    for name in data:
        if name not in needed | known:
            raise CalendarFileError(
                f"{at}: {str(name)[:40]} is not known; expected {', '.join(sorted(needed | known))}"
            )
    for name in sorted(needed - data.keys()):
        raise CalendarFileError(f"{at}: {name} is missing")
    return data


def _items(data: Any, at: str) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise CalendarFileError(f"{at}: expected a list")
    return data


def _text(data: Any, at: str) -> str:
    if not isinstance(data, str) or not data:
        raise CalendarFileError(f"{at}: expected a text")
    return data


def _date(data: Any, at: str) -> date:
    try:
        return date.fromisoformat(_text(data, at))
    except ValueError:
        raise CalendarFileError(f"{at}: expected a date such as 2026-12-25") from None


def _instant(data: Any, at: str) -> datetime:
    try:
        found = datetime.fromisoformat(_text(data, at))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise CalendarFileError(f"{at}: expected a local time such as 2026-12-01T09:00")
    return found
