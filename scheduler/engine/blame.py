"""Why a course does not fit: a smallest set of rules and calendars that no plan can satisfy together.

What a request asks is cut into parts: each rule of the protocol, each wish, the working hours of those who could fill
the same roles, their bookings, the site's closed days, the patient's other appointments. A set of parts is to blame
when a course does not fit although everything else is lifted, and fits as soon as any one of the set is lifted too.
The set is found by dividing (Junker's QuickXplain), and every step is a search by the planner itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduler.engine import check, objective, place
from scheduler.engine.answer import Code, Plan, Reason
from scheduler.engine.availability import Availability
from scheduler.engine.candidates import IMPOSSIBLE
from scheduler.engine.course import Course
from scheduler.engine.planner import Limits, Planner, Watcher
from scheduler.engine.request import (
    AtMost,
    Calendar,
    DailyLoad,
    Keep,
    Period,
    PlanRequest,
    Preferred,
    Rule,
    SameResource,
    Visit,
    Window,
)
from scheduler.engine.rules import names
from scheduler.engine.schedule import Schedule

MOST_SEARCHES = 60
"""So many searches at most are spent on one question of blame."""
PROBE = Limits(widths=(4, 60, 600), partial_widths=())
"""How hard each of them tries."""

MOST_A_DAY = 3
"""So many visits a patient has on one date where the rules that would say so are lifted."""
_SPREAD = "spread"

MOST_CLASHES = 3
"""So many clashes at most are told that have nothing to do with each other."""


class Kind(StrEnum):
    """What a part of a request is about."""

    RULE = "rule"
    """One rule of the protocol or one wish; ``keys`` are keys of rules."""
    HOURS = "hours"
    """When those work who could fill the same roles; ``keys`` are ids of resources."""
    BOOKINGS = "bookings"
    """What is booked of them; ``keys`` are ids of resources."""
    SITE = "site"
    """The days on which the site is closed."""
    PATIENT = "patient"
    """The patient's other appointments and the dates on which they are away."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that limits a course and could be lifted."""

    kind: Kind
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """A part that is to blame. In a plan that ignores it, ``visits`` break it, out of ``of`` visits that it concerns.

    ``clash`` is the number of the clash it takes part in: those of different numbers have nothing to do with each other.
    """

    part: Part
    visits: tuple[str, ...]
    of: int
    clash: int = 0


@dataclass(frozen=True, slots=True)
class Blame:
    """Why a course does not fit.

    ``proved``: with all causes of one clash in force the course does not fit whatever else is lifted, and without any
    one of them it does. Otherwise the searches ran out of their budget, and the causes are what they found. Further
    clashes are told only where they are proved.
    ``causes`` is empty when lifting everything does not help: the dates, the notice or the fixed visits leave no room.
    ``nobody``: roles that nobody and nothing can fill, as pairs (visit, role); they are the whole reason.
    ``plan``: a complete plan after all, where one turned up; then there is nothing to blame.
    """

    causes: tuple[Cause, ...] = ()
    proved: bool = False
    nobody: tuple[tuple[str, str], ...] = ()
    plan: Plan | None = None


def attempt(request: PlanRequest, limits: Limits = PROBE, *, any_plan: bool = False) -> tuple[Plan | None, bool]:
    """A complete plan if one is found, and whether it is proved that there is none.

    With ``any_plan`` the first one found will do.
    """
    seen: list[Plan] = []
    watcher = Watcher(lambda plan, _: seen.append(plan), lambda: any_plan and bool(seen))
    planner = Planner(Course(request, Availability(request), whole=True), watcher)
    found = planner.solve(limits.widths)
    return found, found is None and planner.lowest >= IMPOSSIBLE


def blame(request: PlanRequest, *, groups: Mapping[str, str] | None = None, limits: Limits = PROBE) -> Blame:
    """Why no complete plan was found for ``request``.

    ``groups`` gives rules that come from one rule of the protocol a common name by their keys, so that they are blamed
    together.
    """
    free = Availability(request)
    nobody = tuple(
        (visit.key, role.key)
        for visit in request.visits
        if visit.key not in {placement.visit for placement in request.fixed}
        for role in visit.needs
        if not any(_able(time.calendar, role.kind, role.skills) for time in free.free.values())
    )
    if nobody:
        return Blame(proved=True, nobody=nobody)
    return _Inquiry(request, free, groups or {}, limits).verdict()


def binding(rule: Rule) -> bool:
    """Whether a rule forbids anything, or is only a wish."""
    if isinstance(rule, Keep):
        return False
    if isinstance(rule, DailyLoad):
        return rule.at_most is not None
    return rule.hard if isinstance(rule, Window | SameResource | Preferred) else True


def parts(request: PlanRequest, free: Availability, groups: Mapping[str, str]) -> tuple[Part, ...]:
    """Everything in a request that could be lifted, but for the closed days of the site."""
    rules: dict[str, list[str]] = {}
    for rule in request.rules:
        if binding(rule):
            keys = rules.setdefault(groups.get(rule.key, rule.key), [])
            if rule.key not in keys:
                keys.append(rule.key)
    alike: dict[tuple[tuple[str, frozenset[str]], ...], list[str]] = {}
    wanted = dict.fromkeys(what for visit in request.visits for what in needed(visit))
    for name, time in free.free.items():
        able = tuple((kind, skills) for kind, skills in wanted if _able(time.calendar, kind, skills))
        if able:
            alike.setdefault(able, []).append(name)
    teams = [tuple(team) for team in alike.values()]
    found = [Part(Kind.HOURS, team) for team in teams]
    found += [Part(Kind.BOOKINGS, team) for team in teams if any(free.free[name].calendar.busy for name in team)]
    if request.patient_busy:
        found.append(Part(Kind.PATIENT))
    return (*(Part(Kind.RULE, tuple(keys)) for keys in rules.values()), *found)


def needed(visit: Visit) -> Iterator[tuple[str, frozenset[str]]]:
    """Kind and skills of everybody and everything a visit takes, and of who prepares it."""
    for role in visit.needs:
        yield role.kind, role.skills


def _able(calendar: Calendar, kind: str, skills: frozenset[str]) -> bool:
    return calendar.kind == kind and skills <= calendar.skills


def lifted(request: PlanRequest, without: Iterable[Part]) -> PlanRequest:
    """The request with some parts lifted.

    Lifted hours are not endless: somebody then works whenever anybody does, and at the same times of day on days on which
    the site opens only because its closing is lifted too.
    """
    gone = set(without)
    rules = {key for part in gone if part.kind is Kind.RULE for key in part.keys}
    unbooked = {key for part in gone if part.kind is Kind.BOOKINGS for key in part.keys}
    always = {key for part in gone if part.kind is Kind.HOURS for key in part.keys}
    opened = any(part.kind is Kind.SITE for part in gone)
    frame = _frame(request, opened=opened) if always else ()
    kept = tuple(rule for rule in request.rules if rule.key not in rules or not binding(rule))
    if len(kept) < len(request.rules):
        # nothing else would keep the visits from crowding on the first dates, which nobody wants and takes long to plan
        kept = (*kept, AtMost(_SPREAD, tuple(visit.key for visit in request.visits), MOST_A_DAY, days=1))
    return replace(
        request,
        rules=kept,
        calendars=tuple(_freed(calendar, unbooked, always, frame) for calendar in request.calendars),
        open_days=frozenset(range(request.grid.days)) if opened else request.open_days,
        patient_busy=() if any(part.kind is Kind.PATIENT for part in gone) else request.patient_busy,
    )


def _freed(calendar: Calendar, unbooked: set[str], always: set[str], frame: tuple[Period, ...]) -> Calendar:
    if calendar.id in unbooked:
        calendar = replace(calendar, busy=())
    return replace(calendar, working=frame) if calendar.id in always else calendar


def _frame(request: PlanRequest, *, opened: bool) -> tuple[Period, ...]:
    """Whenever anybody works; with ``opened`` on closed days from the earliest to the latest time of any day."""
    found = {period for calendar in request.calendars for period in calendar.working}
    if opened:
        grid, ends = request.grid, request.grid.midnights
        first = min((start - ends[grid.day(start)] for start, _ in found), default=0)
        last = max((end - ends[grid.day(end - 1)] for _, end in found), default=grid.slots)
        closed = (n for n in range(grid.days) if n not in request.open_days)
        found |= {(ends[n] + first, min(ends[n] + last, ends[n + 1])) for n in closed}
    merged: list[Period] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


class _Inquiry:
    """One question of blame, with what was searched for it already."""

    def __init__(self, request: PlanRequest, free: Availability, groups: Mapping[str, str], limits: Limits) -> None:
        self.request = request
        self.free = free
        self.limits = limits
        self.left = MOST_SEARCHES
        self.parts = parts(request, free, groups)
        self.known: dict[frozenset[Part], tuple[Plan | None, bool]] = {}
        self.sure = True
        """Whether everything so far rests on plans and proofs."""

    def verdict(self) -> Blame:
        """The smallest set, what each of it spoils, and whether all of that is proved."""
        plan, proved = self._search(frozenset(self.parts))
        if plan is not None:
            return Blame(plan=plan)
        self.sure = proved
        if self._clash(frozenset()):
            # closed days are blamed only where nothing else can be: everybody else keeps to them
            self.parts = (*self.parts, Part(Kind.SITE))
            self.known.clear()
            if self._clash(frozenset()):
                return Blame(proved=self.sure)
        found = self._smallest([], list(self.parts), asked=False)
        if self._closed_days_matter(found):
            self.parts = (*self.parts, Part(Kind.SITE))
            self.known.clear()
            found.append(Part(Kind.SITE))
        causes = []
        for part in found:
            plan, _ = self._search(frozenset(self.parts) - {part})
            valid = None if plan is None else self._valid(plan)
            if valid is not None:
                return Blame(plan=valid)
            causes.append(self._cause(part, plan or self._search(frozenset(found) - {part})[0]))
        if not self.sure:
            # where a plan that ignores a part keeps it all the same, the part was blamed for want of a better search
            causes = [cause for cause in causes if cause.visits] or causes
        else:
            causes += self._apart_from(found)
        return Blame(tuple(sorted(causes, key=lambda cause: (cause.clash, -len(cause.visits)))), proved=self.sure)

    def _apart_from(self, found: Sequence[Part]) -> Iterator[Cause]:
        """The causes of further clashes, each a smallest one, that stay although all of the ones before are lifted."""
        gone = set(found)
        for number in range(1, MOST_CLASHES):
            rest = [part for part in self.parts if part not in gone]
            if not rest or self._search(frozenset(rest)) != (None, True):
                return
            smallest = self._smallest([], rest, asked=False)
            causes = [
                replace(self._cause(part, self._search(frozenset(smallest) - {part})[0]), clash=number)
                for part in smallest
            ]
            if not self.sure:
                # what was found before is proved all the same
                self.sure = True
                return
            yield from causes
            gone |= set(smallest)

    def _closed_days_matter(self, found: list[Part]) -> bool:
        """Whether rules clash only because the site is closed on some days: a holiday between two visits."""
        if any(part.kind not in (Kind.RULE, Kind.PATIENT) for part in found):
            return False
        self.left -= 1
        return (
            attempt(lifted(self.request, {*self.parts, Part(Kind.SITE)} - set(found)), self.limits, any_plan=True)[0]
            is not None
        )

    def _valid(self, plan: Plan) -> Plan | None:
        """The plan as an answer to the request as it stands, if it keeps everything."""
        schedule = Schedule(self.request, plan.placements)
        if check.violations(schedule, self.free):
            return None
        cost = objective.cost(schedule, self.free)
        return replace(plan, cost=cost, notes=check.soft(schedule), bound=None)

    def _search(self, kept: frozenset[Part]) -> tuple[Plan | None, bool]:
        """A plan with only these parts in force."""
        if kept not in self.known:
            if self.left <= 0:
                return None, False
            self.left -= 1
            self.known[kept] = attempt(lifted(self.request, set(self.parts) - kept), self.limits, any_plan=True)
        return self.known[kept]

    def _clash(self, kept: Iterable[Part]) -> bool:
        """Whether no plan keeps these parts. Where neither a plan nor a proof is found, it is taken for a clash."""
        plan, proved = self._search(frozenset(kept))
        if plan is None and not proved:
            self.sure = False
        return plan is None

    def _smallest(self, kept: list[Part], open_parts: list[Part], *, asked: bool) -> list[Part]:
        """Those of ``open_parts`` that a smallest clash needs beside ``kept``."""
        if asked and self._clash(kept):
            return []
        if len(open_parts) == 1:
            return open_parts
        half = len(open_parts) // 2
        first, second = open_parts[:half], open_parts[half:]
        needed = self._smallest([*kept, *first], second, asked=bool(first))
        return [*self._smallest([*kept, *needed], first, asked=bool(needed)), *needed]

    def _cause(self, part: Part, plan: Plan | None) -> Cause:
        """What a part spoils, seen in a plan that ignores it and keeps as much else as can be kept."""
        concerned = [visit for visit in self.request.visits if _concerns(self.request, part, visit)]
        if plan is None:
            self.sure = False
            return Cause(part, (), len(concerned))
        schedule = Schedule(self.request, plan.placements)
        found = check.violations(schedule, self.free)
        broken = {each.visit for each in found if _breaks(part, each.reason)}
        # somebody else of the team may have been there: then the date does not fail for want of the team
        alone = {key for key in broken if part.kind not in _OF_A_TEAM or self._team_fails(part, schedule, key)}
        return Cause(part, tuple(visit.key for visit in concerned if visit.key in (alone or broken)), len(concerned))

    def _team_fails(self, part: Part, schedule: Schedule, key: str) -> bool:
        attempt = place.Attempt(schedule.visits[key], schedule.start(key), {})
        return any(_breaks(part, reason) for reason in place.reasons(self.free, schedule, attempt))


_OF_A_TEAM = (Kind.HOURS, Kind.BOOKINGS)
_HOURS = (Code.RESOURCE_OFF, Code.NOT_ON_SITE)
_BOOKED = (Code.RESOURCE_BUSY, Code.WATCH_FULL, Code.HANDS_TAKEN)


def _breaks(part: Part, reason: Reason) -> bool:
    if part.kind is Kind.RULE:
        return reason.rule in part.keys
    if part.kind is Kind.SITE:
        return reason.code is Code.SITE_CLOSED
    if reason.code is Code.NOT_PREPARED:
        return part.kind is Kind.HOURS
    if part.kind is Kind.PATIENT:
        return reason.code is Code.PATIENT_BUSY and not reason.subjects
    codes = _HOURS if part.kind is Kind.HOURS else _BOOKED
    return reason.code in codes and not set(part.keys).isdisjoint(reason.subjects)


def _concerns(request: PlanRequest, part: Part, visit: Visit) -> bool:
    if part.kind is Kind.RULE:
        return any(rule.key in part.keys and names(rule, visit.key) for rule in request.rules)
    if part.kind in (Kind.SITE, Kind.PATIENT):
        return True
    teams = [calendar for calendar in request.calendars if calendar.id in part.keys]
    return any(_able(each, kind, skills) for kind, skills in needed(visit) for each in teams)
