"""The protocols there are, what each says, and whether it fits the real calendar."""

from datetime import date
from time import monotonic

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from clinics.models import Site
from core import clock
from core.errors import NotFound
from treatments import fitting
from treatments.models import ProtocolVersion
from web import protocol_pages, sites
from web.access import StaffRequest
from web.protocol_pages import FAILS, FITS, Trial

SECONDS = 1.5
"""So long one request tries starts; the page then goes on with the next request, and says how far it is."""


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """The newest version of every protocol."""
    versions = (
        ProtocolVersion.objects.select_related("protocol", "published_by")
        .order_by("protocol", "-number")
        .distinct("protocol")
    )
    context = {"section": "setup", "versions": sorted(versions, key=lambda version: version.protocol.title)}
    return render(request, "web/setup/protocols.html", context)


@require_GET
def protocol(request: StaffRequest, code: str) -> HttpResponse:
    """What a protocol says, and a course of it drawn in the calendar as it is."""
    at = sites.of(request)
    version, now = _version(code), clock.now()
    start_on = _asked(request, at.chosen)
    return render(
        request,
        "web/setup/protocol.html",
        {
            "section": "setup",
            "sites": at,
            "site": at.chosen,
            "today": clock.local(now, at.chosen.zone).date(),
            "page": protocol_pages.page(version, today=start_on),
            "sample": protocol_pages.sample(version, at.chosen, start_on=start_on, now=now),
        },
    )


@require_GET
def attempt(request: StaffRequest, code: str) -> HttpResponse:
    """Tries the next starts, for a moment; the answer so far, and the way on."""
    at = sites.of(request)
    version, site, now = _version(code), at.chosen, clock.now()
    first_on = _asked(request, site)
    marks = "".join(mark for mark in request.GET.get("done", "") if mark in FITS + FAILS)[: fitting.STARTS]
    trial = Trial(tuple(fitting.open_days(site, first_on=first_on)), marks)
    until = monotonic() + SECONDS
    found = list(fitting.tried(version, site, trial.rest, now=now, enough=lambda: monotonic() > until))
    context = {
        "section": "setup",
        "sites": at,
        "site": site,
        "version": version,
        "first_on": first_on,
        "trial": trial.with_more(found),
    }
    return render(request, "web/setup/try.html", context)


def _version(code: str) -> ProtocolVersion:
    found = (
        ProtocolVersion.objects.filter(protocol__code=code)
        .select_related("protocol", "published_by")
        .order_by("-number")
        .first()
    )
    if found is None:
        raise NotFound("There is no such protocol.")
    return found


def _asked(request: StaffRequest, site: Site) -> date:
    """The first start asked for: a date from today on within a year, else next Monday."""
    now = clock.now()
    today = clock.local(now, site.zone).date()
    try:
        on = date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        return protocol_pages.next_monday(site, now=now)
    return on if 0 <= (on - today).days <= 365 else protocol_pages.next_monday(site, now=now)
