"""When a site is open and a resource works: hours, holidays, exceptions, in one place.

Hours are wall-clock times; ``core.clock`` makes instants of them, so a window keeps its wall-clock ends when the
clocks change. A window that the clocks skip as a whole does not exist on that date.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache

from django.db.models import Q

from clinics.models import OpeningHours, Site, SiteDay
from clinics.models.site import Weekday
from core import clock
from scheduler.models import Absence, Kind, Resource, WorkingHours

Window = tuple[datetime, datetime]
"""Half-open period of instants."""


@dataclass(frozen=True, slots=True)
class SiteHours:
    """One local date of a site: its opening windows (wall clock), or why it is closed."""

    on: date
    windows: tuple[tuple[time, time], ...]
    reason: str = ""


def site_days(site: Site, *, first_on: date, days: int) -> list[SiteHours]:
    """Each date from ``first_on``: opening hours valid then, public holidays by region, exceptions. Two queries.

    An exception for a date (``SiteDay``) goes before a public holiday, and that before the weekly hours.
    """
    until_on = first_on + timedelta(days=days)
    weekly = list(
        OpeningHours.objects.filter(
            Q(valid_until=None) | Q(valid_until__gt=first_on), site=site, valid_from__lt=until_on
        ).order_by("opens")
    )
    exceptions = {day.on: day for day in SiteDay.objects.filter(site=site, on__gte=first_on, on__lt=until_on)}
    return [
        _site_day(site, on, weekly, exceptions.get(on)) for on in (first_on + timedelta(days=n) for n in range(days))
    ]


def opened(days: Iterable[SiteHours], zone: str) -> list[Window]:
    """The opening windows of these dates as instants, in order and apart from each other."""
    resolve = _Instants(zone)
    return merged(window for day in days for opens, closes in day.windows for window in resolve(day.on, opens, closes))


def working(
    resources: Sequence[Resource],
    site: Site,
    *,
    first_on: date,
    days: int,
    opening: Sequence[SiteHours] | None = None,
    exceptions: Iterable[Absence] | None = None,
) -> dict[str, list[Window]]:
    """For each resource id: the periods it works, in order and apart from each other.

    These are its own hours (a person, a group) or, where it has none, the site's; less absences, plus extra time, which goes
    before an absence; and never while the site is closed. Four queries; two when ``opening`` (the answer of
    ``site_days`` for the same dates) is at hand, and one less with the ``exceptions`` of these resources and dates.
    """
    if opening is None:
        opening = site_days(site, first_on=first_on, days=days)
    week = _Week(first_on, days, site.zone, opened(opening, site.zone))
    ids = [resource.id for resource in resources]
    own: dict[str, list[WorkingHours]] = {}
    for hours in WorkingHours.objects.filter(resource__in=ids):
        own.setdefault(str(hours.resource_id), []).append(hours)
    absences: dict[str, list[Absence]] = {}
    if exceptions is None:
        exceptions = Absence.objects.filter(resource__in=ids, ends_at__gt=week.starts_at, starts_at__lt=week.ends_at)
    for absence in exceptions:
        absences.setdefault(str(absence.resource_id), []).append(absence)
    return {
        key: week.of(resource.kind, own.get(key, ()), absences.get(key, ()))
        for resource in resources
        for key in [str(resource.id)]
    }


class _Instants:
    """Makes instants of wall-clock windows of one zone; many people share the same hours, so it remembers."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self.known: dict[tuple[date, time], datetime] = {}

    def at(self, on: date, at: time) -> datetime:
        instant = self.known.get((on, at))
        if instant is None:
            instant = self.known[on, at] = clock.resolve(on, at, self.zone).at
        return instant

    def __call__(self, on: date, starts: time, ends: time) -> list[Window]:
        window = self.at(on, starts), self.at(on, ends)
        return [window] if window[0] < window[1] else []  # reversed: the clocks skipped it


@dataclass(frozen=True)
class _Week:
    """The dates asked about, and when the site is open on them."""

    first_on: date
    days: int
    zone: str
    site_open: list[Window]

    @cached_property
    def resolve(self) -> _Instants:
        return _Instants(self.zone)

    @cached_property
    def starts_at(self) -> datetime:
        return clock.first_instant(self.first_on, self.zone)

    @cached_property
    def ends_at(self) -> datetime:
        return clock.first_instant(self.first_on + timedelta(days=self.days), self.zone)

    def of(self, kind: str, own: Sequence[WorkingHours], absences: Sequence[Absence]) -> list[Window]:
        """When somebody of this kind, with these hours and exceptions, works."""
        follows_site = not own and kind not in (Kind.PERSON, Kind.GROUP)
        usual = self.site_open if follows_site else self._usual(own)
        away = merged((absence.starts_at, absence.ends_at) for absence in absences if not absence.is_extra)
        extra = [(absence.starts_at, absence.ends_at) for absence in absences if absence.is_extra]
        there = merged([*without(usual, away), *extra]) if away or extra else usual
        return there if follows_site and not extra else common(there, self.site_open)

    def _usual(self, own: Sequence[WorkingHours]) -> list[Window]:
        windows: list[Window] = []
        for hours in own:
            first = max(hours.valid_from, self.first_on)
            last = self.first_on + timedelta(days=self.days)
            if hours.valid_until is not None:
                last = min(last, hours.valid_until)
            on = first + timedelta(days=(hours.weekday - first.weekday()) % 7)
            while on < last:
                windows += self.resolve(on, hours.starts, hours.ends)
                on += timedelta(days=7)
        return merged(windows)


def _site_day(site: Site, on: date, weekly: Sequence[OpeningHours], exception: SiteDay | None) -> SiteHours:
    if exception is not None:
        if exception.opens is None or exception.closes is None:
            return SiteHours(on, (), exception.reason)
        return SiteHours(on, ((exception.opens, exception.closes),), exception.reason)
    if site.closed_on_holidays:
        holiday = public_holidays(site.country, site.subdivision, on.year).get(on)
        if holiday:
            return SiteHours(on, (), holiday)
    windows = tuple(
        (hours.opens, hours.closes)
        for hours in weekly
        if hours.weekday == on.weekday()
        and hours.valid_from <= on
        and (hours.valid_until is None or on < hours.valid_until)
    )
    return SiteHours(on, windows, "" if windows else f"Closed on {Weekday(on.weekday()).label}s")


@lru_cache(maxsize=256)
def public_holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """The public holidays of a country, or of one part of it, in one year: date to English name.

    From the ``holidays`` library. A subdivision it does not know counts as the country as a whole, and a country it
    does not know has none: a site can then still list its own closed dates.
    """
    import holidays  # imported here: half a second, which keeps web start-up light

    for part in (subdivision or None, None):
        try:
            return dict(holidays.country_holidays(country, subdiv=part, years=year, language="en_US"))
        except NotImplementedError:
            continue
    return {}


# --- arithmetic of windows -----------------------------------------------------------------------------------


def merged(windows: Iterable[Window]) -> list[Window]:
    """The same instants as windows in order that neither overlap nor touch."""
    result: list[Window] = []
    for start, end in sorted(windows):
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(result[-1][1], end)
        else:
            result.append((start, end))
    return result


def common(these: Sequence[Window], those: Sequence[Window]) -> list[Window]:
    """The instants in both. Each side is in order and apart, as ``merged`` gives it."""
    result: list[Window] = []
    i = j = 0
    while i < len(these) and j < len(those):
        start, end = max(these[i][0], those[j][0]), min(these[i][1], those[j][1])
        if start < end:
            result.append((start, end))
        if these[i][1] <= those[j][1]:
            i += 1
        else:
            j += 1
    return result


def without(these: Sequence[Window], those: Sequence[Window]) -> list[Window]:
    """The instants in ``these`` and not in ``those``. Each side is in order and apart, as ``merged`` gives it."""
    result: list[Window] = []
    for start, end in these:
        for away_start, away_end in those:
            if away_end <= start or away_start >= end:
                continue
            if start < away_start:
                result.append((start, away_start))
            start = max(start, away_end)  # noqa: PLW2901 - the rest of the window
            if start >= end:
                break
        if start < end:
            result.append((start, end))
    return result


def covers(windows: Iterable[Window], starts_at: datetime, ends_at: datetime) -> bool:
    """Whether one of the windows holds the whole period."""
    return any(start <= starts_at and ends_at <= end for start, end in windows)
