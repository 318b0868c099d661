"""Who works on which rows of a list that is being shown."""

from collections.abc import Mapping
from uuid import UUID

from django.http import HttpRequest

from clinics.actions import work_marks
from clinics.models import WorkList, WorkMark
from core import clock

_READ = "_work_marks"


def marks(request: HttpRequest, listed: WorkList) -> Mapping[UUID, WorkMark]:
    """The marks of a list that count now, by what their rows are about. One query, however often a page asks."""
    read: dict[WorkList, Mapping[UUID, WorkMark]] = request.__dict__.setdefault(_READ, {})
    if listed not in read:
        rows = WorkMark.objects.filter(listed=listed, since__gt=clock.now() - work_marks.LASTS).select_related("by")
        read[listed] = {row.row: row for row in rows}
    return read[listed]
