"""A visit that has to wait, for results or an illness: it is put off, and what comes after it moves with it."""

from dataclasses import replace
from datetime import date, timedelta

from core import clock
from core.errors import Conflict, InvalidInput
from scheduler.actions.terms import WrongStatus
from scheduler.engine.request import Offset, Rule, Unit, Window
from scheduler.models.change_set import Verb
from treatments.life import replanning, ripples
from treatments.life.effects import block, seen, words, work_out
from treatments.life.events import Delay
from treatments.life.ripples import Change, Why
from treatments.life.running import ROOM, Running
from treatments.models import CourseStatus, Visit
from treatments.planning import Question
from treatments.protocols.policies import Delay as Policy
from treatments.protocols.rulebook import RuleNote

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
    policy = _policy(running, visit)
    if policy is not None and event.days > policy.max_days:
        raise DelayTooLong(
            f"{visit.label} may wait {policy.max_days} days at the most. After that a clinician decides.",
            pointer="days",
            detail={"max_days": policy.max_days, "then": policy.then},
        )
    starts_at = running.standing[visit.key].starts_at
    later = [key for key in running.movable if running.standing[key].starts_at >= starts_at]
    others = running.movable - set(later)
    room = ROOM + timedelta(days=event.days)
    question = running.wished(running.ask(about=running.movable, room=room))
    on = clock.local(starts_at, running.course.site.zone).date() + timedelta(days=event.days)
    question = _waiting(question, visit.key, on, event.days)
    found = replanning.around(question, given=(), loose=running.current(question, others), added=later)
    standing = {placement.visit: placement for placement in running.current(question, later)}
    return Change(
        running,
        Verb.MOVE,
        question,
        places={
            key: place
            for key, place in found.places.items()
            if key not in standing or replanning.differs(standing[key], place)
        },
        unplaced=ripples.unplaced(question, found.unplaced),
        versions=versions,
        notes=(Why("delayed", f"{visit.label} waits until {on:%-d %B %Y}, and what comes after it moves with it."),),
    )


def _policy(running: Running, visit: Visit) -> Policy | None:
    for policy in running.document.delays:
        if any(each.block == block(visit) for each in running.document.blocks_named(policy.visits)):
            return policy
    return None


def _waiting(question: Question, key: str, on: date, days: int) -> Question:
    """The question in which the visit is not before that date, and may be so much later than it otherwise could."""
    window = Window(WAITS, (key,), from_on=on)
    rules = (*(_longer(rule, key, days) for rule in question.request.rules), window)
    notes = {**question.compiled.notes, WAITS: RuleNote(f"It waits until {on.day} {on:%B}", (), "")}
    compiled = replace(question.compiled, rules=rules, notes=notes)
    return replace(question, compiled=compiled, request=replace(question.request, rules=rules))


def _longer(rule: Rule, key: str, days: int) -> Rule:
    if isinstance(rule, Offset) and rule.visit == key and rule.most is not None:
        return replace(rule, most=rule.most + (days if rule.unit is Unit.DAYS else days * 24 * 60))
    return rule
