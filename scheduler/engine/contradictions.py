"""Rules that no calendar could ever satisfy together, found when a protocol is published."""

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from scheduler.engine.clock import DAY_MINUTES
from scheduler.engine.distances import FREE, Distance, Matrix, closed, contradictory, distances, extent, matrix, weekly
from scheduler.engine.request import AtMost, DailyLoad, Keep, Offset, PerWeek, Rule, SameDay, Span, Unit, Visit, Window

_CLOCK_CHANGE = 120
"""Minutes; on no date do the clocks go back by more, so that it has so much more time than its hours say."""
_START = ""
"""Stands for a fixed date, so that windows of dates are distances too."""


def contradiction(visits: Sequence[Visit], rules: Sequence[Rule]) -> tuple[str, ...] | None:
    """The keys of a smallest set of rules that contradict each other, sorted; ``None`` if none can be shown.

    Judges by dates, weekdays and times of day, without opening hours or resources, so ``None`` does not promise that a plan
    exists. Of several sets of the smallest size it is the one whose rules come first.

    Raises:
        KeyError: a rule names a visit that does not exist.
    """
    hard = [rule for rule in rules if not isinstance(rule, Keep) and getattr(rule, "hard", True)]

    def clash(keys: set[str]) -> bool:
        return _impossible(visits, [rule for rule in hard if rule.key in keys])

    keys = list(dict.fromkeys(rule.key for rule in hard))
    if not clash(set(keys)):
        return None
    return tuple(sorted(_smallest(keys, clash)))


def _smallest(keys: list[str], clash: Callable[[set[str]], bool]) -> set[str]:
    """A smallest clashing set, by what has to be hit.

    Every clashing set has a key of each set whose removal leaves no clash. The smallest choice of keys that hits all such
    sets known so far either clashes, and is then a smallest one, or shows another set to be hit.
    """
    removals: list[list[str]] = [keys]
    while True:
        chosen = _smallest_hitting(removals)
        if clash(chosen):
            return chosen
        kept = set(chosen)
        for key in keys:
            if key not in kept and not clash(kept | {key}):
                kept.add(key)
        removals.append([key for key in keys if key not in kept])


def _smallest_hitting(sets: list[list[str]]) -> set[str]:
    """A smallest set with a key of each of ``sets``."""
    best = {key for some in sets for key in some}

    def extend(chosen: set[str], left: list[list[str]]) -> None:
        nonlocal best
        if not left:
            best = chosen
        elif len(chosen) + 1 < len(best):
            narrowest = min(left, key=len)
            for key in narrowest:
                extend(chosen | {key}, [some for some in left if key not in some])

    extend(set(), sets)
    return best


def _impossible(visits: Sequence[Visit], rules: Sequence[Rule]) -> bool:
    if any(_impossible_alone(rule) for rule in rules) or _weeks_do_not_fit(rules):
        return True
    order = [_START, *(visit.key for visit in visits)]
    found = [*distances(rules, visits), *_dates(rules)]
    least = closed(matrix(found, order))
    if contradictory(least):
        return True
    least = closed(np.maximum(least, matrix(weekly(rules, least, order), order)))
    return (
        contradictory(least)
        or _minutes_clash(rules, visits, least, order)
        or _no_time_of_day(visits, rules)
        or _weekdays_clash(visits, rules, least, order)
        or _same_day_forced(rules, least, order)
    )


def _impossible_alone(rule: Rule) -> bool:
    if isinstance(rule, PerWeek):
        return rule.at_most < 1 or (_some_week_is_whole(rule) and rule.at_least > _most_in_week(rule, range(7)))
    if isinstance(rule, AtMost | DailyLoad):
        return rule.at_most is not None and rule.at_most < 1
    return isinstance(rule, Window) and not rule.weekdays


def _some_week_is_whole(rule: PerWeek) -> bool:
    """Whether the visits cannot all lie in their first and last week, where no least number is asked."""
    return bool(rule.at_least) and len(rule.visits) > 2 * min(rule.at_most, _most_in_week(rule, range(7)))


def _most_in_week(rule: PerWeek, weekdays: Sequence[int]) -> int:
    """How many visits a calendar week can hold on the given weekdays."""
    if not rule.days_apart:
        return rule.at_most
    count, last = 0, -7
    for weekday in sorted(weekdays):
        if weekday - last >= rule.days_apart:
            count, last = count + 1, weekday
    return min(count, rule.at_most)


def _weeks_do_not_fit(rules: Sequence[Rule]) -> bool:
    """Counts per week against spans and weekdays, in whatever order the visits are."""
    return any(
        _too_long(rule, other) or _too_few_in_a_week(rule, other)
        for rule in rules
        if isinstance(rule, PerWeek | AtMost)
        for other in rules
    )


def _too_long(rule: PerWeek | AtMost, other: Rule) -> bool:
    if not isinstance(other, Span):
        return False
    both = len(set(rule.visits) & set(other.visits))
    return both > 1 and extent(rule, both) > other.most_days


def _too_few_in_a_week(rule: PerWeek | AtMost, other: Rule) -> bool:
    """Whether a week cannot hold its least number, for weekdays or for another count."""
    if not isinstance(rule, PerWeek) or not _some_week_is_whole(rule):
        return False
    if isinstance(other, Window) and set(rule.visits) <= set(other.visits):
        return rule.at_least > _most_in_week(rule, sorted(other.weekdays))
    if isinstance(other, AtMost) and set(rule.visits) <= set(other.visits):
        return rule.at_least > other.at_most * -(-7 // other.days)
    return False


def _dates(rules: Sequence[Rule]) -> list[Distance]:
    found = []
    for rule in rules:
        if isinstance(rule, Window):
            for key in rule.visits:
                if rule.from_on is not None:
                    found.append(Distance(_START, key, rule.from_on.toordinal(), rule.key))
                if rule.until_on is not None:
                    found.append(Distance(key, _START, -rule.until_on.toordinal(), rule.key))
    return found


def _minutes_clash(rules: Sequence[Rule], visits: Sequence[Visit], days: Matrix, order: Sequence[str]) -> bool:
    """Elapsed time: the distances of starts in minutes by themselves, and within the hours of a date."""
    index = {visit.key: n for n, visit in enumerate(visits)}
    least = np.full((len(visits), len(visits)), FREE, dtype=np.int64)
    np.fill_diagonal(least, 0)
    for rule in rules:
        if isinstance(rule, Offset) and rule.unit is Unit.MINUTES:
            i, j = index[rule.anchor], index[rule.visit]
            length = visits[i].minutes if rule.from_end else 0
            if rule.least is not None:
                least[i, j] = max(least[i, j], rule.least + length)
            if rule.most is not None:
                least[j, i] = max(least[j, i], -rule.most - length)
    least = closed(least)
    if contradictory(least):
        return True
    where = [order.index(visit.key) for visit in visits]
    between = days[np.ix_(where, where)]
    together = (between == 0) & (between.T == 0)
    earliest, latest = _hours(visits, rules)
    room = np.array(latest)[None, :] - np.array(earliest)[:, None] + _CLOCK_CHANGE
    return bool((together & (least > room)).any())


def _hours(visits: Sequence[Visit], rules: Sequence[Rule]) -> tuple[list[int], list[int]]:
    """The first and the last wall-clock minute at which each visit may start."""
    windows = [rule for rule in rules if isinstance(rule, Window)]
    earliest = [max([0, *(rule.earliest for rule in windows if visit.key in rule.visits)]) for visit in visits]
    latest = [
        min([DAY_MINUTES - 1, *(rule.latest for rule in windows if visit.key in rule.visits)]) for visit in visits
    ]
    return earliest, latest


def _no_time_of_day(visits: Sequence[Visit], rules: Sequence[Rule]) -> bool:
    return any(first > last for first, last in zip(*_hours(visits, rules), strict=True))


def _weekdays_clash(visits: Sequence[Visit], rules: Sequence[Rule], least: Matrix, order: Sequence[str]) -> bool:
    """Whether some visit has no weekday left, given the weekdays of the others and the distances between them."""
    index = {key: n for n, key in enumerate(order)}
    weekdays = {
        visit.key: reduce(
            frozenset.intersection,
            (rule.weekdays for rule in rules if isinstance(rule, Window) and visit.key in rule.visits),
            frozenset(range(7)),
        )
        for visit in visits
    }
    narrow = []
    for a in visits:
        for b in visits:
            low, high = int(least[index[a.key], index[b.key]]), -int(least[index[b.key], index[a.key]])
            if a.key != b.key and low > FREE // 2 and high - low < 6:
                narrow.append((a.key, b.key, {days % 7 for days in range(low, high + 1)}))
    changed = True
    while changed:
        changed = False
        for one, other, gaps in narrow:
            reachable = {(weekday + gap) % 7 for weekday in weekdays[one] for gap in gaps}
            if not weekdays[other] <= reachable:
                weekdays[other] &= reachable
                changed = True
    return not all(weekdays.values())


def _same_day_forced(rules: Sequence[Rule], least: Matrix, order: Sequence[str]) -> bool:
    """Whether distances put on one date what may not be on one date."""
    index = {key: n for n, key in enumerate(order)}
    for rule in rules:
        if not isinstance(rule, SameDay):
            continue
        for key in rule.visits:
            for other in rule.after:
                i, j = index[key], index[other]
                if i != j and least[i, j] == 0 == least[j, i] and (rule.before_too or _later(rules, key, other)):
                    return True
    return False


def _later(rules: Sequence[Rule], visit: str, anchor: str) -> bool:
    """Whether a distance in minutes puts ``visit`` after ``anchor``."""
    for rule in rules:
        if isinstance(rule, Offset) and rule.unit is Unit.MINUTES:
            if (rule.visit, rule.anchor) == (visit, anchor) and rule.least is not None and rule.least >= 0:
                return True
            if (rule.visit, rule.anchor) == (anchor, visit) and rule.most is not None and rule.most <= 0:
                return True
    return False
