"""From a protocol, a start and wishes to the planner's question, and from its answer to a proposal in words.

The one place where a course meets the planner and the calendars. Reads only, in a fixed number of queries.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from clinics.models import Patient, Site
from core import clock
from core.errors import InvalidInput
from scheduler.engine.answer import Reason
from scheduler.engine.request import Placement, PlanRequest
from scheduler.models import Resource
from scheduler.queries import calendars
from treatments.models import Course, ProtocolVersion
from treatments.protocols import stored
from treatments.protocols.wishes import Wishes, WishesError
from treatments.queries import counts, readiness

if TYPE_CHECKING:
    from scheduler.engine.answer import Plan
    from scheduler.engine.request import Visit
    from treatments.protocols.compile import Compiled, Past
    from treatments.protocols.overrides import Overridden
    from treatments.protocols.remedies import Explanation
    from treatments.protocols.rulebook import CourseVisit

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
class Alternative:
    """Another plan for the same course, and how it differs from the best: ``price`` says what it gains and costs.

    ``kind``: earliest_finish, same_time, fewest_trips, other_person or other_start.
    """

    kind: str
    price: str
    cost: int
    visits: tuple[PlannedVisit, ...]


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
    explanation: "Explanation | None" = None
    """Why not every visit has a place, and what would help; None if every one has."""
    alternatives: tuple[Alternative, ...] = ()

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
        placed = [self.planned(placement, plan.notes.get(placement.visit, ())) for placement in plan.placements]
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

    def planned(self, placement: Placement, notes: tuple[Reason, ...] = ()) -> PlannedVisit:
        """A visit at a place, in words."""
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
    held: Collection[UUID] = (),
) -> Question:
    """What the planner is asked about a new course. Eight queries, and one more each for caps and for daily loads.

    Without ``notice`` it is about places that a person chose, at whatever time. ``held`` are appointments that hold places
    for this very course: they count as free.

    Raises ``InvalidInput`` for a start in the past or more than two years ahead.
    """
    today = clock.local(now, site.zone).date()
    for pointer, wanted in (("start_on", start_on), ("wishes/start_on", wishes.start_on or start_on)):
        if wanted < today:
            raise InvalidInput(f"The course cannot start before today, {today:%-d %B %Y}.", pointer=pointer)
        if wanted > today + AHEAD:
            raise InvalidInput("The course cannot start more than two years ahead.", pointer=pointer)
    before = past(protocol_version, patient, first_on=start_on)
    question = asked(
        protocol_version=protocol_version,
        site=site,
        patient=patient,
        start_on=start_on,
        wishes=wishes,
        compiled=compiled(protocol_version, start_on=start_on, wishes=wishes, past=before),
        from_at=now + notice,
        reach_on=start_on,
        now=now,
        moving=held,
        own=held,
    )
    if not notice:
        return question
    # nothing is there before the course is booked
    ready_at = readiness.earliest(protocol_version, question.visits, {}, now=now)
    return held_back(question, ready_at)


def held_back(question: Question, ready_at: Mapping[str, datetime]) -> Question:
    """The question in which visits wait for what has to be there before them.

    It holds for what the planner chooses. Who chooses a time in person may be sooner, and is told what is missing.
    """
    grid = question.request.grid
    visits = tuple(
        replace(visit, not_before=grid.slot_after(ready_at[visit.key])) if visit.key in ready_at else visit
        for visit in question.request.visits
    )
    return replace(question, request=replace(question.request, visits=visits))


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit of a course that has its place already: when, and who or what fills which role."""

    key: str
    starts_at: datetime
    resources: tuple[tuple[str, str], ...]


def alternatives(question: Question, plans: Sequence["Plan"]) -> tuple[Alternative, ...]:
    """The plans after the first, each compared with it."""
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols.alternatives import difference

    found = []
    for plan in plans[1:]:
        differs = difference(plans[0], plan, question.request.grid)
        visits = tuple(question.planned(each, plan.notes.get(each.visit, ())) for each in plan.placements)
        found.append(Alternative(differs.kind, differs.price, plan.cost.total, visits))
    return tuple(found)


def ranked(question: Question, *, alternatives: int) -> Sequence["Plan"]:
    """The best plan, possibly a partial one, and up to so many others if it is complete."""
    # imported here: keeps web start-up light
    from scheduler.engine.plan import plan

    return plan(question.request, alternatives=1 + alternatives).plans


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
    """The planner's question about a compiled course, over the calendars as they are now. Eight queries.

    No visit starts before ``from_at``; the calendars reach to ``reach_on`` at least. ``moving`` are appointments whose
    places count as free, ``own`` those in which the patient is not elsewhere. One query more for daily loads.
    """
    reach = (reach_on - compiled.start_on).days + 1
    days = min(max(compiled.horizon_days, reach), LONGEST_DAYS)
    grid = calendars.grid(site, first_on=compiled.start_on, days=days)
    busy = calendars.patient_busy(patient, grid, now=now, without=own) if patient is not None else ()
    taken = counts.starts_by_day(protocol_version, site, first_on=grid.first_on, days=days, without=own)
    opening = calendars.opening(site, grid)
    equipment = calendars.equipment(site)
    request = compiled.request(
        grid=grid,
        calendars=calendars.calendars(site, grid, now=now, without=moving, opening=opening, known=equipment),
        open_days=calendars.open_days(grid, opening),
        not_before=max(0, grid.slot_after(from_at)),
        patient_busy=busy,
        taken=taken,
    )
    resources = {str(each.pk): each for each, _ in equipment}
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
    course: Course | None = None,
    past: "Past | None" = None,
    overridden: "Collection[Overridden]" = (),
) -> "Compiled":
    """The visits and rules of a course. ``extra`` are those beyond the protocol, as the course keeps them.

    What was decided about ``course`` counts: blocks that became firm, distances that were changed, visits that were put
    off, each with what was made up for it. ``overridden`` rules do not hold for the visits that were booked against them.
    """
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols import extras, overrides, reopening
    from treatments.protocols.compile import compile as compile_course

    found = extras.read(extra)
    document = stored.document(protocol_version.document)
    made = compile_course(document, start_on=start_on, wishes=wishes, past=past, more=extras.at_the_end(found))
    made = reopening.opened_again(extras.with_extras(made, found), document, found)
    if course is None:
        return made
    delayed = {key: sum(days for days, _ in times) for key, times in course.delayed.items()}
    delayed |= {each.key: delayed[each.makes_up] for each in found if each.makes_up in delayed}
    made = reopening.decided(made, firm=course.firm, spacing=course.spacing, delayed=delayed)
    return overrides.against(made, overridden)


def is_wish(rule: str) -> bool:
    """Whether the rule with this key comes from the patient's wishes, not from the protocol."""
    return rule == "start" or rule.startswith("wish.")
