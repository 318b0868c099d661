"""What would make a course fit: changes that were each tried by planning with them.

A change is data and can be applied to the request it was found for. Of what can be given a little way, the least that
helps is found by halving.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from scheduler.engine import check
from scheduler.engine.answer import Plan
from scheduler.engine.availability import Availability
from scheduler.engine.blame import Blame, Kind, attempt, binding
from scheduler.engine.planner import Limits
from scheduler.engine.request import (
    AtMost,
    DailyLoad,
    Offset,
    PerWeek,
    PlanRequest,
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
    """Windows are wishes, no limits. ``visits`` then lie outside them."""

    keys: tuple[str, ...]
    visits: tuple[str, ...] = ()


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
class LeaveOut:
    """Some visits, at most half of all, wait on the work list; the others are booked."""

    visits: tuple[str, ...]


Change = Relax | AddWeekdays | Soften | Lift | Come | Start | LeaveOut


@dataclass(frozen=True, slots=True)
class Fix:
    """A change and the plan that was found with it; ``plan.cost`` is its price."""

    change: Change
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Limit:
    """A number in a rule that can give way in one direction."""

    field: str
    sign: int
    step: int
    most: int


_DAY = 24 * 60
_AT_MOST = _Limit("at_most", 1, 1, 6)
_LIMITS: dict[type, tuple[_Limit, ...]] = {
    Offset: (_Limit("most", 1, 1, 14), _Limit("least", -1, 1, 14)),
    PerWeek: (_AT_MOST, _Limit("days_apart", -1, 1, 6), _Limit("at_least", -1, 1, 7)),
    AtMost: (_AT_MOST, _Limit("days", -1, 1, 28)),
    SameResource: (_Limit("at_most", 1, 1, 4),),
    DailyLoad: (_AT_MOST,),
    Span: (_Limit("most_days", 1, 1, 56),),
    Window: (_Limit("earliest", -1, 30, _DAY), _Limit("latest", 1, 30, _DAY)),
}
_OFFSET_STEP = 60
"""Offsets in minutes give way by whole hours."""


def applied(request: PlanRequest, change: Change, others: Sequence[PlanRequest] = ()) -> PlanRequest:
    """The request with a change made. Leaving visits out is no change of the request but of what is booked of it."""
    if isinstance(change, Start):
        return others[change.number]
    if isinstance(change, LeaveOut):
        return request
    if isinstance(change, Come):
        ends = request.grid.midnights
        away = (ends[change.day], ends[change.day + 1])
        return replace(request, patient_busy=tuple(period for period in request.patient_busy if period != away))
    rules = (_changed(rule, change) if rule.key in change.keys else rule for rule in request.rules)
    return replace(request, rules=tuple(rule for rule in rules if rule is not None))


def _changed(rule: Rule, change: Relax | AddWeekdays | Soften | Lift) -> Rule | None:
    if isinstance(change, Lift):
        return None
    if isinstance(change, Relax):
        return relaxed(rule, change.field, change.by)
    if not isinstance(rule, Window):
        return rule
    if isinstance(change, Soften):
        return replace(rule, hard=False)
    return replace(rule, weekdays=rule.weekdays | set(change.weekdays))


def relaxed(rule: Rule, field: str, by: int) -> Rule:
    """The rule with one of its limits given way; the same rule where it has no such limit."""
    limit = next((each for each in _LIMITS.get(type(rule), ()) if each.field == field), None)
    value = getattr(rule, field, None)
    if limit is None or value is None:
        return rule
    found = value + limit.sign * by
    if not isinstance(rule, Offset):
        found = max(found, 0 if field in ("earliest", "at_least", "days_apart") else 1)
    if isinstance(rule, Window):
        found = min(found, _DAY)
    return replace(rule, **{field: found})


@dataclass(frozen=True, slots=True)
class Leeway:
    """What whoever asks could give way in.

    ``wishes``: keys of windows, those of one wish together; they become mere wishes only together. ``counts``: keys
    of rules with a most number that the patient set. ``away``: numbers of the dates on which the patient cannot
    come. ``starts``: the same course, begun at other times; asked for only where the rest does not do.
    """

    wishes: tuple[tuple[str, ...], ...] = ()
    counts: tuple[str, ...] = ()
    away: frozenset[int] = frozenset()
    starts: Callable[[], Iterable[PlanRequest]] = tuple


def fixes(
    request: PlanRequest, partial: Plan, found: Blame, leeway: Leeway, *, limits: Limits = TRIAL
) -> tuple[Fix, ...]:
    """Up to three changes that whoever asks can make, each with the plan found for it; the smallest first.

    ``partial`` is the plan without the change and ``found`` why it is not complete.
    """
    trials = _Trials(request, limits)
    chosen: list[Fix] = []
    for candidates in (
        trials.of_counts(found, leeway),
        trials.of_wishes(found, leeway),
        trials.of_dates(found, leeway),
        trials.of_starts(leeway),
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


def concession(
    request: PlanRequest, found: Blame, leeway: Leeway, *, groups: Mapping[str, str], limits: Limits = TRIAL
) -> Fix | None:
    """The one rule that would have to give way least for the course to fit, whoever may allow that; ``None`` if none.

    Rules that ``groups`` gives one name give way together. A rule that can give way a little comes before one that
    would have to be lifted.
    """
    trials = _Trials(request, limits)
    wished = {key for wish in leeway.wishes for key in wish} | set(leeway.counts)
    blamed = {key for cause in found.causes if cause.part.kind is Kind.RULE for key in cause.part.keys}
    together: dict[str, list[str]] = {}
    for rule in request.rules:
        if (rule.key in blamed or not found.proved) and rule.key not in wished and binding(rule):
            keys = together.setdefault(groups.get(rule.key, rule.key), [])
            if rule.key not in keys:
                keys.append(rule.key)
    best: tuple[int, Fix] | None = None
    for keys in together.values():
        for steps, fix in trials.giving_way(tuple(keys)):
            if best is None or steps < best[0]:
                best = (steps, fix)
    return best[1] if best is not None else None


class _Trials:
    """Changes tried on one request."""

    def __init__(self, request: PlanRequest, limits: Limits) -> None:
        self.request = request
        self.limits = limits
        self.left = MOST_SEARCHES

    def _try(self, change: Change) -> Fix | None:
        return self._planned(applied(self.request, change), change)

    def _planned(self, request: PlanRequest, change: Change) -> Fix | None:
        if self.left <= 0:
            return None
        self.left -= 1
        plan, _ = attempt(request, self.limits)
        return None if plan is None else Fix(change, plan)

    # --- what the patient could give ------------------------------------------------------------------------------

    def of_counts(self, found: Blame, leeway: Leeway) -> Iterator[Fix]:
        """A number of visits that gives way."""
        blamed = {key for cause in found.causes for key in cause.part.keys}
        for key in leeway.counts:
            if not found.proved or key in blamed:
                pair = self._least((key,), _AT_MOST)
                if pair is not None:
                    yield pair[1]

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

    # --- what rules could give ------------------------------------------------------------------------------------

    def giving_way(self, keys: tuple[str, ...]) -> Iterator[tuple[int, Fix]]:
        """Each way in which the rules with these keys could give way enough, with the number of steps it takes."""
        lifted = self._try(Lift(keys))
        if lifted is None:
            return
        rules = [rule for rule in self.request.rules if rule.key in keys]
        kinds = {type(rule) for rule in rules}
        tried = [
            pair for kind in kinds for limit in _LIMITS.get(kind, ()) if (pair := self._least(keys, limit)) is not None
        ]
        yield from tried
        if not tried:
            yield 10**6, lifted

    def _least(self, keys: tuple[str, ...], limit: _Limit) -> tuple[int, Fix] | None:
        """The fewest steps by which a limit has to give way, with the plan found; ``None`` if giving all does not do."""
        rules = [
            rule for rule in self.request.rules if rule.key in keys and getattr(rule, limit.field, None) is not None
        ]
        if not rules:
            return None
        in_minutes = any(isinstance(rule, Offset) and rule.unit is Unit.MINUTES for rule in rules)
        step = _OFFSET_STEP if in_minutes else limit.step
        low, high = 0, limit.most * (24 if in_minutes else 1) // limit.step
        best = self._try(Relax(keys, limit.field, high * step))
        while best is not None and high - low > 1:
            middle = (low + high) // 2
            found = self._try(Relax(keys, limit.field, middle * step))
            if found is None:
                low = middle
            else:
                best, high = found, middle
        return None if best is None else (high, best)
