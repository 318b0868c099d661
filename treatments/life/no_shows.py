"""What follows when a patient does not come: the policy of the block, worked out as a proposal."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from core import clock
from core.errors import InvalidInput
from scheduler.actions.terms import WrongStatus
from scheduler.engine.request import Window
from scheduler.models.change_set import Verb
from treatments.life import replanning, ripples
from treatments.life.effects import block, left_alone, seen, words, work_out
from treatments.life.events import NoShow, Then
from treatments.life.ripples import Change, Why
from treatments.life.running import Running
from treatments.models import CourseStatus, Visit, VisitStatus
from treatments.models.course import GIVEN_UP
from treatments.planning import Question
from treatments.protocols import extras
from treatments.protocols.extras import Extra, Where
from treatments.protocols.policies import Missed
from treatments.protocols.rulebook import RuleNote

WITHIN = "missed.within"
"""The key of the rule that a make-up takes place in time."""
NOT_TODAY = "missed.not_today"
"""The key of the rule that nothing is put on today that was not there."""
NOTES = {
    Then.OMIT: Why("omitted", "The protocol asks for no make-up. The rest of the course stays as it is."),
    Then.KEEP: Why("kept", "The rest of the course stays as it is."),
    Then.ESCALATE: Why("escalated", "A clinician decides how the course goes on."),
}


@work_out.register
def _no_show(event: NoShow, running: Running) -> Change:
    """The visit is missed; what the protocol says follows."""
    visit = running.visit(event.visit)
    if running.course.status == CourseStatus.CANCELLED:
        raise WrongStatus("The course is cancelled.")
    _check_can_be_missed(running, visit)
    policy = _policy(running, visit)
    then = event.then or (Then(policy.then) if policy is not None else Then.KEEP)
    missed = frozenset([visit.key] if visit.status != VisitStatus.MISSED else [])
    versions = seen(visit, event.version)
    if then in NOTES:
        said = left_alone(running, missed, "missed")
        return Change(running, Verb.NO_SHOW, missed=missed, said=said, notes=(NOTES[then],), versions=versions)
    change = _made_up(running, visit, then, policy.within_days if policy is not None else None)
    return replace(change, missed=missed, versions=versions)


def _check_can_be_missed(running: Running, visit: Visit) -> None:
    appointment = visit.appointment
    if appointment is None or visit.status not in (VisitStatus.BOOKED, VisitStatus.TENTATIVE, VisitStatus.MISSED):
        raise WrongStatus(f"{visit.label} is {words(visit)} and cannot be missed.")
    if running.now < appointment.starts_at:
        raise WrongStatus("It has not begun. Cancel it if the patient cannot come.")
    if any(
        extra.makes_up == visit.key and not _is_given_up(running, extra) for extra in extras.read(running.course.extra)
    ):
        raise InvalidInput(f"{visit.label} has been made up for already.", pointer="visit")


def _is_given_up(running: Running, extra: Extra) -> bool:
    return extra.key in running.by_key and running.by_key[extra.key].status in GIVEN_UP


def _policy(running: Running, visit: Visit) -> Missed | None:
    """What the protocol says about missed visits of this block."""
    for policy in running.document.missed:
        if any(each.block == block(visit) for each in running.document.blocks_named(policy.visits)):
            return policy
    return None


def _made_up(running: Running, visit: Visit, then: Then, within_days: int | None) -> Change:
    """One more visit: at the end of the block, or in the place of the missed one."""
    extra = Extra(
        extras.next_key(block(visit), running.by_key),
        _where(running, visit, then),
        visit.key,
        _followed_by(running, visit),
    )
    data: list[Mapping[str, Any]] = [*running.extra, extra.to_json()]
    others = frozenset() if then is Then.FILL else running.yielding - {visit.key}
    question = running.ask(about={extra.key, *others}, extra=data, leaving={visit.key})
    until_on = _until(running, visit, extra, within_days)
    wished = _limited(running.wished(question, extra=data), extra.key, until_on)
    loose = running.current(wished, others)
    # who did not come is asked for another day, unless only today is left
    another_day = _not_today(running, wished, {extra.key, *others})
    found = replanning.around(another_day, given=(), loose=loose, added=[extra.key])
    if extra.key in found.unplaced:
        found = replanning.around(wished, given=(), loose=loose, added=[extra.key])
    notes: tuple[Why, ...] = ()
    if extra.key in found.unplaced:
        notes = (Why("escalated", "There is no place for it in time. A clinician decides how the course goes on."),)
    return Change(
        running,
        Verb.NO_SHOW,
        wished,
        places=found.places,
        unplaced=ripples.told(wished, found.unplaced),
        said=ripples.told(wished, found.said),
        added=(extra,),
        notes=notes,
    )


def _followed_by(running: Running, visit: Visit) -> tuple[str, ...]:
    """The visits of other blocks that wait for the make-up: those that belong to the missed visit and are still open."""
    waiting = {each.key for each in running.visits if each.status == VisitStatus.TO_PLACE} | running.movable
    return tuple(sorted(extras.followers(running.compiled.rules, visit.key) & waiting))


def _where(running: Running, visit: Visit, then: Then) -> Where:
    """Where the make-up stands. In a block with fixed days there is no end to add to."""
    planned = running.document.block(block(visit))
    at_end = then is Then.APPEND and planned.on_days is None and planned.cycle is None
    return Where.END if at_end else Where.INSTEAD


def _until(running: Running, visit: Visit, extra: Extra, within_days: int | None) -> date | None:
    """The last date for the make-up: counted from the missed visit, or from the last of its block."""
    if within_days is None:
        return None
    zone = running.course.site.zone
    block_mates = [each for each in running.visits if block(each) == block(visit) and each.key in running.standing]
    counted = [visit] if extra.where is Where.INSTEAD else [visit, *block_mates]
    starts = [each.appointment.starts_at for each in counted if each.appointment is not None]
    return clock.local(max(starts), zone).date() + timedelta(days=within_days)


def _not_today(running: Running, question: Question, keys: Collection[str]) -> Question:
    """The question in which none of these visits is moved to today."""
    zone = running.course.site.zone
    today = clock.local(running.now, zone).date()
    later = tuple(
        sorted(
            key
            for key in keys
            if key not in running.standing or clock.local(running.standing[key].starts_at, zone).date() > today
        )
    )
    rule = Window(NOT_TODAY, later, from_on=today + timedelta(days=1))
    return _with_rule(question, rule, "Another day than today")


def _limited(question: Question, key: str, until_on: date | None) -> Question:
    """The question in which the visit takes place on that date at the latest."""
    if until_on is None:
        return question
    rule = Window(WITHIN, (key,), until_on=until_on)
    return _with_rule(question, rule, f"A make-up takes place until {until_on.day} {until_on:%B}")


def _with_rule(question: Question, rule: Window, text: str) -> Question:
    compiled = replace(
        question.compiled,
        rules=(*question.compiled.rules, rule),
        notes={**question.compiled.notes, rule.key: RuleNote(text, (), "")},
    )
    return replace(
        question, compiled=compiled, request=replace(question.request, rules=(*question.request.rules, rule))
    )
