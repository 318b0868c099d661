"""The rules within one block: gaps, cycles, days, weeks, spans, classes."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from scheduler.engine.request import ConsecutiveDays, Offset, PerWeek, Rule, Span, Unit, Window
from treatments.protocols import phrasing, schema, words
from treatments.protocols.phrasing import in_hours, to_minutes
from treatments.protocols.rulebook import CourseVisit, Rulebook, RuleNote, Visits
from treatments.protocols.vocabulary import WEEKDAYS


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
    def keys(self) -> tuple[str, ...]:
        """The keys of its visits."""
        return tuple(visit.key for visit in self.visits)

    def key(self, rule: str, number: int | None = None) -> str:
        """The key of a rule of the block; ``number`` is that of the visit it limits."""
        return f"{self.block.block}.{rule}" if number is None else f"{self.block.block}.{rule}.{number}"

    def add(self, rules: Iterable[Rule], text: str, sources: tuple[str, ...], part: str) -> None:
        """Add the planner's rules for one part of the block, such as its ``gap``."""
        path = f"{self.path}.{part}" if part else self.path
        self.book.add(rules, RuleNote(f"{self.subject}: {text}", sources, path))


def write_block_rules(scope: Scope) -> None:
    """Add the rules between the visits of one block to its book."""
    block = scope.block
    if block.cycle is not None:
        _cycle(scope, block.cycle)
    elif block.gap is not None:
        gaps = [_gap(scope, block.gap, n, n) for n in range(1, len(scope.visits))]
        scope.add(gaps, f"{phrasing.gap_words(block.gap)} apart", block.gap.source, "gap")
    if block.on_days is not None:
        _on_days(scope, block.on_days)
    if block.consecutive_days is not None:
        _consecutive_days(scope, block.consecutive_days)
    if block.per_week is not None:
        _per_week(scope, block.per_week)
    _order(scope)
    if block.span is not None:
        span = Span(scope.key("span"), scope.keys, block.span.max_days)
        text = f"at most {words.count(block.span.max_days, 'day')} from the first to the last"
        scope.add([span], text, block.span.source, "span")
    if block.group is not None:
        _group(scope, block.group)


def _gap(scope: Scope, gap: schema.Gap, n: int, turn: int) -> Offset:
    """The distance from visit ``n`` (from 1) to the next; ``turn`` says which of several ideals it takes."""
    before, visit = scope.visits[n - 1], scope.visits[n]
    key, label = scope.key("gap", n + 1), words.in_sentence(before.label)
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
        )
    ideal = gap.ideal_days[(turn - 1) % len(gap.ideal_days)] if gap.ideal_days else None
    limits = phrasing.days_words(gap.min_days, ideal, gap.max_days)
    scope.book.say(visit.key, phrasing.placed(limits, "after", label, ideal=ideal))
    least = 1 if gap.min_days is None else gap.min_days
    return Offset(key, visit.key, before.key, Unit.DAYS, least, ideal, gap.max_days)


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
    scope.add(between, rhythm, cycle.source, "cycle")
    part = "gap" if scope.block.gap else "cycle"
    scope.add(inside, f"{phrasing.gap_words(gap)} apart within a cycle", gap.source, part)


def _next_cycle(scope: Scope, cycle: schema.Cycle, visit: CourseVisit, before: Visits, number: int) -> list[Rule]:
    days = 7 * cycle.weeks
    least, most = max(1, days - cycle.early_days), days + cycle.late_days
    found: list[Rule] = [Offset(scope.key("cycle", number), visit.key, before[0].key, Unit.DAYS, least, days, most)]
    if len(before) > 1:
        found.append(Offset(scope.key("cycle_order", number), visit.key, before[-1].key, Unit.DAYS, least=1))
    return found


def _on_days(scope: Scope, rule: schema.OnDays) -> None:
    first = scope.visits[0]
    offsets = []
    for number, (day, visit) in enumerate(zip(rule.days, scope.visits, strict=True), start=1):
        if number > 1:
            key = scope.key("on_days", number)
            least, most = day - rule.early_days, day + rule.late_days
            offsets.append(Offset(key, visit.key, first.key, Unit.DAYS, least, day, most))
            scope.book.say(visit.key, f"day {day}, counted from {words.in_sentence(first.label)}")
    text = f"on days {words.listing(str(day) for day in rule.days)}"
    early, late = words.count(rule.early_days, "day"), words.count(rule.late_days, "day")
    scope.add(offsets, f"{text}, up to {early} early or {late} late", rule.source, "on_days")


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
    scope.add([weekly], text, rule.source, "per_week")
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
        Offset(scope.key("order", number), visit.key, before.key, Unit.DAYS, least=least)
        for number, (before, visit) in enumerate(pairwise(scope.visits), start=2)
    ]
    sources = block.per_week.source if block.per_week else block.source
    scope.add(offsets, f"at least {words.count(least, 'day')} apart", sources, "per_week" if block.per_week else "")


def _group(scope: Scope, group: schema.Group) -> None:
    day, at = WEEKDAYS.index(group.weekday), phrasing.minute_of(group.at)
    text = f"the group meets on {words.WEEKDAY_NAMES[day]} at {group.at}"
    window = Window(scope.key("group"), scope.keys, weekdays=frozenset({day}), earliest=at, latest=at)
    scope.add([window], text, group.source, "group")
    for key in scope.keys:
        scope.book.say(key, text)
