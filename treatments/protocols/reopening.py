"""What becomes of the rules when a course goes back a step, or changes the distance of its visits."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from scheduler.engine.request import ConsecutiveDays, Offset, PerWeek, Rule, Span, Unit
from treatments.protocols import words
from treatments.protocols.references import block_of, number_of
from treatments.protocols.rulebook import RuleNote

if TYPE_CHECKING:
    from treatments.protocols.compile import Compiled
    from treatments.protocols.extras import Extra
    from treatments.protocols.schema import Protocol


def cut_off(rules: Iterable[Rule], *, new: Collection[str], past: Collection[str]) -> Iterator[Rule]:
    """The rules of a course that re-opens a block with ``new`` visits, after ``past`` ones took place.

    The new ones begin a stretch of their own: how far they may at most be from what is over, how long all of it may take,
    and what followed the block when it was first gone through, say nothing about them. The least distances stay, and so
    do caps, weekly counts, and who treats the patient.
    """
    for rule in rules:
        if isinstance(rule, Offset) and rule.visit in new and rule.anchor in past:
            if rule.least is not None and rule.least > 0:
                yield replace(rule, ideal=None, most=None)
        elif isinstance(rule, Offset) and rule.anchor in new and rule.visit in past:
            continue
        elif isinstance(rule, Span | ConsecutiveDays) and set(rule.visits) & set(new):
            ahead = tuple(key for key in rule.visits if key not in past)
            if len(ahead) > 1:
                yield replace(rule, visits=ahead)
        elif isinstance(rule, PerWeek) and set(rule.visits) & set(new):
            yield replace(rule, at_least=0)
        else:
            yield rule


def respaced(rules: Iterable[Rule], block: str, days: int) -> Iterator[Rule]:
    """The rules with another best distance, in local dates, between the visits of a block; its limits stay."""
    for rule in rules:
        if isinstance(rule, Offset) and rule.unit is Unit.DAYS and rule.key.startswith(f"{block}.gap."):
            yield replace(rule, ideal=days)
        else:
            yield rule


def put_off(rules: Iterable[Rule], delayed: Mapping[str, int]) -> Iterator[Rule]:
    """The rules of a course in which visits were put off by so many local dates: they may be so much later."""
    for rule in rules:
        days = delayed.get(rule.visit, 0) if isinstance(rule, Offset) else 0
        if days and isinstance(rule, Offset) and rule.most is not None:
            yield replace(rule, most=rule.most + (days if rule.unit is Unit.DAYS else days * 24 * 60))
        else:
            yield rule


def distances(document: "Protocol", block: str) -> tuple[int, int | None] | None:
    """The least and the greatest distance, in local dates, between visits of a block; None where days do not say it."""
    gap = document.block(block).gap
    if gap is None or (gap.min_days is None and gap.ideal_days is None and gap.max_days is None):
        return None
    return (1 if gap.min_days is None else gap.min_days, gap.max_days)


def decided(
    compiled: "Compiled", *, firm: Collection[str], spacing: Mapping[str, int], delayed: Mapping[str, int]
) -> "Compiled":
    """The course with what was decided about it.

    ``firm`` blocks no longer wait, ``spacing`` changes distances, ``delayed`` visits may be so many days later.
    """
    rules: Iterable[Rule] = put_off(compiled.rules, delayed)
    for block, days in sorted(spacing.items()):
        rules = respaced(rules, block, days)
    course = tuple(replace(visit, tentative=visit.tentative and visit.block not in firm) for visit in compiled.course)
    return replace(compiled, rules=tuple(rules), course=course)


def opened_again(compiled: "Compiled", document: "Protocol", extras: "Sequence[Extra]") -> "Compiled":
    """The course in which each block that was opened again follows the last visit before, and nothing older."""
    rules: list[Rule] = list(compiled.rules)
    notes = dict(compiled.notes)
    further = [extra.key for extra in extras]
    for last, stretch in groupby(extras, key=lambda extra: extra.again):
        new = [extra.key for extra in stretch]
        if last is None:
            continue
        # what was added later comes after it, and keeps its rules
        later = further[further.index(new[0]) :]
        past = [visit.key for visit in compiled.course if visit.key not in later]
        rules = list(cut_off(rules, new=new, past=past))
        if last:
            link = _following(document, new[0], last)
            label = words.in_sentence(compiled.labels.get(last, "the one before"))
            rules.append(link)
            notes[link.key] = RuleNote(f"At least {words.count(link.least or 0, 'day')} after {label}", (), "")
    return replace(compiled, rules=tuple(rules), notes=notes)


def _following(document: "Protocol", visit: str, last: str) -> Offset:
    """The first visit of a stretch after the one before it: not sooner than usual, and as late as it has to be."""
    block = block_of(visit)
    least, _ = distances(document, block) or (1, None)
    gap = document.block(block).gap
    ideal = gap.ideal_days[0] if gap is not None and gap.ideal_days else None
    return Offset(f"{block}.again.{number_of(visit)}", visit, last, Unit.DAYS, least=least, ideal=ideal)
