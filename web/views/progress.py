"""How a patient responds: the clinician's view of a course, typing answers, and alerts."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from clinics.models import Role
from clinics.permissions import Permission, allows
from core import clock
from core.errors import DomainError, InvalidInput, NotFound
from treatments.actions import alerts, assessments
from treatments.measures.catalogue import INSTRUMENTS
from treatments.measures.instruments import Instrument, kept_elsewhere
from treatments.models import Alert, Course
from treatments.protocols import stored
from treatments.queries import alerts as waiting
from treatments.queries import courses as reading
from treatments.queries.assessments import measure_of
from web.access import StaffRequest
from web.forms.measures import AnswersForm, SeenForm
from web.progress_page import ProgressPage, alert_line


@require_GET
def progress(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """The course as a clinician needs it before the next visit."""
    page = ProgressPage.of(reading.page(course_id), now=clock.now())
    return render(
        request,
        "web/progress/progress.html",
        {"section": "patients", "page": page, "course": page.course, "patient": page.course.patient},
    )


@require_http_methods(["GET", "POST"])
def assess(request: StaffRequest, course_id: UUID, form_id: UUID) -> HttpResponse:
    """Typing the answers to one measure."""
    course = (
        Course.objects.select_related("patient", "site", "protocol_version", "clinician").filter(pk=course_id).first()
    )
    instrument = _instrument(course, form_id) if course is not None else None
    if course is None or instrument is None:
        raise NotFound("There is no such course or measure.")
    now = clock.now()
    form = AnswersForm(
        request.POST if request.method == "POST" else None, instrument=instrument, site=course.site, now=now
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = assessments.record(
                    course=course,
                    measure=instrument.name,
                    answers=form.answers,
                    taken_at=form.taken_at,
                    by=request.user,
                    now=now,
                )
            except InvalidInput as error:
                form.take(error, {"taken_at": "taken_on"})
            else:
                if Alert.objects.filter(assessment=made).exists():
                    messages.warning(request, f"{instrument.title} recorded. A clinician has to see it today.")
                else:
                    messages.success(request, f"{instrument.title} recorded for {course.patient.short_name}.")
                return redirect("progress", course.pk)
    return render(
        request,
        "web/progress/assess.html",
        {
            "section": "patients",
            "course": course,
            "patient": course.patient,
            "instrument": instrument,
            "form": form,
        },
        status=status,
    )


def _instrument(course: Course, form_id: UUID) -> Instrument | None:
    """The measure that the address is about: one that is scored here, or that the protocol asks for."""
    measure = measure_of(course, form_id)
    rules = stored.document(course.protocol_version.document).assessments
    asked = next((rule for rule in rules if rule.measure == measure), None)
    if measure in INSTRUMENTS or asked is None:
        return INSTRUMENTS.get(measure or "")
    return kept_elsewhere(asked.measure, asked.title, asked.filled_by)


@require_GET
def alert_list(request: StaffRequest) -> HttpResponse:
    """Every alert nobody has acknowledged, the oldest first."""
    return render(
        request,
        "web/progress/alerts.html",
        {"section": "alerts", "alerts": [alert_line(each) for each in waiting.waiting()]},
    )


@require_GET
def clinician_needed(request: StaffRequest) -> HttpResponse:
    """For those who may not read scores: for whom a clinician is needed, since when, and who was asked. Nothing else."""
    rows = waiting.waiting().prefetch_related("calls__user")
    lines = [
        (
            alert.assessment.course.patient,
            clock.local(alert.raised_at, alert.assessment.course.site.zone),
            [call.user.name for call in alert.calls.all() if call.user.role == Role.CLINICIAN],
        )
        for alert in rows
    ]
    return render(request, "web/progress/needed.html", {"section": "", "lines": lines})


@require_http_methods(["GET", "POST"])
def acknowledge(request: StaffRequest, alert_id: UUID) -> HttpResponse:
    """One alert: what was answered, and saying what was done."""
    alert = (
        Alert.objects.select_related(
            "assessment__course__patient", "assessment__course__site", "assessment__by", "acknowledgement__by"
        )
        .filter(pk=alert_id)
        .first()
    )
    if alert is None:
        raise NotFound("There is no such alert.")
    form = SeenForm(request.POST if request.method == "POST" else None)
    refused: DomainError | None = None
    if form.is_valid():
        try:
            alerts.acknowledge(alert=alert, done=form.cleaned_data["done"], by=request.user, now=clock.now())
        except InvalidInput as error:
            form.take(error)
        except DomainError as error:
            refused = error
        else:
            messages.success(request, "Seen and written down.")
            return redirect("progress", alert.assessment.course_id)
    return render(
        request,
        "web/progress/alert.html",
        {
            "section": "alerts",
            "line": alert_line(alert),
            "calls": alert.calls.select_related("user").order_by("called_at", "user__name"),
            "form": form,
            "refused": refused,
            "may_see": allows(request.user, Permission.SEE_ALERTS),
        },
        status=409 if refused else 422 if form.errors else 200,
    )
