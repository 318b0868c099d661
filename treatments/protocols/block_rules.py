"""The rules within one block: gaps, cycles, days, weeks, spans, classes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from scheduler.engine.request import ConsecutiveDays, Offset, PerWeek, Rule, SameResource, Span, Unit, Window
from treatments.protocols import phrasing, schema, words
from treatments.protocols.phrasing import in_hours, to_minutes
from treatments.protocols.rulebook import CourseVisit, Rulebook, RuleNote, Visits

GROUP_ROLE = "group"
"""The role of the class that the visits of a block take their seats in."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A block with its visits, and the book its rules go to."""

    block: schema.Block
    path: str
    """Its place in the document: ``blocks[1]``."""
    subject: str
    """What the words of its rules call it."""
    visits: Visits
    book: Rulebook

    @property
    def days(self) -> "Scope":
        """The same block with the first visit of each day only, where a day has several."""
        each = self.block.per_day.visits if self.block.per_day else 1
        return replace(self, visits=self.visits[::each])

    @property
    def forbids_moving(self) -> bool:
        """Whether every visit is on its very day."""
        return self.block.holidays == "forbid"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its visits."""
        return tuple(visit.key for visit in self.visits)

    def key(self, rule: str, number: int | None = None) -> str:
        """The key of a rule of the block; ``number`` is that of the visit it limits."""
        return f"{self.block.block}.{rule}" if number is None else f"{self.block.block}.{rule}.{number}"

    def add(
        self, rules: Iterable[Rule], text: str, sources: tuple[str, ...], part: str, *, overridable: bool = False
    ) -> None:
        """Add the planner's rules for one part of the block, such as its ``gap``."""
        path = f"{self.path}.{part}" if part else self.path
        self.book.add(rules, RuleNote(f"{self.subject}: {text}", sources, path, overridable))


def write_block_rules(scope: Scope) -> None:
    """Add the rules between the visits of one block to its book."""
    block = scope.block
    if block.cycle is not None:
        _cycle(scope, block.cycle)
    elif block.gap is not None:
        gaps = [_gap(scope.days, block.gap, n, n) for n in range(1, len(scope.days.visits))]
        text = f"{phrasing.gap_words(block.gap)} apart"
        scope.add(gaps, text, block.gap.source, "gap", overridable=block.gap.overridable)
    if block.on_days is not None:
        _on_days(scope, block.on_days)
    if block.consecutive_days is not None:
        _consecutive_days(scope.days, block.consecutive_days)
    if block.per_day is not None:
        _per_day(scope, block.per_day)
    if block.per_week is not None:
        _per_week(scope, block.per_week)
    _order(scope.days)
    if block.span is not None:
        span = Span(scope.key("span"), scope.keys, block.span.max_days)
        text = f"at most {words.count(block.span.max_days, 'day')} from the first to the last"
        scope.add([span], text, block.span.source, "span", overridable=block.span.overridable)
    if block.group is not None:
        _group(scope, block.group)


def _gap(scope: Scope, gap: schema.Gap, n: int, turn: int) -> Offset:
    """The distance from visit ``n`` (from 1) to the next; ``turn`` says which of several ideals it takes."""
    before, visit = scope.visits[n - 1], scope.visits[n]
    key, label = scope.key("gap", number_of(visit)), words.in_sentence(before.label)
    if in_hours(gap):
        scope.book.say(visit.key, phrasing.placed(phrasing.distance_words(gap), "after", label))
        return Offset(
            key,
            visit.key,
            before.key,
            Unit.MINUTES,
            to_minutes(gap.min_hours) or 0,
            to_minutes(gap.ideal_hours),
            to_minutes(gap.max_hours),
            from_end=gap.hours_from == "end",
            weight=gap.weight,
        )
    ideal = gap.ideal_days[(turn - 1) % len(gap.ideal_days)] if gap.ideal_days else None
    least, most = (ideal, ideal) if scope.forbids_moving else (gap.min_days, gap.max_days)
    limits = phrasing.days_words(least, ideal, most)
    scope.book.say(visit.key, phrasing.placed(limits, "after", label, ideal=ideal))
    least = 1 if least is None else least
    offset = Offset(key, visit.key, before.key, Unit.DAYS, least, ideal, most, weight=gap.weight)
    return scope.book.counted(offset, gap.counted_from)


def number_of(visit: CourseVisit) -> int:
    """The number of a visit in its block, from 1."""
    return int(visit.key.rpartition(".")[2])


def _cycle(scope: Scope, cycle: schema.Cycle) -> None:
    """Groups of visits: the first of each a fixed time after the first of the one before, the rest in the same week."""
    rhythm = phrasing.cycle_words(cycle)
    days = 7 * cycle.weeks
    gap = scope.block.gap or schema.Gap(min_days=1, source=cycle.source)
    between: list[Rule] = []
    inside: list[Rule] = []
    for first in range(0, len(scope.visits), cycle.visits):
        group = scope.visits[first : first + cycle.visits]
        if first:
            before = scope.visits[first - cycle.visits : first]
            between += _next_cycle(scope, cycle, group[0], before, first + 1)
            label = words.in_sentence(before[0].label)
            scope.book.say(group[0].key, f"{rhythm}: {words.count(days, 'day')} after {label}")
        inside += [_gap(scope, gap, first + k, k) for k in range(1, len(group))]
        if len(group) > 1:
            between.append(Span(scope.key("cycle_week", first + 1), tuple(visit.key for visit in group), 6))
    scope.add(between, rhythm, cycle.source, "cycle", overridable=cycle.overridable)
    part = "gap" if scope.block.gap else "cycle"
    overridable = (scope.block.gap or cycle).overridable
    scope.add(inside, f"{phrasing.gap_words(gap)} apart within a cycle", gap.source, part, overridable=overridable)


def _next_cycle(scope: Scope, cycle: schema.Cycle, visit: CourseVisit, before: Visits, number: int) -> list[Rule]:
    days = 7 * cycle.weeks
    early, late = (0, 0) if scope.forbids_moving else (cycle.early_days, cycle.late_days)
    key = scope.key("cycle", number)
    next_one = Offset(key, visit.key, before[0].key, Unit.DAYS, max(1, days - early), days, days + late)
    found: list[Rule] = [scope.book.counted(next_one, cycle.counted_from)]
    if len(before) > 1:
        found.append(Offset(scope.key("cycle_order", number), visit.key, before[-1].key, Unit.DAYS, least=1))
    return found


def _on_days(scope: Scope, rule: schema.OnDays) -> None:
    early, late = (0, 0) if scope.forbids_moving else (rule.early_days, rule.late_days)
    first, rounds = scope.visits[0], len(rule.days)
    offsets = []
    for n, (before, visit) in enumerate(pairwise(scope.visits), start=1):
        key = scope.key("on_days", number_of(visit))
        if n >= rounds and rule.every_days is None:  # one more than the document has
            offsets.append(Offset(key, visit.key, before.key, Unit.DAYS, least=1))
            continue
        day = rule.days[n % rounds] or rule.every_days or 0
        anchor, first = first, first if n % rounds else visit
        offset = Offset(key, visit.key, anchor.key, Unit.DAYS, day - early, day, day + late)
        offsets.append(scope.book.counted(offset, rule.counted_from))
        label = words.in_sentence(anchor.label)
        counted = f"day {day}, counted from {label}" if n % rounds else f"{words.count(day, 'day')} after {label}"
        scope.book.say(visit.key, counted)
    text = f"on days {words.listing(str(day) for day in rule.days)}"
    if rule.times > 1:
        text += f", {words.count(rule.times, 'time')}, every {words.count(rule.every_days or 0, 'day')}"
    margins = f"up to {words.count(early, 'day')} early or {words.count(late, 'day')} late"
    scope.add(offsets, f"{text}, {margins}", rule.source, "on_days", overridable=rule.overridable)


def _per_day(scope: Scope, rule: schema.PerDay) -> None:
    """Several visits on one day, each a while after the one before."""
    found: list[Rule] = []
    spacing = words.within(rule.min_minutes or None, rule.max_minutes, "minute")
    for first in range(0, len(scope.visits), rule.visits):
        day = scope.visits[first : first + rule.visits]
        for before, visit in pairwise(day):
            key = scope.key("per_day", number_of(visit))
            found.append(Offset(f"{key}.day", visit.key, day[0].key, Unit.DAYS, 0, None, 0))
            found.append(
                Offset(
                    key, visit.key, before.key, Unit.MINUTES, rule.min_minutes, None, rule.max_minutes, from_end=True
                )
            )
            label = words.in_sentence(before.label)
            scope.book.say(visit.key, f"{spacing} after {label}" if spacing else f"on the same day as {label}")
    text = f"{rule.visits} a day" + (f", {spacing} apart" if spacing else "")
    scope.add(found, text, rule.source, "per_day")


def _consecutive_days(scope: Scope, rule: schema.ConsecutiveDays) -> None:
    skip = rule.closed_days == "skip"
    counted = phrasing.weekday_numbers(rule.weekdays) or frozenset(range(7))
    found: list[Rule] = [ConsecutiveDays(scope.key("consecutive_days"), scope.keys, skip, counted)]
    text = "on consecutive open days" if skip else "on consecutive days, all of them open"
    if rule.weekdays:
        text += f" from {words.weekdays(counted)}"
    for before, visit in pairwise(scope.visits):
        scope.book.say(visit.key, f"the {'open day' if skip else 'day'} after {words.in_sentence(before.label)}")
    if rule.start_weekdays:
        days = phrasing.weekday_numbers(rule.start_weekdays)
        found.append(Window(scope.key("consecutive_start"), scope.keys[:1], weekdays=days))
        text += f", beginning on {words.weekdays(days)}"
        scope.book.say(scope.keys[0], f"begins on {words.weekdays(days)}")
    scope.add(found, text, rule.source, "consecutive_days")


def _per_week(scope: Scope, rule: schema.PerWeek) -> None:
    text = phrasing.per_week_words(rule)
    weekly = PerWeek(
        scope.key("per_week"), scope.keys, rule.at_most, rule.at_least, rule.week == "rolling", rule.days_apart
    )
    scope.add([weekly], text, rule.source, "per_week", overridable=rule.overridable)
    for key in scope.keys:
        scope.book.say(key, text)


def _order(scope: Scope) -> None:
    """Visits that no other rule of the block puts in order take place in order, on different days.

    Where each belongs to a visit of another block, that visit gives the order.
    """
    block = scope.block
    paired = any((anchor.after or anchor.before or "").endswith((".each", ".next")) for anchor in block.anchors)
    if paired or block.gap or block.cycle or block.on_days or block.consecutive_days:
        return
    least = block.per_week.days_apart if block.per_week else 1
    offsets = [
        Offset(scope.key("order", number_of(visit)), visit.key, before.key, Unit.DAYS, least=least)
        for before, visit in pairwise(scope.visits)
    ]
    sources = block.per_week.source if block.per_week else block.source
    part, overridable = ("per_week", block.per_week.overridable) if block.per_week else ("", False)
    scope.add(offsets, f"at least {words.count(least, 'day')} apart", sources, part, overridable=overridable)


def _group(scope: Scope, group: schema.Group) -> None:
    for key in scope.keys:
        scope.book.say(key, "when the group meets")
    if group.same:
        same = SameResource(scope.key("group"), GROUP_ROLE, scope.keys)
        scope.add([same], "all of them in one group", group.source, "group")
