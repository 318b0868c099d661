"""Finding, registering, looking at and editing patients."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from clinics.actions import patients
from clinics.models import Patient
from clinics.permissions import Permission, allows
from core import clock
from core.errors import DomainError, NotFound
from core.idempotency import once
from core.ids import uuid7
from notifications.queries import messages as messages_query
from notifications.queries import pauses
from scheduler.models import Appointment
from scheduler.models.appointment import UPCOMING
from treatments.models import Course, CourseStatus
from treatments.queries import courses
from web import sites
from web.access import StaffRequest
from web.forms.patients import SHORTEST_SEARCH, PatientForm, SearchForm
from web.message_lines import MessageLine, lines
from web.numbers import version_of
from web.visit_lines import VisitLine

SHOWN = 25
"""More results than this are not read; the search is narrowed instead."""
MESSAGES_SHOWN = 10


@require_GET
def search(request: StaffRequest) -> HttpResponse:
    """Patients who match every word of ``?q=``, each with the next visit and the running course."""
    at = sites.of(request)
    form = SearchForm(request.GET, country=at.chosen.country)
    found = list(_results(form.text)[: SHOWN + 1]) if form.text else []
    return render(
        request,
        "web/patients/search.html",
        {
            "section": "patients",
            "query": form.typed,
            "searched": bool(form.text),
            "shortest": SHORTEST_SEARCH,
            "patients": found[:SHOWN],
            "more": len(found) > SHOWN,
        },
    )


def _results(text: str) -> QuerySet[Patient]:
    now = clock.now()
    following = Appointment.objects.filter(patient=OuterRef("pk"), status__in=UPCOMING, ends_at__gt=now).order_by(
        "starts_at"
    )
    running = Course.objects.filter(status=CourseStatus.ACTIVE).select_related("protocol_version__protocol")
    return (
        Patient.objects.matching(text)
        .annotate(
            next_on=Subquery(following.values("local_on")[:1]), next_time=Subquery(following.values("local_time")[:1])
        )
        .prefetch_related(Prefetch("courses", queryset=running.order_by("start_on"), to_attr="running"))
        .order_by("family_name", "given_name", "birth_on", "id")
    )


@require_http_methods(["GET", "POST"])
def register(request: StaffRequest) -> HttpResponse:
    """The form for a new patient. People who may be the same person are shown beside it before anything is stored."""
    at = sites.of(request)
    site = at.chosen
    if request.method == "GET":
        form = PatientForm.empty(site, typed=request.GET.get("name", "").strip()[:200])
        return _register_page(request, at, form)
    form = PatientForm.empty(site, data=request.POST)
    if not form.is_valid():
        return _register_page(request, at, form)
    details = form.cleaned_data
    if request.POST.get("do") != "register-anyway":
        same = patients.possible_duplicates(
            given_name=details["given_name"],
            family_name=details["family_name"],
            birth_on=details["birth_on"],
            phone=details["phone"],
        )
        if same:
            return _register_page(request, at, form, same=same)
    try:
        reply, _ = once(
            user=request.user,
            route="web.patients.register",
            key=request.POST.get("key", ""),
            payload=details,
            do=lambda: {"patient": str(patients.register(site=site, by=request.user, now=clock.now(), **details).pk)},
        )
    except DomainError as error:
        form.take(error)
        return _register_page(request, at, form)
    messages.success(request, f"{details['given_name']} {details['family_name']} is registered.")
    if request.POST.get("then") == "book":
        return redirect(f"{reverse('book-course')}?patient={reply['patient']}")
    return redirect("patient", reply["patient"])


def _register_page(
    request: StaffRequest, at: sites.Sites, form: PatientForm, *, same: list[Patient] | None = None
) -> HttpResponse:
    context = {
        "section": "patients",
        "sites": at,
        "form": form,
        "same": same or [],
        "key": request.POST.get("key") or str(uuid7()),
    }
    return render(request, "web/patients/register.html", context, status=409 if same else 422 if form.errors else 200)


@require_GET
def patient(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """One patient: facts, courses, coming visits."""
    found = _patient(patient_id)
    now = clock.now()
    of_patient = list(found.courses.select_related("protocol_version__protocol").order_by("-start_on", "-id"))
    coming = courses.visits().filter(
        course__patient=found, appointment__status__in=UPCOMING, appointment__ends_at__gt=now
    )
    return render(
        request,
        "web/patients/patient.html",
        {
            "section": "patients",
            "patient": found,
            "age": _age(found, now),
            "courses": of_patient,
            "coming": [VisitLine.of_visit(visit, zone=found.site.zone) for visit in coming],
            "sent": _sent(request, found, now),
            "today": clock.local(now, found.site.zone).date(),
        },
    )


def _sent(request: StaffRequest, patient: Patient, now: datetime) -> list[MessageLine] | None:
    """The newest messages, for those who may read them."""
    if not allows(request.user, Permission.VIEW_MESSAGES):
        return None
    rows = messages_query.look(patient=patient.pk, due_before=now + timedelta(days=1)).order_by("-due_at", "-id")
    return lines(list(rows[:MESSAGES_SHOWN]), paused=pauses.in_force(), now=now)


@require_http_methods(["GET", "POST"])
def edit(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """The form for changing a patient's details."""
    found = _patient(patient_id)
    form = PatientForm.of(found, data=request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            patients.edit(
                patient=found,
                by=request.user,
                now=clock.now(),
                version=version_of(request),
                **form.cleaned_data,
            )
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "Saved.")
            return redirect("patient", found.pk)
    return render(
        request,
        "web/patients/edit.html",
        {
            "section": "patients",
            "patient": found,
            "form": form,
            "version": request.POST.get("version") or found.version,
        },
        status=422 if form.errors else 200,
    )


def _patient(patient_id: UUID) -> Patient:
    found = Patient.objects.select_related("site").filter(pk=patient_id).first()
    if found is None:
        raise NotFound("There is no such patient.")
    return found


def _age(patient: Patient, now: datetime) -> int:
    today = clock.local(now, patient.site.zone).date()
    born = patient.birth_on
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
