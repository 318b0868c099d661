"""Booking a whole course: wishes, a plan with its reasons, changes to it, and one press that books what was shown."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from clinics.models import Patient
from core import clock
from core.errors import Conflict, DomainError, InvalidInput, NotFound
from core.idempotency import fingerprint, once
from core.ids import uuid7
from scheduler.actions.appointments import Taken
from scheduler.models import Kind, Resource
from treatments.actions import courses, reasons, starts
from treatments.actions.courses import Adjusted, Beginning, RulesBroken
from treatments.models import Course, ProtocolVersion
from web import sites, why_not, words
from web.access import StaffRequest
from web.beginnings import WishedBeginning, of_gap
from web.booking_page import ALTERNATIVES, BEST, KEPT, Page, Times
from web.forms.booking import BookingForm, Offer, as_fields
from web.numbers import key_of
from web.plans import OldPlan, ShownPlan, read_pin

FIELDS = {f"wishes/{name}": name for name in ("weekdays", "not_on", "firm", "people")} | {
    "wishes/not_before": "earliest",
    "wishes/not_after": "latest",
    "wishes/max_visits_per_week": "per_week",
    "wishes/max_visits_per_day": "per_day",
    "wishes/escort": "escort_until",
    "protocol_version": "protocol",
}
"""Where on the form the domain's pointers lead."""


class PlanOutdated(Conflict):
    """The form does not say any more what the shown plan was made for."""

    code = "plan_outdated"


@require_http_methods(["GET", "POST"])
def book(request: StaffRequest) -> HttpResponse:
    """The booking page of one patient. Without a patient: the search, to choose one.

    The address may hold the wishes; then a plan is looked for at once. A form says with ``do`` what is wanted of the plan,
    or which visit to ``move``, where to ``put`` it, or what to ask for ``instead``.
    """
    patient_id = request.POST.get("patient") or request.GET.get("patient") or ""
    if not patient_id:
        return HttpResponseRedirect(f"{reverse('patients')}?{urlencode({'then': 'book', **of_gap(request)})}")
    page = _page(request, _patient(patient_id))
    if not page.form.is_bound:
        return page.answer()
    page.before = _read_plan(request.POST.get("plan", ""))
    if request.method == "POST" and ("move" in page.asked or "day" in page.asked):
        return _open(page)
    wanted = {"book": _book, "hold": _hold}.get(request.POST.get("do", ""), _find)
    return wanted(page)


@require_POST
def release(request: StaffRequest) -> HttpResponse:
    """Gives back what was held, when somebody leaves the booking page by its button."""
    held = key_of(request.POST.get("held", ""))
    if held is not None:
        courses.release(held=held, by=request.user, now=clock.now())
    return HttpResponseRedirect(reverse("patient", args=[_patient(request.POST.get("patient", "")).pk]))


def _page(request: StaffRequest, patient: Patient) -> Page:
    instead = _instead(request)
    at = sites.of(request, preferred=patient.site_id, named=instead.get("site"))
    now = clock.now()
    today = clock.local(now, at.chosen.zone).date()
    asked = _asked(request, today, instead)
    if "site" in instead:
        asked["site"] = at.chosen.code
    offers = _offers(request)
    initial = {name: asked.getlist(name) if name in _SEVERAL else asked[name] for name in KEPT if name in asked}
    # the page may ask by itself before a protocol is chosen: then there is nothing to be wrong yet
    is_sent = "protocol" in asked or ("quiet" not in asked and request.method == "POST")
    form = BookingForm(
        asked if is_sent else None,
        site=at.chosen,
        offers=offers,
        today=today,
        people=_people(at, asked.get("protocol", ""), offers),
        initial=initial,
    )
    page = Page(request, at, patient, form, asked, key=request.POST.get("key") or str(uuid7()), now=now)
    page.hold = key_of(request.POST.get("held", ""))
    page.begins = WishedBeginning.read(str(asked["first"]), at.chosen) if asked.get("first") else None
    return page


_SEVERAL = ("weekdays", "people", "escort_days", "pin")


def _instead(request: StaffRequest) -> dict[str, Any]:
    """The fix that was pressed, if any."""
    try:
        found = json.loads((request.POST if request.method == "POST" else request.GET).get("instead", ""))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _asked(request: StaffRequest, today: date, instead: Mapping[str, Any]) -> QueryDict:
    """What the form or the address says; a fix that was pressed takes the place of the wishes it changes."""
    asked = (request.POST if request.method == "POST" else request.GET).copy()
    asked.setdefault("start_on", today.isoformat()) if request.method == "GET" and "protocol" in asked else None
    try:
        fields = as_fields(date.fromisoformat(instead["start_on"]), instead["wishes"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return asked
    for name, values in fields.items():
        asked.setlist(name, values)
    return asked


def _find(page: Page) -> HttpResponse:
    """Looks for a plan and shows it; nothing is stored."""
    if not page.form.is_valid():
        return page.answer()
    try:
        page.pinned = [read_pin(text) for text in page.asked.getlist("pin") if text]
        put = _put(page)
        stood = page.before.placed if page.before is not None and put is not None else ()
        page.proposal = _proposed(page, put, stood)
    except InvalidInput as error:
        if isinstance(error, OldPlan):
            page.refused, page.plan, page.pinned = error, page.before, []
        else:
            page.form.take(error, FIELDS)
    except DomainError as error:
        _refuse(page, error)
    else:
        plan = ShownPlan.of(page.proposal, patient=page.patient.pk)
        page.plan = plan.chosen(page.choice, page.proposal) if page.choice != BEST else plan
        page.key = str(uuid7())
        page.found_now = True
        if put is not None:
            page.pinned = [*(pin for pin in page.pinned if pin.key != put[0]), *_placed(page.plan, put[0])]
    return page.answer()


def _proposed(page: Page, put: tuple[str, datetime] | None, stood: Sequence[courses.Placed]) -> courses.Proposal:
    """The plan; from where it is wished to begin, if a whole course can begin there."""

    def propose(begin: Beginning | None) -> courses.Proposal:
        return courses.propose(
            **_wanted(page),
            patient=page.patient,
            alternatives=ALTERNATIVES if put is None and page.wants_others else 0,
            adjusted=Adjusted(page.pinned, put, stood, begin),
            held=page.hold,
            explained=page.wants_why,
        )

    wished = page.begins
    if wished is None or put is not None or page.pinned:
        return propose(None)
    try:
        found = propose(wished.begin)
    except (RulesBroken, InvalidInput) as error:
        page.not_begun = f"It cannot begin at that time. {error.message}"
        return propose(None)
    if found.complete:
        page.not_begun = wished.missed(found)
        return found
    page.not_begun = "Not every visit fits if it begins at that time: this plan begins at another."
    return propose(None)


def _refuse(page: Page, error: DomainError) -> None:
    """A visit cannot be where it was put, or a locked one not where it is: the plan stays as it was."""
    page.refused, page.plan = error, page.before
    page.problems = _problems(error)
    put = _put(page)
    key = put[0] if put is not None else error.detail.get("visit", "")
    if page.before is not None and key:
        page.why = _why(page, page.before, key, error, put[1] if put is not None else None)


def _why(page: Page, plan: ShownPlan, key: str, error: DomainError, at: datetime | None) -> why_not.WhyNot | None:
    """What stands against one visit of the plan, and where it could be instead."""
    visit = plan.visit(key)
    if visit is None or not (at or visit.starts_at):
        return None
    starts_at = at or datetime.fromisoformat(visit.starts_at)
    explained = None
    try:
        explained = reasons.for_proposal(
            **_wanted(page),
            patient=page.patient,
            visit=key,
            starts_at=starts_at,
            resources={} if at is not None else {role: values[0] for role, values in visit.resources.items()},
            visits=plan.placed,
            held=page.hold,
        )
    except DomainError:
        explained = None  # the refusal itself is told all the same
    return why_not.of_visit(
        visit.label,
        starts_at,
        zone=page.at.chosen.zone,
        error=error,
        explained=explained,
        by=page.request.user,
        minutes=visit.minutes,
        now=page.now,
        sends=f"{key}~",
    )


def _open(page: Page) -> HttpResponse:
    """Shows at which times of a day one visit of the plan could be instead."""
    page.plan = page.before
    key, _, day = (page.asked.get("day") or page.asked.get("move", "")).partition("~")
    visit = page.before.visit(key) if page.before is not None else None
    if page.before is None or visit is None or not page.form.is_valid():
        return _find(page)
    zone = page.at.chosen.zone
    try:
        page.pinned = [read_pin(text) for text in page.asked.getlist("pin") if text]
        on = date.fromisoformat(day) if day else _day_of(visit.starts_at, page)
        found = starts.for_proposal(
            **_wanted(page),
            patient=page.patient,
            visit=key,
            on=on,
            visits=page.before.placed,
            pinned=[pin.key for pin in page.pinned],
            held=page.hold,
        )
    except (ValueError, DomainError):
        return _find(page)
    page.times = Times.of(key, on, found, zone=zone, today=page.form.today)
    return page.answer()


def _day_of(starts_at: str, page: Page) -> date:
    if starts_at:
        return clock.local(datetime.fromisoformat(starts_at), page.at.chosen.zone).date()
    start_on: date = page.form.cleaned_data["start_on"]
    return start_on


def _hold(page: Page) -> HttpResponse:
    """Holds the places of the plan for ten minutes, so that colleagues see who is booking there."""
    page.plan, page.pinned = page.before, _pins(page)
    if page.plan is None or not page.form.is_valid():
        return _find(page)
    try:
        version = _as_shown(page, page.plan)
        held = courses.hold(
            **_wanted(page) | {"protocol_version": version},
            patient=page.patient,
            visits=page.plan.placed,
            instead_of=page.hold,
        )
    except DomainError as error:
        page.refused, page.problems = error, _problems(error)
        page.why = _why(page, page.plan, error.detail.get("visit", ""), error, None)
    else:
        page.hold = held.change_set.pk
    return page.answer()


def _book(page: Page) -> HttpResponse:
    """Books exactly the plan that was shown. Whatever hinders it, the form and the plan stay."""
    page.pinned = _pins(page)
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
        if page.plan is not None and page.form.is_valid() and isinstance(error, Taken):
            page.why = _why(page, page.plan, error.detail.get("visit", ""), error, None)
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
        held=page.hold,
    )
    return {"course": str(booked.course.pk)}


def _wanted(page: Page) -> dict[str, Any]:
    """What every action about this course is told; only of a form in which everything is right."""
    return {
        "protocol_version": page.form.version,
        "site": page.at.chosen,
        "start_on": page.form.cleaned_data["start_on"],
        "wishes": page.form.wishes,
        "by": page.request.user,
        "now": page.now,
    }


def _put(page: Page) -> tuple[str, datetime] | None:
    """Which visit shall be where. Raises ``OldPlan`` for what no button sends."""
    text = page.asked.get("put", "")
    if not text:
        return None
    key, _, at = text.partition("~")
    try:
        return key, datetime.fromisoformat(at)
    except ValueError:
        raise OldPlan("This time could not be read. Choose it again.") from None


def _pins(page: Page) -> list[courses.Placed]:
    try:
        return [read_pin(text) for text in page.asked.getlist("pin") if text]
    except OldPlan:
        return []


def _placed(plan: ShownPlan, key: str) -> list[courses.Placed]:
    return [each for each in plan.placed if each.key == key]


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


def _read_plan(text: str) -> ShownPlan | None:
    """The plan the form came with; None where there is none, or none that can be read."""
    try:
        return ShownPlan.read(text) if text else None
    except OldPlan:
        return None


def _patient(text: str) -> Patient:
    key = key_of(text)
    found = Patient.objects.present().select_related("site").filter(pk=key).first() if key is not None else None
    if found is None:
        raise NotFound("There is no such patient.")
    return found


def _offers(request: StaffRequest) -> list[Offer]:
    """The newest version of every protocol on offer, by title, those booked last by this user first. One query."""
    mine = Course.objects.filter(booked_by=request.user, protocol_version__protocol=OuterRef("protocol"))
    newest = (
        ProtocolVersion.objects.filter(protocol__is_active=True)
        .select_related("protocol", "published_by")
        .annotate(used_at=Subquery(mine.order_by("-created_at").values("created_at")[:1]))
        .order_by("protocol_id", "-number")
        .distinct("protocol_id")
    )
    offers = sorted((Offer(version) for version in newest), key=lambda offer: offer.title)
    return sorted(offers, key=lambda offer: offer.used_at or NEVER, reverse=True)


NEVER = datetime.min.replace(tzinfo=UTC)


def _people(at: sites.Sites, key: str, offers: list[Offer]) -> list[tuple[str, str]]:
    """Those who can fill a role of the protocol that is chosen. One query, and none before one is."""
    offer = next((each for each in offers if each.key == key), None)
    if offer is None:
        return []
    skills = {
        skill
        for visit_type in offer.version.document.get("visit_types", {}).values()
        for need in visit_type.get("needs", [])
        if need.get("kind") == Kind.PERSON
        for skill in need.get("skills", [])
    }
    people = Resource.objects.filter(site=at.chosen, kind=Kind.PERSON, is_active=True, skills__code__in=skills)
    return [(str(person.pk), person.name) for person in people.distinct().order_by("name")]
