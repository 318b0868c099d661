"""One search for everything."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from clinics.models import Site
from core import clock
from web import finding
from web.access import StaffRequest

LONGEST = 100


@require_GET
def search(request: StaffRequest) -> HttpResponse:
    """What fits ``?q=``: a page of its own, or only the results for the field that asks while somebody types."""
    typed = request.GET.get("q", "").strip()[:LONGEST]
    site = Site.objects.filter(is_active=True).order_by("name", "id").first()
    hits = finding.find(typed, by=request.user, site=site, now=clock.now())
    template = "web/found.html" if request.headers.get("HX-Request") else "web/search.html"
    return render(request, template, {"typed": typed, "hits": hits, "said": f"Looked for “{typed}”"})
