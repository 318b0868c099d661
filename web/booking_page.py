"""The booking page of one patient as it is built up while a request is answered, and what it shows of a plan."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from clinics.models import Patient
from core import clock
from core.errors import DomainError
from scheduler.queries.holds import held_until
from treatments.actions.courses import Placed, Proposal
from treatments.actions.starts import Start
from treatments.queries import readiness
from web import sites, words
from web.access import STATUS, StaffRequest
from web.beginnings import WishedBeginning
from web.forms.booking import BookingForm, in_words
from web.plans import ShownPlan
from web.ripples import reachable, told_by
from web.why_not import WhyNot

ALTERNATIVES = 3
BEST = "best"
NAMES = {
    BEST: "Best overall",
    "earliest_finish": "Earliest finish",
    "same_time": "Same weekday and time",
    "fewest_trips": "Fewest trips",
    "other_person": "Other people",
    "other_start": "Another start",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One of the plans that were found: the best one, or an alternative with its price."""

    kind: str
    name: str
    price: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Times:
    """The starts of one day for one visit of the plan. ``keeping`` and ``moving`` are pairs of words and what is sent."""

    visit: str
    on: date
    keeping: tuple[tuple[str, str], ...]
    moving: tuple[tuple[str, str], ...]
    earlier: date | None
    later: date

    @classmethod
    def of(cls, visit: str, on: date, found: Sequence[Start], *, zone: str, today: date) -> "Times":
        """As they are sent: the visit and the instant."""
        local = [(clock.local(start.starts_at, zone), start) for start in found]
        sent = [(words.clock(at.time()), f"{visit}~{start.starts_at.isoformat()}", start.keeps) for at, start in local]
        return cls(
            visit=visit,
            on=on,
            keeping=tuple((text, value) for text, value, keeps in sent if keeps),
            moving=tuple((text, value) for text, value, keeps in sent if not keeps),
            earlier=date.fromordinal(on.toordinal() - 1) if on > today else None,
            later=date.fromordinal(on.toordinal() + 1),
        )


@dataclass
class Page:
    """What is known so far. ``before`` is the plan that the form came with, ``why`` a place that was refused."""

    request: StaffRequest
    at: sites.Sites
    patient: Patient
    form: BookingForm
    asked: QueryDict
    key: str
    now: datetime
    plan: ShownPlan | None = None
    before: ShownPlan | None = None
    proposal: Proposal | None = None
    pinned: list[Placed] = field(default_factory=list)
    times: Times | None = None
    why: WhyNot | None = None
    refused: DomainError | None = None
    problems: dict[str, tuple[str, ...]] = field(default_factory=dict)
    found_now: bool = False
    hold: UUID | None = None
    begins: WishedBeginning | None = None
    not_begun: str = ""
    """Why the plan does not begin as wished."""

    @property
    def is_quiet(self) -> bool:
        """Whether the page asks by itself, while somebody is still at the wishes: the focus stays where it is."""
        return "quiet" in self.asked

    @property
    def wants_others(self) -> bool:
        """Whether other plans are asked for: they take many times as long as the best, so the best comes first."""
        return "others" in self.asked or self.asked.get("choice", BEST) != BEST

    @property
    def wants_why(self) -> bool:
        """Whether to say why not every visit fits: that takes longer than the plan, so a script asks for it afterwards."""
        return "why" in self.asked or not self._is_by_script

    @property
    def _is_by_script(self) -> bool:
        return bool(self.request.headers.get("HX-Request"))

    @property
    def choice(self) -> str:
        """Which of the plans is looked at."""
        asked = self.asked.get("choice", BEST)
        known = [BEST, *(each.kind for each in self.proposal.alternatives)] if self.proposal else [BEST]
        return asked if asked in known else BEST

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
            "why": self.why,
            "found_now": self.found_now and not self.is_quiet,
            "said_now": self.found_now,
            "is_quiet": self.is_quiet,
            "today": self.form.today,
            "hold": self._hold(),
            "begins": self.begins,
            "not_begun": self.not_begun,
        }
        if self.plan is not None:
            context |= self._plan(self.plan)
        response = render(self.request, "web/courses/book.html", context, status=status)
        if self._is_by_script and self.form.is_bound:
            response["HX-Replace-Url"] = self.address
            if "why" in self.asked and self.plan is not None and not self.plan.unplaced:
                # a plan after all: not only the reasons are to be replaced
                response["HX-Retarget"] = response["HX-Reselect"] = "#booking"
        return response

    @property
    def address(self) -> str:
        """The address that leads to the same wishes again."""
        kept = QueryDict(mutable=True)
        for name in KEPT:
            values = [value for value in self.asked.getlist(name) if value]
            if values:
                kept.setlist(name, values)
        return f"{self.request.path}?{kept.urlencode()}"

    def _plan(self, plan: ShownPlan) -> dict[str, Any]:
        zone = self.at.chosen.zone
        placed = len(plan.visits) - plan.unplaced
        before = self.before if self.before is not None and self.before.version == plan.version else None
        rows = plan.rows(zone, before=before, pinned=[each.key for each in self.pinned], problems=self.problems)
        channels = reachable(self.patient)
        return {
            "plan": plan,
            "signed": plan.signed(),
            "rows": rows,
            "moved": sum(1 for row in rows if row.was is not None),
            "weeks": plan.weeks(zone),
            "asked": in_words(date.fromisoformat(plan.start_on), plan.wishes),
            "placed": placed,
            "press": _press(placed, plan.unplaced),
            "options": self._options(),
            "choice": self.asked.get("choice", BEST),
            "may_have_others": self.found_now and not self.wants_others and not plan.unplaced and not self.pinned,
            "times": self.times,
            "explanation": self.proposal.explanation if self.proposal is not None else None,
            "may_have_why": self.found_now and not self.wants_why and bool(plan.unplaced) and not self.pinned,
            "fixes": self._fixes(plan),
            "gates": self._gates(plan),
            "messages_now": len(channels),
            "told_by": told_by(channels),
        }

    def _options(self) -> list[Option]:
        if self.proposal is None or not self.proposal.alternatives:
            return []
        every = [(BEST, "")] + [(each.kind, each.price) for each in self.proposal.alternatives]
        return [Option(kind, NAMES.get(kind, kind), price, kind == self.choice) for kind, price in every]

    def _fixes(self, plan: ShownPlan) -> list[dict[str, str]]:
        """What would help, each with what its button asks for instead. To book a part is the press below anyway."""
        told = self.proposal.explanation if self.proposal is not None else None
        asked = {"start_on": plan.start_on, "wishes": plan.wishes}
        return [
            {"words": fix.message, "price": fix.price, "instead": json.dumps({**asked, **fix.instead})}
            for fix in (told.fixes if told is not None else ())
            if "partial" not in fix.instead
        ]

    def _gates(self, plan: ShownPlan) -> list[str]:
        """What has to be there before visits, in words; it is written down once the course is booked."""
        offer = next((each for each in self.form.offers.values() if str(each.version.pk) == plan.version), None)
        if offer is None or not offer.version.document.get("gates"):
            return []
        found: dict[str, None] = {}
        for gate in readiness.gates(offer.version):
            hours = int(gate.lead.total_seconds() // 3600)
            first = next((plan.visit(key) for key in gate.asks([visit.key for visit in plan.visits])), None)
            before = f", {words.count(hours, 'hour')} before" if hours else ", before"
            found[f"{gate.title}{before} {first.label if first is not None else 'it begins'}"] = None
        return list(found)

    def _hold(self) -> Mapping[str, Any] | None:
        if self.hold is None:
            return None
        until = held_until(self.hold, by=self.request.user, now=self.now)
        if until is None:
            return None
        return {"id": self.hold, "until": until, "clock": clock.local(until, self.at.chosen.zone).time()}


def _press(placed: int, unplaced: int) -> str:
    if unplaced:
        return f"Book {placed} and put {unplaced} on the work list"
    return f"Book {words.count(placed, 'visit')}"


KEPT = (
    "patient",
    "site",
    "protocol",
    "start_on",
    "first",
    "weekdays",
    "time_of_day",
    "not_on",
    "earliest",
    "latest",
    "per_week",
    "per_day",
    "people",
    "escort_days",
    "escort_until",
    "firm",
    "choice",
    "pin",
)
"""What the address of the page may say."""
