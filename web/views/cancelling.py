"""Giving up a visit, several or the whole course, and what follows when a patient did not come."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core import clock
from scheduler.models import ChangeSet
from treatments.actions.changes import Cancel, NoShow, Scope, Then
from treatments.queries import courses as reading
from web import words
from web.access import StaffRequest
from web.changing import Change, Extent
from web.course_page import CoursePage
from web.forms.visits import CancelForm, MissedForm
from web.numbers import version_of
from web.ripples import RipplePage
from web.views.visits import page, to_course, visit_of
from web.visit_lines import VisitLine

SCOPES = ((Scope.THIS, "Only this visit"), (Scope.LATER, "This and the later ones of its kind"))


@require_http_methods(["GET", "POST"])
def visit(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """Asks how much, who wants it and why; shows what each does; and cancels that."""
    of = visit_of(visit_id)
    now, course = clock.now(), of.course
    sent = request.POST.get("scope") or request.GET.get("scope") or ""
    scope = Scope.LATER if sent == Scope.LATER else Scope.THIS
    form = CancelForm(request.POST if request.method == "POST" else None)
    version = version_of(request) if request.method == "POST" and of.appointment else None
    change = Change(request, course, Cancel(of.course_id, of.key, scope, version=version), now, suffix=f"-{scope}")
    if form.is_valid():
        done = change.carry_out(reason=form.reason)
        if done is not None:
            messages.success(request, _cancelled(of.label, done))
            return redirect(f"{reverse('course', args=[of.course_id])}?freed={of.pk}")
    if change.ripple is None and change.refused is None:
        change.look()
    extents = [
        Extent(value, text, ripple, value is scope)
        for value, text in SCOPES
        if (ripple := _does(change, Cancel(of.course_id, of.key, value), scope)) is not None
    ]
    if len(extents) == 2 and extents[0].ripple.digest == extents[1].ripple.digest:
        extents = [extent for extent in extents if extent.chosen]
    line = VisitLine.of_visit(of, zone=course.site.zone)
    context = {"form": form, "change": change, "extents": extents}
    return page(request, "web/courses/cancel_visit.html", of, line, context)


def _does(change: Change, event: Cancel, chosen: Scope) -> RipplePage | None:
    """What each way does; the one that is chosen was looked at already."""
    if event.scope is chosen:
        return change.ripple
    return Change(change.request, change.course, event, change.now, suffix=f"-{event.scope}").look().ripple


def _cancelled(label: str, done: ChangeSet) -> str:
    others = done.lines.count() - 1
    rest = f", and {words.count(others, 'more visit')} with it" if others > 0 else ""
    return f"{label} is cancelled{rest}. Nobody has been told yet: undo now, and nobody will be."


@require_http_methods(["GET", "POST"])
def course(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """Says in numbers what cancelling the course takes, asks who and why, and cancels it."""
    about = CoursePage.of(reading.page(course_id))
    form = CancelForm(request.POST if request.method == "POST" else None)
    change = Change(request, about.course, Cancel(course_id, scope=Scope.COURSE), clock.now())
    if form.is_valid():
        if change.carry_out(reason=form.reason) is not None:
            gone = words.count(about.open, "visit")
            messages.success(request, f"The course of {about.course.patient.full_name} is cancelled: {gone}.")
            return redirect(f"{reverse('course', args=[about.course.pk])}?freed=all")
    elif about.may_end:
        change.look()
    return render(
        request,
        "web/courses/cancel.html",
        {
            "section": "patients",
            "page": about,
            "course": about.course,
            "patient": about.course.patient,
            "form": form,
            "change": change,
        },
        status=409 if change.refused or change.is_outdated else 422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
def missed(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """The patient did not come: what the protocol proposes, what else could follow, and the press that does it."""
    of = visit_of(visit_id)
    form = MissedForm(request.POST if request.method == "POST" else request.GET or None)
    then = Then(form.cleaned_data["then"]) if form.is_valid() and form.cleaned_data["then"] else None
    version = version_of(request) if request.method == "POST" else None
    change = Change(request, of.course, NoShow(of.course_id, of.key, then, version=version), clock.now())
    if request.method == "POST" and form.is_valid():
        if change.carry_out(reason=form.cleaned_data["reason"]) is not None:
            messages.success(request, f"{of.label} is marked as missed.")
            return to_course(of)
    else:
        change.look()
    line = VisitLine.of_visit(of, zone=of.course.site.zone)
    return page(request, "web/courses/missed.html", of, line, {"form": form, "change": change})
