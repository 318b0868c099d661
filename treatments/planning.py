"""From a protocol, a start and wishes to the planner's question, and from its answer to a proposal in words.

The one place where a course meets the planner and the calendars. Reads only, in a fixed number of queries.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from clinics.models import Patient, Site
from core import clock
from core.errors import InvalidInput
from scheduler.engine.answer import Reason
from scheduler.engine.request import Placement, PlanRequest
from scheduler.models import Resource
from scheduler.queries import calendars
from treatments.models import ProtocolVersion
from treatments.protocols.wishes import Wishes, WishesError
from treatments.queries import counts

if TYPE_CHECKING:
    from scheduler.engine.answer import Plan
    from scheduler.engine.request import Visit
    from treatments.protocols.compile import Compiled, Past
    from treatments.protocols.rulebook import CourseVisit
    from treatments.protocols.schema import Protocol

NOTICE = timedelta(hours=1)
"""No visit is planned to start sooner than this. People may choose an earlier start: they know who is there already."""
NOT_CHOSEN = "It was left out when the course was booked, though there was a place for it."
AHEAD = timedelta(days=731)
"""No course starts later than this: two years, one of them a leap year."""
LONGEST_DAYS = 1100
"""No course is planned over more days; it bounds the work a document and wishes can ask for."""


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One visit of a proposal: where it would be and why, or why it found no place.

    ``resources`` maps role to resource. ``notes`` says in words what this place gives up. With ``starts_at`` None the
    visit is unplaced and ``unplaced`` holds the reasons as sentences.
    """

    key: str
    label: str
    family: str
    minutes: int
    starts_at: datetime | None
    ends_at: datetime | None
    resources: dict[str, Resource]
    reason: str
    notes: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan for a course that is not booked yet; nothing is stored.

    ``visits`` are in order of time, those without a place last.
    """

    protocol_version: ProtocolVersion
    site: Site
    start_on: date
    wishes: dict[str, object]
    visits: tuple[PlannedVisit, ...]
    cost: int
    bound: int | None

    @property
    def complete(self) -> bool:
        """Whether every visit has a place."""
        return all(visit.starts_at is not None for visit in self.visits)


@dataclass(frozen=True)
class Question:
    """A course as the planner is asked for it, with everything its answer is read with."""

    protocol_version: ProtocolVersion
    site: Site
    start_on: date
    wishes: Wishes
    compiled: "Compiled"
    request: PlanRequest
    resources: Mapping[str, Resource] = field(repr=False)
    """All resources of the site by id, those switched off too."""
    taken: Mapping[str, Mapping[date, int]] = field(default_factory=dict, repr=False)
    """For visit types and local dates: the starts of other courses, where the protocol limits them."""

    @cached_property
    def course(self) -> Mapping[str, "CourseVisit"]:
        """The visits as people know them, by key, in the order of the protocol."""
        return {visit.key: visit for visit in self.compiled.course}

    @cached_property
    def visits(self) -> Mapping[str, "Visit"]:
        """The visits as the planner knows them, by key."""
        return {visit.key: visit for visit in self.request.visits}

    def placement(self, standing: "Standing") -> Placement:
        """Where a visit is, as the planner writes it."""
        return Placement(standing.key, self.request.grid.slot(standing.starts_at), standing.resources)

    def sentence(self, reason: Reason, visit: str) -> str:
        """A reason of the planner about a visit, in words, with the names of resources."""
        # imported here: keeps web start-up light (Pydantic)
        from treatments.protocols import phrases

        return phrases.sentence(reason, visit=visit, compiled=self.compiled, names=self.names)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What the resources are called, by id."""
        return {key: resource.name for key, resource in self.resources.items()}

    def left_out(self, placements: tuple[Placement, ...]) -> dict[str, tuple[str, ...]]:
        """For each visit that these placements leave out, why it found no place beside them, as sentences."""
        if len(placements) == len(self.request.visits):
            return {}
        plan = best(replace(self, request=replace(self.request, fixed=placements)))
        reasons = {each.visit: self._sentences(each.reasons, each.visit) for each in plan.unplaced}
        chosen = {placement.visit for placement in placements}
        return {key: reasons.get(key, (NOT_CHOSEN,)) for key in self.visits if key not in chosen}

    def proposal(self, plan: "Plan") -> Proposal:
        """A plan in words, with its instants and resources."""
        reasons = {each.visit: self._sentences(each.reasons, each.visit) for each in plan.unplaced}
        placed = [self._placed(placement, plan.notes.get(placement.visit, ())) for placement in plan.placements]
        left = [self._unplaced(visit, reasons[visit.key]) for visit in self.compiled.course if visit.key in reasons]
        return Proposal(
            protocol_version=self.protocol_version,
            site=self.site,
            start_on=self.start_on,
            wishes=self.wishes.to_json(),
            visits=(*placed, *left),
            cost=plan.cost.total,
            bound=plan.bound,
        )

    def _placed(self, placement: Placement, notes: tuple[Reason, ...]) -> PlannedVisit:
        visit = self.course[placement.visit]
        starts_at = self.request.grid.instant(placement.start)
        return PlannedVisit(
            key=visit.key,
            label=visit.label,
            family=visit.family,
            minutes=visit.minutes,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=visit.minutes),
            resources={role: self.resources[resource] for role, resource in placement.resources},
            reason=visit.reason,
            notes=self._sentences(notes, visit.key),
        )

    def _unplaced(self, visit: "CourseVisit", reasons: tuple[str, ...]) -> PlannedVisit:
        return PlannedVisit(
            key=visit.key,
            label=visit.label,
            family=visit.family,
            minutes=visit.minutes,
            starts_at=None,
            ends_at=None,
            resources={},
            reason=visit.reason,
            unplaced=reasons,
        )

    def _sentences(self, reasons: Sequence[Reason], visit: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.sentence(reason, visit) for reason in reasons))


def read_wishes(data: object) -> Wishes:
    """The patient's wishes from what a surface was sent.

    Raises ``InvalidInput``.
    """
    try:
        wishes = Wishes.from_json(data)  # type: ignore[arg-type]  # it says itself what it cannot read
    except WishesError as error:
        name, separator, _ = str(error).partition(":")
        pointer = f"wishes/{name}" if separator and name != "wishes" else "wishes"
        raise InvalidInput(f"{str(error).partition(': ')[2] or error}.".capitalize(), pointer=pointer) from error
    return wishes


def ask(
    *,
    protocol_version: ProtocolVersion,
    site: Site,
    start_on: date,
    wishes: Wishes,
    now: datetime,
    patient: Patient | None = None,
    notice: timedelta = NOTICE,
) -> Question:
    """What the planner is asked about a new course. Eleven queries, and one more each for caps and for daily loads.

    Raises ``InvalidInput`` for a start in the past or more than two years ahead.
    """
    today = clock.local(now, site.zone).date()
    for pointer, wanted in (("start_on", start_on), ("wishes/start_on", wishes.start_on or start_on)):
        if wanted < today:
            raise InvalidInput(f"The course cannot start before today, {today:%-d %B %Y}.", pointer=pointer)
        if wanted > today + AHEAD:
            raise InvalidInput("The course cannot start more than two years ahead.", pointer=pointer)
    before = past(protocol_version, patient, first_on=start_on)
    return asked(
        protocol_version=protocol_version,
        site=site,
        patient=patient,
        start_on=start_on,
        wishes=wishes,
        compiled=compiled(protocol_version, start_on=start_on, wishes=wishes, past=before),
        from_at=now + notice,
        reach_on=start_on,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit of a course that has its place already: when, and who or what fills which role."""

    key: str
    starts_at: datetime
    resources: tuple[tuple[str, str], ...]


def best(question: Question) -> "Plan":
    """The best plan the planner finds, possibly a partial one."""
    # imported here: keeps web start-up light
    from scheduler.engine.plan import plan

    return plan(question.request).best


def asked(
    *,
    protocol_version: ProtocolVersion,
    site: Site,
    patient: Patient | None,
    start_on: date,
    wishes: Wishes,
    compiled: "Compiled",
    from_at: datetime,
    reach_on: date,
    now: datetime,
    moving: Collection[UUID] = (),
    own: Collection[UUID] = (),
) -> Question:
    """The planner's question about a compiled course, over the calendars as they are now. Eleven queries.

    No visit starts before ``from_at``; the calendars reach to ``reach_on`` at least. ``moving`` are appointments whose
    places count as free, ``own`` those in which the patient is not elsewhere. One query more for daily loads.
    """
    reach = (reach_on - compiled.start_on).days + 1
    days = min(max(compiled.horizon_days, reach), LONGEST_DAYS)
    grid = calendars.grid(site, first_on=compiled.start_on, days=days)
    busy = calendars.patient_busy(patient, grid, now=now, without=own) if patient is not None else ()
    taken = counts.starts_by_day(protocol_version, site, first_on=grid.first_on, days=days, without=own)
    request = compiled.request(
        grid=grid,
        calendars=calendars.calendars(site, grid, now=now, without=moving),
        open_days=calendars.open_days(site, grid),
        not_before=max(0, grid.slot_after(from_at)),
        patient_busy=busy,
        taken=taken,
    )
    resources = {str(each.pk): each for each in Resource.objects.filter(site=site)}
    return Question(protocol_version, site, start_on, wishes, compiled, request, resources, taken)


def past(
    protocol_version: ProtocolVersion, patient: Patient | None, *, first_on: date, own: Collection[UUID] = ()
) -> "Past | None":
    """What counts for a course from ``first_on`` on although it lies outside it. One query, where there are caps."""
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols.compile import Past

    if patient is None:
        return None
    return Past(history=counts.history(protocol_version, patient, first_on=first_on, days=LONGEST_DAYS, without=own))


def compiled(
    protocol_version: ProtocolVersion,
    *,
    start_on: date,
    wishes: Wishes,
    extra: Sequence[Mapping[str, Any]] = (),
    past: "Past | None" = None,
) -> "Compiled":
    """The visits and rules of a course. ``extra`` are those beyond the protocol, as the course keeps them."""
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols import extras
    from treatments.protocols.compile import compile as made

    found = extras.read(extra)
    course = made(
        document(protocol_version), start_on=start_on, wishes=wishes, more=extras.at_the_end(found), past=past
    )
    return extras.with_extras(course, found)


def is_wish(rule: str) -> bool:
    """Whether the rule with this key comes from the patient's wishes, not from the protocol."""
    return rule == "start" or rule.startswith("wish.")


def document(protocol_version: ProtocolVersion) -> "Protocol":
    """What a version says."""
    return _document(json.dumps(protocol_version.document))


@lru_cache(maxsize=64)
def _document(text: str) -> "Protocol":
    """A stored document, read; the last few are kept, as a version never changes."""
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols.reading import from_json

    return from_json(json.loads(text))
