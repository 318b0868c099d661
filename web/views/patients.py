"""Finding, registering, looking at and editing patients."""

from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import structlog
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.actions import notes, patients
from clinics.models import Patient
from clinics.permissions import Permission, allows
from core import clock
from core.errors import DomainError, NotFound
from core.idempotency import once
from core.ids import uuid7
from notifications.queries import messages as messages_query
from notifications.queries import pauses
from web import patient_rows, sites
from web.access import StaffRequest
from web.beginnings import carried
from web.forms.patients import SHORTEST_SEARCH, PatientForm, SearchForm, Wanted
from web.message_lines import MessageLine, lines
from web.numbers import version_of

SHOWN = 25
"""More results than this are not read; the search is narrowed instead."""
MESSAGES_SHOWN = 10
SAME_BY = ("given_name", "family_name", "birth_on", "phone")
"""What the same person is recognised by."""

log = structlog.get_logger(__name__)


@require_GET
def search(request: StaffRequest) -> HttpResponse:
    """Patients who match every word of ``?q=``, each with the next visit and how far the course is.

    Where nobody does, those whose names are spelt a little otherwise. Three queries at most.
    """
    at = sites.of(request)
    form = SearchForm(request.GET, country=at.chosen.country)
    found, alike = _found(form.wanted) if form.wanted else ([], False)
    if form.wanted:
        log.info("patients searched", by=str(request.user.pk), found=len(found))
    return render(
        request,
        "web/patients/search.html",
        {
            "section": "patients",
            "query": form.typed,
            "searched": bool(form.wanted),
            "shortest": SHORTEST_SEARCH,
            "patients": found[:SHOWN],
            "more": len(found) > SHOWN,
            "alike": alike,
            "carried": carried(request),
            "handed_on": urlencode(carried(request)),
        },
    )


def _found(wanted: Wanted) -> tuple[list[Patient], bool]:
    exact = Patient.objects.matching(wanted.text, born=wanted.born)
    found = list(patient_rows.with_next(exact, text=wanted.text, now=clock.now())[: SHOWN + 1])
    if found or not wanted.text:
        return found, False
    alike = Patient.objects.alike(wanted.text, born=wanted.born)
    return list(patient_rows.with_next(alike, text=wanted.text, now=clock.now())[:SHOWN]), True


@require_POST
def alike(request: StaffRequest) -> HttpResponse:
    """Who may be the same person, while a form is being filled in. Posted, as names do not belong into addresses."""
    known = PatientForm.empty(sites.of(request).chosen, data=request.POST).likely()
    same = patients.possible_duplicates(**known) if known else []
    return render(request, "web/patients/same.html", {"same": same})


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
    same = patients.possible_duplicates(**{name: details[name] for name in SAME_BY})
    if not {str(each.pk) for each in same} <= set(request.POST.getlist("seen")):
        return _register_page(request, at, form, same=same)
    try:
        reply, _ = once(
            user=request.user,
            route="web.patients.register",
            key=request.POST.get("key", ""),
            payload=details,
            do=lambda: {
                "patient": str(
                    patients.register(
                        site=site, by=request.user, now=clock.now(), agreed_to=form.agreed_to, **details
                    ).pk
                )
            },
        )
    except DomainError as error:
        form.take(error)
        return _register_page(request, at, form)
    messages.success(request, f"{details['given_name']} {details['family_name']} is registered.")
    if request.POST.get("then") == "book":
        asked = urlencode({"patient": reply["patient"], **carried(request)})
        return redirect(f"{reverse('book-course')}?{asked}")
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
    """One patient: facts, notes, courses, visits, messages."""
    found = _patient(patient_id)
    if found.merged_into_id is not None:
        messages.info(request, f"Number {found.number} was a duplicate and is merged into this patient.")
        return redirect("patient", found.merged_into_id)
    return _patient_page(request, found)


@require_POST
def add_note(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Adds a note for the desk, once however often the form is sent."""
    found = _patient(patient_id)
    text = request.POST.get("text", "")
    try:
        once(
            user=request.user,
            route="web.patients.note",
            key=request.POST.get("key", ""),
            payload={"patient": str(found.pk), "text": text},
            do=lambda: {"note": str(notes.add(patient=found, text=text, by=request.user, now=clock.now()).pk)},
        )
    except DomainError as error:
        return _patient_page(request, found, typed=text, problem=error.message)
    messages.success(request, "The note is added.")
    return redirect(f"{reverse('patient', args=[found.pk])}#notes")


def _patient_page(request: StaffRequest, found: Patient, *, typed: str = "", problem: str = "") -> HttpResponse:
    now = clock.now()
    visits = patient_rows.visits_of(found, now=now)
    return render(
        request,
        "web/patients/patient.html",
        {
            "section": "patients",
            "patient": found,
            "age": _age(found, now),
            "courses": visits.courses,
            "coming": visits.coming,
            "past": visits.past,
            "notes": patient_rows.notes_of(found),
            "sent": _sent(request, found, now),
            "today": clock.local(now, found.site.zone).date(),
            "typed": typed,
            "problem": problem,
            "key": str(uuid7()),
        },
        status=422 if problem else 200,
    )


@require_GET
def contact(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """When and by which words a patient agreed to be contacted, or took that back."""
    found = _patient(patient_id)
    return render(
        request,
        "web/patients/contact.html",
        {"section": "patients", "patient": found, "facts": patient_rows.facts_of(found)},
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
                agreed_to=form.agreed_to,
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
