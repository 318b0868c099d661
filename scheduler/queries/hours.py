"""When a site is open and a resource works: hours, holidays, exceptions, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from clinics.models import Site
from scheduler.models import Resource

Window = tuple[datetime, datetime]
"""Half-open period of instants."""


@dataclass(frozen=True, slots=True)
class SiteHours:
    """One local date of a site: its opening windows (wall clock), or why it is closed."""

    on: date
    windows: tuple[tuple[time, time], ...]
    reason: str = ""


def site_days(site: Site, *, first_on: date, days: int) -> list[SiteHours]:
    """Each date from ``first_on``: opening hours valid then, public holidays by region, exceptions. Three queries."""
    raise NotImplementedError


def working(
    resources: Sequence[Resource], site: Site, *, first_on: date, days: int
) -> dict[str, list[Window]]:
    """For each resource id: the periods it works, inside the site's opening hours, less absences, plus extra time."""
    raise NotImplementedError
