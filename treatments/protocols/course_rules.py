"""All rules of a document: those of every block, anchors from block to block, and those of the course."""

from collections.abc import Iterable, Mapping
from datetime import date

from scheduler.engine.request import AtMost, DailyLoad, Offset, Rule, SameDay, SameResource, Span, Unit, Window
from treatments.protocols import phrasing, schema, words
from treatments.protocols.block_rules import Scope, number_of, write_block_rules
from treatments.protocols.phrasing import in_hours, to_minutes
from treatments.protocols.rulebook import CourseVisit, Rulebook, RuleNote, Visits
from treatments.protocols.vocabulary import Strength

ByBlock = dict[str, list[CourseVisit]]


History = Mapping[str, Iterable[date]]
"""For visit types the local dates of visits outside the course: those of earlier courses of the patient."""


def write_rules(document: schema.Protocol, course: Visits, book: Rulebook, history: History) -> None:
    """Add every rule of the document about the visits of ``course`` to the book."""
    by_block: ByBlock = {block.block: [] for block in document.blocks}
    for visit in course:
        by_block[visit.block].append(visit)
    if course and not document.blocks[0].anchors:
        book.say(course[0].key, "begins the course")
    for n, block in enumerate(document.blocks):
        visits = by_block[block.block]
        if visits:
            subject = block.title or document.visit_types[block.visit].name
            scope = Scope(block, f"blocks[{n}]", subject, visits, book)
            _write_anchors(scope, by_block)
            write_block_rules(scope)
            for visit in visits:
                if visit.tentative:
                    book.say(visit.key, "tentative until decided")
    for i, relation in enumerate(document.relations):
        if isinstance(relation, schema.NotSameDayAfter):
            _write_not_same_day(document, relation, i, course, book)
        else:
            _write_sequence(relation, i, by_block, book)
    _write_whole_course(document, course, book)
    _write_counts(document, course, book, history)


# --- anchors -----------------------------------------------------------------------------------------------------------


def _write_anchors(scope: Scope, by_block: ByBlock) -> None:
    for i, anchor in enumerate(scope.block.anchors):
        reference = anchor.after or anchor.before or ""
        side = "after" if anchor.after else "before"
        limits = phrasing.distance_words(anchor)
        found: list[Rule] = []
        for visit, other in _pairs(anchor.place, scope.visits, reference, by_block):
            for rule in _anchored(anchor, scope.key(f"anchor{i + 1}", number_of(visit)), visit, other):
                by_day = anchor.after is not None and rule.unit is Unit.DAYS
                found.append(scope.book.counted(rule, anchor.counted_from) if by_day else rule)
            label = words.in_sentence(other.label)
            scope.book.say(visit.key, phrasing.placed(limits, side, label, ideal=anchor.ideal_days))
        if found:
            text = phrasing.placed(limits, side, phrasing.reference_words(reference, by_block), ideal=anchor.ideal_days)
            scope.add(found, text, anchor.source, f"anchors[{i}]", overridable=anchor.overridable)


def _pairs(place: str, visits: Visits, reference: str, by_block: ByBlock) -> list[tuple[CourseVisit, CourseVisit]]:
    """The visits of a block that an anchor places, each with the visit it is placed by."""
    name, _, which = reference.partition(".")
    others = by_block[name]
    if not others:
        return []
    if which in ("each", "next"):
        return list(zip(visits, others[1:] if which == "next" else others, strict=False))
    other = others[phrasing.position(which)]
    return [(visit, other) for visit in (visits if place == "all" else [visits[phrasing.position(place)]])]


def _anchored(anchor: schema.Anchor, key: str, visit: CourseVisit, other: CourseVisit) -> list[Offset]:
    """An anchor as offsets of ``visit`` from ``other``; what lies before has negative numbers.

    Where only the dates are limited and they may be the same, a second offset keeps the order within the day.
    """
    if in_hours(anchor):
        return [_anchored_in_hours(anchor, key, visit, other)]
    least, ideal, most = anchor.min_days or 0, anchor.ideal_days, anchor.max_days
    if anchor.after is not None:
        days = Offset(key, visit.key, other.key, Unit.DAYS, least, ideal, most, weight=anchor.weight)
        order = Offset(f"{key}.order", visit.key, other.key, Unit.MINUTES, least=0, from_end=True)
    else:
        limits = _minus(most), _minus(ideal), -least
        days = Offset(key, visit.key, other.key, Unit.DAYS, *limits, weight=anchor.weight)
        order = Offset(f"{key}.order", visit.key, other.key, Unit.MINUTES, most=-visit.minutes)
    return [days] if least else [days, order]


def _anchored_in_hours(anchor: schema.Anchor, key: str, visit: CourseVisit, other: CourseVisit) -> Offset:
    least, ideal, most = (to_minutes(h) for h in (anchor.min_hours, anchor.ideal_hours, anchor.max_hours))
    from_end = anchor.hours_from == "end"
    if anchor.after is not None:
        return Offset(
            key, visit.key, other.key, Unit.MINUTES, least or 0, ideal, most, from_end=from_end, weight=anchor.weight
        )
    # the planner counts from the other visit's start; from the end of this one, its own length comes on top
    length = visit.minutes if from_end else 0
    nearest = max((least or 0) + length, visit.minutes)
    limits = _minus(most, length), _minus(ideal, length), -nearest
    return Offset(key, visit.key, other.key, Unit.MINUTES, *limits, weight=anchor.weight)


def _minus(number: int | None, more: int = 0) -> int | None:
    return None if number is None else -(number + more)


# --- relations ---------------------------------------------------------------------------------------------------------


def _write_not_same_day(
    document: schema.Protocol, relation: schema.NotSameDayAfter, i: int, course: Visits, book: Rulebook
) -> None:
    visits, after = _named(course, relation.visits), _named(course, relation.after)
    if visits and after:
        how = "not on the same day as" if relation.before_too else "not on the same day after"
        those = words.in_sentence(phrasing.names_words(document, relation.after))
        text = f"{phrasing.names_words(document, relation.visits)}: {how} {those}"
        rule = SameDay(f"relations.{i + 1}", visits, after, relation.before_too)
        book.add([rule], RuleNote(text, relation.source, f"relations[{i}]", relation.overridable))


def _write_sequence(relation: schema.Order | schema.FinishedBefore, i: int, by_block: ByBlock, book: Rulebook) -> None:
    """Two blocks in sequence: after the first visit of one, or only after all of it."""
    if isinstance(relation, schema.FinishedBefore):
        one, two, which, days = relation.finish, relation.before, -1, relation.min_days
    else:
        one, two, which, days = relation.first, relation.then, 0, 0
    if not by_block[one] or not by_block[two]:
        return
    anchor, visit = by_block[one][which], by_block[two][0]
    key, label = f"relations.{i + 1}", words.in_sentence(anchor.label)
    if days:
        rule = Offset(key, visit.key, anchor.key, Unit.DAYS, least=days)
    else:
        rule = Offset(key, visit.key, anchor.key, Unit.MINUTES, least=0, from_end=True)
    later = f"at least {words.count(days, 'day')} " if days else ""
    text = f"{visit.label}: only {later}after {label}"
    note = RuleNote(text, relation.source, f"relations[{i}]", relation.overridable)
    book.add([rule], note)
    book.say(visit.key, f"{later}after {label}")


# --- the course --------------------------------------------------------------------------------------------------------


def _named(course: Visits, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(visit.key for visit in course if visit.block in names or visit.kind in names)


def _write_whole_course(document: schema.Protocol, course: Visits, book: Rulebook) -> None:
    def add(rule: Span | Window | SameResource, part: schema.CourseRule, text: str, path: str) -> None:
        if rule.visits:
            subject = phrasing.names_words(document, part.visits)
            book.add([rule], RuleNote(f"{subject}: {text}", part.source, path, part.overridable))

    for i, span in enumerate(document.spans):
        rule = Span(f"spans.{i + 1}", _named(course, span.visits), span.max_days)
        add(rule, span, f"at most {words.count(span.max_days, 'day')} from the first to the last", f"spans[{i}]")
    for i, window in enumerate(document.windows):
        wish = "" if window.strength is Strength.HARD else "preferably "
        when = _window(window, f"windows.{i + 1}", _named(course, window.visits))
        add(when, window, wish + phrasing.window_words(window), f"windows[{i}]")
    for i, same in enumerate(document.continuity):
        hard = same.strength is Strength.HARD
        keep = SameResource(f"continuity.{i + 1}", same.role, _named(course, same.visits), hard, same.at_most)
        role = same.role.replace("_", " ")
        text = f"the same {role}" if same.at_most == 1 else f"at most {words.count(same.at_most, f'different {role}')}"
        add(keep, same, f"{'' if hard else 'preferably '}{text}", f"continuity[{i}]")


def _write_counts(document: schema.Protocol, course: Visits, book: Rulebook, history: History) -> None:
    """Caps over all courses of the patient, and the starts of a day over all patients."""
    for i, cap in enumerate(document.caps):
        visits = _named(course, cap.visits)
        if visits:
            kinds = {block.visit for block in document.blocks_named(cap.visits)}
            taken = sorted(on for kind in kinds for on in history.get(kind, ()))
            text = f"{phrasing.names_words(document, cap.visits)}: {phrasing.cap_words(cap)}"
            rule = AtMost(f"caps.{i + 1}", visits, cap.at_most, cap.in_days, tuple(taken), of_patient=True)
            book.add([rule], RuleNote(text, cap.source, f"caps[{i}]", cap.overridable))
    for i, load in enumerate(document.daily_loads):
        visits = _named(course, load.visits)
        if visits:
            text = f"{phrasing.names_words(document, load.visits)}: {phrasing.daily_load_words(load)}"
            limit = DailyLoad(f"daily_loads.{i + 1}", visits, target=load.target, at_most=load.at_most)
            book.add([limit], RuleNote(text, load.source, f"daily_loads[{i}]", load.overridable))


def _window(window: schema.Window, key: str, visits: tuple[str, ...]) -> Window:
    return Window(
        key,
        visits,
        weekdays=phrasing.weekday_numbers(window.weekdays) or frozenset(range(7)),
        earliest=phrasing.minute_of(window.first_start) if window.first_start else 0,
        latest=phrasing.minute_of(window.last_start) if window.last_start else 24 * 60,
        hard=window.strength is Strength.HARD,
    )
