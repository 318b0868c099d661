"""How many days a course can take: the latest day of every visit, counted from the first."""

from collections.abc import Iterator, Mapping, Sequence

from scheduler.engine.request import AtMost, ConsecutiveDays, Offset, PerWeek, Rule, Span, Unit

DAY = 24 * 60
SLACK_DAYS = 14
"""Added to a distance that has no upper limit, so that the planner has room to look."""

Edge = tuple[str, str, int]
"""(a, b, days): visit b is at most so many days after visit a."""


def horizon_days(keys: Sequence[str], rules: Sequence[Rule], minutes: Mapping[str, int]) -> int:
    """The most days from the first visit of the document to the last visit of the course.

    Exact where the rules have upper limits; where they have none, their ideal or least distance and two weeks more.
    """
    if not keys:
        return 0
    limits = [edge for rule in rules for edge in _limits(rule, minutes)]
    guesses = [edge for rule in rules for edge in _guesses(rule)]
    latest = {keys[0]: 0}
    _relax(latest, limits, rounds=len(keys))
    while len(latest) < len(keys):
        known = dict(latest)
        for a, b, days in guesses:
            if a in known and b not in known:
                latest[b] = max(latest.get(b, 0), known[a] + days)
        if len(latest) == len(known):
            # nothing links the rest to the course: it may begin when the rest may
            latest[next(key for key in keys if key not in latest)] = 0
        _relax(latest, limits, rounds=len(keys))
    return max(latest.values()) - min(latest.values())


def most_days(before: str, visit: str, rules: Sequence[Rule], minutes: Mapping[str, int]) -> int | None:
    """The most local dates from one visit to another, as far as rules limit them; ``None`` where they do not."""
    latest = {before: 0}
    _relax(latest, [edge for rule in rules for edge in _limits(rule, minutes)], rounds=len(minutes))
    return latest.get(visit)


def _relax(latest: dict[str, int], edges: Sequence[Edge], *, rounds: int) -> None:
    # as many rounds as visits suffice, unless the rules contradict each other
    for _ in range(rounds):
        changed = False
        for a, b, days in edges:
            if a in latest and latest[a] + days < latest.get(b, 10**6):
                latest[b] = latest[a] + days
                changed = True
        if not changed:
            return


def _limits(rule: Rule, minutes: Mapping[str, int]) -> Iterator[Edge]:
    if isinstance(rule, Span):
        yield from ((a, b, rule.most_days) for a in rule.visits for b in rule.visits if a != b)
    elif isinstance(rule, Offset):
        least, most = rule.least, rule.most
        if rule.unit is Unit.MINUTES:
            length = minutes[rule.anchor] if rule.from_end else 0
            least = None if least is None else (least + length) // DAY - 1
            most = None if most is None else -(-(most + length) // DAY) + 1
        if most is not None:
            yield rule.anchor, rule.visit, most
        if least is not None:
            yield rule.visit, rule.anchor, -least


def _guesses(rule: Rule) -> Iterator[Edge]:
    if isinstance(rule, Offset) and rule.most is None:
        days = (rule.ideal if rule.ideal is not None else rule.least) or 0
        yield rule.anchor, rule.visit, SLACK_DAYS + (days // DAY if rule.unit is Unit.MINUTES else days)
    elif isinstance(rule, PerWeek):
        for n in range(1, len(rule.visits)):
            yield rule.visits[0], rule.visits[n], 7 * (n // rule.at_most) + SLACK_DAYS
    elif isinstance(rule, AtMost):
        for n in range(1, len(rule.visits)):
            yield rule.visits[0], rule.visits[n], rule.days * (n // rule.at_most) + SLACK_DAYS
    elif isinstance(rule, ConsecutiveDays):
        for n in range(1, len(rule.visits)):
            # five open days a week, and a week of holidays
            yield rule.visits[0], rule.visits[n], n + 2 * (n // 5 + 1) + 7
