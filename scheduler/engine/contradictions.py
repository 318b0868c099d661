"""Rules that no calendar could ever satisfy together, found when a protocol is published."""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import combinations

import numpy as np

from scheduler.engine.distances import FREE, Distance, Matrix, closed, contradictory, distances, extent, matrix, weekly
from scheduler.engine.request import AtMost, Keep, Offset, PerWeek, Rule, SameDay, Span, Unit, Visit, Window

_START = ""
"""Stands for a fixed date, so that windows of dates are distances too."""
_PAIRS_UP_TO = 60
"""With more rule keys than this, clashing pairs are not looked for one by one."""


def contradiction(visits: Sequence[Visit], rules: Sequence[Rule]) -> tuple[str, ...] | None:
    """The keys of a smallest set of rules that contradict each other, sorted; ``None`` if none can be shown.

    Judges by dates and weekdays only, without opening hours or resources, so ``None`` does not promise that a plan exists.
    The set is a smallest one up to two keys; a larger one has none to spare.

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
    for size in (1, 2) if len(keys) <= _PAIRS_UP_TO else (1,):
        for some in combinations(keys, size):
            if clash(set(some)):
                return set(some)
    needed = set(keys)
    for key in keys:
        if clash(needed - {key}):
            needed.discard(key)
    return needed


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
        or _minutes_clash(rules, visits)
        or _no_time_of_day(visits, rules)
        or _weekdays_clash(visits, rules, least, order)
        or _same_day_forced(rules, least, order)
    )


def _impossible_alone(rule: Rule) -> bool:
    if isinstance(rule, PerWeek):
        return rule.at_most < 1 or (_some_week_is_whole(rule) and rule.at_least > _most_in_week(rule, range(7)))
    if isinstance(rule, AtMost):
        return rule.at_most < 1
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
        _too_long(rule, other) or _too_few_weekdays(rule, other)
        for rule in rules
        if isinstance(rule, PerWeek | AtMost)
        for other in rules
    )


def _too_long(rule: PerWeek | AtMost, other: Rule) -> bool:
    if not isinstance(other, Span):
        return False
    both = len(set(rule.visits) & set(other.visits))
    return both > 1 and extent(rule, both) > other.most_days


def _too_few_weekdays(rule: PerWeek | AtMost, other: Rule) -> bool:
    if (
        not isinstance(rule, PerWeek)
        or not isinstance(other, Window)
        or not set(rule.visits) <= set(other.visits)
        or not _some_week_is_whole(rule)
    ):
        return False
    return rule.at_least > _most_in_week(rule, sorted(other.weekdays))


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


def _minutes_clash(rules: Sequence[Rule], visits: Sequence[Visit]) -> bool:
    """Elapsed time by itself: the distances of starts in minutes."""
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
    return contradictory(closed(least))


def _no_time_of_day(visits: Sequence[Visit], rules: Sequence[Rule]) -> bool:
    for visit in visits:
        windows = [rule for rule in rules if isinstance(rule, Window) and visit.key in rule.visits]
        if windows and max(rule.earliest for rule in windows) > min(rule.latest for rule in windows):
            return True
    return False


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
