"""A patient who comes late: until when the visit can begin, and the press that lets it begin then."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clinics.models import Site
from core import clock
from core.errors import DomainError
from treatments.actions import arrivals
from treatments.actions.arrivals import LateStarts
from treatments.actions.changes import Late
from web import words
from web.access import StaffRequest
from web.changing import Change
from web.forms.arrivals import ArrivalForm
from web.numbers import version_of
from web.views.visits import page, visit_of
from web.visit_lines import VisitLine


@require_http_methods(["GET", "POST"])
def late(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """Says until when it can begin; with ``at`` what an arrival at that time does; a press does exactly that."""
    visit, now = visit_of(visit_id), clock.now()
    site: Site = visit.course.site
    asked = request.POST if request.method == "POST" else request.GET if "at" in request.GET else None
    form = ArrivalForm(asked, site=site, now=now)
    change: Change | None = None
    if form.is_valid() and form.arrives_at is not None:
        version = version_of(request) if request.method == "POST" else None
        event = Late(visit.course_id, visit.key, form.arrives_at, version=version)
        change = Change(request, visit.course, event, now)
        if request.method == "POST":
            if change.carry_out(reason=form.cleaned_data["reason"]) is not None:
                messages.success(request, f"{visit.course.patient.short_name} is expected later.")
                return HttpResponseRedirect(f"{reverse('today')}?visit={visit.appointment_id}")
        else:
            change.look()
    found: LateStarts | None = None
    refused: DomainError | None = None
    try:
        found = arrivals.for_visit(visit=visit, by=request.user, now=now)
    except DomainError as error:
        refused = error
    line = VisitLine.of_visit(visit, zone=site.zone)
    context = {
        "form": form,
        "change": change,
        "never": refused,
        "told": _told(found, site) if found else "",
        "why": found.why if found else (),
    }
    return page(request, "web/board/late.html", visit, line, context)


def _told(found: LateStarts, site: Site) -> str:
    """Such as "A start by 10:35am works. Later than that it needs a new time"."""
    if found.latest is None:
        return "It cannot begin any more today: it needs a new time"
    latest = words.clock(clock.local(found.latest, site.zone).time())
    return f"A start by {latest} works. Later than that it needs a new time"
