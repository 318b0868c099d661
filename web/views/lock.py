"""Locking the screen."""

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from web import locking
from web.access import StaffRequest, local_address


@require_POST
def lock(request: StaffRequest) -> HttpResponse:
    """Locks it and goes back to the page, which from now on asks for the password first."""
    locking.lock(request)
    return HttpResponseRedirect(local_address(request, request.POST.get("next", ""), "/"))
