"""Calling patients who have not confirmed: who calls whom, and how it ended."""

from datetime import datetime

from django.db import transaction

from clinics.actions import work_marks
from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict
from notifications.models import Outcome, PhoneCall
from scheduler.models import Appointment, Status

MARK_LASTS = work_marks.LASTS
"""So long colleagues see that somebody calls, as of any row of a list; then it counts as forgotten."""


class BeingCalled(Conflict):
    """Somebody else calls this patient right now. ``detail["by"]`` names them."""

    code = "being_called"


class NotToBeCalled(Conflict):
    """The visit does not wait for an answer any more: confirmed, moved, cancelled or begun."""

    code = "not_to_be_called"


def begin(*, appointment: Appointment, schedule_epoch: int, by: User, now: datetime) -> PhoneCall:
    """Marks the visit as being called about by this user, for ten minutes. Again: the mark begins anew.

    Raises ``BeingCalled``, ``NotToBeCalled``, ``NotAllowed``.
    """
    require(by, Permission.SET_VISIT_STATUS)
    with transaction.atomic(), audit.acting(by):
        row = _waiting(appointment, schedule_epoch, now)
        mark = PhoneCall.objects.filter(appointment=row, outcome=Outcome.CALLING).select_related("by").first()
        if mark is not None and mark.by_id != by.pk and mark.called_at > now - MARK_LASTS:
            raise BeingCalled(f"{mark.by.name} is calling this patient.", detail={"by": mark.by.name})
        if mark is None:
            mark = PhoneCall(appointment=row, outcome=Outcome.CALLING)
        mark.schedule_epoch, mark.by, mark.called_at = schedule_epoch, by, now
        mark.save()
    return mark


def leave(*, appointment: Appointment, by: User) -> None:
    """Takes this user's mark off again, as if nobody had called. Where there is none nothing changes.

    Raises ``NotAllowed``.
    """
    require(by, Permission.SET_VISIT_STATUS)
    with transaction.atomic(), audit.acting(by):
        PhoneCall.objects.filter(appointment=appointment, outcome=Outcome.CALLING, by=by).delete()


def left_message(*, appointment: Appointment, schedule_epoch: int, by: User, now: datetime) -> PhoneCall:
    """Notes an attempt that reached nobody; it takes the place of the mark.

    Raises ``BeingCalled``, ``NotToBeCalled``, ``NotAllowed``.
    """
    with transaction.atomic(), audit.acting(by):
        call = begin(appointment=appointment, schedule_epoch=schedule_epoch, by=by, now=now)
        call.outcome = Outcome.LEFT_MESSAGE
        call.save(update_fields=["outcome", "updated_at"])
    return call


def take_back(*, call: PhoneCall, by: User) -> None:
    """Removes an attempt that was noted by mistake. Again: nothing changes.

    Raises ``NotAllowed``.
    """
    require(by, Permission.SET_VISIT_STATUS)
    with transaction.atomic(), audit.acting(by):
        PhoneCall.objects.filter(pk=call.pk, outcome=Outcome.LEFT_MESSAGE).delete()


def _waiting(appointment: Appointment, schedule_epoch: int, now: datetime) -> Appointment:
    """The visit, locked. Raises ``NotToBeCalled`` where it does not wait for an answer about this time."""
    row = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
    if (
        row.status != Status.BOOKED
        or row.confirmed_at is not None
        or row.schedule_epoch != schedule_epoch
        or row.starts_at <= now
    ):
        raise NotToBeCalled("This visit does not wait for an answer any more. Look at how it stands now.")
    return row
