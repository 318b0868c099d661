"""Visits that a running course has beyond its protocol: make-ups of missed visits, and those of a step back.

A course remembers them in this order as data. Their keys go on counting where their block ends: ``infusions.7``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeGuard

from scheduler.engine.request import ConsecutiveDays, Offset, Rule, Unit, Window
from treatments.protocols.compile import Compiled
from treatments.protocols.rulebook import CourseVisit

DAYS_OF_WEEK = 7


class Where(StrEnum):
    """Where an extra visit stands in its block."""

    INSTEAD = "instead"
    """In the place of the visit it makes up for: every rule of the block about that one is about it."""
    END = "end"
    """After the last of its block."""


@dataclass(frozen=True, slots=True)
class Extra:
    """One visit beyond the protocol.

    ``makes_up`` is the key of the visit it stands for, if it is a make-up; ``followed_by`` are the visits of other blocks
    that belonged to that one and belong to it instead: those that had not taken place yet. Where the block was opened
    again, ``again`` is the last visit before, of those that all of its new visits come after; empty for none.
    """

    key: str
    where: Where
    makes_up: str | None = None
    followed_by: tuple[str, ...] = ()
    again: str | None = None

    @property
    def block(self) -> str:
        """The block it belongs to."""
        return _block(self.key)

    def to_json(self) -> dict[str, Any]:
        """As a course keeps it."""
        return {
            "key": self.key,
            "where": self.where.value,
            "makes_up": self.makes_up,
            "followed_by": list(self.followed_by),
            "again": self.again,
        }


def read(data: Iterable[Mapping[str, Any]]) -> tuple[Extra, ...]:
    """The extra visits of a course, from its data."""
    return tuple(
        Extra(each["key"], Where(each["where"]), each["makes_up"], tuple(each["followed_by"]), each.get("again"))
        for each in data
    )


def counting(
    data: Iterable[Mapping[str, Any]], *, missed: Collection[str], given_up: Collection[str]
) -> list[dict[str, Any]]:
    """The extra visits of a course as they count, from its data, given the keys of its missed and its given-up visits.

    One stands for the visit that it makes up for only while that is missed. If the patient came after all, or the
    make-up is given up itself, the visit has its own place in the block again, and the other is one more at its end.
    """
    return [_counting(extra, missed, given_up).to_json() for extra in read(data)]


def _counting(extra: Extra, missed: Collection[str], given_up: Collection[str]) -> Extra:
    if extra.makes_up is None or (extra.makes_up in missed and extra.key not in given_up):
        return extra
    return replace(extra, where=Where.END, makes_up=None, followed_by=())


def at_the_end(extras: Iterable[Extra]) -> dict[str, list[int]]:
    """For each block the numbers of its further visits, as ``compile`` takes them."""
    found: dict[str, list[int]] = {}
    for extra in extras:
        if extra.where is Where.END:
            found.setdefault(extra.block, []).append(int(extra.key.rpartition(".")[2]))
    return found


def next_key(block: str, keys: Iterable[str]) -> str:
    """The key of one more visit of a block."""
    numbers = [int(number) for name, _, number in (key.rpartition(".") for key in keys) if name == block]
    return f"{block}.{max(numbers, default=0) + 1}"


def with_extras(compiled: Compiled, extras: Sequence[Extra]) -> Compiled:
    """The course in which every make-up stands for the visit that it makes up for."""
    for extra in extras:
        if extra.makes_up is None:
            continue
        rules = tuple(_followed(rule, extra) for rule in compiled.rules)
        compiled = replace(compiled, rules=rules)
        if extra.where is Where.INSTEAD:
            compiled = _renamed(compiled, extra.makes_up, extra.key)
    return compiled


def _renamed(compiled: Compiled, old: str, new: str) -> Compiled:
    course = tuple(_made_up(visit, new) if visit.key == old else visit for visit in compiled.course)
    labels = {visit.key: visit.label for visit in course if visit.key == new}
    return replace(
        compiled,
        course=course,
        visits=tuple(replace(visit, key=new) if visit.key == old else visit for visit in compiled.visits),
        rules=tuple(found for rule in compiled.rules for found in _about(rule, old, new)),
        labels={**compiled.labels, **labels},
    )


def _made_up(visit: CourseVisit, key: str) -> CourseVisit:
    label = visit.label.removesuffix(MADE_UP)
    return replace(visit, key=key, label=f"{label}{MADE_UP}")


MADE_UP = ", made up"


def _about(rule: Rule, old: str, new: str) -> Iterator[Rule]:
    """The rule with one visit in another's place."""
    if _follows(rule, old):
        yield rule  # it belonged to the missed visit, and took place
        return
    if isinstance(rule, ConsecutiveDays) and old in rule.visits[1:]:
        yield from _row_goes_on(rule, rule.visits.index(old), new)
        return
    changed: dict[str, Any] = {}
    for field in fields(rule):
        value = getattr(rule, field.name)
        if field.name in {"visit", "anchor"} and value == old:
            changed[field.name] = new
        elif field.name in {"visits", "after"} and old in value:
            changed[field.name] = tuple(new if key == old else key for key in value)
    yield replace(rule, **changed) if changed else rule


def _row_goes_on(rule: ConsecutiveDays, at: int, new: str) -> Iterator[Rule]:
    """A row of days without one of them: its day is over, so the row goes on with the make-up on a later day."""
    before, row = rule.visits[:at], (new, *rule.visits[at + 1 :])
    yield Offset(rule.key, new, before[-1], Unit.DAYS, least=1)
    if len(rule.weekdays) < DAYS_OF_WEEK:
        yield Window(rule.key, (new,), weekdays=rule.weekdays)
    yield from (replace(rule, visits=part) for part in (before, row) if len(part) > 1)


def _followed(rule: Rule, extra: Extra) -> Rule:
    """What another block counts from a missed visit, it counts from the make-up."""
    if extra.makes_up is not None and _follows(rule, extra.makes_up) and rule.visit in extra.followed_by:
        return replace(rule, anchor=extra.key)
    return rule


def _follows(rule: Rule, key: str) -> TypeGuard[Offset]:
    """Whether a visit of another block is placed by this one."""
    return isinstance(rule, Offset) and rule.anchor == key and _block(rule.visit) != _block(key)


def followers(rules: Iterable[Rule], key: str) -> frozenset[str]:
    """The visits of other blocks that are placed by this one."""
    return frozenset(rule.visit for rule in rules if _follows(rule, key))


def _block(key: str) -> str:
    return key.rpartition(".")[0]
