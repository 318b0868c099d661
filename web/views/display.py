"""Choosing how pages are shown."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from web.access import StaffRequest, local_address
from web.display import Display


@require_POST
def display(request: StaffRequest) -> HttpResponse:
    """Keeps what was chosen in this browser and goes back to the page."""
    response = HttpResponseRedirect(local_address(request, request.POST.get("next", ""), reverse("today")))
    Display.of(request).but(request.POST.dict()).remember(response)
    return response
