"""The waitlist: who waits, which times have become free, who fits one, and giving it to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.models import Patient
from core import clock
from core.errors import DomainError, InvalidInput, NotFound
from notifications.actions.offers import ANSWER_MINUTES, MOST
from notifications.queries import offers
from treatments.actions import waitlist
from treatments.many import waiting
from treatments.models import Visit, WaitlistEntry
from treatments.models.course import CourseStatus
from treatments.queries.freed import freed
from web import offer_lines, sites, words
from web.access import StaffRequest, local_address
from web.forms.patients import SearchForm
from web.forms.waitlist import JoinForm, PeriodForm
from web.numbers import version_of
from web.waitlist_lines import EntryLine, FitLine, FreedLines

SHOWN = 100
FREED_SHOWN = 20
PEOPLE_SHOWN = 10
FIELDS = {"starts_at": "starts", "ends_at": "ends"}


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """Everybody who waits, urgent ones first, and the times that have become free."""
    now = clock.now()
    at = sites.of(request)
    site = at.chosen
    entries = (
        waiting.listed(site, now=now)
        .select_related("visit__course__patient", "visit__appointment")
        .order_by("-urgent", "joined_at", "pk")[:SHOWN]
    )
    offered = offer_lines.offered(offers.listed(site, now=now), site, now=now)
    of_entry = {line.offer.entry_id: line for each in reversed(offered) for line in each.lines}
    return render(
        request,
        "web/waitlist/list.html",
        {
            "section": "waitlist",
            "sites": at,
            "site": site,
            "offered": offered,
            "lines": [EntryLine.of(entry, site, now=now, offer=of_entry.get(entry.pk)) for entry in entries],
            "freed": FreedLines.of(freed(site, now=now, at_most=FREED_SHOWN), site),
            "shown": SHOWN,
            "today": clock.local(now, site.zone).date(),
            "updated": words.clock(clock.local(now, site.zone).time()),
        },
    )


@require_GET
def fitting(request: StaffRequest) -> HttpResponse:
    """Who of those waiting could take the time in the address, the best first."""
    now = clock.now()
    at = sites.of(request)
    form = PeriodForm(request.GET if request.GET.get("on") else None, site=at.chosen)
    fits: list[FitLine] | None = None
    if form.is_valid():
        starts_at, ends_at = form.period
        try:
            found = waiting.matches(
                site=at.chosen,
                starts_at=starts_at,
                ends_at=ends_at,
                now=now,
                resource=form.cleaned_data["resource"],
            )
            hindered = offers.obstacles(found, now=now)
            fits = [FitLine.of(fit, at.chosen, hindered.get(fit.entry.pk)) for fit in found]
        except InvalidInput as error:
            form.take(error, FIELDS)
    return render(
        request,
        "web/waitlist/fitting.html",
        {
            "section": "waitlist",
            "sites": at,
            "site": at.chosen,
            "form": form,
            "fits": fits,
            "may_ask": any(line.may_ask for line in fits or ()),
            "most": MOST,
            "minutes": ANSWER_MINUTES,
            "today": clock.local(now, at.chosen.zone).date(),
        },
        status=422 if form.errors else 200,
    )


@require_POST
def take(request: StaffRequest, entry_id: UUID) -> HttpResponse:
    """Gives somebody who waits the time that was shown; refused when it does not fit any more."""
    entry = _entry(entry_id)
    site = entry.visit.course.site
    name = entry.visit.course.patient.short_name
    back = local_address(request, request.POST.get("next", ""), reverse("waitlist"))
    try:
        starts_at = _instant(request.POST.get("starts_at", ""))
        waitlist.take(
            entry=entry,
            starts_at=starts_at,
            by=request.user,
            now=clock.now(),
            resources={
                key[5:]: value
                for key, value in request.POST.items()
                if key.startswith("role-") and isinstance(value, str)
            },
            version=version_of(request) if entry.visit.appointment_id else None,
        )
    except DomainError as error:
        messages.error(request, f"{name} was not given this time. {error.message}")
        return HttpResponseRedirect(back)
    at = clock.local(starts_at, site.zone)
    messages.success(
        request,
        f"{name}: {entry.visit.label} is on {words.day(at.date())}, {words.clock(at.time())}, and off the waitlist.",
    )
    return HttpResponseRedirect(reverse("waitlist"))


@require_POST
def leave(request: StaffRequest, entry_id: UUID) -> HttpResponse:
    """Takes somebody off the list; their visit stays where it is."""
    entry = _entry(entry_id)
    name = entry.visit.course.patient.short_name
    try:
        waitlist.leave(entry=entry, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, f"{name} stays on the waitlist. {error.message}")
    else:
        messages.success(request, f"{name} is off the waitlist. {entry.visit.label} stays where it is.")
    return HttpResponseRedirect(local_address(request, request.POST.get("next", ""), reverse("waitlist")))


@require_http_methods(["GET", "POST"])
def join(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """Asks what the patient could take, and puts the visit on the waitlist."""
    visit = Visit.objects.select_related("course__patient", "course__site", "appointment").filter(pk=visit_id).first()
    if visit is None:
        raise NotFound("There is no such visit.")
    site, now = visit.course.site, clock.now()
    today = clock.local(now, site.zone).date()
    form = JoinForm(request.POST if request.method == "POST" else None, today=today)
    refused: DomainError | None = None
    if form.is_valid():
        try:
            waitlist.join(visit=visit, by=request.user, now=now, **form.wanted)
        except InvalidInput as error:
            form.take(error)
        except DomainError as error:
            refused = error
        else:
            messages.success(request, f"{visit.course.patient.short_name} waits for {visit.label}.")
            return HttpResponseRedirect(local_address(request, request.POST.get("next", ""), reverse("waitlist")))
    context: dict[str, Any] = {
        "section": "waitlist",
        "form": form,
        "refused": refused,
        "visit": visit,
        "patient": visit.course.patient,
        "stands": clock.local(visit.appointment.starts_at, site.zone) if visit.appointment else None,
        "next": request.POST.get("next") or local_address(request, request.GET.get("next", ""), ""),
    }
    status = 409 if refused else 422 if form.errors else 200
    return render(request, "web/waitlist/join.html", context, status=status)


@require_GET
def add(request: StaffRequest) -> HttpResponse:
    """Finds the visit that is to wait: first the patient, then one of the visits still to come."""
    at = sites.of(request)
    form = SearchForm(request.GET, country=at.chosen.country)
    wanted = form.wanted
    patients: list[Patient] = []
    if wanted is not None:
        found = Patient.objects.matching(wanted.text, born=wanted.born)
        patients = list(found.order_by("family_name", "given_name", "id")[:PEOPLE_SHOWN])
    visits = (
        Visit.objects.filter(
            course__patient__in=patients, course__status=CourseStatus.ACTIVE, status__in=waiting.PLACEABLE
        )
        .exclude(appointment__starts_at__lte=clock.now())
        .select_related("course__patient", "course__protocol_version__protocol", "course__site", "appointment")
        .order_by("course__patient__family_name", "course_id", "position")
    )
    return render(
        request,
        "web/waitlist/add.html",
        {"section": "waitlist", "query": form.typed, "searched": wanted is not None, "visits": list(visits)},
    )


def _entry(entry_id: UUID) -> WaitlistEntry:
    found = (
        WaitlistEntry.objects.select_related("visit__course__patient", "visit__course__site")
        .filter(pk=entry_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such entry of the waitlist.")
    return found


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InvalidInput("Choose a time from the list.", pointer="starts_at")
    return at
