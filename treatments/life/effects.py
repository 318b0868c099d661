"""What moving and cancelling do to a course. Each event is worked out by one function; ``work_out`` picks it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import singledispatch

from core.errors import Conflict
from scheduler.actions import rearranging
from scheduler.actions.rearranging import Making, Orders
from scheduler.actions.terms import Changed, WrongStatus
from scheduler.engine.request import Placement
from scheduler.models import Status
from scheduler.models.change_set import Verb
from treatments import overriding, places
from treatments.life import replanning, ripples
from treatments.life.events import Cancel, Event, Move, Place, Scope
from treatments.life.ripples import Change, Why
from treatments.life.running import Running
from treatments.models import CourseStatus, Visit, VisitStatus
from treatments.models.course import HAPPENS, OPEN
from treatments.planning import Question
from treatments.protocols import extras
from treatments.protocols.overrides import Overridden
from treatments.protocols.words import in_sentence


class CourseOver(Conflict):
    """The course is completed or cancelled already."""

    code = "course_over"


class AlreadyThere(Conflict):
    """The visit is at that time already, with those resources."""

    code = "already_there"


@singledispatch
def work_out(event: Event, running: Running) -> Change:  # noqa: ARG001 - the shape of all that register
    """What the event does to the course as it is now. Reads only.

    Raises ``InvalidInput``, ``WrongStatus``, ``Changed``, ``CourseOver``, ``RulesBroken``, ``Taken``, ``NotWorking``.
    """
    raise TypeError(f"Nobody knows what {type(event).__name__} does.")


# --- moving --------------------------------------------------------------------------------------------------


@work_out.register
def _move(event: Move, running: Running) -> Change:
    """Another time for one visit; the rest of the course stays where it can."""
    visit = _to_be_moved(event, running)
    if visit.appointment is None or visit.status not in (VisitStatus.BOOKED, VisitStatus.TENTATIVE):
        raise WrongStatus(f"{visit.label} is {words(visit)} and cannot be moved.")
    agreed = frozenset({event.visit} if event.agreed else ())
    return replace(_rearranged(event, running, Verb.MOVE), versions=seen(visit, event.version), agreed=agreed)


@work_out.register
def _place(event: Place, running: Running) -> Change:
    """A time for a visit that waits for one."""
    visit = _to_be_moved(event, running)
    if visit.status != VisitStatus.TO_PLACE:
        raise WrongStatus(f"{visit.label} is {words(visit)}; it is not waiting for a place.")
    return _rearranged(event, running, Verb.BOOK)


def _to_be_moved(event: Move | Place, running: Running) -> Visit:
    if running.course.status == CourseStatus.CANCELLED:
        raise WrongStatus("The course is cancelled.")
    visit = running.visit(event.visit)
    if isinstance(event, Move):
        seen(visit, event.version)
    return visit


def _rearranged(event: Move | Place, running: Running, verb: Verb) -> Change:
    key = event.visit
    others = frozenset() if event.only_this else running.yielding - {key}
    question = running.ask(about={key, *others}, anew={key}, target=event.starts_at, from_at=running.now)
    beside = running.current(question, others)
    standing = running.standing.get(key)
    if (
        standing is not None
        and standing.starts_at == event.starts_at
        and event.resources.items() <= set(standing.resources)
    ):
        raise AlreadyThere(f"{running.by_key[key].label} is there already.", pointer="starts_at")
    before = question.placement(standing) if standing is not None else None
    wanted = places.Wanted(key, event.starts_at, event.resources, before, tuple(beside))
    overridden: tuple[Overridden, ...] = ()
    if event.override is not None:
        overridden = wanted.against(question, now=running.now)
        question = overriding.asked(question, overridden)
    chosen, is_held = wanted.chosen(question, now=running.now)
    if is_held:
        look(running, question, [chosen])
    replanned = replanning.Replanned()
    if others:
        question = running.wished(question)
        replanned = replanning.around(question, given=[chosen], loose=beside)
    return Change(
        running,
        verb,
        question,
        places={key: chosen, **replanned.places},
        unplaced=ripples.told(question, replanned.unplaced),
        said={**ripples.told(question, replanned.said), **_said(overridden)},
        overridden=overridden,
        override=event.override or "",
    )


def _said(overridden: Iterable[Overridden]) -> dict[str, tuple[Why, ...]]:
    """For each visit the rules it is booked against."""
    found: dict[str, tuple[Why, ...]] = {}
    for key, broken in overridden:
        found[key] = (*found.get(key, ()), Why("overridden", f"Overridden: {broken.message}"))
    return found


def look(running: Running, question: Question, chosen: Collection[Placement]) -> None:
    """Says whether these places are there now, apart from what this course itself has. Raises ``Taken``, ``NotWorking``."""
    course = running.course
    making = [Making(course.patient, places.booking(question, each)) for each in chosen]
    appointments = [visit.appointment for visit in running.visits if visit.appointment is not None]
    with places.naming_visits(question, list(chosen)):
        rearranging.look(orders=Orders(course.site, cancelled=appointments, bookings=making), now=running.now)


# --- cancelling ----------------------------------------------------------------------------------------------


@work_out.register
def _cancel(event: Cancel, running: Running) -> Change:
    """Visits are given up; what the protocol frees with them is released. All others stay."""
    visit = running.visit(event.visit) if event.visit is not None else None
    if running.course.status != CourseStatus.ACTIVE and event.scope is Scope.COURSE:
        raise CourseOver(f"The course is already {running.course.get_status_display().lower()}.")
    if visit is None or event.scope is Scope.COURSE:
        given_up = frozenset(each.key for each in running.visits if can_be_given_up(each))
        return Change(running, Verb.CANCEL, cancelled=given_up, ends=True, notes=tuple(_notice(running, given_up)))
    _check_can_be_cancelled(visit)
    given_up = frozenset([visit.key])
    if event.scope is Scope.LATER:
        given_up |= {
            each.key
            for each in running.visits
            if block(each) == block(visit) and each.position > visit.position and can_be_given_up(each)
        }
    released = _released(running, visit, given_up)
    return Change(
        running,
        Verb.CANCEL,
        cancelled=given_up,
        released=released,
        said=left_alone(running, given_up | released, "given up"),
        notes=tuple(_notice(running, given_up)),
        versions=seen(visit, event.version),
    )


def _check_can_be_cancelled(visit: Visit) -> None:
    if visit.status == VisitStatus.CANCELLED and visit.appointment is not None:
        raise WrongStatus(f"{visit.label} is cancelled already.")
    if visit.status not in OPEN:
        raise WrongStatus(f"{visit.label} is {words(visit)} and cannot be cancelled.")


def can_be_given_up(visit: Visit) -> bool:
    """Whether it has still to begin."""
    return visit.status == VisitStatus.TO_PLACE or (
        visit.status in OPEN and visit.appointment is not None and visit.appointment.status == Status.BOOKED
    )


def _released(running: Running, visit: Visit, given_up: Collection[str]) -> frozenset[str]:
    """The visits that the protocol frees when this one is cancelled."""
    frees = {
        policy.frees
        for policy in running.document.cancellations
        if _concerns(running, policy.visits, visit) and (not policy.only_first or _is_first(running, visit))
    }
    wide = [
        each.key
        for each in running.visits
        if each.key not in given_up
        and can_be_given_up(each)
        and ("course" in frees or ("block" in frees and block(each) == block(visit)))
    ]
    return frozenset(wide)


def _concerns(running: Running, names: tuple[str, ...], visit: Visit) -> bool:
    return any(each.block == block(visit) for each in running.document.blocks_named(names))


def _is_first(running: Running, visit: Visit) -> bool:
    """Whether no visit of its block comes before it, happened or expected."""
    before = [each for each in running.visits if block(each) == block(visit) and each.position < visit.position]
    return not any(each.status in {*OPEN, *HAPPENS} for each in before)


def _notice(running: Running, given_up: Collection[str]) -> Iterator[Why]:
    """Whether visits are cancelled later than the clinic asks for; told once for each rule."""
    for policy in running.document.cancellations:
        late = [
            visit
            for visit in running.visits
            if visit.key in given_up
            and visit.appointment is not None
            and _concerns(running, policy.visits, visit)
            and (visit.appointment.starts_at - running.now).total_seconds() < policy.notice_hours * 3600
        ]
        if late and not policy.only_first:
            labels = ", ".join(visit.label for visit in late[:5])
            yield Why("short_notice", f"{labels}: the clinic asks for {policy.notice_hours} hours' notice.")


def left_alone(running: Running, gone: Collection[str], how: str) -> Mapping[str, tuple[Why, ...]]:
    """For each visit that stays although the visit it belongs to is gone, and ``how``: a note."""
    said: dict[str, tuple[Why, ...]] = {}
    for key in sorted(gone):
        for follower in extras.followers(running.compiled.rules, key) - frozenset(gone):
            other = running.by_key.get(follower)
            if other is not None and other.status in OPEN:
                label = in_sentence(running.by_key[key].label)
                text = f"{other.label} is counted from {label}, which is {how}."
                said[follower] = (Why("left_alone", text),)
    return said


# --- what the events share -----------------------------------------------------------------------------------


def words(visit: Visit) -> str:
    """How a visit stands, inside a sentence."""
    return "still without a time" if visit.status == VisitStatus.TO_PLACE else visit.get_status_display().lower()


def block(visit: Visit) -> str:
    """The block a visit belongs to."""
    return visit.key.rpartition(".")[0]


def seen(visit: Visit, version: int | None) -> dict[str, int]:
    """The version of a visit's appointment that the caller saw, as orders take it. Raises ``Changed``."""
    appointment = visit.appointment
    if appointment is None or version is None:
        return {}
    if appointment.version != version:
        # before the rules, which may only seem broken to somebody who sees an older plan
        raise Changed(
            "Somebody else changed this visit meanwhile. Look at it again.", detail=rearranging.current(appointment)
        )
    return {str(appointment.pk): version}
