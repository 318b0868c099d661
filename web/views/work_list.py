"""The work list: visits that have no time yet."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core import clock
from treatments.queries import work_list as reading
from web import sites
from web.access import StaffRequest

SHOWN = 100


@require_GET
def work_list(request: StaffRequest) -> HttpResponse:
    """Visits to be placed at a site, each with its reasons and its neighbours in time."""
    at = sites.of(request)
    return render(
        request,
        "web/work_list.html",
        {
            "section": "work-list",
            "sites": at,
            "site": at.chosen,
            "waiting": reading.waiting(at.chosen, at_most=SHOWN),
            "shown": SHOWN,
            "today": clock.local(clock.now(), at.chosen.zone).date(),
        },
    )
