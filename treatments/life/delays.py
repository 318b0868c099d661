"""A visit that has to wait, for results or an illness: it is put off, and what comes after it moves with it."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from core import clock
from core.errors import Conflict, InvalidInput
from scheduler.actions.terms import WrongStatus
from scheduler.engine.request import Window
from scheduler.models.change_set import Verb
from treatments.life import replanning, ripples
from treatments.life.effects import block, seen, words, work_out
from treatments.life.events import Delay
from treatments.life.ripples import Change, Why
from treatments.life.running import ROOM, Running
from treatments.models import CourseStatus, Visit
from treatments.planning import Question
from treatments.protocols import reopening
from treatments.protocols import words as counted
from treatments.protocols.policies import Delay as Policy
from treatments.protocols.rulebook import RuleNote
from treatments.queries import decisions

WAITS = "delay"
"""The key of the rule that the visit waits."""
LONGEST_DAYS = 366
"""A longer delay is a slip of the keyboard."""


class DelayTooLong(Conflict):
    """Longer than the protocol lets the visit wait. ``detail``: ``max_days``, and ``then``, what it says instead."""

    code = "delay_too_long"


@work_out.register
def _delay(event: Delay, running: Running) -> Change:
    """The visit so many local dates later, or as soon after that as it goes; the later ones at their distances from it."""
    visit = running.visit(event.visit)
    if running.course.status == CourseStatus.CANCELLED:
        raise WrongStatus("The course is cancelled.")
    if visit.key not in running.movable:
        raise WrongStatus(f"{visit.label} is {words(visit)} or about to begin, and cannot wait.")
    if not 1 <= event.days <= LONGEST_DAYS:
        raise InvalidInput(f"Let it wait 1 to {LONGEST_DAYS} days.", pointer="days")
    versions = seen(visit, event.version)
    left = _left(running, visit, event.days)
    starts_at = running.standing[visit.key].starts_at
    later = [key for key in running.movable if running.standing[key].starts_at >= starts_at]
    others = running.movable - set(later)
    room = ROOM + timedelta(days=event.days)
    question = running.wished(running.ask(about=running.movable, anew=later, room=room))
    stood_on = clock.local(starts_at, running.course.site.zone).date()
    until_on = None if left is None else stood_on + timedelta(days=left)
    on = _opened(question, stood_on + timedelta(days=event.days), until_on)
    question = _waiting(question, visit.key, on, until_on, (on - stood_on).days)
    found = replanning.around(question, given=(), loose=running.current(question, others), added=later)
    standing = {placement.visit: placement for placement in running.current(question, later)}
    grid = question.request.grid
    new = found.places.get(visit.key)
    stands_on = grid.date(new.start) if new is not None else on
    waited = (stands_on - stood_on).days
    times = [*running.course.delayed.get(visit.key, ()), [waited, running.now.isoformat()]]
    delayed = {**running.course.delayed, visit.key: times}
    return Change(
        running,
        Verb.MOVE,
        question,
        places={
            key: place
            for key, place in found.places.items()
            if key not in standing or replanning.differs(standing[key], place)
        },
        unplaced=ripples.told(question, found.unplaced),
        said=ripples.told(question, found.said),
        versions=versions,
        notes=(
            Why("delayed", f"{visit.label} waits until {stands_on:%-d %B %Y}, and what comes after it moves with it."),
        ),
        course={"delayed": delayed},
    )


def _opened(question: Question, on: date, until_on: date | None) -> date:
    """The first date from ``on`` on which the site opens, unless that is too late."""
    grid = question.request.grid
    number = next((day for day in range(max(grid.day_of(on), 0), grid.days) if day in question.request.open_days), None)
    found = on if number is None else grid.first_on + timedelta(days=number)
    return found if until_on is None or found <= until_on else on


_BEYOND = {
    "escalate": "After that a clinician decides.",
    "omit": "After that it is left out.",
    "restart": "After that the course begins anew.",
}


def _left(running: Running, visit: Visit, days: int) -> int | None:
    """How many more days the visit may wait, of which ``days`` are asked for; None where the protocol says nothing.

    What it waited since the last decision about the course counts. Raises ``DelayTooLong``. One query at most.
    """
    policy = _policy(running, visit)
    if policy is None:
        return None
    waited = _waited(running, visit)
    if waited + days > policy.max_days:
        already = f" and has waited {counted.count(waited, 'day')}" if waited else ""
        raise DelayTooLong(
            f"{visit.label} may wait {counted.count(policy.max_days, 'day')} at the most{already}. {_BEYOND[policy.then]}",
            pointer="days",
            detail={"max_days": policy.max_days, "waited_days": waited, "then": policy.then},
        )
    return policy.max_days - waited


def _waited(running: Running, visit: Visit) -> int:
    times = running.course.delayed.get(visit.key, ())
    if not times:
        return 0
    last = next(iter(decisions.records(running.course)), None)
    since = last.decided_at if last is not None else None
    return sum(days for days, at in times if since is None or datetime.fromisoformat(at) > since)


def _policy(running: Running, visit: Visit) -> Policy | None:
    for policy in running.document.delays:
        if any(each.block == block(visit) for each in running.document.blocks_named(policy.visits)):
            return policy
    return None


def _waiting(question: Question, key: str, on: date, until_on: date | None, days: int) -> Question:
    """The question in which the visit is between these dates, and may be so much later than it otherwise could."""
    window = Window(WAITS, (key,), from_on=on, until_on=until_on)
    rules = (*reopening.put_off(question.request.rules, {key: days}), window)
    limit = f", until {until_on.day} {until_on:%B} at the most" if until_on is not None else ""
    notes = {**question.compiled.notes, WAITS: RuleNote(f"It waits for {on.day} {on:%B}{limit}", (), "")}
    compiled = replace(question.compiled, rules=rules, notes=notes)
    return replace(question, compiled=compiled, request=replace(question.request, rules=rules))
