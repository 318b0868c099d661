"""The measures there are: how each is judged, by whose word, and which protocols take it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from treatments import alerting
from treatments.models import ProtocolVersion
from web import measure_pages
from web.access import StaffRequest


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """All of them, with the newest version of every protocol that is offered."""
    versions = (
        ProtocolVersion.objects.filter(protocol__is_active=True)
        .select_related("protocol")
        .order_by("protocol", "-number")
        .distinct("protocol")
    )
    context = {
        "section": "setup",
        "lines": measure_pages.lines(sorted(versions, key=lambda version: version.protocol.title)),
        "step_minutes": int(alerting.STEP.total_seconds() // 60),
    }
    return render(request, "web/setup/measures.html", context)
