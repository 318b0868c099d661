"""Somebody is ill, a chair is out of service: which visits that hits, where each could go, and the press that does it."""

from datetime import date, time
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import DomainError, InvalidInput, NotFound
from scheduler.models import Resource
from treatments.actions import jobs
from treatments.many.closures import Closure
from treatments.models import JobKind, JobState, PlanningJob
from web import sites, words
from web.access import StaffRequest
from web.board import replacements
from web.forms.replacing import AbsenceForm
from web.numbers import key_of

MOST_SELECTED = 200


@require_http_methods(["GET", "POST"])
def choose(request: StaffRequest) -> HttpResponse:
    """Asks who or what is not there and for how long; sent, the search for other places begins."""
    at = sites.of(request)
    site, now = at.chosen, clock.now()
    on = _date(request, clock.local(now, site.zone).date())
    selected = _keys(request, "visit")
    found = replacements.choices(site, selected, on)
    choices = [(each.resource, f"{each.resource.name}: {words.count(each.visits, 'selected visit')}") for each in found]
    named = Resource.objects.filter(site=site, is_active=True, pk__in=_keys(request, "resource")).first()
    if named is not None and all(each.resource != named for each in found):
        choices.insert(0, (named, named.name))
    first = next((each for each in found if named in (None, each.resource)), None)
    likely = named or (first.resource if first else None)
    local_now = clock.local(now, site.zone)
    initial = {
        "resource": str(likely.pk) if likely else "",
        "starts": first.starts.time() if first else time(local_now.hour if on == local_now.date() else 0),
        "ends": first.ends.time() if first else "23:55",
    }
    form = AbsenceForm(
        request.POST if request.method == "POST" else None, site=site, on=on, choices=choices, initial=initial
    )
    if form.is_valid():
        starts_at, ends_at = form.period
        closure = Closure(site, form.why, resource=form.chosen, starts_at=max(starts_at, now), ends_at=ends_at)
        try:
            job = jobs.close(closure=closure, by=request.user, now=now)
        except InvalidInput as error:
            form.take(error, {"ends_at": "ends", "starts_at": "starts"})
        else:
            return redirect("replacing", job.pk)
    context = {
        "section": "today",
        "form": form,
        "on": on,
        "site": site,
        "sites": at,
        "selected": selected,
        "empty": not choices,
    }
    return render(request, "web/board/absence.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def proposal(request: StaffRequest, job_id: UUID) -> HttpResponse:
    """How far the search is; then each visit with its new place, and the button that carries all of it out."""
    job = _job(job_id)
    refused: DomainError | None = None
    if request.method == "POST":
        try:
            jobs.apply(job=job, digest=request.POST.get("digest", ""), by=request.user, now=clock.now())
        except DomainError as error:
            refused = error
            job = _job(job_id)
        else:
            placed = replacements.proposal(job).placed
            moved = f"{words.count(placed, 'visit')} moved" if placed else "it is noted on the board"
            messages.success(request, f"Done: {moved}.")
            return HttpResponseRedirect(request.path)
    settled = job.state in (JobState.READY, JobState.APPLIED)
    context = {
        "section": "today",
        "job": job,
        "resource": _absent(job),
        "period": _period(job),
        "on": _on(job),
        "proposal": replacements.proposal(job) if settled else None,
        "refused": refused,
    }
    return render(request, "web/board/replacing.html", context, status=409 if refused else 200)


@require_http_methods(["POST"])
def undo(request: StaffRequest, job_id: UUID) -> HttpResponse:
    """Takes all of it back: the absence and every move."""
    job = _job(job_id)
    try:
        jobs.undo(job=job, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, f"It could not be taken back. {error.message}")
        return redirect("replacing", job.pk)
    messages.success(request, "Taken back: everything is where it was.")
    return redirect("today")


def _job(key: UUID) -> PlanningJob:
    found = PlanningJob.objects.select_related("site").filter(pk=key, kind=JobKind.CLOSE).first()
    if found is None:
        raise NotFound("There is no such search.")
    return found


def _absent(job: PlanningJob) -> Resource | None:
    return Resource.objects.filter(pk=job.params.get("resource")).first()


def _on(job: PlanningJob) -> date:
    closure = jobs.closure(job)
    return clock.local(closure.period()[0], job.site.zone).date()


def _period(job: PlanningJob) -> str:
    starts_at, ends_at = (clock.local(at, job.site.zone) for at in jobs.closure(job).period())
    return f"{words.day(starts_at.date())}, {words.between(starts_at.time(), ends_at.time())}"


def _date(request: HttpRequest, today: date) -> date:
    try:
        return max(date.fromisoformat(request.POST.get("on") or request.GET.get("on", "")), today)
    except ValueError:
        return today


def _keys(request: HttpRequest, name: str) -> list[UUID]:
    sent = (request.POST.getlist(name) or request.GET.getlist(name))[:MOST_SELECTED]
    return [key for key in map(key_of, sent) if key is not None]
