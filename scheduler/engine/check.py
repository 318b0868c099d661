"""Whether placements may stand: every hard rule and every calendar."""

from collections.abc import Iterable, Iterator

from scheduler.engine import place, rules
from scheduler.engine.answer import Code, Reason
from scheduler.engine.availability import Availability
from scheduler.engine.request import Placement, PlanRequest
from scheduler.engine.rules import Violation
from scheduler.engine.schedule import Schedule

__all__ = ["Violation", "check", "soft"]


def check(request: PlanRequest, placements: Iterable[Placement]) -> tuple[Violation, ...]:
    """Everything that forbids these placements; empty when they may be booked.

    Fixed visits take part in the rules but are not held against the calendars, which may already hold them.
    A course of which only some visits are placed is judged by those.

    Raises:
        KeyError: a placement names a visit that the request does not have.
    """
    return violations(Schedule(request, placements), Availability(request))


def violations(schedule: Schedule, free: Availability) -> tuple[Violation, ...]:
    """As `check`, for a schedule and an availability that exist already."""
    found = [finding for finding in rules.findings(schedule) if finding.reason.hard]
    seen: set[tuple[str, str]] = set()
    for placement in schedule.in_order:
        if placement.visit in schedule.fixed:
            continue
        for reason in _place(schedule, free, placement):
            pair = (placement.visit, *reason.subjects)
            if reason.code is Code.PATIENT_BUSY and len(pair) == 2:
                if (pair[1], pair[0]) in seen:  # a clash of two visits is told once
                    continue
                seen.add((pair[0], pair[1]))
            found.append(Violation(placement.visit, reason))
    return tuple(found)


def _place(schedule: Schedule, free: Availability, placement: Placement) -> Iterator[Reason]:
    visit = schedule.visits[placement.visit]
    named = dict(placement.resources)
    missing = [role for role in visit.roles if role.key not in named]
    for role in missing:
        yield Reason(Code.NO_RESOURCE, (), role=role.key)
    if not missing:
        yield from place.reasons(free, schedule, place.Attempt(visit, placement.start, named))


def soft(schedule: Schedule) -> dict[str, tuple[Reason, ...]]:
    """For each visit, in order of time, what its place gives up."""
    notes: dict[str, list[Reason]] = {}
    for finding in rules.findings(schedule):
        if not finding.reason.hard:
            notes.setdefault(finding.visit, []).append(finding.reason)
    return {
        placement.visit: tuple(notes[placement.visit]) for placement in schedule.in_order if placement.visit in notes
    }
