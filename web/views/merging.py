"""Merging two records of one person: finding the other, seeing what it does, doing it."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clinics.actions import merges, patients
from clinics.models import Patient
from core import clock
from core.errors import DomainError, NotFound
from scheduler.models.appointment import UPCOMING
from web.access import StaffRequest
from web.forms.patients import SearchForm, Wanted
from web.numbers import number_of

SHOWN = 10


@require_http_methods(["GET", "POST"])
def merge(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Asks which record is the duplicate; then says what merging does, in numbers; sent, merges the two."""
    kept = _counted(str(patient_id))
    other = request.POST.get("with") or request.GET.get("with", "")
    if not other:
        return _choose(request, kept)
    duplicate = _counted(other)
    refused: DomainError | None = None
    if request.method == "POST":
        number = duplicate.number
        try:
            merges.merge(
                kept=kept,
                duplicate=duplicate,
                kept_version=number_of(request.POST.get("kept_version", "")),
                duplicate_version=number_of(request.POST.get("duplicate_version", "")),
                by=request.user,
                now=clock.now(),
            )
        except DomainError as error:
            refused = error
            kept, duplicate = _counted(str(kept.pk)), _counted(str(duplicate.pk))
        else:
            messages.success(request, f"Number {number} is merged into this patient, who is found by both numbers.")
            return redirect("patient", kept.pk)
    context = {"section": "patients", "kept": kept, "duplicate": duplicate, "refused": refused}
    return render(request, "web/patients/merge.html", context, status=409 if refused else 200)


def _choose(request: StaffRequest, kept: Patient) -> HttpResponse:
    form = SearchForm(request.GET, country=kept.site.country)
    found = _looked_for(form.wanted) if form.wanted else _likely(kept)
    context = {
        "section": "patients",
        "kept": kept,
        "found": [each for each in found if each.pk != kept.pk],
        "query": form.typed,
        "searched": form.wanted is not None,
    }
    return render(request, "web/patients/choose_duplicate.html", context)


def _looked_for(wanted: Wanted) -> list[Patient]:
    found = list(Patient.objects.matching(wanted.text, born=wanted.born)[: SHOWN + 1])
    if found or not wanted.text:
        return found
    return list(Patient.objects.alike(wanted.text, born=wanted.born)[: SHOWN + 1])


def _likely(kept: Patient) -> list[Patient]:
    return patients.possible_duplicates(
        given_name=kept.given_name, family_name=kept.family_name, birth_on=kept.birth_on, phone=str(kept.phone or "")
    )


def _counted(key: str) -> Patient:
    """A patient with the numbers of courses, coming visits and notes. Raises ``NotFound``."""
    counted = Patient.objects.select_related("site").annotate(
        courses_count=Count("courses", distinct=True),
        coming_count=Count("appointments", filter=Q(appointments__status__in=UPCOMING), distinct=True),
        notes_count=Count("notes", distinct=True),
    )
    try:
        found = counted.filter(pk=UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no such patient.")
    return found
