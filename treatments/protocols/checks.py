"""What has to agree between the parts of a document: references, sources, counts, distances.

The schema checks each part alone; these checks see the whole. Each finding names its place in the document.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic import BaseModel

from treatments.protocols import schema
from treatments.protocols.phrasing import in_hours
from treatments.protocols.policies import Moment
from treatments.protocols.problems import quoted
from treatments.protocols.schema import Block, Protocol
from treatments.protocols.visit_types import VisitType
from treatments.protocols.vocabulary import CLINICIAN, Distance, Spacing
from treatments.protocols.yaml_text import Path

MOST_VISITS = 200
LONGEST_VISIT = 960
"""Minutes; with a turnover, it still ends on the day it begins on."""
OPEN_ENDS = ("stop", "clinician")
"""Where a decision can go beside blocks."""


class Finding(NamedTuple):
    """One thing that does not agree."""

    path: Path
    found: str
    expected: str


def findings(document: Protocol) -> list[Finding]:
    """Everything in the document that does not agree with the rest of it."""
    named = _Names(document)
    return [
        *_sources(document, (), {*document.sources, CLINICIAN}),
        *_visit_types(document),
        *_blocks(document, named),
        *_relations(document, named),
        *_whole_course(document, named),
        *_loads(document, named),
        *_policies(document, named),
        *_connected(document, named),
    ]


class _Names:
    """The names of a document, and whether what refers to them is right."""

    def __init__(self, document: Protocol) -> None:
        self.lengths = {block.block: block.length for block in document.blocks}
        self.types = set(document.visit_types)
        self.all = sorted({*self.lengths, *self.types})

    def visits(self, names: tuple[str, ...], path: Path) -> Iterator[Finding]:
        """Findings about names of blocks or visit types."""
        for n, name in enumerate(names):
            if name not in self.all:
                yield Finding((*path, n), quoted(name), "a block or visit type: " + ", ".join(self.all))

    def block(self, name: str, path: Path, *more: str) -> Iterator[Finding]:
        """Findings about the name of a block, or one of ``more``."""
        if name not in self.lengths and name not in more:
            yield Finding(path, quoted(name), "one of " + ", ".join([*self.lengths, *more]))

    def reference(self, reference: str, path: Path, *, pairs: int | None = None) -> Iterator[Finding]:
        """Findings about a reference; ``pairs`` is the number of visits ``.each`` and ``.next`` have to pair with."""
        name, _, which = reference.partition(".")
        if name not in self.lengths:
            blocks = ", ".join(self.lengths)
            yield Finding(path, quoted(reference), f"a visit of a block: {blocks}")
        elif which.isdigit() and int(which) > self.lengths[name]:
            yield Finding(path, quoted(reference), f"at most {name}.{self.lengths[name]}")
        elif which == "next" and pairs is None:
            yield Finding(path, quoted(reference), f"{name}.each, first, last or a number")
        elif which in ("each", "next") and pairs is not None and pairs != self.lengths[name]:
            same = f"a block of {pairs}, to pair one to one"
            yield Finding(path, f"{quoted(reference)}, a block of {self.lengths[name]}", same)


def _sources(part: object, path: Path, known: set[str]) -> Iterator[Finding]:
    """Every source named anywhere has to be among the document's."""
    for step, value in _inside(part):
        if isinstance(part, BaseModel) and step == "source":
            for n, source in enumerate(value):
                if source not in known:
                    yield Finding((*path, step, n), quoted(source), 'an id under `sources`, or "clinician"')
        else:
            yield from _sources(value, (*path, step), known)


def _inside(part: object) -> Iterator[tuple[str | int, Any]]:
    """The parts of a part, each with its name in the document or its number."""
    if isinstance(part, BaseModel):
        for name, info in type(part).model_fields.items():
            yield info.alias or name, getattr(part, name)
    elif isinstance(part, tuple):
        yield from enumerate(part)
    elif isinstance(part, dict):
        yield from part.items()


# --- visit types and blocks --------------------------------------------------------------------------------------------


def _visit_types(document: Protocol) -> Iterator[Finding]:
    used = {block.visit for block in document.blocks}
    for name, kind in document.visit_types.items():
        path: Path = ("visit_types", name)
        if name not in used:
            yield Finding(path, "a visit type that no block uses", "a block with `visit: " + name + "`")
        for number in range(1, 22):
            total = sum(kind.minutes(number).values())
            if total > LONGEST_VISIT:
                yield Finding((*path, "phases"), f"{total} minutes altogether", f"at most {LONGEST_VISIT}")
                break
        if not kind.phases.treatment.minutes:
            yield Finding((*path, "phases", "treatment", "minutes"), "0", "at least 5")
        yield from _needs(kind, (*path, "needs"))
        yield from _lengths(kind, path)
        fasting = kind.prepare.fasting if kind.prepare else None
        if fasting and fasting.clear_fluids_hours > fasting.food_hours:
            yield Finding(
                (*path, "prepare", "fasting", "clear_fluids_hours"),
                f"{fasting.clear_fluids_hours:g}",
                f"at most {fasting.food_hours:g} (food_hours)",
            )
        yield from _checks(kind, (*path, "checks"))
        for n, made in enumerate(kind.preparations):
            if made.life_hours < made.lead_hours:
                yield Finding(
                    (*path, "preparations", n, "life_hours"),
                    f"{made.life_hours:g}",
                    _at_least(made.lead_hours, "lead_hours"),
                )


def _checks(kind: VisitType, path: Path) -> Iterator[Finding]:
    """Each check once, at a moment of the visit."""
    names = Counter(each.check for each in kind.checks)
    for n, each in enumerate(kind.checks):
        if names[each.check] > 1:
            yield Finding((*path, n, "check"), f"{quoted(each.check)} more than once", "each check once")
        if not each.at_minutes and not each.before_leaving:
            yield Finding((*path, n), "no moment", "`at_minutes` or `before_leaving`")
        if len(set(each.at_minutes)) < len(each.at_minutes):
            yield Finding((*path, n, "at_minutes"), "the same minute twice", "each minute once")


def _at_least(number: float, name: str) -> str:
    return f"at least {number:g} ({name})"


def _lengths(kind: VisitType, path: Path) -> Iterator[Finding]:
    """The length of a phase by number is given in one way, and a treatment always takes some time."""
    for name, phase in kind.phases.present().items():
        where: Path = (*path, "phases", name)
        if phase.first_minutes is not None and phase.minutes_by_number:
            yield Finding(where, "`first_minutes` and `minutes_by_number`", "one of them")
        if name == "treatment" and 0 in phase.minutes_by_number:
            yield Finding((*where, "minutes_by_number"), "0", "at least 5 at every visit")
    lengths = {phase.at(1) != phase.minutes for phase in kind.phases.present().values()}
    if kind.first_again_after_days is not None and True not in lengths:
        expected = "a phase with `first_minutes` or `minutes_by_number`"
        yield Finding((*path, "first_again_after_days"), "first visits as long as any other", expected)


def _needs(kind: VisitType, path: Path) -> Iterator[Finding]:
    phases = kind.phases.present()
    roles = Counter(need.role for need in kind.needs)
    for n, need in enumerate(kind.needs):
        if roles[need.role] > 1:
            yield Finding((*path, n, "role"), f"{quoted(need.role)} more than once", "each role once")
        uses = need.during.model_dump(exclude_none=True)
        if not uses:
            yield Finding((*path, n, "during"), "no phase", "at least one phase and how it is used")
        for phase in uses:
            if phase not in ("visit", "all") and phase not in phases:
                expected = "one of " + ", ".join([*phases, "visit", "all"])
                yield Finding((*path, n, "during", phase), f"the phase {quoted(phase)}", expected)


def _blocks(document: Protocol, named: _Names) -> Iterator[Finding]:
    names = Counter(block.block for block in document.blocks)
    for n, block in enumerate(document.blocks):
        path: Path = ("blocks", n)
        if names[block.block] > 1:
            yield Finding((*path, "block"), f"{quoted(block.block)} more than once", "each block once")
        if block.block in document.visit_types:
            expected = "another name than that of a visit type, such as the plural"
            yield Finding((*path, "block"), quoted(block.block), expected)
        if block.visit not in document.visit_types:
            yield Finding((*path, "visit"), quoted(block.visit), "one of " + ", ".join(document.visit_types))
        yield from _how_many(block, path)
        yield from _pattern(block, path)
        yield from _rhythm(document, block, path)
        yield from _anchors(document, block, path, named)
    total = sum(named.lengths.values())
    if total > MOST_VISITS:
        yield Finding(("blocks",), f"{total} visits altogether", f"at most {MOST_VISITS}")


def _how_many(block: Block, path: Path) -> Iterator[Finding]:
    given = [name for name in ("count", "weeks", "plan_ahead", "on_days") if getattr(block, name) is not None]
    if len(given) != 1:
        found = " and ".join(f"`{name}`" for name in given) or "no number of visits"
        yield Finding(path, found, "exactly one of `count`, `weeks`, `plan_ahead`, `on_days`")
    if block.weeks is not None and block.per_week is None:
        yield Finding((*path, "weeks"), "no `per_week`", "`per_week`, which says how many visits a week has")


def _pattern(block: Block, path: Path) -> Iterator[Finding]:
    given = [name for name in ("gap", "cycle", "on_days", "consecutive_days") if getattr(block, name) is not None]
    if len(given) > 1 and given != ["gap", "cycle"]:
        expected = "one of `gap`, `cycle`, `on_days`, `consecutive_days`; `gap` also with `cycle`"
        yield Finding(path, " and ".join(f"`{name}`" for name in given), expected)
    if block.gap is not None:
        yield from _distance(block.gap, (*path, "gap"))
    week, days = block.per_week, block.on_days
    if week is not None and week.at_least > week.at_most:
        yield Finding((*path, "per_week", "at_least"), str(week.at_least), f"at most {week.at_most} (at_most)")
    if week is not None and (week.at_most - 1) * week.days_apart > 6:
        expected = f"so few that {week.at_most} visits fit in a week"
        yield Finding((*path, "per_week", "days_apart"), str(week.days_apart), expected)
    cycle = block.cycle
    if cycle is not None and cycle.early_days >= 7 * cycle.weeks:
        yield Finding((*path, "cycle", "early_days"), str(cycle.early_days), f"less than {7 * cycle.weeks}, a cycle")
    if days is not None:
        steps = [b - a for a, b in pairwise(days.days)]
        if days.days[0] != 0 or any(step < 1 for step in steps):
            yield Finding((*path, "on_days", "days"), str(list(days.days)), "rising numbers from 0")
        elif steps and days.early_days + days.late_days >= min(steps):
            found = f"{days.early_days} days early and {days.late_days} late"
            yield Finding((*path, "on_days"), found, f"less than {min(steps)} days together, or visits overlap")


def _rhythm(document: Protocol, block: Block, path: Path) -> Iterator[Finding]:
    """What several visits a day, rounds of days, classes and fixed days ask for."""
    if block.per_day is not None:
        yield from _per_day(block, block.per_day, path)
    if block.on_days is not None:
        yield from _rounds(block.on_days, (*path, "on_days"))
    if block.group is not None and any(
        need.role == "group" for need in getattr(document.visit_types.get(block.visit), "needs", ())
    ):
        yield Finding((*path, "group"), 'a need with the role "group"', "another role: `group` brings its own")
    ideal = block.gap is not None and block.gap.ideal_days is not None
    daily = ideal if block.gap is not None else block.cycle is not None or block.on_days is not None
    if block.holidays == "forbid" and not daily:
        expected = "a `gap` with `ideal_days`, a `cycle` or `on_days`, which give the very days"
        yield Finding((*path, "holidays"), '"forbid"', expected)
    if block.gap is not None:
        yield from _counted(block.gap, (*path, "gap"))


def _per_day(block: Block, per_day: schema.PerDay, path: Path) -> Iterator[Finding]:
    clash = [name for name in ("cycle", "on_days", "per_week") if getattr(block, name) is not None]
    if clash:
        found = " and ".join(f"`{name}`" for name in clash)
        yield Finding((*path, "per_day"), found, "`gap` or `consecutive_days`, or nothing, beside `per_day`")
    if block.gap is not None and in_hours(block.gap):
        yield Finding((*path, "gap"), "hours", "days, from each day of visits to the next")
    most = per_day.max_minutes
    if most is not None and most < per_day.min_minutes:
        expected = _at_least(per_day.min_minutes, "min_minutes")
        yield Finding((*path, "per_day", "max_minutes"), str(most), expected)


def _rounds(days: schema.OnDays, path: Path) -> Iterator[Finding]:
    whole = days.days[-1] + days.early_days + days.late_days
    if (days.times > 1) != (days.every_days is not None):
        expected = "`times` and `every_days` together: how many rounds, and how far apart"
        yield Finding(path, "one of `times` and `every_days`", expected)
    elif days.every_days is not None and days.every_days <= whole:
        yield Finding((*path, "every_days"), str(days.every_days), f"more than {whole}, a round with its margins")


def _counted(spacing: Spacing, path: Path) -> Iterator[Finding]:
    if in_hours(spacing) and spacing.counted_from == "planned":
        expected = "a distance in days; hours count from what took place"
        yield Finding((*path, "counted_from"), '"planned"', expected)


def _distance(distance: Distance, path: Path) -> Iterator[Finding]:
    """A distance has a value, in one unit, and its values rise."""
    given = [
        (name, value)
        for name in ("min_days", "ideal_days", "max_days", "min_hours", "ideal_hours", "max_hours")
        if (value := getattr(distance, name)) is not None
    ]
    if not given:
        yield Finding(path, "no distance", "at least one of min_days, ideal_days, max_days, or the same in hours")
    if len({name.partition("_")[2] for name, _ in given}) > 1:
        yield Finding(path, " and ".join(name for name, _ in given), "days or hours, not both")
        return
    for (low, least), (high, most) in pairwise(given):
        lower = max(least) if isinstance(least, tuple) else least
        upper = min(most) if isinstance(most, tuple) else most
        if lower > upper:
            yield Finding((*path, high), f"{upper:g}", f"at least {lower:g} ({low})")


def _anchors(document: Protocol, block: Block, path: Path, named: _Names) -> Iterator[Finding]:
    for i, anchor in enumerate(block.anchors):
        where: Path = (*path, "anchors", i)
        yield from _distance(anchor, where)
        yield from _counted(anchor, where)
        if (anchor.after is None) == (anchor.before is None):
            found = "both `after` and `before`" if anchor.after else "neither `after` nor `before`"
            yield Finding(where, found, "exactly one of `after` and `before`")
            continue
        side = "after" if anchor.after else "before"
        reference = anchor.after or anchor.before or ""
        target, _, which = reference.partition(".")
        if target == block.block:
            yield Finding((*where, side), quoted(reference), "a visit of another block; use `gap` within a block")
            continue
        yield from named.reference(reference, (*where, side), pairs=block.length)
        if anchor.place.isdigit() and int(anchor.place) > block.length:
            yield Finding((*where, "place"), anchor.place, f"at most {block.length}")
        if which in ("each", "next") and anchor.place != "all":
            yield Finding((*where, "place"), quoted(anchor.place), f'"all", as .{which} pairs every visit')
        if not block.is_tentative and target in named.lengths and document.block(target).is_tentative:
            expected = "a visit that does not wait for a decision, or `tentative: true` here"
            yield Finding((*where, side), f"{quoted(reference)}, which is tentative", expected)


# --- between blocks ----------------------------------------------------------------------------------------------------


def _relations(document: Protocol, named: _Names) -> Iterator[Finding]:
    for i, relation in enumerate(document.relations):
        path: Path = ("relations", i)
        if isinstance(relation, schema.NotSameDayAfter):
            yield from named.visits(relation.visits, (*path, "visits"))
            yield from named.visits(relation.after, (*path, "after"))
            continue
        pair = ("finish", "before") if isinstance(relation, schema.FinishedBefore) else ("first", "then")
        one, two = (getattr(relation, name) for name in pair)
        yield from named.block(one, (*path, pair[0]))
        yield from named.block(two, (*path, pair[1]))
        if one == two:
            yield Finding((*path, pair[1]), quoted(two), f"another block than `{pair[0]}`")


def _whole_course(document: Protocol, named: _Names) -> Iterator[Finding]:
    for i, span in enumerate(document.spans):
        yield from named.visits(span.visits, ("spans", i, "visits"))
    for i, window in enumerate(document.windows):
        yield from named.visits(window.visits, ("windows", i, "visits"))
        if not (window.weekdays or window.first_start or window.last_start):
            yield Finding(("windows", i), "no limit", "at least one of `weekdays`, `first_start`, `last_start`")
        if window.first_start and window.last_start and window.first_start > window.last_start:
            expected = f"{window.first_start} or later (first_start)"
            yield Finding(("windows", i, "last_start"), quoted(window.last_start), expected)
    for i, same in enumerate(document.continuity):
        yield from named.visits(same.visits, ("continuity", i, "visits"))
        for name in dict.fromkeys(block.visit for block in document.blocks_named(same.visits)):
            roles = [need.role for need in getattr(document.visit_types.get(name), "needs", ())]
            if roles and same.role not in roles:
                expected = f"a role of {name}: {', '.join(roles)}"
                yield Finding(("continuity", i, "role"), quoted(same.role), expected)


def _loads(document: Protocol, named: _Names) -> Iterator[Finding]:
    for i, load in enumerate(document.daily_loads):
        path: Path = ("daily_loads", i)
        yield from named.visits(load.visits, (*path, "visits"))
        if load.target is None and load.at_most is None:
            yield Finding(path, "no number", "at least one of `target`, `at_most`")
        elif load.target is not None and load.at_most is not None and load.target > load.at_most:
            yield Finding((*path, "target"), str(load.target), f"at most {load.at_most} (at_most)")


def _connected(document: Protocol, named: _Names) -> Iterator[Finding]:
    """Every block is tied to the first one, by anchors or by order; else nothing says when it begins."""
    links: set[frozenset[str]] = set()
    for block in document.blocks:
        for anchor in block.anchors:
            links.add(frozenset({block.block, (anchor.after or anchor.before or "").partition(".")[0]}))
    for relation in document.relations:
        if isinstance(relation, schema.Order):
            links.add(frozenset({relation.first, relation.then}))
        elif isinstance(relation, schema.FinishedBefore):
            links.add(frozenset({relation.finish, relation.before}))
    reached = {document.blocks[0].block}
    for _ in named.lengths:
        reached |= {name for link in links if link & reached for name in link}
    for n, block in enumerate(document.blocks):
        if block.block not in reached:
            yield Finding(("blocks", n), "a block that nothing ties to the course", "an anchor or a relation")


# --- policies ----------------------------------------------------------------------------------------------------------


def _policies(document: Protocol, named: _Names) -> Iterator[Finding]:
    for i, gate in enumerate(document.gates):
        yield from named.reference(gate.before, ("gates", i, "before"))
    measures = [assessment.measure for assessment in document.assessments]
    for i, assessment in enumerate(document.assessments):
        if measures.count(assessment.measure) > 1:
            found = f"{quoted(assessment.measure)} more than once"
            yield Finding(("assessments", i, "measure"), found, "each measure once, with all its moments")
        for k, moment in enumerate(assessment.moments):
            yield from _moment(moment, ("assessments", i, "moments", k), named)
    for i, decision in enumerate(document.decisions):
        path: Path = ("decisions", i)
        yield from named.reference(decision.after, (*path, "after"))
        if decision.measure is not None and decision.measure not in measures:
            expected = "one of " + ", ".join(measures) if measures else "a measure under `assessments`"
            yield Finding((*path, "measure"), quoted(decision.measure), expected)
        for k, choice in enumerate(decision.choices):
            yield from named.block(choice.goes_to, (*path, "choices", k, "goes_to"), *OPEN_ENDS)
    for name in ("missed", "lapses", "delays", "late_arrivals", "cancellations", "caps"):
        for i, policy in enumerate(getattr(document, name)):
            yield from named.visits(policy.visits, (name, i, "visits"))


def _moment(moment: Moment, path: Path, named: _Names) -> Iterator[Finding]:
    given = [name for name in ("before", "after", "during") if getattr(moment, name) is not None]
    if len(given) != 1:
        found = " and ".join(f"`{name}`" for name in given) or "no moment"
        yield Finding(path, found, "exactly one of `before`, `after`, `during`")
        return
    if moment.during is not None:
        yield from named.block(moment.during, (*path, "during"))
        if not moment.every_days:
            yield Finding((*path, "every_days"), "nothing", "how many days apart, at least 1")
        return
    yield from named.reference(moment.before or moment.after or "", (*path, given[0]))
    if moment.every_days is not None:
        yield Finding((*path, "every_days"), str(moment.every_days), "nothing; it goes with `during`")
    if moment.before is None or moment.model_dump(exclude={"before", "source", "hours_from"}, exclude_none=True):
        yield from _distance(moment, path)
