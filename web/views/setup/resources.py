"""Chairs, rooms, devices and people: what they are, when they work, when they are away."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.models import Role, User
from core import clock
from core.errors import DomainError, NotFound
from scheduler.actions import resources
from scheduler.models import Absence, Resource, Skill
from treatments.actions import jobs
from treatments.many.closures import Closure
from web import resource_rows, sites
from web.access import StaffRequest
from web.forms.setup import AwayForm, ResourceForm, WeekForm
from web.numbers import version_of
from web.views.setup.weighing import accepts, weighed


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """Everything a site has, by kind, those switched off last."""
    at = sites.of(request)
    context = {"section": "setup", "sites": at, "site": at.chosen, "groups": resource_rows.groups(at.chosen)}
    return render(request, "web/setup/resources.html", context)


@require_http_methods(["GET", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """The form for something or somebody new."""
    at = sites.of(request)
    form = _form(request if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = resources.add(site=at.chosen, by=request.user, **form.details)
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, f"{made.name} is added. Look at the hours now.")
            return redirect("setup-resource", made.pk)
    context = {"section": "setup", "sites": at, "site": at.chosen, "form": form}
    return render(request, "web/setup/add_resource.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def resource(request: StaffRequest, resource_id: UUID) -> HttpResponse:
    """One resource: its details, its week, its exceptions. Sent, the details are saved."""
    found = _resource(resource_id)
    form = _form(request if request.method == "POST" else None, of=found)
    if form.is_valid():
        try:
            page = weighed(
                request,
                lambda: resources.edit(
                    resource=found,
                    by=request.user,
                    now=clock.now(),
                    version=version_of(request),
                    accept_consequences=accepts(request),
                    **form.details,
                ),
                site=found.site,
                back=_address(found),
            )
        except DomainError as error:
            form.take(error)
        else:
            return page or _saved(request, found)
    return _page(request, found, form=form)


@require_POST
def hours(request: StaffRequest, resource_id: UUID) -> HttpResponse:
    """Saves the week."""
    found = _resource(resource_id)
    form = _week(found, request)
    if form.is_valid():
        try:
            page = weighed(
                request,
                lambda: resources.set_working_hours(
                    resource=found,
                    hours=form.week,
                    valid_from=form.cleaned_data["valid_from"],
                    by=request.user,
                    now=clock.now(),
                    accept_consequences=accepts(request),
                ),
                site=found.site,
                back=_address(found),
            )
        except DomainError as error:
            at_weekday(form, error)
        else:
            return page or _saved(request, found)
    return _page(request, found, week=form)


@require_POST
def away(request: StaffRequest, resource_id: UUID) -> HttpResponse:
    """Saves an exception; where it hits booked visits, offers to find them other places first."""
    found = _resource(resource_id)
    form = AwayForm(request.POST)
    if form.is_valid():
        now = clock.now()
        starts_at, ends_at = form.period(found.site)
        extra, reason = form.cleaned_data["is_extra"] == "yes", form.cleaned_data["reason"]
        closure = Closure(found.site, reason, resource=found, starts_at=max(starts_at, now), ends_at=ends_at)
        try:
            page = weighed(
                request,
                lambda: resources.add_absence(
                    resource=found,
                    starts_at=starts_at,
                    ends_at=ends_at,
                    reason=reason,
                    is_extra=extra,
                    by=request.user,
                    now=now,
                    accept_consequences=accepts(request),
                ),
                site=found.site,
                back=_address(found),
                replan=None if extra else lambda: jobs.close(closure=closure, by=request.user, now=now),
            )
        except DomainError as error:
            form.take(error, {"starts_at": "first_on", "ends_at": "ends"})
        else:
            return page or _saved(request, found)
    return _page(request, found, away=form)


@require_POST
def remove_away(request: StaffRequest, absence_id: UUID) -> HttpResponse:
    """Takes an exception out: the usual hours hold again."""
    absence = Absence.objects.select_related("resource__site").filter(pk=absence_id).first()
    if absence is None:
        raise NotFound("There is no such exception. Somebody may have removed it.")
    page = weighed(
        request,
        lambda: resources.remove_absence(
            absence=absence, by=request.user, now=clock.now(), accept_consequences=accepts(request)
        ),
        site=absence.resource.site,
        back=_address(absence.resource),
    )
    return page or _saved(request, absence.resource)


@require_POST
def switch(request: StaffRequest, resource_id: UUID) -> HttpResponse:
    """Switches a resource off, on again, or removes one that was never booked."""
    found = _resource(resource_id)
    pressed = request.POST.get("do", "")
    now = clock.now()
    if pressed == "remove":
        resources.remove(resource=found, by=request.user)
        messages.success(request, f"{found.name} is removed.")
        return redirect(f"{reverse('setup-resources')}?site={found.site.code}")
    if pressed == "on":
        resources.switch_on(resource=found, by=request.user, now=now)
        return _saved(request, found)
    page = weighed(
        request,
        lambda: resources.switch_off(resource=found, by=request.user, now=now, accept_consequences=accepts(request)),
        site=found.site,
        back=_address(found),
    )
    return page or _saved(request, found)


# --- what the views share -------------------------------------------------------------------------------------


def _resource(resource_id: UUID) -> Resource:
    found = Resource.objects.select_related("site", "user").prefetch_related("skills").filter(pk=resource_id).first()
    if found is None:
        raise NotFound("There is no such resource.")
    return found


def _address(resource: Resource) -> str:
    return reverse("setup-resource", args=[resource.pk])


def _saved(request: StaffRequest, resource: Resource) -> HttpResponse:
    messages.success(request, "Saved.")
    return redirect("setup-resource", resource.pk)


def _today(resource: Resource) -> date:
    return clock.local(clock.now(), resource.site.zone).date()


def _form(request: StaffRequest | None, *, of: Resource | None = None) -> ResourceForm:
    taken = Q(resource=None) if of is None else Q(resource=None) | Q(resource=of)
    users = User.objects.filter(taken, is_active=True).exclude(role=Role.SERVICE).order_by("name")
    return ResourceForm(request.POST if request else None, skills=Skill.objects.order_by("name"), users=users, of=of)


def _week(resource: Resource, request: StaffRequest | None = None) -> WeekForm:
    today = _today(resource)
    return WeekForm(request.POST if request else None, hours=resource_rows.week_of(resource, today), today=today)


def at_weekday(form: WeekForm, error: DomainError) -> None:
    """Shows what is wrong with the hours of one day at its field."""
    weekday = error.pointer.split("/")[1] if error.pointer.startswith("hours/") else ""
    form.add_error(f"day_{weekday}" if weekday else None, error.message)


def _page(
    request: StaffRequest,
    found: Resource,
    *,
    form: ResourceForm | None = None,
    week: WeekForm | None = None,
    away: AwayForm | None = None,
) -> HttpResponse:
    wrong = next((each for each in (form, week, away) if each is not None and each.errors), None)
    return render(
        request,
        "web/setup/resource.html",
        {
            "section": "setup",
            "resource": found,
            "form": form or _form(None, of=found),
            "week": week or _week(found),
            "away": away or AwayForm(),
            "wrong": wrong,
            "later": resource_rows.later_weeks(found, _today(found)),
            "exceptions": resource_rows.exceptions(found, now=clock.now()),
            "follows": resource_rows.follows_site(found),
            "version": request.POST.get("version") or found.version,
        },
        status=422 if wrong else 200,
    )
