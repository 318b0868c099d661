"""Changing a running course: previewed, applied exactly as previewed, and taken back as a whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import Conflict, InvalidInput, Stale
from scheduler.actions import rearranging, undoing
from scheduler.actions.rearranging import Making, Moving, Orders
from scheduler.actions.taking import check_text
from scheduler.actions.terms import NotWorking, Taken
from scheduler.actions.undoing import CannotUndo, Obstacle
from scheduler.models import Appointment, ChangeSet
from scheduler.models.change_set import Verb
from treatments import places
from treatments.actions import history, statuses
from treatments.life import deciding, delays, extending, late_arrivals, no_shows
from treatments.life.effects import CourseOver, work_out
from treatments.life.events import Cancel, Decide, Delay, Event, Extend, Late, Move, NoShow, Place, Scope, Then
from treatments.life.ripples import Change, Fate, Ripple, Spot, Step, Why
from treatments.life.running import Running
from treatments.models import (
    Course,
    CourseStatus,
    PlanningJob,
    Visit,
    VisitStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from treatments.overriding import Override
from treatments.places import RulesBroken

__all__ = [
    "Applied",
    "Cancel",
    "CannotUndo",
    "CourseChanged",
    "CourseOver",
    "Delay",
    "Event",
    "Fate",
    "Late",
    "Move",
    "NoShow",
    "Outdated",
    "Place",
    "Ripple",
    "RulesBroken",
    "Scope",
    "Spot",
    "Step",
    "Then",
    "Why",
    "apply",
    "preview",
    "take_back",
    "undo",
    "write",
]

REGISTERED = (deciding, delays, extending, late_arrivals, no_shows)
"""The modules that say what their events do; those in ``treatments.life.effects`` need no mention."""

MAY: dict[type, Permission] = {
    Move: Permission.MOVE_VISITS,
    Place: Permission.BOOK_COURSES,
    Cancel: Permission.CANCEL_VISITS,
    NoShow: Permission.SET_VISIT_STATUS,
    Late: Permission.MOVE_VISITS,
    Delay: Permission.MOVE_VISITS,
    Decide: Permission.DECIDE_COURSES,
    Extend: Permission.BOOK_COURSES,
}
"""What each event takes; what follows from it takes its own permissions too."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done and the change set that did it."""

    change_set: ChangeSet
    ripple: Ripple


class Outdated(Conflict):
    """The course or the calendar changed since the preview. ``ripple`` is what the event would do now."""

    code = "outdated"

    def __init__(self, ripple: Ripple) -> None:
        super().__init__(
            "Something changed since you looked. This is what it would do now.", detail={"digest": ripple.digest}
        )
        self.ripple = ripple


class DeskCarriesOut(Conflict):
    """At this site a decision is handed to the desk, which carries it out."""

    code = "desk_carries_out"


class CourseChanged(Stale):
    """Somebody else changed the course meanwhile. ``detail["current"]`` has its version and status."""

    code = "stale"


def preview(
    *, event: Event, by: User, now: datetime, decided_by: User | None = None, running: Running | None = None
) -> Ripple:
    """What the event would do to its course now. Reads only. ``decided_by`` as in ``apply``.

    ``running`` is the course where it has been read already.

    Raises what ``apply`` raises, apart from ``Outdated``, ``CourseChanged``, ``DeskCarriesOut`` and ``Busy``.
    """
    _require(event, by, decided_by)
    change = work_out(event, running or Running.read(event.course, now=now))
    for permission in orders(change).permissions():
        require(by, permission)
    return change.ripple


def apply(
    *,
    event: Event,
    by: User,
    now: datetime,
    reason: str = "",
    digest: str | None = None,
    version: int | None = None,
    decided_by: User | None = None,
) -> Applied:
    """Does what the preview said, as one change set with one announcement.

    ``digest`` is that of the ripple the caller saw: where the event would do something else by now, nothing is done and
    ``Outdated`` is raised. ``version`` is the course's that the caller saw. None skips the check. ``decided_by`` is the
    clinician whose decision somebody else carries out.

    Raises ``Outdated``, ``CourseChanged``, ``DeskCarriesOut``, ``CourseOver``, ``RulesBroken``, ``Taken``, ``NotWorking``,
    ``WrongStatus``, ``Changed``, ``InvalidInput``, ``NotFound``, ``NotAllowed``, ``Busy``.
    """
    _require(event, by, decided_by)
    check_text(reason, longest=500, pointer="reason")
    if isinstance(event, Move | Place) and event.override is not None:
        _check_why(event.override)

    def attempt(*, alone: bool = False) -> Applied:
        if alone:
            site = Course.objects.values_list("site_id", flat=True).filter(pk=event.course)
            locks.acquire(locks.Space.SITE, [str(key) for key in site])
        keep_apart([event.course])
        running = Running.read(event.course, now=now)
        if version is not None and version != running.course.version:
            raise CourseChanged(
                "Somebody else changed this course meanwhile. Look at it again.",
                detail={"current": {"version": running.course.version, "status": running.course.status}},
            )
        if isinstance(event, Decide) and decided_by is None and running.course.site.desk_carries_out:
            raise DeskCarriesOut("At this site the desk carries decisions out: hand it over.")
        change = work_out(event, running)
        if digest is not None and digest != change.ripple.digest:
            raise Outdated(change.ripple)
        if change.decision is not None:
            change.decision.by = decided_by or by
        return Applied(write([change], by=by, now=now, reason=reason), change.ripple)

    try:
        return locks.retrying(attempt)
    except (Taken, NotWorking):
        # nobody books at this site while its lock is held alone, so what is worked out under it is still free
        return locks.retrying(lambda: attempt(alone=True))


def _require(event: Event, by: User, decided_by: User | None) -> None:
    """Only clinicians decide; a decision that one handed over takes no more of others than moving visits does.

    Who books a visit against a rule needs to be allowed that as well.
    """
    if isinstance(event, Move | Place) and event.override is not None:
        require(by, Permission.OVERRIDE_RULES)
    if isinstance(event, Decide) and decided_by is not None:
        require(decided_by, Permission.DECIDE_COURSES)
        require(by, Permission.CARRY_OUT_DECISIONS)
        return
    require(by, MAY[type(event)])


def _check_why(override: str) -> None:
    """Raises ``InvalidInput`` where it is not said why a rule is overridden."""
    check_text(override, longest=500, pointer="override")
    if not override.strip():
        raise InvalidInput("Say why the rule is overridden. It is kept with the visit.", pointer="override")


def keep_apart(courses: Iterable[UUID]) -> None:
    """Keeps other changes of these courses waiting until the transaction ends.

    Two changes of one course could each keep its rules and break them together. Every booking for a patient takes the
    patient's lock, so holding it keeps them in turn. The site's lock is shared first, as in every booking.
    """
    rows = list(Course.objects.filter(pk__in=list(courses)).values_list("site_id", "patient_id"))
    locks.acquire_all(
        [(locks.Space.PATIENT, str(patient)) for _, patient in rows],
        shared=[(locks.Space.SITE, str(site)) for site, _ in rows],
    )


# --- writing -------------------------------------------------------------------------------------------------


def orders(*changes: Change) -> Orders:
    """What the changes want of the calendar. All are of one site."""
    found = Orders(changes[0].running.course.site)
    cancelled, missed, moves, bookings = [], [], [], []
    versions: dict[str, int] = {}
    for change in changes:
        versions |= change.versions
        visits = change.running.by_key
        cancelled += _appointments(change, {*change.cancelled, *change.released, *change.unplaced})
        missed += _appointments(change, change.missed)
        for key, placement in change.places.items():
            assert change.question is not None  # noqa: S101 - a place is the answer to it
            booking = places.booking(change.question, placement)
            appointment = visits[key].appointment if key in visits else None
            if appointment is not None:
                moves.append(Moving(appointment, booking, agreed=key in change.agreed))
            else:
                bookings.append(Making(change.running.course.patient, booking))
    return Orders(found.site, cancelled, missed, moves, bookings, versions)


@contextmanager
def naming(changes: Sequence[Change]) -> Iterator[None]:
    """Inside, an error about one of the new places also says which visit that is. For one course only."""
    question = changes[0].question
    if len(changes) > 1 or question is None:
        yield
        return
    moved = [placement for key, placement in changes[0].places.items() if _is_moved(changes[0], key)]
    made = [placement for key, placement in changes[0].places.items() if not _is_moved(changes[0], key)]
    with places.naming_visits(question, [*moved, *made]):
        yield


def _is_moved(change: Change, key: str) -> bool:
    return key in change.running.by_key and change.running.by_key[key].appointment is not None


def _appointments(change: Change, keys: Iterable[str]) -> list[Appointment]:
    wanted = frozenset(keys)
    return [each.appointment for each in change.running.visits if each.key in wanted and each.appointment is not None]


def write(changes: Sequence[Change], *, by: User, now: datetime, reason: str = "") -> ChangeSet:
    """Writes what was worked out, for one or several courses of one site, as one change set.

    Needs a transaction in which ``keep_apart`` was called before the courses were read.
    Raises ``Taken``, ``NotWorking``, ``WrongStatus``, ``NotAllowed``, ``Busy``.
    """
    wanted = orders(*changes)
    courses = [change.running.course for change in changes]
    patients = {course.patient_id for course in courses}
    with audit.acting(by), naming(changes):
        if wanted.existing:
            # a change of status locks appointments before visits and courses: so does this
            rearranging.locked(wanted.existing)
        before = history.states([course.pk for course in courses])
        for change in changes:
            _write_visits(change)
        made = rearranging.rearrange(
            orders=wanted,
            verb=changes[0].verb,
            by=by,
            now=now,
            reason=reason,
            patient=courses[0].patient if len(patients) == 1 else None,
            link=lambda made: _link(changes, made),
        )
        for change in changes:
            _write_course(change)
            _write_decision(change, made.change_set)
            _write_overrides(change, made.change_set)
        history.write(made.change_set, before, statuses.settle([course.pk for course in courses]))
    return made.change_set


def _write_visits(change: Change) -> None:
    """The new states of visits, before the calendar changes: who follows the calendar then has nothing left to do."""
    rows = Visit.objects.filter(course=change.running.course)
    for status, keys in (
        (VisitStatus.CANCELLED, change.cancelled),
        (VisitStatus.RELEASED, change.released),
        (VisitStatus.MISSED, change.missed),
        (VisitStatus.BOOKED, change.firm),
    ):
        if keys:
            rows.filter(key__in=keys).update(status=status, updated_at=Now())
    known = change.running.by_key
    for key, why in change.unplaced.items():
        if key in known:
            rows.filter(key=key).update(
                status=VisitStatus.TO_PLACE,
                appointment=None,
                unplaced=[each.message for each in why],
                updated_at=Now(),
            )
    Visit.objects.bulk_create(_added(change))


def _added(change: Change) -> list[Visit]:
    position = max((visit.position for visit in change.running.visits), default=0)
    found = []
    for number, extra in enumerate(change.added, start=1):
        assert change.question is not None  # noqa: S101 - nothing is added without having been planned
        known = change.question.course[extra.key]
        found.append(
            Visit(
                course=change.running.course,
                key=extra.key,
                position=position + number,
                family=known.family,
                label=known.label,
                minutes=known.minutes,
                status=VisitStatus.TO_PLACE,
                reason=known.reason,
                unplaced=[why.message for why in change.unplaced.get(extra.key, ())],
            )
        )
    return found


def _link(changes: Iterable[Change], made: Iterable[Appointment]) -> None:
    """Gives the visits that had no place the appointments that were made for them, in the order of the orders."""
    appointments = iter(made)
    for change in changes:
        for key in change.places:
            if _is_moved(change, key):
                continue
            assert change.question is not None  # noqa: S101 - a place is the answer to it
            tentative = change.question.course[key].tentative
            Visit.objects.filter(course=change.running.course, key=key).update(
                status=VisitStatus.TENTATIVE if tentative and key not in change.firm else VisitStatus.BOOKED,
                appointment=next(appointments),
                unplaced=[],
                updated_at=Now(),
            )


def _write_course(change: Change) -> None:
    course = change.running.course
    values: dict[str, object] = {**change.course, "version": F("version") + 1, "updated_at": Now()}
    if change.ends:
        values["status"] = CourseStatus.CANCELLED
    if change.added:
        values["extra"] = [*course.extra, *(extra.to_json() for extra in change.added)]
    Course.objects.filter(pk=course.pk).update(**values)


def _write_decision(change: Change, change_set: ChangeSet) -> None:
    record = change.decision
    if record is not None:
        record.reason, record.change_set = change_set.reason, change_set
        record.save(force_insert=True)


def _write_overrides(change: Change, change_set: ChangeSet) -> None:
    """Adds what was overridden to what the visits were booked against before."""
    for visit in Visit.objects.filter(course=change.running.course, key__in={key for key, _ in change.overridden}):
        assert change.question is not None  # noqa: S101 - it has a place
        starts_at = change.question.request.grid.instant(change.places[visit.key].start)
        told = (starts_at, change.override.strip(), str(change_set.by_id), change_set.by.name, change_set.created_at)
        new = [Override(broken, *told).to_json() for key, broken in change.overridden if key == visit.key]
        Visit.objects.filter(pk=visit.pk).update(overrides=[*visit.overrides, *new], updated_at=Now())


# --- taking back ---------------------------------------------------------------------------------------------


def undo(*, change_set: ChangeSet, by: User, now: datetime, reason: str = "") -> ChangeSet:
    """Takes back what one action did.

    What a closure moved is taken back with the closure, by its job: alone it would go back into closed hours.
    Raises what ``take_back`` raises.
    """
    if change_set.verb == Verb.CLOSE and PlanningJob.objects.filter(change_set=change_set).exists():
        require(by, undoing.permission(change_set))
        raise CannotUndo(
            [
                Obstacle(
                    "closure", "This followed from a closure. Take back the closure: what it moved goes back with it."
                )
            ]
        )
    return take_back(change_set=change_set, by=by, now=now, reason=reason)


def take_back(*, change_set: ChangeSet, by: User, now: datetime, reason: str = "") -> ChangeSet:
    """Takes back everything the change set did, to appointments, visits and courses, as one change set that undoes it.

    Raises ``CannotUndo`` naming what stands in the way, ``Taken``, ``NotWorking``, ``InvalidInput``, ``NotAllowed``,
    ``Busy``.
    """
    require(by, undoing.permission(change_set))

    def attempt() -> ChangeSet:
        changes = list(change_set.course_changes.select_related("course").order_by("course_id"))
        courses = [change.course_id for change in changes]
        keep_apart(courses)
        if ChangeSet.objects.filter(undoes=change_set).exists():
            raise CannotUndo([Obstacle("undone", "This has been undone already.")])
        lines = [line.appointment for line in change_set.lines.select_related("appointment")]
        if lines:
            rearranging.locked(lines)
        before = history.states(courses)
        changed = [name for change in changes for name in history.changed_since(change, before[change.course_id])]
        if changed:
            raise CannotUndo([Obstacle("changed", f"{name} was changed meanwhile.") for name in changed])
        # where nothing happened since, everything is as it was; else what is put back has to fit what came after
        watched = history.changed_after(change_set, courses)
        broken = {key: Running.read(key, now=now).broken() for key in watched}
        with audit.acting(by):
            history.put_back(changes)
            made = undoing.restore(change_set=change_set, by=by, now=now, reason=reason)
            _wait_again(change_set, made.change_set)
            history.write(made.change_set, before, statuses.settle(courses))
        _check_rules(broken, now=now)
        return made.change_set

    return locks.retrying(attempt)


def _wait_again(undone: ChangeSet, by_undo: ChangeSet) -> None:
    """Whoever took a place by the change set waits for one again, unless they have joined the waitlist anew.

    Where an undo is undone, those whom it made wait have their place again.
    """
    rows = WaitlistEntry.objects.filter(change_set=undone)
    anew = WaitlistEntry.objects.filter(visit=OuterRef("visit"), status=WaitlistStatus.WAITING)
    taken = rows.filter(~Exists(anew), status=WaitlistStatus.TAKEN)
    waiting = [row.pk for row in rows.filter(status=WaitlistStatus.WAITING)]
    # whoever joins at this very moment waits by the new entry
    with suppress(IntegrityError), transaction.atomic():
        taken.update(status=WaitlistStatus.WAITING, change_set=by_undo, updated_at=Now())
    WaitlistEntry.objects.filter(pk__in=waiting).update(
        status=WaitlistStatus.TAKEN, change_set=by_undo, updated_at=Now()
    )


def _check_rules(broken: Mapping[UUID, Sequence[str]], *, now: datetime) -> None:
    """Raises ``CannotUndo`` where the courses break rules that they did not break before."""
    obstacles = [
        Obstacle("rules_broken", sentence)
        for key, before in broken.items()
        for sentence in Running.read(key, now=now).broken()
        if sentence not in before
    ]
    if obstacles:
        raise CannotUndo(obstacles)
