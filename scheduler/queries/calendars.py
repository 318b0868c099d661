"""Everybody's calendar as the planner reads it, and free times for people to choose from."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from clinics.models import Patient, Site
from scheduler.engine.grid import Grid
from scheduler.engine.request import Calendar, Period
from scheduler.models import Resource


def grid(site: Site, *, first_on: date, days: int) -> Grid:
    """The planner's time base for a site: its zone, ``days`` local dates from ``first_on``."""
    return Grid(zone=site.zone, first_on=first_on, days=days)


def calendars(
    site: Site, grid: Grid, *, now: datetime, without: Collection[UUID] = (), resources: Collection[UUID] | None = None
) -> tuple[Calendar, ...]:
    """The calendars of the site's active resources over the grid.

    ``without``: appointments that are ignored (those about to move). Lapsed holds do not count.
    Five queries whatever the number of resources; cost does not depend on how many old appointments exist.
    """
    raise NotImplementedError


def open_days(site: Site, grid: Grid) -> frozenset[int]:
    """The numbers of the grid's dates on which the site is open."""
    raise NotImplementedError


def patient_busy(patient: Patient, grid: Grid, *, now: datetime, without: Collection[UUID] = ()) -> tuple[Period, ...]:
    """The periods in which the patient has appointments."""
    raise NotImplementedError


def next_free(resource: Resource, *, minutes: int, after: datetime, now: datetime, count: int = 3, days: int = 28) -> list[datetime]:
    """The next instants, on quarter hours, at which the resource is at work and free (all lanes) for ``minutes``."""
    raise NotImplementedError
