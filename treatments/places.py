"""Places for visits that a person chose: reading them, checking them against every rule, and booking what they take."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.errors import DomainError, InvalidInput, Unprocessable
from scheduler.actions.appointments import Booking, Take, Use
from scheduler.engine.answer import Code, Reason
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.request import Placement, Role, SameResource
from scheduler.engine.request import Use as Need
from treatments import overriding
from treatments.planning import AHEAD, Question
from treatments.protocols.overrides import Overridden, may_be

if TYPE_CHECKING:
    from scheduler.engine.availability import Availability

MOST_VISITS = 400
"""No course has more visits; it bounds what has to be read before anything is known to be wrong."""

_BOOKING = re.compile(r"bookings/(\d+)")

BUSY = (Code.RESOURCE_BUSY, Code.WATCH_FULL, Code.HANDS_TAKEN, Code.PATIENT_BUSY)
SWITCHED_OFF = "switched_off"
"""A problem that the planner cannot know: it is only told of resources in use."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit's place as chosen by a person who looked at a proposal: role to resource id."""

    key: str
    starts_at: datetime
    resources: dict[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a chosen place, in words. ``others_booking``: somebody else holds what it takes.

    ``overridable``: it is a rule that the clinic lets be overridden.
    """

    visit: str
    code: str
    message: str
    others_booking: bool = False
    overridable: bool = False

    def as_detail(self) -> dict[str, str]:
        """As it stands in ``RulesBroken.detail``."""
        return {"visit": self.visit, "code": self.code, "message": self.message}


class RulesBroken(Unprocessable):
    """A chosen place is against the protocol or the calendar. ``detail["problems"]``: list of {visit, code, message}.

    ``detail["overridable"]``: it is against nothing but rules that the clinic lets be overridden.
    """

    code = "rules_broken"


def broken(problems: Sequence[Problem]) -> RulesBroken:
    """The error that lists these problems."""
    more = f" There are {len(problems)} problems altogether." if len(problems) > 1 else ""
    return RulesBroken(
        f"{problems[0].message}{more}",
        detail={
            "problems": [problem.as_detail() for problem in problems],
            "overridable": all(problem.overridable for problem in problems),
        },
    )


def placements(question: Question, chosen: Sequence[Placed], *, now: datetime) -> tuple[Placement, ...]:
    """The chosen places as the planner writes them.

    Raises ``InvalidInput`` with a pointer such as ``visits/3/starts_at`` for unknown or repeated visits, roles left out
    or unknown, resources the site does not have, and instants without an offset, off the five-minute marks or absurd.
    """
    if len(chosen) > MOST_VISITS:
        raise InvalidInput(f"No course has more than {MOST_VISITS} visits.", pointer="visits")
    seen: set[str] = set()
    found = []
    for number, place in enumerate(chosen):
        at = f"visits/{number}"
        if place.key not in question.visits:
            raise InvalidInput("The protocol has no such visit.", pointer=f"{at}/key")
        if place.key in seen:
            raise InvalidInput("This visit is given twice.", pointer=f"{at}/key")
        seen.add(place.key)
        start = slot(question, place.starts_at, now=now, pointer=f"{at}/starts_at")
        resources = named(question, place.key, place.resources, pointer=f"{at}/resources")
        missing = [role.key for role in question.visits[place.key].roles if role.key not in resources]
        if missing:
            raise InvalidInput(f"Say who or what fills the role {missing[0]}.", pointer=f"{at}/resources/{missing[0]}")
        found.append(Placement(place.key, start, tuple(sorted(resources.items()))))
    return tuple(found)


def slot(question: Question, starts_at: datetime, *, now: datetime, pointer: str) -> int:
    """The planner's slot that begins at an instant.

    Raises ``InvalidInput``.
    """
    if starts_at.tzinfo is None:
        raise InvalidInput("Send the time with its offset from UTC.", pointer=pointer)
    if not now - AHEAD <= starts_at <= now + 2 * AHEAD:
        raise InvalidInput("This time is years away.", pointer=pointer)
    grid = question.request.grid
    found = grid.slot(starts_at)
    if grid.instant(found) != starts_at:
        raise InvalidInput(f"Choose a start on a {SLOT_MINUTES}-minute mark.", pointer=pointer)
    return found


def named(question: Question, key: str, resources: dict[str, str], *, pointer: str) -> dict[str, str]:
    """Role to resource id, as chosen for some or all roles of a visit.

    Raises ``InvalidInput`` for a role the visit does not have or a resource the site does not have.
    """
    roles = {role.key for role in question.visits[key].roles}
    for role, resource in resources.items():
        if role not in roles:
            raise InvalidInput("The visit has no such role.", pointer=f"{pointer}/{role}")
        if resource not in question.resources:
            raise InvalidInput("The site has no such resource.", pointer=f"{pointer}/{role}")
    return dict(resources)


def problems(question: Question, chosen: Sequence[Placement]) -> tuple[Problem, ...]:
    """Everything that is wrong with these places, in words; empty when they may be booked."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.check import check

    return tuple(problem(question, each.visit, each.reason) for each in check(question.request, chosen))


def problems_of_change(
    question: Question,
    key: str,
    start: int,
    filled: Mapping[str, str],
    before: Placement | None,
    *,
    free: "Availability | None" = None,
) -> tuple[Problem, ...]:
    """Everything that is wrong with a new place of one visit while the others stay, in words.

    What is wrong between the others is only told when the change brings it about: a course that has lost a visit can
    still be worked on. ``free`` is that of the request, for who tries many starts.
    """
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import rules
    from scheduler.engine.explain import why_not
    from scheduler.engine.schedule import Schedule

    request = question.request
    against = [reason for reason in why_not(request, request.fixed, key, start, dict(filled), free=free) if reason.hard]
    known = set(rules.findings(Schedule(request, [before] if before is not None else [])))
    after = Schedule(request, [Placement(key, start, tuple(sorted(filled.items())))])
    elsewhere = [
        finding
        for finding in rules.findings(after)
        if finding.reason.hard and finding not in known and rules.seen_from(finding, key) is None
    ]
    return (
        *(problem(question, key, reason) for reason in against),
        *(problem(question, each.visit, each.reason) for each in elsewhere),
    )


def fill(
    question: Question,
    key: str,
    start: int,
    named: Mapping[str, str],
    current: Mapping[str, str],
    *,
    free: "Availability | None" = None,
) -> dict[str, str]:
    """Role to resource id for a visit at a new start: those named, the current ones where free, else equal ones.

    A role that nobody free can fill is left out. Where a rule asks for the same resource in several visits, it is the one
    of the others or none. ``free`` is that of the request, for who tries many starts.
    """
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.availability import Availability, collide

    request, roles = question.request, {role.key: role for role in question.visits[key].roles}
    found = dict(named)
    if not 0 <= start < request.grid.slots:
        return found
    free = free or Availability(request)
    board = {calendar.id: number for number, calendar in enumerate(request.calendars)}
    for role in roles.values():
        if role.key in found:
            continue
        usual, required = _usual(question, key, role.key)
        wanted = [usual if required else current.get(role.key), usual]
        able = sorted(free.eligible(role), key=lambda each: (each != wanted[0], each != wanted[1], board[each]))
        for resource in able[:1] if required and usual is not None else able:
            clashes = any(
                resource == other and collide(role, start, roles[other_role], start)
                for other_role, other in found.items()
            )
            if free.role_starts(role, resource) >> start & 1 and not clashes:
                found[role.key] = resource
                break
    return found


def _usual(question: Question, key: str, role: str) -> tuple[str | None, bool]:
    """Who or what fills a role in the other visits of a continuity rule, and whether it has to."""
    for rule in question.request.rules:
        if isinstance(rule, SameResource) and rule.role == role and key in rule.visits:
            used = [dict(each.resources).get(role) for each in question.request.fixed if each.visit in rule.visits]
            known = [each for each in used if each is not None]
            if known:
                return max(known, key=known.count), rule.hard
    return None, False


def problem(question: Question, visit: str, reason: Reason) -> Problem:
    """A reason of the planner against a visit's place, in words."""
    off = [question.resources[key] for key in reason.subjects if key in question.resources]
    off = [resource for resource in off if not resource.is_active]
    if reason.code is Code.NO_RESOURCE and off:
        label = question.course[visit].label
        return Problem(visit, SWITCHED_OFF, f"{label}: {off[0].name} is switched off and cannot be booked.")
    own = any(subject in question.visits for subject in reason.subjects)
    message = question.sentence(reason, visit)
    return Problem(
        visit,
        reason.code.value,
        message,
        others_booking=reason.code in BUSY and not own,
        overridable=may_be(question.compiled, reason, visit),
    )


def booking(question: Question, placement: Placement) -> Booking:
    """What has to be booked for a visit at its place."""
    visit = question.visits[placement.visit]
    starts_at = question.request.grid.instant(placement.start)
    filled = dict(placement.resources)
    takes = [
        Take(
            resource=question.resources[filled[role.key]],
            role=role.key,
            starts_at=starts_at + timedelta(minutes=starts),
            ends_at=starts_at + timedelta(minutes=ends),
            use=use,
        )
        for role in visit.roles
        for starts, ends, use in _taken(role)
    ]
    return Booking(
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=visit.minutes),
        summary=summary(question, placement.visit),
        takes=tuple(takes),
    )


def _taken(role: Role) -> Iterable[tuple[int, int, Use]]:
    """The parts of a role that are booked; presence is only planned."""
    uses = {Need.EXCLUSIVE: Use.EXCLUSIVE, Need.HANDS_ON: Use.HANDS_ON, Need.SHARED: Use.SHARED}
    return ((part.starts, part.ends, uses[part.use]) for part in role.segments if part.use in uses)


def summary(question: Question, key: str) -> str:
    """What staff read on the board: "Infusion 3 of 6", or "Infusion 9" where the number of visits is open."""
    visit = question.course[key]
    of = sum(1 for each in question.course.values() if each.kind == visit.kind and not each.tentative)
    text = f"{visit.label} of {of}" if of > 1 and not visit.tentative else visit.label
    return text[:100]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit at a time that a person chose. ``resources``: role to resource id, of some roles or all.

    ``standing`` is where it is now, ``beside`` where the visits are that are not fixed: who or what they are with counts
    for continuity.
    """

    key: str
    starts_at: datetime
    resources: Mapping[str, str]
    standing: Placement | None
    beside: tuple[Placement, ...] = ()

    def chosen(self, question: Question, *, now: datetime) -> tuple[Placement, bool]:
        """The place, if it keeps every rule, and whether somebody else holds it.

        A place that somebody else holds is left for the calendar to refuse: it knows the next free times.
        Raises ``RulesBroken``, ``InvalidInput``.
        """
        start, filled = self._filled(question, now)
        found = problems_of_change(question, self.key, start, filled, self.standing)
        current = self._current
        for role in question.visits[self.key].roles:
            if role.key not in filled and role.key in current:
                filled[role.key] = current[role.key]
        complete = len(filled) == len(question.visits[self.key].roles)
        if not complete or any(not each.others_booking for each in found):
            raise broken(found)
        return Placement(self.key, start, tuple(sorted(filled.items()))), bool(found)

    def against(self, question: Question, *, now: datetime) -> tuple[Overridden, ...]:
        """The rules that the place breaks and that may be overridden, all other visits being where they are.

        Raises ``InvalidInput``.
        """
        start, filled = self._filled(question, now)
        placement = Placement(self.key, start, tuple(sorted(filled.items())))
        return tuple((self.key, each) for each in overriding.found(self._among_others(question), placement))

    @property
    def _current(self) -> dict[str, str]:
        return dict(self.standing.resources) if self.standing is not None else {}

    def _among_others(self, question: Question) -> Question:
        request = question.request
        return replace(question, request=replace(request, fixed=(*request.fixed, *self.beside)))

    def _filled(self, question: Question, now: datetime) -> tuple[int, dict[str, str]]:
        start = slot(question, self.starts_at, now=now, pointer="starts_at")
        given = named(question, self.key, dict(self.resources), pointer="resources")
        return start, fill(self._among_others(question), self.key, start, given, self._current)


@contextmanager
def naming_visits(question: Question, placed: Sequence[Placement]) -> Iterator[None]:
    """Inside, an error about one of the bookings also says which visit that is: ``detail["visit"]`` and the pointer."""
    try:
        yield
    except DomainError as error:
        match = _BOOKING.match(error.pointer)
        if match is not None:
            number = int(match[1])
            key = placed[number].visit
            error.pointer = f"visits/{number}"
            error.detail |= {"visit": key, "label": question.course[key].label, "pointer": error.pointer}
        raise
