"""What can be done by keyboard, on a page of its own."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from web import rail
from web.access import StaffRequest


@require_safe
def keys(request: StaffRequest) -> HttpResponse:
    """All keys, by where they act; the letters of pages are those of pages this user may open."""
    lettered = [place for place in rail.rail(request.user) if place.letter]
    return render(request, "web/keys.html", {"lettered": lettered})
