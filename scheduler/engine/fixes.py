"""What would make a course fit: changes that were each tried by planning with them.

A change is data and can be applied to the request it was found for. Of what can be given a little way, the least that
helps is found by halving.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import combinations

from scheduler.engine import check
from scheduler.engine.answer import Plan
from scheduler.engine.availability import Availability
from scheduler.engine.blame import Blame, Kind, attempt
from scheduler.engine.planner import Limits
from scheduler.engine.request import (
    AtMost,
    DailyLoad,
    Offset,
    PerWeek,
    PlanRequest,
    Preferred,
    Rule,
    SameResource,
    Span,
    Unit,
    Window,
)
from scheduler.engine.schedule import Schedule

MOST = 3
"""So many fixes are suggested at most; more would have to be read."""
MOST_SEARCHES = 80
"""So many searches at most are spent on one list of fixes."""
TRIAL = Limits(widths=(60, 600), partial_widths=())
"""How hard each of them tries; no harder than planning anew will."""

MOST_PEOPLE = 8
"""So many others are tried in the place of the people that the patient asked for."""
MOST_DATES = 16
"""So many of the dates on which the patient is away are tried one by one."""


@dataclass(frozen=True, slots=True)
class Relax:
    """One limit of a rule gives way: ``field`` of the rules with these ``keys`` by ``by``, in the field's own unit.

    Upper limits grow, lower limits shrink. ``by`` is the least, in whole steps, with which a plan was found.
    """

    keys: tuple[str, ...]
    field: str
    by: int


@dataclass(frozen=True, slots=True)
class AddWeekdays:
    """Windows also allow one or two more weekdays (Monday = 0)."""

    keys: tuple[str, ...]
    weekdays: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Soften:
    """Windows and choices of people are wishes, no limits. ``visits`` then do not keep them."""

    keys: tuple[str, ...]
    visits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllowAlso:
    """Rules that only some people fill a role allow these too."""

    keys: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lift:
    """Rules do not hold at all, because they have no limit that could give way."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Come:
    """The patient comes on a date (its number in the grid) on which they said they could not."""

    day: int


@dataclass(frozen=True, slots=True)
class Start:
    """The course begins elsewhere: ``number`` of the other requests that were offered."""

    number: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The course is given at another site: ``number`` of the requests that were offered."""

    number: int


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Some visits, at most half of all, wait on the work list; the others are booked."""

    visits: tuple[str, ...]


Change = Relax | AddWeekdays | AllowAlso | Soften | Lift | Come | Start | Elsewhere | LeaveOut


@dataclass(frozen=True, slots=True)
class Fix:
    """A change and the plan that was found with it; ``plan.cost`` is its price."""

    change: Change
    plan: Plan


class Gentle(IntEnum):
    """How willingly limits give way: first those that keep a course short and regular, last those that keep it safe."""

    LONGER = 0
    """Later, longer, other hours, another person."""
    MORE = 1
    """More visits in the same time, or fewer than asked for."""
    CLOSER = 2
    """Visits nearer to each other."""
    GONE = 3
    """The whole rule."""


@dataclass(frozen=True, slots=True)
class _Limit:
    """A number in a rule that can give way in one direction, by ``most`` steps of ``step`` at the most."""

    field: str
    sign: int
    step: int
    most: int
    gentle: Gentle = Gentle.LONGER


_DAY = 24 * 60
_AT_MOST = _Limit("at_most", 1, 1, 6, Gentle.MORE)
_LIMITS: dict[type, tuple[_Limit, ...]] = {
    Offset: (_Limit("most", 1, 1, 14), _Limit("least", -1, 1, 14)),
    PerWeek: (
        _AT_MOST,
        _Limit("at_least", -1, 1, 7, Gentle.MORE),
        _Limit("days_apart", -1, 1, 6, Gentle.CLOSER),
    ),
    AtMost: (_AT_MOST, _Limit("days", -1, 1, 28, Gentle.CLOSER)),
    SameResource: (_Limit("at_most", 1, 1, 4),),
    DailyLoad: (_AT_MOST,),
    Span: (_Limit("most_days", 1, 1, 56),),
    Window: (_Limit("earliest", -1, 30, _DAY), _Limit("latest", 1, 30, _DAY)),
}
_OFFSET_STEP = 60
"""Offsets in minutes give way by whole hours."""


def applied(request: PlanRequest, change: Change, others: Sequence[PlanRequest] = ()) -> PlanRequest:
    """The request with a change made. Leaving visits out is no change of the request but of what is booked of it.

    ``others`` are the requests that were offered for this kind of change.
    """
    if isinstance(change, Start | Elsewhere):
        return others[change.number]
    if isinstance(change, LeaveOut):
        return request
    if isinstance(change, Come):
        ends = request.grid.midnights
        away = (ends[change.day], ends[change.day + 1])
        return replace(request, patient_busy=tuple(period for period in request.patient_busy if period != away))
    rules = (_changed(rule, change) if rule.key in change.keys else rule for rule in request.rules)
    return replace(request, rules=tuple(rule for rule in rules if rule is not None))


def _changed(rule: Rule, change: Relax | AddWeekdays | AllowAlso | Soften | Lift) -> Rule | None:
    if isinstance(change, Lift):
        return None
    if isinstance(change, Relax):
        return relaxed(rule, change.field, change.by)
    if isinstance(change, Soften) and isinstance(rule, Window | Preferred):
        return replace(rule, hard=False)
    if isinstance(change, AllowAlso) and isinstance(rule, Preferred):
        return replace(rule, resources=rule.resources | set(change.resources))
    if isinstance(change, AddWeekdays) and isinstance(rule, Window):
        return replace(rule, weekdays=rule.weekdays | set(change.weekdays))
    return rule


def relaxed(rule: Rule, field: str, by: int) -> Rule:
    """The rule with one of its limits given way; the same rule where it has no such limit.

    No limit gives way beyond what still makes sense: visits of different days stay on different days, what comes after
    another visit stays after it.
    """
    limit = next((each for each in _LIMITS.get(type(rule), ()) if each.field == field), None)
    value = getattr(rule, field, None)
    if limit is None or value is None:
        return rule
    return replace(rule, **{field: value + limit.sign * min(by, _room(rule, limit))})


def _room(rule: Rule, limit: _Limit) -> int:
    """By how much the limit of a rule can give way at all."""
    value: int = getattr(rule, limit.field)
    if isinstance(rule, Offset):
        return limit.most * _DAY if not _keeps_apart(rule, limit) else max(0, abs(value) - _nearest(rule))
    if limit.field == "latest":
        return max(0, _DAY - value)
    if limit.sign > 0:
        return limit.most * limit.step
    return max(0, value - (0 if limit.field in ("earliest", "at_least") else 1))


def _keeps_apart(rule: Offset, limit: _Limit) -> bool:
    """Whether this end of a distance keeps two visits apart, or in order; the other keeps them together."""
    if limit.field == "least":
        return rule.least is not None and rule.least >= 0
    return rule.most is not None and (rule.most < 0 or (rule.most == 0 and (rule.least or 0) < 0))


def _nearest(rule: Offset) -> int:
    """The least that such a distance can become: the next day; in minutes, one after the other."""
    return 1 if rule.unit is Unit.DAYS else 0


def _gentle(rule: Rule, limit: _Limit) -> Gentle:
    return Gentle.CLOSER if isinstance(rule, Offset) and _keeps_apart(rule, limit) else limit.gentle


@dataclass(frozen=True, slots=True)
class Leeway:
    """What whoever asks could give way in.

    ``wishes``: keys of windows, those of one wish together; they become mere wishes only together. ``people``: keys of
    rules that only some people treat the patient. ``counts``: keys of rules with a most number that the patient set.
    ``away``: numbers of the dates on which the patient cannot come. ``starts``: the same course, begun at other times, and
    ``sites``: at other sites; asked for only where the rest does not do.
    """

    wishes: tuple[tuple[str, ...], ...] = ()
    people: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    away: frozenset[int] = frozenset()
    starts: Callable[[], Iterable[PlanRequest]] = tuple
    sites: Callable[[], Iterable[PlanRequest]] = tuple


def fixes(
    request: PlanRequest, partial: Plan, found: Blame, leeway: Leeway, *, limits: Limits = TRIAL
) -> tuple[Fix, ...]:
    """Up to three changes that whoever asks can make, each with the plan found for it; the smallest first.

    ``partial`` is the plan without the change and ``found`` why it is not complete.
    """
    trials = Trials(request, limits)
    chosen: list[Fix] = []
    for candidates in (
        trials.of_counts(found, leeway),
        trials.of_people(found, leeway),
        trials.of_wishes(found, leeway),
        trials.of_dates(found, leeway),
        trials.of_starts(leeway),
        trials.of_sites(found, leeway),
    ):
        if len(chosen) == MOST:
            break
        for fix in candidates:
            if fix.plan.placements not in [each.plan.placements for each in chosen]:
                chosen.append(fix)
            if len(chosen) == MOST:
                break
    if len(chosen) < MOST and 0 < len(partial.unplaced) <= len(partial.placements):
        chosen.append(Fix(LeaveOut(tuple(each.visit for each in partial.unplaced)), partial))
    return tuple(chosen)


def _gives(rule: Rule, limit: _Limit) -> bool:
    """Whether the rule has such a limit, and it can give way at all."""
    known = limit in _LIMITS.get(type(rule), ())
    return known and getattr(rule, limit.field) is not None and _room(rule, limit) > 0


class Trials:
    """Changes tried on one request, with at most so many searches."""

    def __init__(self, request: PlanRequest, limits: Limits, left: int = MOST_SEARCHES) -> None:
        self.request = request
        self.limits = limits
        self.left = left

    def _try(self, change: Change) -> Fix | None:
        return self._planned(applied(self.request, change), change)

    def _planned(self, request: PlanRequest, change: Change) -> Fix | None:
        if self.left <= 0:
            return None
        self.left -= 1
        plan, _ = attempt(request, self.limits)
        return None if plan is None else Fix(change, plan)

    def _works(self, change: Change) -> bool:
        """Whether any plan is found with a change; that is known long before the best one is."""
        if self.left <= 0:
            return False
        self.left -= 1
        return attempt(applied(self.request, change), self.limits, any_plan=True)[0] is not None

    # --- what the patient could give ------------------------------------------------------------------------------

    def of_counts(self, found: Blame, leeway: Leeway) -> Iterator[Fix]:
        """A number of visits that gives way."""
        blamed = {key for cause in found.causes for key in cause.part.keys}
        for key in leeway.counts:
            if not found.proved or key in blamed:
                pair = self._least((key,), _AT_MOST)
                if pair is not None:
                    yield pair[1]

    def of_people(self, found: Blame, leeway: Leeway) -> Iterator[Fix]:
        """Somebody else who treats the patient too, for the whole course or some of it; anybody where one more does not do."""
        blamed = {key for cause in found.causes for key in cause.part.keys}
        keys = leeway.people
        if not keys or (found.proved and blamed.isdisjoint(keys)):
            return
        anybody = self._try(Soften(keys))
        if anybody is None:
            return
        tried = [fix for name in self._alike(keys) if (fix := self._try(AllowAlso(keys, (name,)))) is not None]
        if tried:
            yield min(tried, key=lambda fix: fix.plan.cost.total)
        else:
            yield replace(anybody, change=Soften(keys, self._exceptions(keys, anybody.plan)))

    def _alike(self, keys: tuple[str, ...]) -> list[str]:
        """Those who can fill the same roles as the people named in these rules, and are not named."""
        named = {
            name
            for rule in self.request.rules
            if isinstance(rule, Preferred) and rule.key in keys
            for name in rule.resources
        }
        able = [
            {
                calendar.id
                for calendar in self.request.calendars
                if role.kind == calendar.kind and role.skills <= calendar.skills
            }
            for role in {role for visit in self.request.visits for role in visit.roles}
        ]
        alike = {name for team in able if team & named for name in team} - named
        return [calendar.id for calendar in self.request.calendars if calendar.id in alike][:MOST_PEOPLE]

    def of_wishes(self, found: Blame, leeway: Leeway) -> Iterator[Fix]:
        """Wishes that give way: other hours, one exception, another weekday, or any number of exceptions."""
        blamed = {key for cause in found.causes for key in cause.part.keys}
        wished = tuple(key for keys in leeway.wishes for key in keys)
        if not wished or (found.proved and blamed.isdisjoint(wished)):
            return  # giving way where nobody is to blame helps nothing
        soft = self._try(Soften(wished))
        if soft is None:
            return
        exceptions = self._exceptions(wished, soft.plan)
        soft = replace(soft, change=Soften(wished, exceptions))
        yield from (fix for keys in leeway.wishes for fix in self._other_hours(keys))
        if len(exceptions) == 1:
            yield soft
        yield from (fix for keys in leeway.wishes for fix in self._other_weekday(keys))
        if len(exceptions) != 1:
            yield soft

    def _exceptions(self, keys: tuple[str, ...], plan: Plan) -> tuple[str, ...]:
        schedule = Schedule(self.request, plan.placements)
        found = check.violations(schedule, Availability(self.request))
        return tuple(dict.fromkeys(each.visit for each in found if each.reason.rule in keys))

    def _other_hours(self, keys: tuple[str, ...]) -> Iterator[Fix]:
        found = [pair for limit in _LIMITS[Window] if (pair := self._least(keys, limit)) is not None]
        if found:
            yield min(found, key=lambda pair: pair[0])[1]

    def _other_weekday(self, keys: tuple[str, ...]) -> Iterator[Fix]:
        windows = [rule for rule in self.request.rules if isinstance(rule, Window) and rule.key in keys]
        offset = self.request.grid.first_on.weekday()
        opened = {(day + offset) % 7 for day in self.request.open_days}
        missing = sorted(opened - frozenset.union(*(window.weekdays for window in windows)))
        for size in (1, 2):
            added = (AddWeekdays(keys, weekdays) for weekdays in combinations(missing, size))
            tried = [fix for change in added if (fix := self._try(change)) is not None]
            if tried:
                yield min(tried, key=lambda fix: fix.plan.cost.total)
                return

    def of_dates(self, found: Blame, leeway: Leeway) -> Iterator[Fix]:
        """A single date on which the patient comes after all."""
        if found.proved and not any(cause.part.kind is Kind.PATIENT for cause in found.causes):
            return
        ends = self.request.grid.midnights
        away = {(ends[day], ends[day + 1]) for day in leeway.away}
        others = tuple(period for period in self.request.patient_busy if period not in away)
        free = self._planned(replace(self.request, patient_busy=others), Soften(()))
        if free is None:
            return
        # dates that a plan would use if it could are the most likely ones
        used = {self.request.grid.day(placement.start) for placement in free.plan.placements}
        likely = sorted(leeway.away, key=lambda day: (day not in used, day))[:MOST_DATES]
        tried = [fix for day in likely if (fix := self._try(Come(day))) is not None]
        if tried:
            yield min(tried, key=lambda fix: fix.plan.cost.total)

    def of_starts(self, leeway: Leeway) -> Iterator[Fix]:
        """The first other start that works."""
        for number, request in enumerate(leeway.starts()):
            fix = self._planned(request, Start(number))
            if fix is not None:
                yield fix
                return

    def of_sites(self, found: Blame, leeway: Leeway) -> Iterator[Fix]:
        """The first other site that works, where it is this one's calendars that are to blame."""
        kinds = {cause.part.kind for cause in found.causes}
        if found.proved and not found.nobody and not kinds & {Kind.HOURS, Kind.BOOKINGS, Kind.SITE}:
            return
        for number, request in enumerate(leeway.sites()):
            fix = self._planned(request, Elsewhere(number))
            if fix is not None:
                yield fix
                return

    # --- what rules could give ------------------------------------------------------------------------------------

    def giving_way(self, keys: tuple[str, ...]) -> Iterator[tuple[Gentle, int, Fix]]:
        """Each way in which rules without which a plan is known could give way enough: how gentle, and in how many steps."""
        rules = [rule for rule in self.request.rules if rule.key in keys]
        tried = False
        for limit in dict.fromkeys(limit for rule in rules for limit in _LIMITS.get(type(rule), ())):
            pair = self._least(keys, limit)
            if pair is not None:
                tried = True
                giving = (rule for rule in rules if _gives(rule, limit))
                yield max(_gentle(rule, limit) for rule in giving), *pair
        if not tried and (lifted := self._try(Lift(keys))) is not None:
            yield Gentle.GONE, 0, lifted

    def _least(self, keys: tuple[str, ...], limit: _Limit) -> tuple[int, Fix] | None:
        """The fewest steps by which a limit has to give way, with the plan found; ``None`` if giving all does not do."""
        rules = [rule for rule in self.request.rules if rule.key in keys and _gives(rule, limit)]
        if not rules:
            return None
        in_minutes = any(isinstance(rule, Offset) and rule.unit is Unit.MINUTES for rule in rules)
        step = _OFFSET_STEP if in_minutes else limit.step
        steps = limit.most * (24 if in_minutes else 1) // limit.step
        low, high = 0, min(steps, -(-max(_room(rule, limit) for rule in rules) // step))
        if not self._works(Relax(keys, limit.field, high * step)):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if self._works(Relax(keys, limit.field, middle * step)):
                high = middle
            else:
                low = middle
        best = self._try(Relax(keys, limit.field, high * step))
        return None if best is None else (high, best)
