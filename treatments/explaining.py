"""Why a course does not fit or a visit cannot be somewhere, and what would help, from the planner's answers to words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from treatments.planning import PlannedVisit, Proposal, Question
from treatments.protocols.wishes import Wishes

if TYPE_CHECKING:
    from scheduler.engine.answer import Plan, Reason
    from scheduler.engine.request import Placement, PlanRequest
    from treatments.protocols.compile import Compiled
    from treatments.protocols.remedies import Explanation, OtherSite

LATER = (timedelta(weeks=4), timedelta(weeks=8))
"""How much later a course that does not fit is tried: the planner looks four weeks ahead for the first visit by itself."""


@dataclass(frozen=True, slots=True)
class Against:
    """One reason against a place. ``visits`` are keys, ``resources`` ids; ``rule`` is the rule's place in the document.

    ``hard`` reasons forbid the place, the others say what it gives up. ``amount`` is days or minutes, as the code implies.
    ``told`` is what the patient may be told, by language. ``overridable``: the clinic lets this rule be overridden.
    """

    code: str
    family: str
    hard: bool
    message: str
    told: Mapping[str, str]
    visits: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    rule: str = ""
    role: str | None = None
    amount: int | None = None
    overridable: bool = False


@dataclass(frozen=True, slots=True)
class PlaceExplained:
    """What stands against a visit at a time, hard reasons first, and where it could be instead, nearest first.

    Every other place was checked against all rules and calendars with the rest of the course where it is.
    """

    visit: str
    label: str
    starts_at: datetime
    zone: str
    """Of the site, for wall-clock times."""
    reasons: tuple[Against, ...]
    nearest: tuple[PlannedVisit, ...]

    @property
    def possible(self) -> bool:
        """Whether it can be there."""
        return not any(reason.hard for reason in self.reasons)


def place(
    question: Question,
    others: Sequence["Placement"],
    *,
    key: str,
    start: int,
    resources: Mapping[str, str],
    current: Mapping[str, str] | None = None,
    present: "Placement | None" = None,
) -> PlaceExplained:
    """What stands against a visit at a slot while ``others`` stay where they are.

    ``resources`` names who or what shall fill which role. ``current`` are those of the visit today, which are preferred
    for other places where ``resources`` names none. ``present`` is where it is booked: that is no other place.
    """
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.explain import why_not
    from scheduler.engine.nearest import MOST, nearest

    found = why_not(question.request, others, key, start, dict(resources))
    ways: tuple[Placement, ...] = ()
    if any(reason.hard for reason in found):
        near = nearest(question.request, others, key, start, resources or current, most=MOST + (present is not None))
        ways = tuple(way for way in near if present is None or not _is_there(way, present))[:MOST]
    return PlaceExplained(
        visit=key,
        label=question.course[key].label,
        starts_at=question.request.grid.instant(start),
        zone=question.site.zone,
        reasons=tuple(against(question, reason, key) for reason in found),
        nearest=tuple(question.planned(way) for way in ways),
    )


def _is_there(way: "Placement", present: "Placement") -> bool:
    """Whether a place is the booked one; who only looks on is booked by nobody."""
    return way.start == present.start and set(present.resources) <= set(way.resources)


def against(question: Question, reason: "Reason", key: str) -> Against:
    """A reason of the planner in words, with its family."""
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols.families import family
    from treatments.protocols.overrides import may_be
    from treatments.protocols.told import told

    note = question.compiled.notes.get(reason.rule or "")
    return Against(
        code=reason.code.value,
        family=family(reason, visit=key, compiled=question.compiled).value,
        hard=reason.hard,
        message=question.sentence(reason, key),
        told=told(reason.code),
        visits=tuple(subject for subject in reason.subjects if subject in question.visits),
        resources=tuple(subject for subject in reason.subjects if subject in question.resources),
        rule=note.path if note is not None else "",
        role=reason.role,
        amount=reason.amount,
        overridable=reason.hard and may_be(question.compiled, reason, key),
    )


def proposal(
    question: Question,
    partial: "Plan",
    *,
    again: Callable[[date], Question | None],
    elsewhere: Callable[[], Iterable[Question]],
) -> Proposal:
    """A partial plan with what is to blame and what would help.

    ``again`` asks for the same course begun on another date, ``elsewhere`` at other sites. Where the search for the blame comes upon a complete plan
    after all, that is proposed.
    """

    def request_from(on: date) -> "PlanRequest | None":
        other = again(on)
        return None if other is None else other.request

    def requests_elsewhere() -> "Iterator[OtherSite]":
        # imported here: keeps web start-up light (numpy)
        from treatments.protocols.remedies import OtherSite

        for other in elsewhere():
            yield OtherSite(str(other.site.pk), other.site.name, other.request)

    found, plan = explanation(
        question.compiled,
        question.request,
        question.wishes,
        partial,
        names=question.names,
        start_on=question.start_on,
        again=request_from,
        elsewhere=requests_elsewhere,
    )
    return question.proposal(plan) if plan is not None else replace(question.proposal(partial), explanation=found)


def explanation(
    compiled: "Compiled",
    request: "PlanRequest",
    wishes: Wishes,
    partial: "Plan",
    *,
    names: Mapping[str, str],
    start_on: date,
    again: Callable[[date], "PlanRequest | None"],
    elsewhere: "Callable[[], Iterable[OtherSite]]" = tuple,
) -> tuple["Explanation", "Plan | None"]:
    """Why a course does not fit and what would help, or a complete plan where one turned up after all."""
    # imported here: keeps web start-up light (numpy, Pydantic)
    from scheduler.engine.blame import blame
    from scheduler.engine.concessions import concession
    from scheduler.engine.fixes import LeaveOut, fixes
    from treatments.protocols.remedies import Explanation, Remedies

    starts: list[tuple[date, PlanRequest]] = []
    sites: list[OtherSite] = []

    def begun_later() -> Iterator["PlanRequest"]:
        for later in LATER:
            on = max(start_on, wishes.start_on or start_on) + later
            other = again(on)
            if other is not None:
                starts.append((on, other))
                yield other

    def at_others() -> Iterator["PlanRequest"]:
        for other in elsewhere():
            sites.append(other)
            yield other.request

    remedies = Remedies(compiled, request, wishes, names, starts, sites)
    found = blame(request, groups=remedies.groups)
    if found.plan is not None:
        return Explanation(), found.plan
    leeway = replace(remedies.leeway(), starts=begun_later, sites=at_others)
    given = fixes(request, partial, found, leeway)
    told = Explanation(
        causes=remedies.causes(found),
        proved=found.proved,
        fixes=tuple(words for fix in given if (words := remedies.fix(fix)) is not None),
    )
    if all(isinstance(fix.change, LeaveOut) for fix in given):
        least = concession(request, found, leeway, groups=remedies.groups)
        told = replace(told, verdict=remedies.verdict(found, least), concessions=remedies.concessions(least))
    return told, None


def begun(start_on: date, wishes: dict[str, Any], on: date) -> dict[str, Any]:
    """The start and the wishes with which a course begins on another date."""
    wished = dict(wishes)
    if wished.get("start_on"):
        wished["start_on"] = on.isoformat()
    return {"start_on": max(start_on, on), "wishes": wished}
