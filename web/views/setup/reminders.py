"""The policy of reminders: what one patient gets around one visit, in which words."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core import clock
from web import ladders, sites
from web.access import StaffRequest


@require_GET
def policy(request: StaffRequest) -> HttpResponse:
    """The ladder around one example visit, booked ``?lead=`` days ahead, with the words in every language."""
    at = sites.of(request)
    lead = request.GET.get("lead", "")
    lead = lead if lead in ladders.LEADS else next(iter(ladders.LEADS))
    context = {
        "section": "setup",
        "sites": at,
        "site": at.chosen,
        "leads": ladders.LEADS,
        "lead": lead,
        "ladder": ladders.example(at.chosen, lead_days=int(lead), now=clock.now()),
    }
    return render(request, "web/setup/reminders.html", context)
