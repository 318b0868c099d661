"""Rules that the clinic lets be overridden: what still holds for a course in which visits were booked against some."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scheduler.engine.answer import Code, Reason
from scheduler.engine.request import Keep, Offset, PerWeek, Rule, Span, Unit
from scheduler.engine.restriction import about_fewer

if TYPE_CHECKING:
    from treatments.protocols.compile import Compiled


@dataclass(frozen=True, slots=True)
class Broken:
    """One rule that a place of a visit breaks, and by how much. ``words`` is the rule, ``message`` how it is broken.

    ``rule`` is the planner's key of it. ``resource`` fills ``role`` where the rule is about who or what does; else both are
    empty. ``amount`` is days or minutes, as the code implies.
    """

    rule: str
    code: str
    amount: int
    words: str
    message: str
    role: str = ""
    resource: str = ""


Overridden = tuple[str, Broken]
"""The key of a visit, and a rule that does not hold for it where it is."""


def loosened(rules: Iterable[Rule], overridden: Collection[Overridden]) -> tuple[Rule, ...]:
    """The rules that hold beside what was overridden.

    A distance or a span may be as far off as it is. What limits many visits (their days, their number in a week, who
    treats them) does not look at the overridden visit, and holds for all others.
    """
    found = list(rules)
    for visit, broken in overridden:
        found = [
            each for rule in found for each in (_without(rule, visit, broken) if rule.key == broken.rule else [rule])
        ]
    return tuple(found)


def _without(rule: Rule, visit: str, broken: Broken) -> Iterator[Rule]:
    if isinstance(rule, Offset):
        if broken.code == Code.TOO_SOON and rule.least is not None:
            yield replace(rule, least=rule.least - broken.amount)
        elif broken.code == Code.TOO_LATE and rule.most is not None:
            yield replace(rule, most=rule.most + broken.amount)
        else:
            yield rule
    elif isinstance(rule, Span):
        yield replace(rule, most_days=rule.most_days + broken.amount)
    elif not isinstance(rule, Keep):
        yield from about_fewer(rule, visit)


def against(compiled: "Compiled", overridden: Collection[Overridden]) -> "Compiled":
    """The course with what was overridden in it."""
    return replace(
        compiled,
        rules=loosened(compiled.rules, overridden),
        overridden=(*compiled.overridden, *overridden),
    )


def may_be(compiled: "Compiled", reason: Reason, visit: str) -> bool:
    """Whether a reason against a visit is a rule that the clinic lets be overridden. What the calendar says never is."""
    note = compiled.notes.get(reason.rule or "")
    if note is None or not note.overridable:
        return False
    return all(_keeps_order(rule, reason, visit) for rule in compiled.rules if rule.key == reason.rule)


def _keeps_order(rule: Rule, reason: Reason, visit: str) -> bool:
    """Whether visits of different days stay on different days, and what comes after another visit stays after it."""
    amount = reason.amount or 0
    if isinstance(rule, PerWeek) and reason.code in (Code.TOO_SOON, Code.TOO_LATE):
        return amount < rule.days_apart
    if not isinstance(rule, Offset):
        return True
    # told from the other end, "too soon after" became "too late before"
    too_soon = (reason.code is Code.TOO_SOON) == (rule.visit == visit)
    limit = rule.least if too_soon else None if rule.most is None else -rule.most
    if limit is None or limit < 0:
        return True
    return limit - amount >= (min(limit, 1) if rule.unit is Unit.DAYS else 0)
