"""Giving one visit of a course a time, another time, or up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import DomainError, InvalidInput, NotFound
from scheduler.actions.appointments import Taken
from scheduler.models import ChangeSet
from treatments.actions import visits
from treatments.models import Visit
from treatments.queries import courses as reading
from web import words
from web.access import StaffRequest
from web.forms.visits import CancelForm, TimeForm
from web.numbers import version_of
from web.visit_lines import VisitLine

FIELDS = {"starts_at": "at"}


@require_http_methods(["GET", "POST"])
def move(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """The form for another time. A time that breaks a rule is refused with every reason; nothing typed is lost."""
    visit = _visit(visit_id)
    return _retime(request, visit, again=True)


@require_http_methods(["GET", "POST"])
def place(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """The form for the time of a visit that has none yet."""
    visit = _visit(visit_id)
    return _retime(request, visit, again=False)


def _retime(request: StaffRequest, visit: Visit, *, again: bool) -> HttpResponse:
    site = visit.course.site
    line = VisitLine.of_visit(visit, zone=site.zone)
    initial = {"on": line.starts, "at": line.starts} if line.starts else {"on": visit.course.start_on}
    form = TimeForm(request.POST if request.method == "POST" else None, site=site, initial=initial)
    refused: DomainError | None = None
    if form.is_valid():
        now = clock.now()
        try:
            if again:
                visits.move(
                    visit=visit,
                    starts_at=form.starts_at,
                    by=request.user,
                    now=now,
                    version=version_of(request),
                    reason=form.cleaned_data["reason"],
                )
            else:
                visits.place(visit=visit, starts_at=form.starts_at, by=request.user, now=now)
        except InvalidInput as error:
            form.take(error, FIELDS)
        except DomainError as error:
            refused = error
        else:
            when = f"{words.day(form.cleaned_data['on'])}, {words.clock(form.cleaned_data['at'])}"
            messages.success(request, f"{visit.label} is {'moved to' if again else 'booked on'} {when}.")
            return _to_course(visit)
    context = {"again": again, "form": form, "refused": refused, "reasons": _reasons(refused, site.zone)}
    return _page(request, "web/courses/move_visit.html", visit, line, context)


@require_http_methods(["GET", "POST"])
def cancel(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """Asks why, and cancels one visit; the course goes on without it."""
    visit = _visit(visit_id)
    form = CancelForm(request.POST if request.method == "POST" else None)
    refused: DomainError | None = None
    if form.is_valid():
        try:
            change_set = visits.cancel(
                visit=visit,
                by=request.user,
                now=clock.now(),
                version=version_of(request) if visit.appointment else None,
                reason=form.reason,
            )
        except DomainError as error:
            refused = error
        else:
            messages.success(request, _cancelled(visit, change_set))
            return _to_course(visit)
    line = VisitLine.of_visit(visit, zone=visit.course.site.zone)
    return _page(request, "web/courses/cancel_visit.html", visit, line, {"form": form, "refused": refused})


def _cancelled(visit: Visit, change_set: ChangeSet) -> str:
    others = change_set.lines.exclude(appointment=visit.appointment_id).count()
    rest = (
        f"The protocol frees {words.count(others, 'more visit')} with it" if others else "The rest of the course stays"
    )
    return f"{visit.label} is cancelled. {rest}."


def _page(request: StaffRequest, template: str, visit: Visit, line: VisitLine, context: dict[str, Any]) -> HttpResponse:
    shown = {
        "section": "patients",
        "visit": visit,
        "line": line,
        "course": visit.course,
        "patient": visit.course.patient,
        "version": request.POST.get("version") or (visit.appointment.version if visit.appointment else ""),
    }
    status = 409 if context["refused"] else 422 if context["form"].errors else 200
    return render(request, template, shown | context, status=status)


def _visit(visit_id: UUID) -> Visit:
    found = (
        reading.visits()
        .select_related("course__patient", "course__site", "course__protocol_version__protocol", "appointment")
        .filter(pk=visit_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such visit.")
    return found


def _reasons(error: DomainError | None, zone: str) -> list[str]:
    """Every reason against a time, and when the taken resource is free next."""
    if error is None:
        return []
    said = [problem["message"] for problem in error.detail.get("problems", [])] or [error.message]
    if isinstance(error, Taken) and error.detail.get("resource"):
        free = [clock.local(datetime.fromisoformat(text), zone) for text in error.detail.get("next_free", [])]
        times = words.listing([f"{words.short_day(at.date())}, {words.clock(at.time())}" for at in free])
        if times:
            said.append(f"{error.detail['resource']['name']} is free next on {times}.")
    return said


def _to_course(visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('course', args=[visit.course_id])}#visit-{visit.pk}")
