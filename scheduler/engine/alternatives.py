"""Plans that are best in another way than the least cost."""

from collections.abc import Iterator
from itertools import islice

from scheduler.engine import bits
from scheduler.engine.aims import Aim
from scheduler.engine.answer import Kind, Plan
from scheduler.engine.choices import options
from scheduler.engine.course import Course
from scheduler.engine.planner import Limits, Planner, Watcher
from scheduler.engine.rules import main_resources
from scheduler.engine.schedule import Schedule

_RUNS = 2
"""So many runs through the layers each attempt takes at most; the widest are for the best plan alone."""
_TIMES_TRIED = 3
"""So many times of day are tried for the kind with most visits."""


def alternatives(course: Course, best: Plan, effort: Limits, wanted: int, watcher: Watcher) -> tuple[Plan, ...]:
    """Up to ``wanted`` plans that differ from the best one and from each other, the cheapest first."""
    return tuple(
        sorted(islice(_others(course, best, effort, watcher), max(wanted, 0)), key=lambda found: found.cost.total)
    )


def _others(course: Course, best: Plan, effort: Limits, watcher: Watcher) -> Iterator[Plan]:
    seen = {best.placements}
    for kind, make in (
        (Kind.EARLIEST_FINISH, earliest_finish),
        (Kind.SAME_TIME, same_time),
        (Kind.FEWEST_TRIPS, fewest_trips),
        (Kind.OTHER_PERSON, other_person),
    ):
        if watcher.stop is not None and watcher.stop():
            return
        found = make(course, best, effort, watcher)
        if found is not None and found.placements not in seen:
            seen.add(found.placements)
            yield _compared(kind, found, best)
    begun = {_first_day(course, best)}
    while watcher.stop is None or not watcher.stop():
        found = _aimed(course, Aim(first_not_on=frozenset(begun)), effort, watcher)
        if found is None or _first_day(course, found) in begun:
            return
        begun.add(_first_day(course, found))
        if found.placements not in seen:
            seen.add(found.placements)
            yield _compared(Kind.OTHER_START, found, best)


def _compared(kind: Kind, found: Plan, best: Plan) -> Plan:
    return Plan(
        found.placements,
        found.unplaced,
        found.cost,
        found.notes,
        bound=best.bound,
        kind=kind,
        more=found.cost.beyond(best.cost),
    )


def _aimed(course: Course, aim: Aim, effort: Limits, watcher: Watcher) -> Plan | None:
    return Planner(aim.narrowed(course), Watcher(None, watcher.stop), aim).solve(effort.widths[:_RUNS])


def _first_day(course: Course, plan: Plan) -> int:
    """The date of the visit that is placed first."""
    first = next((visit.key for n, visit in enumerate(course.visits) if n not in course.given), None)
    return next((course.day(placement.start) for placement in plan.placements if placement.visit == first), -1)


def last_day(course: Course, plan: Plan) -> int:
    """The last date of the visits that are not fixed; -1 if all are."""
    return max((course.day(one.start) for one in plan.placements if one.visit not in course.fixed), default=-1)


def earliest_finish(course: Course, best: Plan, effort: Limits, watcher: Watcher) -> Plan | None:
    """The cheapest of the plans with the earliest last date, by halving; ``None`` if the best plan is one of them."""
    found: Plan | None = None
    low = max(course.request.grid.day(course.request.not_before), 0)
    high = last_day(course, best)
    while low < high:
        middle = (low + high) // 2
        earlier = _aimed(course, Aim(until=middle), effort, watcher)
        if earlier is None:
            low = middle + 1
        else:
            found, high = earlier, min(last_day(course, earlier), middle)
    return found


def fewest_trips(course: Course, best: Plan, effort: Limits, watcher: Watcher) -> Plan | None:
    """The cheapest of the plans with the fewest dates; ``None`` if the best plan has no more."""
    aim = Aim(trips=True)
    return _fewer(course, aim, _aimed(course, aim, effort, watcher), best)


def same_time(course: Course, best: Plan, effort: Limits, watcher: Watcher) -> Plan | None:
    """Of the times of day on offer for each kind of visit, the plan that keeps to one most."""
    kinds: dict[str, list[int]] = {}
    for n, visit in enumerate(course.visits):
        kinds.setdefault(visit.kind, []).append(n)
    ranked = {kind: _times(course, members, best) for kind, members in kinds.items() if len(members) > 1}
    if not all(ranked.values()) or not ranked:
        return None
    leading = max(ranked, key=lambda kind: (len(kinds[kind]), kind))
    tried: list[tuple[int, int, int, Plan]] = []
    for n, minute in enumerate(ranked[leading][:_TIMES_TRIED]):
        usual = {kind: times[0] for kind, times in ranked.items()} | {leading: minute}
        aim = Aim(usual=usual)
        found = _aimed(course, aim, effort, watcher)
        if found is not None:
            count = aim.count(Schedule(course.request, found.placements))
            tried.append((count, found.cost.total, n, found))
            if not count:
                break
    if not tried:
        return None
    found = min(tried)[3]
    return found if irregular(course, found) < irregular(course, best) else None


def irregular(course: Course, plan: Plan) -> int:
    """How many visits of a plan start at another time of day than most of their kind."""
    schedule = Schedule(course.request, plan.placements)
    minutes: dict[str, list[int]] = {}
    for placement in plan.placements:
        minute = course.request.grid.minute_of_day(placement.start)
        minutes.setdefault(schedule.visits[placement.visit].kind, []).append(minute)
    return sum(len(found) - max(found.count(minute) for minute in found) for found in minutes.values())


def _times(course: Course, members: list[int], best: Plan) -> list[int]:
    """Times of day for visits of a kind: those of the best plan, then those possible on most dates."""
    dates: dict[int, int] = {}
    clock = course.free.clock
    for n in members:
        if n in course.given:
            continue
        for slot in bits.members(course.domains[n]).tolist():
            minute = int(clock.minute[slot])
            dates[minute] = dates.get(minute, 0) + 1
    keys = {course.visits[n].key for n in members}
    used = [course.request.grid.minute_of_day(one.start) for one in best.placements if one.visit in keys]
    return sorted({*dates, *used}, key=lambda minute: (-used.count(minute), -dates.get(minute, 0), minute))


def other_person(course: Course, best: Plan, effort: Limits, watcher: Watcher) -> Plan | None:
    """The cheapest of the plans in which one series is with somebody else."""
    schedule = Schedule(course.request, best.placements)
    found: list[Plan] = []
    for k, rule in enumerate(course.series):
        used = [name for key in schedule.present(rule.visits) if (name := schedule.resource(key, rule.role))]
        if used and len(options(course, rule)) > 1:
            usual = tuple(sorted(main_resources(used, rule.at_most)))
            other = _aimed(course, Aim(without=(k, usual)), effort, watcher)
            if other is not None:
                found.append(other)
    return min(found, key=lambda plan: plan.cost.total, default=None)


def _fewer(course: Course, aim: Aim, found: Plan | None, best: Plan) -> Plan | None:
    if found is None:
        return None
    less = aim.count(Schedule(course.request, found.placements)) < aim.count(Schedule(course.request, best.placements))
    return found if less else None
