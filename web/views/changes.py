"""What was changed in the last 24 hours, and taking it back."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from core import clock
from core.errors import DomainError, NotFound
from scheduler.models import ChangeLine
from treatments.actions import changes, jobs
from treatments.models import PlanningJob, Visit
from web import sites, undoing, words
from web.access import StaffRequest, local_address
from web.undoing import Change

SHOWN = 100


@require_GET
def recent(request: StaffRequest) -> HttpResponse:
    """The changes of the last 24 hours at a site, each with its undo or why there is none."""
    now = clock.now()
    at = sites.of(request)
    zone = at.chosen.zone
    listed = undoing.recent(at.chosen, by=request.user, now=now, at_most=SHOWN)
    return render(
        request,
        "web/changes/list.html",
        {
            "sites": at,
            "site": at.chosen,
            "changes": [(each, clock.local(each.change_set.created_at, zone)) for each in listed],
            "shown": SHOWN,
            "updated": words.clock(clock.local(now, zone).time()),
        },
    )


@require_http_methods(["GET", "POST"])
def undo(request: StaffRequest, change_set_id: UUID) -> HttpResponse:
    """Shows what taking a change back does; sent as a form, does it, or says what stands in the way."""
    change = undoing.found(change_set_id)
    if change is None:
        raise NotFound("There is no such change.")
    if request.method == "GET":
        return _page(request, change, None)
    try:
        job = PlanningJob.objects.filter(change_set=change.change_set).first()
        if job is not None:  # a closure is opened again with it
            jobs.undo(job=job, by=request.user, now=clock.now())
        else:
            changes.undo(change_set=change.change_set, by=request.user, now=clock.now())
    except DomainError as error:
        return _page(request, change, error)
    messages.success(request, f"{'Done again' if change.is_undo else 'Taken back'}: {change.what}.")
    return HttpResponseRedirect(local_address(request, request.POST.get("next", ""), reverse("changes")))


def _page(request: StaffRequest, change: Change, refused: DomainError | None) -> HttpResponse:
    lines = list(ChangeLine.objects.filter(change_set=change.change_set).select_related("appointment__patient"))
    visits = {
        visit.appointment_id: visit
        for visit in Visit.objects.filter(appointment__in=[line.appointment_id for line in lines])
    }
    zone = change.change_set.site.zone
    context = {
        "change": change,
        "at": clock.local(change.change_set.created_at, zone),
        "refused": refused,
        "reasons": _reasons(refused),
        "lines": [
            (
                line.appointment,
                visits.get(line.appointment_id),
                undoing.stood(line.after, zone),
                undoing.stood(line.before, zone),
                # asked for where it stood, its page says what is in the way and the nearest times that work
                f"?{urlencode({'starts_at': line.before['starts_at']})}#change" if line.before else "",
            )
            for line in sorted(lines, key=lambda line: (line.appointment.starts_at, str(line.pk)))
        ],
        "next": request.POST.get("next", ""),
    }
    return render(request, "web/changes/undo.html", context, status=409 if refused else 200)


def _reasons(error: DomainError | None) -> list[str]:
    if error is None:
        return []
    return [each["message"] for each in error.detail.get("obstacles", [])] or [error.message]
