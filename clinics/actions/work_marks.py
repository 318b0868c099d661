"""Saying that one works on a row of a list, and that one does not any more."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from clinics.models import User, WorkList, WorkMark
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict

LASTS = timedelta(minutes=10)
"""So long colleagues see a mark; then it counts as forgotten."""

MAY = {
    WorkList.TO_SCHEDULE: Permission.BOOK_COURSES,
    WorkList.WAITLIST: Permission.MOVE_VISITS,
    WorkList.MESSAGES: Permission.SEND_MESSAGES,
}
"""What each list takes: as much as working through it."""


class BeingWorkedOn(Conflict):
    """Somebody else works on this row. ``detail["by"]`` names them."""

    code = "being_worked_on"


def begin(*, listed: WorkList, row: UUID, by: User, now: datetime) -> WorkMark:
    """Marks the row as this user's, for ten minutes. Again: the mark begins anew.

    Raises ``BeingWorkedOn``, ``NotAllowed``.
    """
    require(by, MAY[listed])
    with transaction.atomic(), audit.acting(by):
        marks = WorkMark.objects.select_for_update(of=("self",)).select_related("by")
        mark, made = marks.get_or_create(listed=listed, row=row, defaults={"by": by, "since": now})
        if made:
            return mark
        if mark.by_id != by.pk and mark.since > now - LASTS:
            raise BeingWorkedOn(f"{mark.by.name} is working on this.", detail={"by": mark.by.name})
        mark.by, mark.since = by, now
        mark.save(update_fields=["by", "since", "updated_at"])
    return mark


def leave(*, listed: WorkList, row: UUID, by: User) -> None:
    """Takes this user's mark off. Where there is none nothing changes.

    Raises ``NotAllowed``.
    """
    require(by, MAY[listed])
    with transaction.atomic(), audit.acting(by):
        WorkMark.objects.filter(listed=listed, row=row, by=by).delete()
