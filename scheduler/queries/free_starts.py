"""Free times of several resources at once, for people and programs to choose from."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from clinics.models import Site
from scheduler.engine.grid import slots
from scheduler.engine.request import Calendar, Period
from scheduler.queries import calendars

STEP = 3
"""Slots from one start to the next: quarter hours. Local dates begin on one, so they are quarter hours on the wall too."""


@dataclass(frozen=True, slots=True)
class FreeStart:
    """An instant at which one resource could be taken alone for the length asked for."""

    resource_id: UUID
    starts_at: datetime


def free_starts(
    site: Site, *, resources: Collection[UUID], minutes: int, first_on: date, days: int, now: datetime, at_most: int
) -> list[FreeStart]:
    """The first ``at_most`` starts, in order of time, then of the board.

    Starts are quarter hours from ``now`` on, on ``days`` local dates from ``first_on``, at which a resource is at work
    and none of its lanes is taken for ``minutes``. Seven queries, however many resources.
    """
    grid = calendars.grid(site, first_on=first_on, days=days)
    rows = calendars.calendars(site, grid, now=now, resources=resources)
    length = slots(minutes)
    earliest = max(grid.slot_after(now), 0)
    found = sorted(
        (start, order)
        for order, row in enumerate(rows)
        for period in _free(row)
        for start in _starts(period, length, earliest)
    )
    return [FreeStart(UUID(rows[order].id), grid.instant(start)) for start, order in found[:at_most]]


def _free(calendar: Calendar) -> Iterator[Period]:
    """The periods in which the resource works and no lane of it is taken."""
    busy = sorted((start, end) for start, end, _ in calendar.busy)
    for opens, closes in calendar.working:
        free_from = opens
        for start, end in busy:
            if end <= free_from or start >= closes:
                continue
            if start > free_from:
                yield free_from, start
            free_from = max(free_from, end)
        if free_from < closes:
            yield free_from, closes


def _starts(period: Period, length: int, earliest: int) -> range:
    first = -(-max(period[0], earliest) // STEP) * STEP
    return range(first, period[1] - length + 1, STEP)
