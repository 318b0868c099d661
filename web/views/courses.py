"""The page of a course: how it stands, and its visits."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from clinics.permissions import Permission, allows
from core import clock
from notifications.queries import messages as messages_query
from notifications.queries import pauses
from treatments.models import Course
from treatments.queries import courses as reading
from web.access import StaffRequest
from web.course_page import CoursePage
from web.message_lines import MessageLine, lines


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
