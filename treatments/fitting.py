"""Whether courses of a protocol fit a site's calendar as it is: asked for one start after another. Reads only."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.models import Site
from core import clock
from scheduler.queries import hours
from treatments import planning
from treatments.models import ProtocolVersion
from treatments.protocols.wishes import Wishes

STARTS = 60
"""So many open days are tried: about three months of starts."""
FIRST_WITHIN_DAYS = 7
"""A start fits when the first visit is not later than this after it; a course that begins a month late does not fit."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start that was tried. ``reason`` says why it does not fit; empty when it does."""

    on: date
    reason: str = ""

    @property
    def fits(self) -> bool:
        """Whether every visit has a place, the first soon enough."""
        return not self.reason


def open_days(site: Site, *, first_on: date) -> list[date]:
    """The first ``STARTS`` days from a date on which the site is open; fewer where it is closed for long. Two queries."""
    ahead = hours.site_days(site, first_on=first_on, days=3 * STARTS)
    return [day.on for day in ahead if day.windows][:STARTS]


def tried(
    version: ProtocolVersion, site: Site, starts: Iterable[date], *, now: datetime, enough: Callable[[], bool]
) -> Iterator[Start]:
    """Plans a course without wishes for each start, until ``enough``; at least one. Eleven queries and a plan each."""
    for on in starts:
        yield _try(version, site, on, now=now)
        if enough():
            return


def _try(version: ProtocolVersion, site: Site, on: date, *, now: datetime) -> Start:
    question = planning.ask(protocol_version=version, site=site, start_on=on, wishes=Wishes(), now=now)
    plan = planning.best(question)
    if plan.unplaced:
        left = plan.unplaced[0]
        label = question.course[left.visit].label
        why = question.sentence(left.reasons[0], left.visit) if left.reasons else "It found no place."
        return Start(on, f"{label}: {why}")
    first = min(question.request.grid.instant(each.start) for each in plan.placements)
    first_on = clock.local(first, site.zone).date()
    if first_on - on > timedelta(days=FIRST_WITHIN_DAYS):
        return Start(on, f"The first visit would be on {first_on:%-d %B} only.")
    return Start(on)
