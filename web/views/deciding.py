"""Deciding how a course goes on: looked at first, then carried out, or handed to the desk, which carries it out."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clinics.permissions import Permission, allows
from core import clock
from core.errors import DomainError, NotFound
from scheduler.models import ChangeSet
from treatments.actions import handovers
from treatments.models import Choice, DecisionHandover, HandoverState
from treatments.queries import courses as reading
from web.access import StaffRequest
from web.changing import Change
from web.course_page import CoursePage
from web.decision_words import decided
from web.forms.decisions import DecisionForm
from web.forms.handovers import SendBackForm


@require_http_methods(["GET", "POST"])
def decide(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """The ways a course can go on, what the chosen one does, and the press that decides it or hands it over."""
    page = CoursePage.of(reading.page(course_id))
    asked = request.POST if request.method == "POST" else request.GET
    open_ones = [line for line in page.decisions() if line.is_due]
    line = next((each for each in open_ones if each.point.decision.decision == asked.get("decision")), None)
    line = line or (open_ones[0] if open_ones else None)
    form = DecisionForm(asked if "way" in asked else None, course=page.course, point=line.point if line else None)
    by_desk = page.course.site.desk_carries_out
    change: Change | None = None
    if form.is_valid() and request.method == "POST" and not form.cleaned_data["reason"]:
        form.add_error("reason", "Say why.")
    if form.is_bound and "way" not in form.errors and "gap_days" not in form.errors:
        change = Change(request, page.course, form.event, page.now, otherwise="Decide")
        if request.method == "POST" and not form.errors:
            answer = _hand_over(change, form) if by_desk or "hand" in request.POST else _decide(change, form)
            if answer is not None:
                return answer
        else:
            change.look()
    return render(
        request,
        "web/courses/decide.html",
        {
            "section": "patients",
            "page": page,
            "course": page.course,
            "patient": page.course.patient,
            "line": line,
            "form": form,
            "change": change,
            "by_desk": by_desk,
        },
        status=422 if form.errors else 409 if change and (change.refused or change.is_outdated) else 200,
    )


def _decide(change: Change, form: DecisionForm) -> HttpResponse | None:
    if change.carry_out(reason=form.cleaned_data["reason"]) is None:
        return None
    messages.success(change.request, f"Decided: {form.said[:1].lower()}{form.said[1:]}.")
    if form.event.choice == Choice.CROSS_OVER:
        return redirect(f"{reverse('book-course')}?patient={change.course.patient_id}")
    return redirect("course", change.course.pk)


def _hand_over(change: Change, form: DecisionForm) -> HttpResponse | None:
    try:
        handovers.hand_over(
            event=form.event, by=change.request.user, now=change.now, reason=form.cleaned_data["reason"]
        )
    except DomainError as error:
        change.look()
        if error.pointer == "reason":
            form.take(error)
        else:
            change.refused = error
        return None
    messages.success(change.request, "Handed to the desk. What becomes of it shows on this page.")
    return redirect(f"{reverse('progress', args=[change.course.pk])}#deciding")


@require_http_methods(["GET", "POST"])
def handed(request: StaffRequest, handover_id: UUID) -> HttpResponse:
    """One decision that was handed over: what it does, and carrying it out, sending it back or withdrawing it."""
    handover = DecisionHandover.objects.select_related("by", "closed_by").filter(pk=handover_id).first()
    if handover is None:
        raise NotFound("There is no such decision.")
    page = CoursePage.of(reading.page(handover.course_id))
    form = SendBackForm(request.POST if request.POST.get("do") == "return" else None)
    change = Change(
        request, page.course, handovers.event_of(handover), page.now, otherwise="Carry out", decided_by=handover.by
    )
    if request.method == "POST" and handover.state == HandoverState.OPEN:
        if _done(request, handover, change, form):
            return redirect("course", page.course.pk)
    elif request.method == "POST":
        change.refused = handovers.ClosedAlready(f"Nothing was done: {handover.get_state_display().lower()} meanwhile.")
    elif handover.state == HandoverState.OPEN:
        change.look()
    return render(
        request,
        "web/courses/handed.html",
        {
            "section": "work-list",
            "handover": handover,
            "said": decided(handover, page.course),
            "at": clock.local(handover.handed_at, page.course.site.zone),
            "course": page.course,
            "patient": page.course.patient,
            "page": page,
            "form": form,
            "change": change,
            "may_withdraw": allows(request.user, Permission.DECIDE_COURSES),
        },
        status=422 if form.errors else 409 if change.refused or change.is_outdated else 200,
    )


def _done(request: StaffRequest, handover: DecisionHandover, change: Change, form: SendBackForm) -> bool:
    """Does what was pressed; False where it was not done, and ``change`` or ``form`` says why."""
    what = request.POST.get("do")
    by, now = request.user, change.now

    def carry_out(digest: str) -> ChangeSet:
        return handovers.carry_out(handover=handover, by=by, now=now, digest=digest).change_set

    try:
        if what == "withdraw":
            handovers.withdraw(handover=handover, by=by, now=now)
            messages.success(request, "Withdrawn. The desk no longer sees it.")
            return True
        if what == "return":
            if form.is_valid():
                handovers.send_back(handover=handover, by=by, now=now, note=form.cleaned_data["note"])
                messages.success(request, f"Sent back to {handover.by.name}.")
                return True
        elif change.carry_out(reason=handover.reason, do=carry_out) is not None:
            messages.success(request, f"Carried out for {change.course.patient.short_name}.")
            return True
    except DomainError as error:
        change.refused = error
        return False
    if change.ripple is None and change.refused is None:
        change.look()
    return False
