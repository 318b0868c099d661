"""Who works on which rows of a list that is being shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from clinics.actions import work_marks
from clinics.models import WorkList, WorkMark
from core import clock

_READ = "_work_marks"


@dataclass(frozen=True, slots=True)
class Mark:
    """Who works on a row, and whether that is whoever looks at it."""

    by: str
    mine: bool = False


def marks(request: HttpRequest, listed: WorkList) -> Mapping[UUID, Mark]:
    """The marks of a list that count now, by what their rows are about. One query, however often a page asks."""
    read: dict[WorkList, Mapping[UUID, Mark]] = request.__dict__.setdefault(_READ, {})
    if listed not in read:
        rows = WorkMark.objects.filter(listed=listed, since__gt=clock.now() - work_marks.LASTS).select_related("by")
        read[listed] = {row.row: Mark(row.by.name, row.by_id == request.user.pk) for row in rows}
    return read[listed]
