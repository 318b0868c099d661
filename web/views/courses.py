"""The page of a course: how it stands, its visits, and ending it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from clinics.permissions import Permission, allows
from core import clock
from core.errors import DomainError
from notifications.queries import messages as messages_query
from notifications.queries import pauses
from treatments.actions import courses
from treatments.models import Course
from treatments.queries import courses as reading
from web import words
from web.access import StaffRequest
from web.course_page import CoursePage
from web.forms.visits import CancelForm
from web.message_lines import MessageLine, lines
from web.numbers import version_of


@require_GET
def course(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """One course with its visits and what is said to the patient about it. With ``?booked``: what happens next."""
    page = CoursePage.of(reading.page(course_id))
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
            "sent": _messages(request, page.course),
        },
    )


def _messages(request: StaffRequest, of_course: Course) -> list[MessageLine] | None:
    if not allows(request.user, Permission.VIEW_MESSAGES):
        return None
    rows = list(messages_query.shown(messages_query.of_course(of_course)))
    return lines(rows, paused=pauses.in_force(), now=clock.now())


@require_http_methods(["GET", "POST"])
def cancel(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """Asks why, says how many visits it takes, and cancels the course."""
    page = CoursePage.of(reading.page(course_id))
    form = CancelForm(request.POST if request.method == "POST" else None)
    refused: DomainError | None = None
    if form.is_valid():
        try:
            courses.cancel(
                course=page.course,
                by=request.user,
                now=clock.now(),
                reason=form.reason,
                version=version_of(request),
            )
        except DomainError as error:
            refused = error
        else:
            messages.success(
                request,
                f"The course of {page.course.patient.full_name} is cancelled: {words.count(page.open, 'visit')}.",
            )
            return redirect("course", page.course.pk)
    return render(
        request,
        "web/courses/cancel.html",
        {
            "section": "patients",
            "page": page,
            "course": page.course,
            "patient": page.course.patient,
            "form": form,
            "refused": refused,
            "press": f"Cancel {words.count(page.open, 'visit')}",
        },
        status=409 if refused else 422 if form.errors else 200,
    )
