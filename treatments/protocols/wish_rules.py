"""What the patient can do and prefers, as rules for the planner."""

from collections.abc import Collection, Iterator
from datetime import date, time

from core.clock import in_words
from scheduler.engine.request import AtMost, PerWeek, Preferred, Rule, Window
from treatments.protocols import words
from treatments.protocols.phrasing import position
from treatments.protocols.policies import GateKind
from treatments.protocols.rulebook import CourseVisit, Rulebook, RuleNote
from treatments.protocols.schema import Protocol
from treatments.protocols.wishes import Wishes


def write_wishes(
    document: Protocol, wishes: Wishes, first_on: date, course: tuple[CourseVisit, ...], book: Rulebook
) -> None:
    """Add the patient's wishes about a course that begins on ``first_on`` or later to the book."""
    if not course:
        return
    keys = tuple(visit.key for visit in course)

    def add(text: str, *rules: Rule) -> None:
        book.add(rules, RuleNote(text, (), ""))

    add(
        f"The course begins on {first_on:%A} {first_on.day} {first_on:%B %Y} or later",
        Window("start", keys, from_on=first_on),
    )
    can = "can come" if wishes.firm else "prefers to come"
    if wishes.weekdays:
        window = Window("wish.weekdays", keys, weekdays=wishes.weekdays, hard=wishes.firm)
        add(f"The patient {can} on {words.weekdays(wishes.weekdays)}", window)
    if wishes.not_before is not None or wishes.not_after is not None:
        text = f"The patient {can} {_time_words(wishes.not_before, wishes.not_after)}"
        add(text, *_times(wishes, course))
    if wishes.people:
        text = (
            "The patient comes only to certain people" if wishes.only_people else "The patient asked for certain people"
        )
        add(text, Preferred("wish.people", keys, frozenset(wishes.people), hard=wishes.only_people))
    if wishes.max_visits_per_week is not None:
        text = f"The patient can come at most {words.count(wishes.max_visits_per_week, 'time')} a week"
        add(text, PerWeek("wish.per_week", keys, wishes.max_visits_per_week, days_apart=0))
    if wishes.max_visits_per_day is not None:
        text = f"The patient can have at most {words.count(wishes.max_visits_per_day, 'visit')} a day"
        add(text, AtMost("wish.per_day", keys, wishes.max_visits_per_day, days=1))
    if wishes.escort is not None:
        add(f"The escort can come {_escort_words(wishes)}", *_escorted(document, wishes, course))


def _times(wishes: Wishes, course: tuple[CourseVisit, ...]) -> Iterator[Window]:
    earliest, ends = _minute(wishes.not_before, 0), _minute(wishes.not_after, 24 * 60)
    for length, keys in _by_length(course):
        # a visit longer than the wished hours should at least begin at their start
        latest = ends - length if wishes.firm else max(earliest, ends - length)
        yield Window(f"wish.time.{length}", keys, earliest=earliest, latest=latest, hard=wishes.firm)


def _escorted(document: Protocol, wishes: Wishes, course: tuple[CourseVisit, ...]) -> Iterator[Window]:
    """Visits that need an escort are over while the escort can come: nobody goes home alone."""
    if wishes.escort is None:
        return
    needing = escorted(document, course)
    least, most = _minute(wishes.escort.not_before, 0), _minute(wishes.escort.not_after, 24 * 60)
    weekdays = wishes.escort.weekdays or frozenset(range(7))
    for length, keys in _by_length([visit for visit in course if visit.key in needing]):
        earliest, latest = max(least - length, 0), most - length
        yield Window(f"wish.escort.{length}", keys, weekdays=weekdays, earliest=earliest, latest=latest)


def escorted(document: Protocol, course: Collection[CourseVisit]) -> frozenset[str]:
    """The keys of the visits before which a gate asks for an escort."""
    found: set[str] = set()
    for gate in document.gates:
        if gate.gate is GateKind.ESCORT:
            block, _, which = gate.before.partition(".")
            keys = [visit.key for visit in course if visit.block == block]
            found.update(keys if which == "each" else [keys[position(which)]] if keys else [])
    return frozenset(found)


def _by_length(course: Collection[CourseVisit]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for length in sorted({visit.minutes for visit in course}):
        yield length, tuple(visit.key for visit in course if visit.minutes == length)


def _minute(at: time | None, otherwise: int) -> int:
    return otherwise if at is None else at.hour * 60 + at.minute


def _time_words(not_before: time | None, not_after: time | None) -> str:
    parts = [f"from {in_words(not_before)}"] if not_before is not None else []
    parts += [f"until {in_words(not_after)}"] if not_after is not None else []
    return " ".join(parts)


def _escort_words(wishes: Wishes) -> str:
    escort = wishes.escort
    if escort is None:
        return ""
    days = [f"on {words.weekdays(escort.weekdays)}"] if escort.weekdays else []
    return " ".join([*days, _time_words(escort.not_before, escort.not_after)]).strip() or "at any time"
