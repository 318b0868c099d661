"""Saying that one works on a row of a list."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Manager
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from clinics.actions import work_marks
from clinics.models import WorkList
from core import clock
from core.errors import NotFound
from notifications.models import Message
from treatments.models import Visit, WaitlistEntry
from web.access import StaffRequest, local_address

ROWS: "dict[str, Manager[Any]]" = {
    WorkList.TO_SCHEDULE: Visit.objects,
    WorkList.WAITLIST: WaitlistEntry.objects,
    WorkList.MESSAGES: Message.objects,
}
"""What the rows of each list are about."""
PAGES = {WorkList.TO_SCHEDULE: "work-list", WorkList.WAITLIST: "waitlist", WorkList.MESSAGES: "messages"}


@require_POST
def work_on(request: StaffRequest, listed: str, row_id: UUID) -> HttpResponse:
    """Marks a row as one's own for ten minutes, or takes the mark off; then back to the row."""
    pressed = request.POST.get("do", "")
    rows = ROWS.get(listed)
    if rows is None or pressed not in ("begin", "leave") or not rows.filter(pk=row_id).exists():
        raise NotFound("There is no such row.")
    at = WorkList(listed)
    try:
        if pressed == "begin":
            work_marks.begin(listed=at, row=row_id, by=request.user, now=clock.now())
        else:
            work_marks.leave(listed=at, row=row_id, by=request.user)
    except work_marks.BeingWorkedOn as error:
        messages.error(request, error.message)
    address = local_address(request, request.POST.get("next", ""), reverse(PAGES[at]))
    return HttpResponseRedirect(f"{address.partition('#')[0]}#work-{row_id}")
