"""Decisions that a clinician makes and the desk carries out: handed over, carried out, sent back, withdrawn."""

from datetime import datetime

from django.db import IntegrityError, transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import Conflict, InvalidInput
from scheduler.actions.taking import check_text
from treatments.actions import changes
from treatments.actions.changes import Applied, Ripple
from treatments.life.events import Decide
from treatments.models import DecisionHandover, HandoverState


class HandedOverAlready(Conflict):
    """A decision about this course waits for the desk already."""

    code = "handed_over_already"


class ClosedAlready(Conflict):
    """It was carried out, sent back or withdrawn meanwhile."""

    code = "closed_already"


def event_of(handover: DecisionHandover) -> Decide:
    """What was decided, as it happens to the course."""
    return Decide(
        handover.course_id,
        handover.choice,
        decision=handover.decision,
        block=handover.block,
        gap_days=handover.gap_days,
        cancel_booked=handover.cancel_booked,
    )


def hand_over(*, event: Decide, by: User, now: datetime, reason: str) -> DecisionHandover:
    """Leaves a decision to the desk. It has to be one that could be carried out now.

    Raises ``HandedOverAlready``, ``InvalidInput`` without a reason, what ``changes.preview`` raises, ``NotAllowed``.
    """
    require(by, Permission.DECIDE_COURSES)
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why.", pointer="reason")
    check_text(reason, longest=500, pointer="reason")
    changes.preview(event=event, by=by, now=now)
    try:
        with transaction.atomic(), audit.acting(by):
            return DecisionHandover.objects.create(
                course_id=event.course,
                decision=event.decision,
                choice=event.choice,
                block=event.block,
                gap_days=event.gap_days,
                cancel_booked=event.cancel_booked,
                reason=reason,
                by=by,
                handed_at=now,
            )
    except IntegrityError as error:
        raise HandedOverAlready("A decision about this course waits for the desk. Withdraw it first.") from error


def preview(*, handover: DecisionHandover, by: User, now: datetime) -> Ripple:
    """What carrying it out would do now. Reads only. Raises ``ClosedAlready`` and what ``changes.preview`` raises."""
    _check_open(handover)
    return changes.preview(event=event_of(handover), by=by, now=now, decided_by=handover.by)


def carry_out(
    *, handover: DecisionHandover, by: User, now: datetime, digest: str | None, version: int | None = None
) -> Applied:
    """Does what was decided. The clinician stands as who decided, ``by`` as who changed the course.

    ``digest`` and ``version`` as in ``changes.apply``. Raises ``ClosedAlready`` and what ``changes.apply`` raises.
    """
    require(by, Permission.CARRY_OUT_DECISIONS)

    def attempt() -> Applied:
        row = _open(handover)
        done = changes.apply(
            event=event_of(row),
            by=by,
            now=now,
            reason=row.reason,
            digest=digest,
            version=version,
            decided_by=row.by,
        )
        _close(row, HandoverState.DONE, by=by, now=now, change_set=done.change_set)
        return done

    with audit.acting(by):
        return locks.retrying(attempt)


def send_back(*, handover: DecisionHandover, by: User, now: datetime, note: str) -> None:
    """The desk cannot carry it out, and says why. Raises ``ClosedAlready``, ``InvalidInput``, ``NotAllowed``."""
    require(by, Permission.CARRY_OUT_DECISIONS)
    note = note.strip()
    if not note:
        raise InvalidInput("Say what the clinician has to know.", pointer="note")
    check_text(note, longest=500, pointer="note")
    _closing(handover, HandoverState.RETURNED, by=by, now=now, note=note)


def withdraw(*, handover: DecisionHandover, by: User, now: datetime) -> None:
    """A clinician thinks better of it. Raises ``ClosedAlready``, ``NotAllowed``."""
    require(by, Permission.DECIDE_COURSES)
    _closing(handover, HandoverState.WITHDRAWN, by=by, now=now)


def _closing(handover: DecisionHandover, state: HandoverState, *, by: User, now: datetime, note: str = "") -> None:
    def attempt() -> None:
        _close(_open(handover), state, by=by, now=now, note=note)

    with audit.acting(by):
        locks.retrying(attempt)


def _open(handover: DecisionHandover) -> DecisionHandover:
    """It, its row locked. Raises ``ClosedAlready``."""
    row = DecisionHandover.objects.select_for_update(of=("self",)).select_related("by").get(pk=handover.pk)
    _check_open(row)
    return row


def _check_open(row: DecisionHandover) -> None:
    if row.state != HandoverState.OPEN:
        raise ClosedAlready(f"Nothing was done: {row.get_state_display().lower()} meanwhile.")


def _close(row: DecisionHandover, state: HandoverState, *, by: User, now: datetime, **more: object) -> None:
    row.state, row.closed_at, row.closed_by = state, now, by
    for name, value in more.items():
        setattr(row, name, value)
    row.save()
