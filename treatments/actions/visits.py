"""Placing, moving and cancelling one visit of a course, while the rest of it stays."""

from collections.abc import Mapping
from datetime import datetime

from clinics.models import User
from scheduler.actions.appointments import Changed, Taken, WrongStatus
from scheduler.models import ChangeSet
from treatments.actions import changes
from treatments.actions.changes import Cancel, Move, Place, RulesBroken
from treatments.models import Visit

__all__ = ["Changed", "RulesBroken", "Taken", "WrongStatus", "cancel", "move", "place"]


def move(
    *,
    visit: Visit,
    starts_at: datetime,
    by: User,
    now: datetime,
    version: int | None,
    resources: Mapping[str, str] | None = None,
    reason: str = "",
    override: str | None = None,
    agreed: bool = False,
) -> ChangeSet:
    """Moves a visit to another start; keeps its resources where they are free, else takes equal ones, unless given.

    ``version`` is its appointment's. The rest of the course stays: a move that breaks a rule raises ``RulesBroken`` with
    every problem. ``override`` says why it is moved against rules that may be overridden. ``agreed``: the patient chose the
    time, so it counts as confirmed.
    Raises ``RulesBroken``, ``Taken``, ``Changed``, ``WrongStatus``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    event = Move(
        visit.course_id,
        visit.key,
        starts_at,
        resources or {},
        only_this=True,
        version=version,
        override=override,
        agreed=agreed,
    )
    return changes.apply(event=event, by=by, now=now, reason=reason).change_set


def place(
    *,
    visit: Visit,
    starts_at: datetime,
    by: User,
    now: datetime,
    resources: Mapping[str, str] | None = None,
    override: str | None = None,
) -> ChangeSet:
    """Gives a visit that has no place yet a time; chooses its resources unless given. ``override`` as in ``move``.

    Raises ``RulesBroken``, ``Taken``, ``WrongStatus``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    event = Place(visit.course_id, visit.key, starts_at, resources or {}, only_this=True, override=override)
    return changes.apply(event=event, by=by, now=now).change_set


def cancel(*, visit: Visit, by: User, now: datetime, version: int | None, reason: str) -> ChangeSet:
    """Cancels one visit; the course goes on without it, and the visit is kept with its status.

    A visit that has no place yet is taken off the work list. ``version`` is its appointment's. What the protocol frees
    with it is released.
    Raises ``Changed``, ``WrongStatus``, ``InvalidInput`` for a reason that is too long, ``NotAllowed``, ``Busy``.
    """
    event = Cancel(visit.course_id, visit.key, version=version)
    return changes.apply(event=event, by=by, now=now, reason=reason).change_set
