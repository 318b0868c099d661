"""My day for those who care for the patients: the visits of today, ticks with their times, and discharge."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock
from core.errors import DomainError, InvalidInput, NotFound
from treatments.actions import sessions
from treatments.actions.sessions import MayNotLeave
from treatments.models import Visit, VisitTick
from treatments.queries.sessions import of_visit
from web import my_day, sites, words
from web.access import StaffRequest, local_address
from web.forms.sessions import AtForm, LeaveForm
from web.my_day import MyDay


@require_GET
def day(request: StaffRequest) -> HttpResponse:
    """Today's visits of whoever is signed in; with ``?who=all`` those of the site."""
    now = clock.now()
    at = sites.of(request)
    everybody = request.GET.get("who") == "all"
    page = MyDay.of(at.chosen, request.user, everybody=everybody, now=now)
    here = reverse("my-day")
    return render(
        request,
        "web/my_day/day.html",
        {
            "section": "my-day",
            "sites": at,
            "site": at.chosen,
            "page": page,
            "updated": words.clock(page.today.time()),
            "here": here + my_day.address(site=at.chosen, several=at.several, everybody=everybody),
            "mine": here + my_day.address(site=at.chosen, several=at.several, everybody=False),
            "all": here + my_day.address(site=at.chosen, several=at.several, everybody=True),
        },
    )


@require_POST
def tick(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """Ticks off one step of a visit, now or at the time that was typed."""
    visit = _visit(visit_id)
    now = clock.now()
    step = request.POST.get("step", "")[:60]
    try:
        at = _at(request, visit, now)
        sessions.tick(visit=visit, step=step, by=request.user, now=now, at=at)
    except DomainError as error:
        messages.error(request, f"{visit.course.patient.short_name}: nothing was ticked. {error.message}")
    return _back(request, visit)


@require_POST
def untick(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """Takes one tick of a visit back."""
    visit = _visit(visit_id)
    step = request.POST.get("step", "")[:60]
    found = VisitTick.objects.filter(visit=visit, step=step, withdrawn_at=None).select_related("visit").first()
    if found is None:
        raise NotFound("This was taken back already, or was never ticked.")
    try:
        sessions.withdraw(tick=found, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, f"{visit.course.patient.short_name}: nothing was taken back. {error.message}")
    return _back(request, visit)


@require_http_methods(["GET", "POST"])
def leave(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """The patient leaves. Where something stands in the way, the page says what, and asks for the reason."""
    visit = _visit(visit_id)
    now = clock.now()
    form = LeaveForm(request.POST if request.method == "POST" else None)
    refused: DomainError | None = None
    if form.is_valid():
        try:
            sessions.discharge(visit=visit, by=request.user, now=now, reason=form.cleaned_data["reason"])
        except MayNotLeave as error:
            # pressed on the page of the day: what is missing is said first, not that the reason is
            if "asked" in request.POST:
                form.add_error("reason", "Say why the patient leaves all the same.")
            refused = error
        except InvalidInput as error:
            form.take(error)
        except DomainError as error:
            refused = error
        else:
            messages.success(request, f"{visit.course.patient.short_name} has left.")
            return _back(request, visit)
    status = 422 if form.errors or refused else 200
    return render(
        request,
        "web/my_day/leave.html",
        {
            "section": "my-day",
            "visit": visit,
            "patient": visit.course.patient,
            "obstacles": of_visit(visit).in_the_way(now=now),
            "refused": None if isinstance(refused, MayNotLeave) else refused,
            "form": form,
            "next": _next(request),
        },
        status=status,
    )


def _visit(visit_id: UUID) -> Visit:
    found = (
        Visit.objects.select_related("course__patient", "course__site", "course__protocol_version", "appointment")
        .filter(pk=visit_id, appointment__isnull=False)
        .first()
    )
    if found is None:
        raise NotFound("There is no such visit, or it has no time.")
    return found


def _at(request: StaffRequest, visit: Visit, now: datetime) -> datetime | None:
    """The instant of the time that was typed, on the visit's day; None where none was."""
    if not request.POST.get("at"):
        return None
    form = AtForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(str(form.errors["at"][0]), pointer="at")
    return clock.resolve(
        clock.local(now, visit.course.site.zone).date(), form.cleaned_data["at"], visit.course.site.zone
    ).at


def _next(request: StaffRequest) -> str:
    return local_address(request, request.POST.get("next", request.GET.get("next", "")), reverse("my-day"))


def _back(request: StaffRequest, visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(f"{_next(request).partition('#')[0]}#visit-{visit.pk}")
