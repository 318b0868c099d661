"""The page of a course: how it stands, and its visits."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.permissions import Permission, allows
from core import clock
from notifications.engine.states import NEWS, UNSENT
from notifications.queries import messages as messages_query
from notifications.queries import pauses
from treatments.actions import gates
from treatments.models import Course
from treatments.queries import courses as reading
from web.access import StaffRequest, local_address
from web.changing import Change
from web.course_page import CoursePage
from web.forms.decisions import DecisionForm
from web.message_lines import MessageLine, lines


@require_GET
def course(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """One course with its visits and what is said to the patient about it. With ``?booked``: what happens next."""
    page = CoursePage.of(reading.page(course_id))
    sent = _messages(request, page.course)
    return render(
        request,
        "web/courses/course.html",
        {
            "section": "patients",
            "page": page,
            "course": page.course,
            "patient": page.course.patient,
            "today": page.today,
            "just_booked": "booked" in request.GET,
            "sent": sent,
            "goes_out": _goes_out(sent),
            "gates": page.readiness(),
            "decisions": page.decisions(),
            "changes": page.changes(),
            "waitlist": page.waiting_for_earlier(),
            "freed": page.freed(request.GET.get("freed", "")),
        },
    )


def _messages(request: StaffRequest, of_course: Course) -> list[MessageLine] | None:
    if not allows(request.user, Permission.VIEW_MESSAGES):
        return None
    rows = list(messages_query.shown(messages_query.of_course(of_course)))
    return lines(rows, paused=pauses.in_force(), now=clock.now())


def _goes_out(sent: list[MessageLine] | None) -> MessageLine | None:
    """The message about the last change that has not gone out yet."""
    return next((line for line in sent or [] if line.message.step in NEWS and line.message.state in UNSENT), None)


@require_POST
def fulfil(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """Writes down that something is there: a consent, results, somebody to take the patient home."""
    about = reading.page(course_id)
    named = request.POST.getlist("visit")
    visits = [visit for visit in about.visits.all() if str(visit.pk) in named]
    gate = request.POST.get("gate", "")
    gates.fulfil(course=about, gate=gate, by=request.user, now=clock.now(), visits=visits)
    messages.success(request, "Written down: it is there.")
    fallback = f"{reverse('course', args=[course_id])}#readiness"
    return redirect(local_address(request, request.POST.get("next", ""), fallback))


@require_http_methods(["GET", "POST"])
def decide(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """The ways a course can go on, what the chosen one does, and the press that decides it."""
    page = CoursePage.of(reading.page(course_id))
    asked = request.POST if request.method == "POST" else request.GET
    open_ones = [line for line in page.decisions() if line.is_due]
    line = next((each for each in open_ones if each.point.decision.decision == asked.get("decision")), None)
    line = line or (open_ones[0] if open_ones else None)
    form = DecisionForm(asked if "way" in asked else None, page=page, point=line.point if line else None)
    change: Change | None = None
    if form.is_valid():
        change = Change(request, page.course, form.event, page.now, otherwise="Decide")
        if request.method == "POST":
            if change.carry_out(reason=form.cleaned_data["reason"]) is not None:
                messages.success(request, f"Decided: {form.said[:1].lower()}{form.said[1:]}.")
                return redirect("course", course_id)
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
        },
        status=422 if form.errors else 409 if change and (change.refused or change.is_outdated) else 200,
    )
