"""Whether courses of a protocol fit a site's calendar as it is: asked for one start after another. Reads only."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from clinics.models import Site
from scheduler.engine.request import Window
from scheduler.queries import hours
from treatments import planning
from treatments.models import ProtocolVersion
from treatments.protocols.rulebook import RuleNote
from treatments.protocols.wishes import Wishes

STARTS = 60
"""So many open days are tried: about three months of starts."""
FIRST_WITHIN_DAYS = 7
"""The first visit has to be in the week that begins with the start; a course that begins a month late does not fit."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start that was tried. ``reason`` says why it does not fit; empty when it does."""

    on: date
    reason: str = ""

    @property
    def fits(self) -> bool:
        """Whether every visit has a place, the first within a week."""
        return not self.reason


def open_days(site: Site, *, first_on: date) -> list[date]:
    """The first ``STARTS`` days from a date on which the site is open; fewer where it is closed for long. Two queries."""
    ahead = hours.site_days(site, first_on=first_on, days=3 * STARTS)
    return [day.on for day in ahead if day.windows][:STARTS]


def tried(
    version: ProtocolVersion, site: Site, starts: Iterable[date], *, now: datetime, enough: Callable[[], bool]
) -> Iterator[Start]:
    """Plans a course without wishes for each start, until ``enough``; at least one. Ten queries and a plan each."""
    for on in starts:
        yield _try(version, site, on, now=now)
        if enough():
            return


def _try(version: ProtocolVersion, site: Site, on: date, *, now: datetime) -> Start:
    question = _soon(planning.ask(protocol_version=version, site=site, start_on=on, wishes=Wishes(), now=now), on)
    plan = planning.best(question)
    if not plan.unplaced:
        return Start(on)
    left = plan.unplaced[0]
    label = question.course[left.visit].label
    why = question.sentence(left.reasons[0], left.visit) if left.reasons else "It found no place."
    return Start(on, f"{label}: {why}")


def _soon(question: planning.Question, on: date) -> planning.Question:
    """The same question, with the first visit of the protocol within a week of the start."""
    until_on = on + timedelta(days=FIRST_WITHIN_DAYS - 1)
    rule = Window("start.soon", (question.compiled.course[0].key,), until_on=until_on)
    note = RuleNote(f"the course begins by {until_on:%A} {until_on.day} {until_on:%B}", (), "")
    return replace(
        question,
        compiled=replace(question.compiled, notes={**question.compiled.notes, rule.key: note}),
        request=replace(question.request, rules=(*question.request.rules, rule)),
    )
