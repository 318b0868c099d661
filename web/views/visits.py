"""Giving one visit of a course a time or another one: which times work, what else moves, and the press that does it."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from clinics.permissions import Permission, allows
from core import clock
from core.errors import DomainError, InvalidInput, NotFound
from scheduler.models import ChangeSet, Resource
from treatments.actions import reasons, starts
from treatments.actions.changes import Delay, Move, Place, Scope
from treatments.actions.starts import Start
from treatments.life.running import Running
from treatments.models import Visit
from treatments.queries import courses as reading
from web import why_not, words
from web.access import StaffRequest
from web.changing import Change, Extent
from web.forms.visits import TimeForm
from web.numbers import version_of
from web.visit_lines import VisitLine
from web.why_not import WhyNot

FIELDS = {"starts_at": "at", "days": "on", "override": "because"}
CARRIED = ("on", "at", "resource")
"""What the address of the page may say; it leads to the same page again."""


@require_http_methods(["GET", "POST"])
def move(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """Another time. With ``on`` the times of that day, with ``at`` too what the move does; a press does exactly that.

    With ``scope=later`` the visit waits until that day, and those after it wait with it. With ``override=1`` it is booked
    against rules that may be overridden.
    """
    return _Timing(request, visit_of(visit_id), again=True).answer()


@require_http_methods(["GET", "POST"])
def place(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """The same for a visit that has no time yet."""
    return _Timing(request, visit_of(visit_id), again=False).answer()


@require_GET
def next_time(request: StaffRequest, visit_id: UUID) -> HttpResponse:
    """Leads to the first time that keeps every rule, with what it does; nothing is changed by looking."""
    visit = visit_of(visit_id)
    found = starts.next_for_visit(visit=visit, by=request.user, now=clock.now())
    address = reverse("place-visit" if visit.appointment is None else "move-visit", args=[visit.pk])
    if found is None:
        messages.warning(request, "No time of the next 60 days keeps every rule while all other visits stay.")
        return HttpResponseRedirect(address)
    at = clock.local(found.starts_at, visit.course.site.zone)
    asked = urlencode({"on": at.date().isoformat(), "at": f"{at:%H:%M}"})
    return HttpResponseRedirect(f"{address}?{asked}#change")


@dataclass
class _Timing:
    """The page as it is built up while a request is answered."""

    request: StaffRequest
    visit: Visit
    again: bool
    running: Running | None = None

    def answer(self) -> HttpResponse:
        course, now = self.visit.course, clock.now()
        line = VisitLine.of_visit(self.visit, zone=course.site.zone)
        form = TimeForm(self._asked(), site=course.site, initial={"on": _usual_day(self.visit, line, now=now)})
        change: Change | None = None
        later: Delay | None = None
        if form.is_valid() and form.starts_at is not None:
            later = self._later(form.cleaned_data["on"], line)
            event: Delay | Move | Place = (
                later if later is not None and self.takes_later else self._event(form.starts_at)
            )
            change = Change(self.request, course, event, now)
            if self.request.method == "POST" and self.overrides and not form.cleaned_data["because"]:
                form.add_error("because", "Say why the rule is overridden.")
                change.look()
            elif self.request.method == "POST":
                done = change.carry_out(reason=form.cleaned_data["reason"])
                if done is not None:
                    return self._done(event, form.starts_at, done)
            else:
                change.running = self._running(now)
                change.look()
            if isinstance(change.refused, InvalidInput):
                form.take(change.refused, FIELDS)
                change = None
        on = form.cleaned_data.get("on") if form.is_bound else form.initial["on"]
        context = {
            "again": self.again,
            "form": form,
            "change": change,
            "why": self._why(change, form.starts_at, line, now) if change is not None else None,
            "extents": self._extents(change, later, form.starts_at, now) if change is not None else [],
            "instead": self._instead(change, form.starts_at, now) if change is not None else 0,
            "resource": self.resource,
            "overrides": self.overrides,
            "takes_later": isinstance(change.event, Delay) if change is not None else False,
            **self._times(on, form, now=now),
        }
        return page(self.request, "web/courses/move_visit.html", self.visit, line, context)

    def _asked(self) -> QueryDict | None:
        """What was typed, or what the address says. ``starts_at`` in an address is a date and a time in one."""
        if self.request.method == "POST":
            return self.request.POST
        if not any(name in self.request.GET for name in (*CARRIED, "starts_at")):
            return None
        asked = self.request.GET.copy()
        try:
            at = clock.local(datetime.fromisoformat(asked.get("starts_at", "")), self.visit.course.site.zone)
        except (ValueError, OverflowError):
            return asked if "on" in asked else None
        asked["on"], asked["at"] = at.date().isoformat(), f"{at:%H:%M}"
        return asked

    @cached_property
    def resource(self) -> Resource | None:
        """Who or what the address names."""
        try:
            key = UUID(self.request.POST.get("resource") or self.request.GET.get("resource", ""))
        except ValueError:
            return None
        return Resource.objects.filter(pk=key, site=self.visit.course.site).first()

    @property
    def overrides(self) -> bool:
        """Whether it is booked against rules that may be overridden."""
        return "override" in (self.request.POST or self.request.GET)

    def _event(self, starts_at: datetime) -> Move | Place:
        course, key = self.visit.course_id, self.visit.key
        override = self.request.POST.get("because", "").strip() if self.overrides else None
        if not self.again:
            return Place(course, key, starts_at, override=override)
        version = version_of(self.request) if self.request.method == "POST" else None
        return Move(course, key, starts_at, self._resources(), version=version, override=override)

    @property
    def takes_later(self) -> bool:
        """Whether the later visits shall wait as well."""
        return (self.request.POST.get("scope") or self.request.GET.get("scope")) == Scope.LATER

    def _later(self, on: date, line: VisitLine) -> Delay | None:
        """That this visit and those after it wait until ``on``; None where it goes to no later day."""
        if not self.again or line.starts is None or on <= line.starts.date():
            return None
        version = version_of(self.request) if self.request.method == "POST" else None
        return Delay(self.visit.course_id, self.visit.key, (on - line.starts.date()).days, version=version)

    def _extents(self, change: Change, later: Delay | None, starts_at: datetime | None, now: datetime) -> list[Extent]:
        """This visit alone, or the later ones with it, each with what it does; nothing where there is no choice."""
        if later is None or starts_at is None or self.overrides:
            return []
        days = words.count(later.days, "day")
        ways = (
            (Scope.THIS, self._event(starts_at), "This visit, others where they have to"),
            (Scope.LATER, later, f"This and the later ones, {days} on"),
        )
        found: list[Extent] = []
        for scope, event, text in ways:
            chosen = (scope == Scope.LATER) is self.takes_later
            other = Change(self.request, self.visit.course, event, now, running=self._running(now))
            ripple = change.ripple if chosen else other.look().ripple
            if ripple is not None:
                found.append(Extent(scope, text, ripple, chosen))
        same = len(found) == len(ways) and found[0].ripple.digest == found[1].ripple.digest
        return [] if same or all(each.chosen for each in found) else found

    def _instead(self, change: Change, starts_at: datetime | None, now: datetime) -> int:
        """How many rules would have to be overridden for the others to stay; 0 where they do, or it may not be."""
        ripple = change.ripple
        others = sum(len(group.lines) for group in ripple.groups) > 1 if ripple is not None else False
        if (
            not others
            or starts_at is None
            or self.overrides
            or not allows(self.request.user, Permission.OVERRIDE_RULES)
        ):
            return 0
        event = replace(self._event(starts_at), override="")
        other = Change(self.request, self.visit.course, event, now, running=self._running(now)).look().ripple
        return other.overridden if other is not None else 0

    def _resources(self) -> dict[str, str]:
        """The role in which what the address names takes part: that of its like in the visit as it is."""
        named = self.resource
        if named is None or self.visit.appointment is None:
            return {}
        taken = self.visit.appointment.allocations.all()
        roles = [each.role for each in taken if each.resource_id == named.pk]
        roles += [each.role for each in taken if each.resource.kind == named.kind]
        return {roles[0]: str(named.pk)} if roles else {}

    def _times(self, on: date | None, form: TimeForm, *, now: datetime) -> dict[str, Any]:
        """The starts of one day, in two groups."""
        if on is None or (form.is_bound and "on" in form.errors):
            return {"day": None}
        found: tuple[Start, ...] = ()
        try:
            found = starts.for_visit(visit=self.visit, on=on, by=self.request.user, now=now, running=self._running(now))
        except DomainError as error:
            if form.is_bound and not form.errors:
                form.take(error, {"starts_at": "on"})
            return {"day": None}
        zone = self.visit.course.site.zone
        today = clock.local(now, zone).date()
        return {
            "day": on,
            "keeping": [self._time(each, zone) for each in found if each.keeps],
            "moving": [self._time(each, zone) for each in found if not each.keeps and not each.against],
            "against": [self._time(each, zone) for each in found if each.against],
            "earlier": self._day(on - timedelta(days=1)) if on > today else None,
            "later": self._day(on + timedelta(days=1)),
        }

    def _running(self, now: datetime) -> Running:
        """The course, read once for all that the page shows of it."""
        if self.running is None:
            self.running = Running.read(self.visit.course_id, now=now)
        return self.running

    def _time(self, start: Start, zone: str) -> dict[str, str]:
        """A link that shows what this time does."""
        named, at = self.resource, clock.local(start.starts_at, zone)
        asked = {"on": at.date().isoformat(), "at": f"{at:%H:%M}"}
        asked |= {"resource": str(named.pk)} if named else {}
        asked |= {"override": "1"} if start.against else {}
        return {"words": words.clock(at.time()), "href": f"?{urlencode(asked)}#change"}

    def _day(self, on: date) -> dict[str, str]:
        named = self.resource
        asked = {"on": on.isoformat()} | ({"resource": str(named.pk)} if named else {})
        return {"words": words.short_day(on), "href": f"?{urlencode(asked)}#times"}

    def _why(self, change: Change, starts_at: datetime | None, line: VisitLine, now: datetime) -> WhyNot | None:
        if change.refused is None or starts_at is None or isinstance(change.event, Delay):
            return None
        explained = None
        with suppress(DomainError):  # the refusal itself is told all the same
            explained = reasons.for_visit(
                visit=self.visit, starts_at=starts_at, by=self.request.user, now=now, resources=self._resources()
            )
        return why_not.of_visit(
            self.visit.label,
            starts_at,
            zone=self.visit.course.site.zone,
            error=change.refused,
            explained=explained,
            by=self.request.user,
            minutes=line.minutes,
            now=now,
            standing=self.visit.appointment.starts_at if self.visit.appointment is not None else None,
        )

    def _done(self, event: Delay | Move | Place, starts_at: datetime, done: ChangeSet) -> HttpResponse:
        at = clock.local(starts_at, self.visit.course.site.zone)
        if isinstance(event, Delay):
            moved = words.count(done.lines.count(), "visit is", "visits are")
            said = f"{self.visit.label} and what comes after it: {moved} moved."
        else:
            became = "moved to" if self.again else "booked on"
            said = f"{self.visit.label} is {became} {words.day(at.date())}, {words.clock(at.time())}."
        messages.success(self.request, said)
        return to_course(self.visit)


def _usual_day(visit: Visit, line: VisitLine, *, now: datetime) -> date:
    """The day whose times are shown first: that of the visit, else the first of its course; never one that is over."""
    today = clock.local(now, visit.course.site.zone).date()
    if line.starts is not None:
        return max(today, line.starts.date())
    on: date = max(today, visit.course.start_on)
    return on


def page(request: StaffRequest, template: str, visit: Visit, line: VisitLine, context: dict[str, Any]) -> HttpResponse:
    """A page about one visit, with the status that fits what happened."""
    shown = {
        "section": "patients",
        "visit": visit,
        "line": line,
        "course": visit.course,
        "patient": visit.course.patient,
        "version": request.POST.get("version") or (visit.appointment.version if visit.appointment else ""),
    }
    change: Change | None = context.get("change")
    status = 200
    if context["form"].errors:
        status = 422
    elif change is not None and (change.refused is not None or change.is_outdated):
        status = 409
    return render(request, template, shown | context, status=status)


def visit_of(visit_id: UUID) -> Visit:
    """The visit with everything its pages show: two queries. Raises ``NotFound``."""
    found = (
        reading.visits()
        .select_related("course__patient", "course__site", "course__protocol_version__protocol", "appointment")
        .filter(pk=visit_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such visit.")
    return found


def to_course(visit: Visit) -> HttpResponse:
    """To the visit on the page of its course."""
    return HttpResponseRedirect(f"{reverse('course', args=[visit.course_id])}#visit-{visit.pk}")
