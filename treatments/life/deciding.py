"""What a clinician's decision does to a course: blocks become firm, are given back, are opened again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import InvalidInput
from scheduler.actions.terms import WrongStatus
from scheduler.models.change_set import Verb
from treatments.life import replanning, ripples
from treatments.life.effects import block, can_be_given_up, work_out
from treatments.life.events import Decide
from treatments.life.ripples import Change, Why
from treatments.life.running import Running
from treatments.models import Choice, CourseStatus, DecisionRecord, VisitStatus
from treatments.models.course import OPEN
from treatments.protocols import branches, extras, reopening, words
from treatments.protocols.extras import Extra, Where
from treatments.queries import decisions
from treatments.queries.decisions import DecisionPoint, DecisionState

WAITING = (VisitStatus.TENTATIVE, VisitStatus.TO_PLACE)
"""Visits that a decision can give back without taking anything from the patient that was promised."""


_AS_PLANNED = Why("as_planned", "The course goes on as it is planned.")
_MISSING = {"block": "Say which block.", "gap_days": "Say how many days apart."}


@work_out.register
def _decide(event: Decide, running: Running) -> Change:
    """What was chosen, and what follows from it."""
    if running.course.status == CourseStatus.CANCELLED:
        raise WrongStatus("The course is cancelled.")
    if event.choice not in Choice.values:
        raise InvalidInput("There is no such choice.", pointer="choice", detail={"known": list(Choice.values)})
    _check_parts(event)
    point = _point(event, running)
    change = _WORKED_OUT[Choice(event.choice)](event, running)
    record = DecisionRecord(
        course=running.course,
        decision=event.decision,
        after=point.after.key if point is not None else "",
        choice=event.choice,
        block=event.block,
        gap_days=event.gap_days,
        decided_at=running.now,
    )
    return replace(change, decision=record)


def _check_parts(event: Decide) -> None:
    """Each choice takes the parts it needs and no others. Raises ``InvalidInput``."""
    choice = Choice(event.choice)
    needed = {
        "block": event.choice in (Choice.GO_TO, Choice.SPACING),
        "gap_days": event.choice == Choice.SPACING,
        "cancel_booked": event.choice == Choice.STOP,
    }
    given = {"block": bool(event.block), "gap_days": event.gap_days is not None, "cancel_booked": event.cancel_booked}
    for name, is_needed in needed.items():
        if given[name] and not is_needed:
            raise InvalidInput(f"Leave this out: it says nothing about “{choice.label}”.", pointer=name)
        if is_needed and not given[name] and name != "cancel_booked":
            raise InvalidInput(_MISSING[name], pointer=name)


def _point(event: Decide, running: Running) -> DecisionPoint | None:
    """The point of the protocol that is decided: the first that is open, else the last, which is decided anew."""
    if not event.decision:
        return None
    known = [each.decision for each in running.document.decisions]
    if event.decision not in known:
        raise InvalidInput("The protocol has no such decision.", pointer="decision", detail={"known": known})
    made = list(decisions.records(running.course))
    points = [
        point
        for point in decisions.stand(running.course, running.visits, made, now=running.now)
        if point.decision.decision == event.decision
    ]
    if not points:
        raise InvalidInput("Nothing of this course leads to this decision any more.", pointer="decision")
    _check_offered(event, points[0])
    return next((point for point in points if point.state != DecisionState.DECIDED), points[-1])


def _check_offered(event: Decide, point: DecisionPoint) -> None:
    offered = [choice.goes_to for choice in point.decision.choices]
    if event.choice == Choice.GO_TO and event.block not in offered and branches.OPEN not in offered:
        raise InvalidInput("The protocol does not offer this block here.", pointer="block", detail={"known": offered})


# --- going on with a block -----------------------------------------------------------------------------------


def _go_to(event: Decide, running: Running) -> Change:
    """The block's tentative visits become firm and the other ways are released; where none is left, it is opened again."""
    if event.block not in [each.block for each in running.document.blocks]:
        raise InvalidInput("The protocol has no such block.", pointer="block")
    branch = branches.branch(running.document, event.decision, event.block)
    firm = _with_status(running, branch.firm, [VisitStatus.TENTATIVE])
    is_open = bool(_with_status(running, [event.block], OPEN))
    released = _with_status(running, branch.released, WAITING)
    if not is_open:
        # a step back: what was firm further on is no longer the way the course takes
        released |= _with_status(running, branch.released & _after(running, event.block), [VisitStatus.BOOKED])
    blocks = sorted({*running.course.firm, *branch.firm} - branch.released)
    change = Change(
        running,
        Verb.DECIDE,
        firm=firm,
        released=released,
        course={"firm": blocks},
        said={key: (Why("firm", "It waited for this decision and is firm now."),) for key in firm},
    )
    if is_open:
        return change if firm or released else replace(change, notes=(_AS_PLANNED,))
    return _opened_again(change, event.block, sorted(branch.firm - {event.block}))


def _after(running: Running, name: str) -> frozenset[str]:
    """The blocks that come after this one in the protocol."""
    names = [each.block for each in running.document.blocks]
    return frozenset(names[names.index(name) + 1 :])


def _with_status(running: Running, blocks: Collection[str], statuses: Collection[str]) -> frozenset[str]:
    return frozenset(
        visit.key
        for visit in running.visits
        if block(visit) in blocks and visit.status in statuses and can_be_given_up(visit)
    )


def _opened_again(change: Change, name: str, hanging: Sequence[str]) -> Change:
    """The block once more, with as many visits as it had at first, and what belongs to each of them."""
    running = change.running
    length = running.document.block(name).length
    last = _last(running, name, change.released)
    added = [replace(extra, again=last) for each in (name, *hanging) for extra in more(running, each, length)]
    data: list[Mapping[str, Any]] = [*running.extra, *(extra.to_json() for extra in added)]
    new = [extra.key for extra in added]
    others = running.yielding - change.released
    question = running.ask(about={*new, *others}, extra=data, leaving=change.released)
    question = running.wished(question, extra=data)
    found = replanning.around(question, given=(), loose=running.current(question, others), added=new)
    return replace(
        change,
        question=question,
        places=found.places,
        unplaced=ripples.told(question, found.unplaced),
        said={**change.said, **ripples.told(question, found.said)},
        added=tuple(added),
        firm=change.firm | frozenset(new),
        notes=(Why("opened_again", f"{running.document.block(name).title or name}: {length} more visits."),),
    )


def more(running: Running, name: str, number: int) -> list[Extra]:
    """So many further visits at the end of a block."""
    keys = list(running.by_key)
    found = []
    for _ in range(number):
        found.append(Extra(extras.next_key(name, keys), Where.END))
        keys.append(found[-1].key)
    return found


def _last(running: Running, name: str, gone: Collection[str]) -> str:
    """The last visit of the kind of this block that takes place; empty where there is none."""
    blocks = {each.block for each in running.document.blocks if each.visit == running.document.block(name).visit}
    before = [key for key in running.standing if block(running.by_key[key]) in blocks and key not in gone]
    return max(before, key=lambda key: running.standing[key].starts_at, default="")


# --- stopping, pausing, changing the distance ----------------------------------------------------------------


def _stop(event: Decide, running: Running) -> Change:
    """What is tentative is given back; what is firm stays unless it is to be cancelled too."""
    tentative = [each.block for each in running.document.blocks if each.is_tentative]
    released = _with_status(running, set(tentative) - set(running.course.firm), WAITING)
    released |= _with_status(running, [each.block for each in running.document.blocks], [VisitStatus.TENTATIVE])
    booked = frozenset(visit.key for visit in running.visits if can_be_given_up(visit)) - released
    left = [visit.label for visit in running.visits if visit.key in booked and not event.cancel_booked]
    notes = (Why("still_booked", f"Still booked: {', '.join(left[:5])}{' and others' if len(left) > 5 else ''}."),)
    return Change(
        running,
        Verb.DECIDE,
        cancelled=booked if event.cancel_booked else frozenset(),
        released=released,
        notes=notes if left else (),
    )


def _cross_over(event: Decide, running: Running) -> Change:
    """Nothing of this course takes place any more; the other one is booked by itself."""
    note = Why("crosses_over", "The patient goes on with another protocol. Book it when this is done.")
    change = _stop(replace(event, choice=Choice.STOP, cancel_booked=True), running)
    return replace(change, notes=(*change.notes, note))


def _hold(event: Decide, running: Running) -> Change:  # noqa: ARG001 - the shape
    if running.course.on_hold:
        raise WrongStatus("The course is paused already.")
    note = Why("paused", "Nothing further is planned until the course is resumed. What is booked stays booked.")
    return Change(running, Verb.DECIDE, course={"on_hold": True}, notes=(note,))


def _resume(event: Decide, running: Running) -> Change:  # noqa: ARG001 - the shape
    if not running.course.on_hold:
        raise WrongStatus("The course is not paused.")
    return Change(running, Verb.DECIDE, course={"on_hold": False})


def _go_on(event: Decide, running: Running) -> Change:  # noqa: ARG001 - the shape
    return Change(running, Verb.DECIDE, notes=(_AS_PLANNED,))


def _space(event: Decide, running: Running) -> Change:
    """Another distance between the visits of a block, inside the limits of the protocol; those ahead are planned anew."""
    if event.block not in [each.block for each in running.document.blocks]:
        raise InvalidInput("The protocol has no such block.", pointer="block")
    assert event.gap_days is not None  # noqa: S101 - checked with the parts
    limits = reopening.distances(running.document, event.block)
    if limits is None:
        raise InvalidInput("The protocol states no distance in days for this block.", pointer="block")
    least, most = limits
    if event.gap_days < least or (most is not None and event.gap_days > most):
        allowed = f"{least} to {most} days" if most is not None else f"at least {least} days"
        raise InvalidInput(f"The protocol allows {allowed} here.", pointer="gap_days")
    spacing = {**running.course.spacing, event.block: event.gap_days}
    ahead = [key for key in running.movable if block(running.by_key[key]) == event.block]
    title = running.document.block(event.block).title or event.block
    note = Why("spaced", f"{title}: {words.count(event.gap_days, 'day')} apart is the best distance from now on.")
    change = Change(running, Verb.DECIDE, course={"spacing": spacing}, notes=(note,))
    if not ahead:
        return change
    others = running.movable - set(ahead)
    question = running.wished(running.ask(about=running.movable, anew=ahead))
    rules = tuple(reopening.respaced(question.request.rules, event.block, event.gap_days))
    question = replace(
        question, compiled=replace(question.compiled, rules=rules), request=replace(question.request, rules=rules)
    )
    found = replanning.around(question, given=(), loose=running.current(question, others), added=ahead)
    standing = {placement.visit: placement for placement in running.current(question, ahead)}
    return replace(
        change,
        question=question,
        places={
            key: place
            for key, place in found.places.items()
            if key not in standing or replanning.differs(standing[key], place)
        },
        unplaced=ripples.told(question, found.unplaced),
        said=ripples.told(question, found.said),
    )


_WORKED_OUT = {
    Choice.GO_TO: _go_to,
    Choice.CONTINUE: _go_on,
    Choice.SPACING: _space,
    Choice.HOLD: _hold,
    Choice.RESUME: _resume,
    Choice.STOP: _stop,
    Choice.CROSS_OVER: _cross_over,
}
