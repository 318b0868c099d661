"""Resources as set-up lists them: their weeks, exceptions and skills. Reads and arranges; decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from django.db.models import Q, QuerySet

from clinics.models import OpeningHours, Site, SiteDay
from core import clock
from scheduler.models import Absence, Kind, Resource, WorkingHours
from scheduler.queries import hours
from web import hours_text, words
from web.hours_text import Windows

TITLES = {Kind.CHAIR: "Chairs", Kind.ROOM: "Rooms", Kind.DEVICE: "Devices", Kind.PERSON: "People", Kind.GROUP: "Groups"}
OWN_HOURS = (Kind.PERSON, Kind.GROUP)
"""Kinds that are only there in hours of their own; the others follow the site's."""
HOLIDAYS_AHEAD_DAYS = 365

M = TypeVar("M", WorkingHours, OpeningHours)


@dataclass(frozen=True, slots=True)
class Line:
    """One resource: its skills and its week in a sentence."""

    resource: Resource
    skills: str
    week: str


@dataclass(frozen=True, slots=True)
class Group:
    """The resources of one kind."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """A week that begins to hold at a later date."""

    valid_from: date
    week: str


@dataclass(frozen=True, slots=True)
class Period:
    """A period unlike the usual hours, local."""

    absence: Absence
    starts: datetime
    ends: datetime

    @property
    def said(self) -> str:
        """Such as "Tuesday 1 December, all day", "Tuesday 1 December, 9am to 11:15am", "Tuesday 1 December to Friday 4 December"."""
        first, last = self.starts.date(), self.ends.date()
        if self.starts.time() == time.min == self.ends.time():  # whole days: the end is the first midnight after them
            last -= timedelta(days=1)
            return f"{words.day(first)}, all day" if first == last else f"{words.day(first)} to {words.day(last)}"
        if first == last:
            return f"{words.day(first)}, {words.between(self.starts.time(), self.ends.time())}"
        return f"{words.day(first)}, {words.clock(self.starts.time())} to {words.day(last)}, {words.clock(self.ends.time())}"


def groups(site: Site) -> list[Group]:
    """Everything a site has. Three queries."""
    today = clock.local(clock.now(), site.zone).date()
    rows = list(
        Resource.objects.filter(site=site).prefetch_related("skills").order_by("-is_active", "position", "name")
    )
    weeks: dict[object, list[WorkingHours]] = {}
    for row in _in_force(WorkingHours.objects.filter(resource__in=rows), today).order_by("weekday", "starts"):
        weeks.setdefault(row.resource_id, []).append(row)
    lines = [
        Line(
            row,
            words.listing(sorted(skill.name for skill in row.skills.all())),
            sentence(_by_day(weeks.get(row.pk, ())))
            or ("No hours yet: never booked" if row.kind in OWN_HOURS else "The site's hours"),
        )
        for row in rows
    ]
    found = [
        Group(title, tuple(line for line in lines if line.resource.kind == kind)) for kind, title in TITLES.items()
    ]
    return [group for group in found if group.lines]


def follows_site(resource: Resource) -> bool:
    """Whether it is there whenever the site is open, unless it has hours of its own."""
    return resource.kind not in OWN_HOURS


def week_of(resource: Resource, today: date) -> dict[int, Windows]:
    """The working hours that hold today, by weekday. One query."""
    return _by_day(_in_force(resource.working_hours.all(), today).order_by("weekday", "starts"))


def opening_week(site: Site, today: date) -> dict[int, Windows]:
    """The opening hours that hold today, by weekday. One query."""
    rows = _in_force(OpeningHours.objects.filter(site=site), today).order_by("weekday", "opens")
    found: dict[int, Windows] = {}
    for row in rows:
        found[row.weekday] = (*found.get(row.weekday, ()), (row.opens, row.closes))
    return found


def later_weeks(resource: Resource, today: date) -> list[Later]:
    """The weeks that begin to hold after today. One query."""
    by_start: dict[date, list[WorkingHours]] = {}
    for row in resource.working_hours.filter(valid_from__gt=today).order_by("valid_from", "weekday", "starts"):
        by_start.setdefault(row.valid_from, []).append(row)
    return [Later(start, sentence(_by_day(rows))) for start, rows in by_start.items()]


def later_opening(site: Site, today: date) -> list[Later]:
    """The opening weeks that begin to hold after today. One query."""
    by_start: dict[date, dict[int, Windows]] = {}
    for row in OpeningHours.objects.filter(site=site, valid_from__gt=today).order_by("valid_from", "weekday", "opens"):
        days = by_start.setdefault(row.valid_from, {})
        days[row.weekday] = (*days.get(row.weekday, ()), (row.opens, row.closes))
    return [Later(start, sentence(days)) for start, days in by_start.items()]


def exceptions(resource: Resource, *, now: datetime) -> list[Period]:
    """Those that are not over, the earliest first. One query."""
    zone = resource.site.zone
    return [
        Period(row, clock.local(row.starts_at, zone), clock.local(row.ends_at, zone))
        for row in resource.absences.filter(ends_at__gt=now).select_related("resource__site").order_by("starts_at")
    ]


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date unlike its weekday: an exception that can be taken out (``day``), or a public holiday."""

    on: date
    reason: str
    hours: str
    day: SiteDay | None


def special_days(site: Site, today: date) -> list[SpecialDay]:
    """Exceptions and public holidays of the next year, in order. One query."""
    own = {day.on: day for day in SiteDay.objects.filter(site=site, on__gte=today)}
    found = [
        SpecialDay(
            on,
            day.reason,
            "Closed" if day.opens is None or day.closes is None else words.between(day.opens, day.closes),
            day,
        )
        for on, day in own.items()
    ]
    if site.closed_on_holidays:
        for year in (today.year, today.year + 1):
            for on, name in hours.public_holidays(site.country, site.subdivision, year).items():
                if on not in own and 0 <= (on - today).days <= HOLIDAYS_AHEAD_DAYS:
                    found.append(SpecialDay(on, name, "Closed, public holiday", None))
    return sorted(found, key=lambda day: day.on)


def sentence(days: dict[int, Windows]) -> str:
    """A week in words, days with the same hours together: "Mon to Fri 8:00 to 18:00, Sat 9:00 to 15:00"."""
    parts: list[tuple[list[int], str]] = []
    for number in sorted(days):
        text = hours_text.write(days[number]).replace(", ", " and ")
        if parts and parts[-1][1] == text and parts[-1][0][-1] == number - 1:
            parts[-1][0].append(number)
        else:
            parts.append(([number], text))
    return ", ".join(f"{_span(numbers)} {text}" for numbers, text in parts)


def _span(numbers: Sequence[int]) -> str:
    names = [words.WEEKDAYS[number][:3] for number in (numbers[0], numbers[-1])]
    return names[0] if len(numbers) == 1 else f"{names[0]} to {names[1]}"


def _in_force(rows: "QuerySet[M]", today: date) -> "QuerySet[M]":
    return rows.filter(Q(valid_until=None) | Q(valid_until__gt=today), valid_from__lte=today)


def _by_day(rows: "Sequence[WorkingHours] | QuerySet[WorkingHours]") -> dict[int, Windows]:
    found: dict[int, Windows] = {}
    for row in rows:
        found[row.weekday] = (*found.get(row.weekday, ()), (row.starts, row.ends))
    return found
