"""What goes on paper: the day by room or by person, the calls for a day, a patient's plan."""

from contextlib import nullcontext
from datetime import date, timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from clinics import discretion
from clinics.models import Site
from core import clock
from core.errors import NotFound
from scheduler.queries import hours
from treatments.queries import courses
from web import print_sheets, sites
from web.access import StaffRequest

LOOK_AHEAD_DAYS = 15
"""How far the next open day is looked for."""
KINDS = {"rooms": "by room and chair", "people": "by person"}


@require_GET
def choose(request: StaffRequest) -> HttpResponse:
    """What can be printed, and for which day."""
    at = sites.of(request)
    context = {"section": "print", "sites": at, "on": _asked(request, at.chosen)}
    return render(request, "web/print/choose.html", context)


@require_GET
def day(request: StaffRequest, kind: str) -> HttpResponse:
    """The day ``?on=`` of a site, by room or by person."""
    if kind not in KINDS:
        raise NotFound("There is no such sheet.")
    at = sites.of(request)
    on = _asked(request, at.chosen)
    blocks = print_sheets.day(at.chosen, on, by_person=kind == "people")
    return _sheet(request, at.chosen, on, "web/print/day.html", {"blocks": blocks, "kind": kind, "sorted": KINDS[kind]})


@require_GET
def calls(request: StaffRequest) -> HttpResponse:
    """Whom to ring about the visits of the day ``?on=``: those who have not confirmed."""
    at = sites.of(request)
    on = _asked(request, at.chosen)
    return _sheet(request, at.chosen, on, "web/print/calls.html", {"calls": print_sheets.calls(at.chosen, on)})


@require_GET
def plan(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """One patient's visits, on one page, in the patient's language."""
    course = courses.page(course_id)
    return render(
        request, "web/print/plan.html", {"course": course, "plan": print_sheets.plan(course, now=clock.now())}
    )


def _sheet(request: StaffRequest, site: Site, on: date, template: str, context: dict[str, object]) -> HttpResponse:
    initials = request.GET.get("names") == "initials"
    context |= {"site": site, "on": on, "printed": clock.local(clock.now(), site.zone), "initials": initials}
    # only ever fewer names: a browser that shows initials prints them, too
    with discretion.initials_only(True) if initials else nullcontext():
        return render(request, template, context)


def _asked(request: StaffRequest, site: Site) -> date:
    """The date in the address, else the next day on which the site is open."""
    today = clock.local(clock.now(), site.zone).date()
    try:
        on = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        ahead = hours.site_days(site, first_on=today + timedelta(days=1), days=LOOK_AHEAD_DAYS)
        return next((day.on for day in ahead if day.windows), today)
    return min(max(on, date(2000, 1, 1)), date(2100, 1, 1))
