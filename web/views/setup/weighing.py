"""What a change of hours or resources does to booked visits, said before it is saved."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render

from clinics.models import Site
from core import clock
from scheduler.actions.consequences import HasBookings
from scheduler.models import Appointment
from treatments.models import PlanningJob
from web import words
from web.access import StaffRequest

ACCEPT, REPLACE = "yes", "re-place"
"""What is pressed on the page of consequences."""


def accepts(request: StaffRequest) -> bool:
    """Whether the consequences were seen and accepted."""
    return request.POST.get("accept") == ACCEPT


def weighed(
    request: StaffRequest,
    do: Callable[[], Any],
    *,
    site: Site,
    back: str,
    replan: Callable[[], PlanningJob] | None = None,
) -> HttpResponse | None:
    """Does it; or answers with the page that names the visits it hits and what can be done about them.

    ``replan`` asks for other places instead, where that can be asked. None when it is done.
    """
    if replan is not None and request.POST.get("accept") == REPLACE:
        return redirect("replacing", replan().pk)
    try:
        do()
    except HasBookings as error:
        return _page(request, error, site=site, back=back, may_replace=replan is not None)
    return None


def _page(request: StaffRequest, error: HasBookings, *, site: Site, back: str, may_replace: bool) -> HttpResponse:
    keys = [UUID(each["id"]) for each in error.detail["appointments"]]
    hit = Appointment.objects.filter(pk__in=keys).select_related("patient").order_by("starts_at")
    lines = [(clock.local(each.starts_at, site.zone), each) for each in hit]
    count = error.detail["count"]
    sent = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "accept")
        for value in values
    ]
    return render(
        request,
        "web/setup/consequences.html",
        {
            "section": "setup",
            "title": f"This closes {words.count(count, 'booked visit')}",
            "lines": lines,
            "more": count - len(lines),
            "count": count,
            "sent": sent,
            "back": back,
            "may_replace": may_replace,
            "accept": ACCEPT,
            "replace": REPLACE,
        },
        status=409,
    )
