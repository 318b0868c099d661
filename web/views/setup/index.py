"""The first page of set-up."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from web.access import StaffRequest


@require_GET
def index(request: StaffRequest) -> HttpResponse:
    """What can be set up, each part for those who may."""
    return render(request, "web/setup/index.html", {"section": "setup"})
