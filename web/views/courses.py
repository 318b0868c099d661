"""The page of a course: how it stands, and its visits."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from clinics.permissions import Permission, allows
from core import clock
from core.errors import NotFound
from notifications.engine.states import NEWS, UNSENT
from notifications.queries import messages as messages_query
from notifications.queries import pauses
from treatments.actions import gates
from treatments.models import Course, GateFulfilment
from treatments.queries import courses as reading
from treatments.queries import handovers
from web.access import StaffRequest, local_address
from web.course_page import CoursePage
from web.decision_words import decided
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
            "handovers": [(each, decided(each, page.course)) for each in handovers.recent(page.course)],
            "freed": page.freed(request.GET.get("freed", "")),
            "freed_all": request.GET.get("freed") == "all",
        },
    )


def _messages(request: StaffRequest, of_course: Course) -> list[MessageLine] | None:
    if not allows(request.user, Permission.VIEW_MESSAGES):
        return None
    rows = list(messages_query.shown(messages_query.of_course(of_course)))
    return lines(rows, paused=pauses.in_force(), now=clock.now())


def _goes_out(sent: list[MessageLine] | None) -> MessageLine | None:
    """The message about the last change that has not gone out yet."""
    news = (line for line in sent or [] if line.message.step in NEWS and line.message.state in UNSENT)
    return next((line for line in news if line.hindered is None), None)


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


@require_POST
def withdraw(request: StaffRequest, course_id: UUID, fulfilment_id: UUID) -> HttpResponse:
    """Writes down that something is not there any more: the consent was taken back, the ride fell through."""
    fact = GateFulfilment.objects.filter(course=course_id, pk=fulfilment_id).first()
    if fact is None:
        raise NotFound("There is no such entry.")
    gates.withdraw(fulfilment=fact, by=request.user, now=clock.now(), reason=request.POST.get("reason", ""))
    messages.success(request, "Written down: it is not there any more. The visits ahead wait for it again.")
    return redirect(f"{reverse('course', args=[course_id])}#readiness")
