"""What each kind of rule forbids, as checks of a finished or partial schedule.

The same checks decide in the preview, in the final validation of every plan and at booking.
A rule about visits that have no place yet has nothing to say.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from scheduler.engine.answer import Code, Reason
from scheduler.engine.grid import SLOT_MINUTES
from scheduler.engine.request import (
    AtMost,
    ConsecutiveDays,
    DailyLoad,
    Keep,
    Offset,
    PerWeek,
    PlanRequest,
    Preferred,
    Role,
    Rule,
    SameDay,
    SameResource,
    Span,
    Unit,
    Window,
)
from scheduler.engine.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Violation:
    """A placed visit and what is wrong, or not as wished, with its place."""

    visit: str
    reason: Reason


def distance(rule: Offset, schedule: Schedule) -> int:
    """How far ``rule.visit`` is from its anchor, in the unit of the rule. Both are placed."""
    if rule.unit is Unit.DAYS:
        return schedule.day[rule.visit] - schedule.day[rule.anchor]
    elapsed = SLOT_MINUTES * (schedule.start(rule.visit) - schedule.start(rule.anchor))
    return elapsed - (schedule.visits[rule.anchor].minutes if rule.from_end else 0)


def _offset(rule: Offset, schedule: Schedule) -> Iterator[Violation]:
    if rule.visit not in schedule.placed or rule.anchor not in schedule.placed:
        return
    found = distance(rule, schedule)
    reason = Reason(Code.NOT_IDEAL, (rule.anchor,), rule.key)
    if rule.least is not None and found < rule.least:
        yield Violation(rule.visit, replace(reason, code=Code.TOO_SOON, amount=rule.least - found))
    elif rule.most is not None and found > rule.most:
        yield Violation(rule.visit, replace(reason, code=Code.TOO_LATE, amount=found - rule.most))
    elif rule.ideal is not None and found != rule.ideal:
        yield Violation(rule.visit, replace(reason, hard=False, amount=abs(found - rule.ideal)))


def _per_week(rule: PerWeek, schedule: Schedule) -> Iterator[Violation]:
    visits = schedule.present(rule.visits)
    days = [schedule.day[key] for key in visits]
    for n, key in enumerate(visits):
        if n and days[n] - days[n - 1] < rule.days_apart:
            amount = rule.days_apart - (days[n] - days[n - 1])
            yield Violation(key, Reason(Code.TOO_SOON, (visits[n - 1],), rule.key, amount=amount))
        if rule.rolling:
            same = [other for other, day in zip(visits[:n], days, strict=False) if days[n] - day < 7]
        else:
            same = [
                other
                for other, day in zip(visits[:n], days, strict=False)
                if schedule.week(day) == schedule.week(days[n])
            ]
        if len(same) >= rule.at_most:
            yield Violation(key, Reason(Code.WEEK_FULL, tuple(same), rule.key, amount=rule.at_most))
    if rule.at_least and len(visits) == len(rule.visits):
        yield from _short_weeks(rule, schedule, visits)


def _short_weeks(rule: PerWeek, schedule: Schedule, visits: list[str]) -> Iterator[Violation]:
    weeks = [schedule.week(schedule.day[key]) for key in visits]
    for week in range(weeks[0] + 1, weeks[-1]):
        missing = rule.at_least - weeks.count(week)
        if missing > 0:
            after = next(n for n, number in enumerate(weeks) if number > week)
            # every visit of the rule could be the one that is missing there
            others = (visits[after - 1], *visits[: after - 1], *visits[after + 1 :])
            yield Violation(visits[after], Reason(Code.WEEK_SHORT, others, rule.key, amount=missing))


def _span(rule: Span, schedule: Schedule) -> Iterator[Violation]:
    visits = schedule.present(rule.visits)
    for key in visits:
        over = schedule.day[key] - schedule.day[visits[0]] - rule.most_days
        if over > 0:
            yield Violation(key, Reason(Code.SPAN_EXCEEDED, (visits[0],), rule.key, amount=over))


def _window(rule: Window, schedule: Schedule) -> Iterator[Violation]:
    grid = schedule.request.grid
    for key in schedule.present(rule.visits):
        local = grid.local(schedule.start(key))
        if not (
            local.weekday() in rule.weekdays
            and rule.earliest <= local.hour * 60 + local.minute <= rule.latest
            and (rule.from_on is None or rule.from_on <= local.date())
            and (rule.until_on is None or local.date() <= rule.until_on)
        ):
            yield Violation(key, Reason(Code.OUTSIDE_WINDOW, (), rule.key, hard=rule.hard))


def _same_day(rule: SameDay, schedule: Schedule) -> Iterator[Violation]:
    for key in schedule.present(rule.visits):
        for other in schedule.present(rule.after):
            if other == key or schedule.day[key] != schedule.day[other]:
                continue
            if rule.before_too or schedule.start(key) >= schedule.start(other):
                yield Violation(key, Reason(Code.NOT_SAME_DAY, (other,), rule.key))


def _same_resource(rule: SameResource, schedule: Schedule) -> Iterator[Violation]:
    used = _fillers(rule, schedule)
    usual = _usual(rule, schedule, used)
    for key, resource in used.items():
        if resource not in usual:
            yield _differs(rule, key, usual, used)


def _fillers(rule: SameResource, schedule: Schedule) -> dict[str, str]:
    """Visit to resource, in order of time, for the visits that have the role."""
    used = {key: schedule.resource(key, rule.role) for key in schedule.present(rule.visits)}
    return {key: resource for key, resource in used.items() if resource is not None}


def _usual(rule: SameResource, schedule: Schedule, used: dict[str, str]) -> tuple[str, ...]:
    # visits that may not be changed decide whom the others have to follow
    given = [resource for key, resource in used.items() if key in schedule.fixed] if rule.hard else []
    first = main_resources(given, rule.at_most)
    others = [resource for resource in used.values() if resource not in first]
    return first + main_resources(others, rule.at_most - len(first))


def _differs(rule: SameResource, visit: str, usual: tuple[str, ...], used: dict[str, str]) -> Violation:
    with_usual = (key for key, resource in used.items() if resource in usual)
    reason = Reason(Code.OTHER_RESOURCE, (*usual, *with_usual), rule.key, hard=rule.hard, role=rule.role)
    return Violation(visit, reason)


def main_resources(used: list[str], most: int = 1) -> tuple[str, ...]:
    """The ``most`` that are used most, at most all; of equals those used first."""
    ranked = sorted(dict.fromkeys(used), key=lambda resource: (-used.count(resource), used.index(resource)))
    return tuple(ranked[:most])


def _consecutive(rule: ConsecutiveDays, schedule: Schedule) -> Iterator[Violation]:
    for before, key in zip(rule.visits, rule.visits[1:], strict=False):
        if before not in schedule.placed or key not in schedule.placed:
            continue
        due = min((day for day in row(rule, schedule.request) if day > schedule.day[before]), default=None)
        if schedule.day[key] != due:
            yield Violation(key, Reason(Code.NOT_CONSECUTIVE, (before,), rule.key))


def row(rule: ConsecutiveDays, request: PlanRequest) -> tuple[int, ...]:
    """The days that count for consecutive visits, in order: of the next one on this list the next visit is due."""
    offset = request.grid.first_on.weekday()
    days = sorted(request.open_days) if rule.skip_closed else range(request.grid.days + 1)
    return tuple(day for day in days if (day + offset) % 7 in rule.weekdays)


def _at_most(rule: AtMost, schedule: Schedule) -> Iterator[Violation]:
    grid = schedule.request.grid
    dated: list[tuple[int, str | None]] = [(schedule.day[key], key) for key in schedule.present(rule.visits)]
    dated += [(grid.day_of(on), None) for on in rule.taken]
    dated.sort(key=lambda entry: entry[0])
    for n, (day, _) in enumerate(dated):
        within = [key for other, key in dated[: n + 1] if day - other < rule.days]
        own = [key for key in within if key is not None]
        if len(within) > rule.at_most and own:
            yield Violation(own[-1], Reason(Code.TOO_MANY, tuple(own[:-1]), rule.key, amount=rule.at_most))


def _keep(rule: Keep, schedule: Schedule) -> Iterator[Violation]:
    if rule.visit not in schedule.placed:
        return
    moved = abs(schedule.start(rule.visit) - rule.start) * SLOT_MINUTES
    if moved:
        yield Violation(rule.visit, Reason(Code.MOVED, (), rule.key, hard=False, amount=moved))
    for role, resource in rule.resources:
        used = schedule.resource(rule.visit, role)
        if used is not None and used != resource:
            yield Violation(rule.visit, Reason(Code.OTHER_RESOURCE, (resource,), rule.key, hard=False, role=role))


def _preferred(rule: Preferred, schedule: Schedule) -> Iterator[Violation]:
    asked_for = tuple(sorted(rule.resources))
    for key in schedule.present(rule.visits):
        for role in schedule.visits[key].roles:
            used = schedule.resource(key, role.key)
            if used is not None and used not in rule.resources and could_fill(rule, role, schedule.request):
                yield Violation(key, Reason(Code.NOT_PREFERRED, asked_for, rule.key, hard=rule.hard, role=role.key))


def could_fill(rule: Preferred, role: Role, request: PlanRequest) -> bool:
    """Whether any of those asked for could fill a role at all, whatever the time."""
    return any(
        calendar.id in rule.resources and calendar.kind == role.kind and role.skills <= calendar.skills
        for calendar in request.calendars
    )


def _daily_load(rule: DailyLoad, schedule: Schedule) -> Iterator[Violation]:
    taken = dict(rule.taken)
    seen: dict[int, list[str]] = {}
    for key in schedule.present(rule.visits):
        day = schedule.day[key]
        others = seen.setdefault(day, [])
        if rule.at_most is not None and taken.get(day, 0) + len(others) >= rule.at_most:
            yield Violation(key, Reason(Code.DAY_FULL, tuple(others), rule.key, amount=rule.at_most))
        elif rule.target is not None and taken.get(day, 0) >= rule.target:
            amount = taken.get(day, 0) + 1 - rule.target
            yield Violation(key, Reason(Code.DAY_CROWDED, (), rule.key, hard=False, amount=amount))
        others.append(key)


CHECKS: dict[type, Callable[[Any, Schedule], Iterable[Violation]]] = {
    Offset: _offset,
    PerWeek: _per_week,
    Span: _span,
    Window: _window,
    SameDay: _same_day,
    SameResource: _same_resource,
    ConsecutiveDays: _consecutive,
    AtMost: _at_most,
    Keep: _keep,
    Preferred: _preferred,
    DailyLoad: _daily_load,
}
"""One check for each kind of rule."""


def findings(schedule: Schedule) -> Iterator[Violation]:
    """Everything the rules have to say about a schedule: what is forbidden, and what is given up.

    What is wrong between fixed visits alone is left out: nobody asks to change it.
    """
    for rule in schedule.request.rules:
        for found in CHECKS[type(rule)](rule, schedule):
            visits = {found.visit, *(subject for subject in found.reason.subjects if subject in schedule.visits)}
            if not visits <= schedule.fixed:
                yield found


def against(schedule: Schedule, visit: str) -> Iterator[Reason]:
    """Everything the rules have to say against the place of one visit, the others being where they are."""
    for rule in schedule.request.rules:
        if not names(rule, visit):
            continue
        if isinstance(rule, SameResource):
            yield from _differs_from_others(rule, schedule, visit)
            continue
        for found in CHECKS[type(rule)](rule, schedule):
            reason = seen_from(found, visit)
            if reason is not None:
                yield reason


def _differs_from_others(rule: SameResource, schedule: Schedule, visit: str) -> Iterator[Reason]:
    used = _fillers(rule, schedule)
    own = used.pop(visit, None)
    if own is not None and used:
        usual = _usual(rule, schedule, used)
        if own not in usual and len(usual) == rule.at_most:
            yield _differs(rule, visit, usual, used).reason


def names(rule: Rule, visit: str) -> bool:
    """Whether a rule is about a visit, among others."""
    if isinstance(rule, Offset):
        return visit in (rule.visit, rule.anchor)
    if isinstance(rule, Keep):
        return visit == rule.visit
    return visit in rule.visits or (isinstance(rule, SameDay) and visit in rule.after)


_OPPOSITE = {Code.TOO_SOON: Code.TOO_LATE, Code.TOO_LATE: Code.TOO_SOON}


def seen_from(violation: Violation, visit: str) -> Reason | None:
    """The reason of a violation as it concerns ``visit``; ``None`` where it does not.

    "Psychotherapy 2 is too soon after infusion 2" is, for infusion 2, "too late before psychotherapy 2".
    """
    reason = violation.reason
    if violation.visit == visit:
        return reason
    if visit not in reason.subjects:
        return None
    others = (violation.visit, *(subject for subject in reason.subjects if subject != visit))
    return replace(reason, code=_OPPOSITE.get(reason.code, reason.code), subjects=others)
