"""Booking a whole course: wishes, a plan with its reasons, and one press that books what was shown."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clinics.models import Patient
from core import clock
from core.errors import Conflict, DomainError, InvalidInput, NotFound
from core.idempotency import fingerprint, once
from core.ids import uuid7
from scheduler.actions.appointments import Taken
from treatments.actions import courses
from treatments.models import ProtocolVersion
from web import sites, words
from web.access import STATUS, StaffRequest
from web.forms.booking import BookingForm, Offer, in_words
from web.plans import OldPlan, ShownPlan

FIELDS = {f"wishes/{name}": name for name in ("weekdays", "not_on", "firm")} | {
    "wishes/not_before": "time_of_day",
    "wishes/not_after": "time_of_day",
    "protocol_version": "protocol",
}
"""Where on the form the domain's pointers lead."""


class PlanOutdated(Conflict):
    """The form does not say any more what the shown plan was made for."""

    code = "plan_outdated"


@dataclass
class Page:
    """The booking page as it is built up while a request is answered."""

    request: StaffRequest
    at: sites.Sites
    patient: Patient
    form: BookingForm
    key: str
    plan: ShownPlan | None = None
    refused: DomainError | None = None
    problems: dict[str, tuple[str, ...]] = field(default_factory=dict)
    found_now: bool = False

    def answer(self) -> HttpResponse:
        """The page, with the status that fits what happened."""
        status = 200
        if self.refused is not None:
            status = next((number for kind, number in STATUS if isinstance(self.refused, kind)), 400)
        elif self.form.is_bound and self.form.errors:
            status = 422
        context: dict[str, Any] = {
            "section": "patients",
            "sites": self.at,
            "site": self.at.chosen,
            "patient": self.patient,
            "form": self.form,
            "key": self.key,
            "refused": self.refused,
            "found_now": self.found_now,
            "today": self.form.today,
        }
        if self.plan is not None:
            context |= self._plan(self.plan)
        return render(self.request, "web/courses/book.html", context, status=status)

    def _plan(self, plan: ShownPlan) -> dict[str, Any]:
        zone = self.at.chosen.zone
        placed = len(plan.visits) - plan.unplaced
        if plan.unplaced:
            press = f"Book {placed} and put {plan.unplaced} on the work list"
        else:
            press = f"Book {words.count(placed, 'visit')}"
        return {
            "plan": plan,
            "signed": plan.signed(),
            "lines": plan.lines(zone, self.problems),
            "weeks": plan.weeks(zone),
            "asked": in_words(date.fromisoformat(plan.start_on), plan.wishes),
            "placed": placed,
            "press": press,
        }


@require_http_methods(["GET", "POST"])
def book(request: StaffRequest) -> HttpResponse:
    """The booking page of one patient. Without a patient: the search, to choose one."""
    patient_id = request.POST.get("patient") or request.GET.get("patient") or ""
    if not patient_id:
        return HttpResponseRedirect(f"{reverse('patients')}?then=book")
    patient = _patient(patient_id)
    at = sites.of(request, preferred=patient.site_id)
    today = clock.local(clock.now(), at.chosen.zone).date()
    form = BookingForm(
        request.POST if request.method == "POST" else None, site=at.chosen, offers=_offers(), today=today
    )
    page = Page(request, at, patient, form, key=request.POST.get("key") or str(uuid7()))
    if request.method == "GET":
        return page.answer()
    if request.POST.get("do") == "book":
        return _book(page)
    return _find(page)


def _find(page: Page) -> HttpResponse:
    """Looks for a plan and shows it; nothing is stored."""
    if page.form.is_valid():
        try:
            proposal = courses.propose(
                protocol_version=page.form.version,
                site=page.at.chosen,
                start_on=page.form.cleaned_data["start_on"],
                wishes=page.form.wishes,
                by=page.request.user,
                now=clock.now(),
                patient=page.patient,
            )
        except InvalidInput as error:
            page.form.take(error, FIELDS)
        else:
            page.plan = ShownPlan.of(proposal, patient=page.patient.pk)
            page.key = str(uuid7())
            page.found_now = True
    return page.answer()


def _book(page: Page) -> HttpResponse:
    """Books exactly the plan that was shown. Whatever hinders it, the form and the plan stay."""
    try:
        plan = page.plan = ShownPlan.read(page.request.POST.get("plan", ""))
        version = _as_shown(page, plan)
        reply, again = once(
            user=page.request.user,
            route="web.courses.book",
            key=page.key,
            payload={"plan": fingerprint([plan.version, plan.patient, plan.site, [str(each) for each in plan.placed]])},
            do=lambda: _carry_out(page, plan, version),
        )
    except OldPlan as error:
        page.plan, page.refused = None, error
    except DomainError as error:
        page.refused = error
        page.problems = _problems(error)
    else:
        if not again:
            messages.success(page.request, _done(plan, page.patient))
        return HttpResponseRedirect(f"{reverse('course', args=[reply['course']])}?booked")
    return page.answer()


def _as_shown(page: Page, plan: ShownPlan) -> ProtocolVersion:
    """The protocol version of the plan, if the form still asks for what the plan was found for."""
    form = page.form
    if (plan.patient, plan.site) != (str(page.patient.pk), str(page.at.chosen.pk)) or not form.is_valid():
        raise PlanOutdated("What is asked for has changed since this plan was found. Find a plan again.")
    asked = (str(form.version.pk), form.cleaned_data["start_on"].isoformat(), form.wishes)
    if asked != (plan.version, plan.start_on, plan.wishes):
        raise PlanOutdated("The wishes have changed since this plan was found. Find a plan again, then book it.")
    return form.version


def _carry_out(page: Page, plan: ShownPlan, version: ProtocolVersion) -> dict[str, str]:
    booked = courses.book(
        protocol_version=version,
        site=page.at.chosen,
        patient=page.patient,
        start_on=date.fromisoformat(plan.start_on),
        wishes=plan.wishes,
        by=page.request.user,
        now=clock.now(),
        visits=plan.placed,
        partial=bool(plan.unplaced),
    )
    return {"course": str(booked.course.pk)}


def _problems(error: DomainError) -> dict[str, tuple[str, ...]]:
    """What is wrong with which visit, as sentences by its key."""
    if isinstance(error, Taken) and "visit" in error.detail:
        return {error.detail["visit"]: (error.message,)}
    found: dict[str, tuple[str, ...]] = {}
    for problem in error.detail.get("problems", []):
        found[problem["visit"]] = (*found.get(problem["visit"], ()), problem["message"])
    return found


def _done(plan: ShownPlan, patient: Patient) -> str:
    text = f"{words.count(len(plan.placed), 'visit')} booked for {patient.full_name}."
    if plan.unplaced:
        text += f" {words.count(plan.unplaced, 'visit')} put on the work list."
    return text


def _patient(text: str) -> Patient:
    try:
        found = Patient.objects.present().select_related("site").filter(pk=UUID(text)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no such patient.")
    return found


def _offers() -> list[Offer]:
    """The newest version of every protocol on offer, by title. One query."""
    newest = (
        ProtocolVersion.objects.filter(protocol__is_active=True)
        .select_related("protocol")
        .order_by("protocol_id", "-number")
        .distinct("protocol_id")
    )
    return sorted((Offer(version) for version in newest), key=lambda offer: offer.title)
