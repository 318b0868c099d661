"""From a protocol and the patient's wishes to the planner's visits and rules.

The planner hears only opaque keys. What the keys mean, in words and with the source of every rule, stays here.

Keys: a visit is ``<block>.<number>`` as in the document, a rule is the place in the document it comes from, with the
number of the visit it limits: ``infusions.gap.3``. Both are the same for every course on one version.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from scheduler.engine.grid import Grid
from scheduler.engine.request import (
    Calendar,
    DailyLoad,
    Period,
    Placement,
    PlanRequest,
    Preparation,
    Role,
    Rule,
    Segment,
    Use,
    Visit,
)
from treatments.protocols import breaks, visit_types
from treatments.protocols.block_rules import GROUP_ROLE
from treatments.protocols.course_rules import History, write_rules
from treatments.protocols.horizon import horizon_days
from treatments.protocols.overrides import Overridden
from treatments.protocols.phrasing import minute_of, to_minutes
from treatments.protocols.rulebook import CourseVisit, Rulebook, RuleNote
from treatments.protocols.schema import Block, Protocol
from treatments.protocols.visit_types import Need
from treatments.protocols.wish_rules import write_wishes
from treatments.protocols.wishes import Wishes

Taken = Mapping[str, Mapping[date, int]]
"""For visit types and local dates: how many visits of other courses begin then in the clinic."""

START_SLACK_DAYS = 28
"""How many days after the wished start the first visit may be looked for."""


@dataclass(frozen=True, slots=True)
class Past:
    """What took place already, as local dates: it decides what the rest of the course has to keep to."""

    history: History = field(default_factory=dict)
    """For visit types: the visits outside the course, those of earlier courses of the patient."""
    planned_on: Mapping[str, date] = field(default_factory=dict)
    """For visits of the course that took place: where they were planned."""
    took_place_on: Mapping[str, date] = field(default_factory=dict)
    """For visits of the course that took place: when."""

    @property
    def late(self) -> Mapping[str, int]:
        """By how many days visits took place later than planned; negative where earlier."""
        both = self.planned_on.keys() & self.took_place_on.keys()
        return {key: (self.took_place_on[key] - self.planned_on[key]).days for key in both}


@dataclass(frozen=True)
class Compiled:
    """A course as the planner needs it, with the words for it."""

    start_on: date
    """The first date on which a visit may be; day 0 of the horizon."""
    horizon_days: int
    """So many days from ``start_on`` hold every valid plan."""
    course: tuple[CourseVisit, ...]
    """The visits in the order of the document, with label, family and reason."""
    visits: tuple[Visit, ...]
    rules: tuple[Rule, ...]
    notes: Mapping[str, RuleNote]
    """For every rule key: its words, its sources and its place in the document."""
    labels: Mapping[str, str]
    """Words for the keys of visits, rules and roles."""
    not_on: tuple[date, ...]
    """Dates on which the patient is away."""
    people: tuple[str, ...]
    """Ids of persons the patient prefers."""
    past: Past = field(default_factory=Past)
    """What it was compiled with."""
    overridden: tuple[Overridden, ...] = ()
    """The rules that visits were booked against; ``rules`` are loosened by them."""

    def request(
        self,
        *,
        grid: Grid,
        calendars: tuple[Calendar, ...],
        open_days: frozenset[int],
        not_before: int = 0,
        patient_busy: tuple[Period, ...] = (),
        patient_gap: int = 0,
        fixed: tuple[Placement, ...] = (),
        taken: Taken | None = None,
    ) -> PlanRequest:
        """The planner's request over these calendars. Dates on which the patient is away count as taken."""
        numbers = (grid.day_of(day) for day in self.not_on)
        away = [(grid.midnights[n], grid.midnights[n + 1]) for n in numbers if 0 <= n < grid.days]
        return PlanRequest(
            grid=grid,
            visits=self.visits,
            rules=tuple(self._with_load(rule, grid, taken or {}) for rule in self.rules),
            calendars=calendars,
            open_days=open_days,
            not_before=not_before,
            patient_busy=tuple(sorted({*patient_busy, *away})),
            patient_gap=patient_gap,
            fixed=fixed,
            labels=self.labels,
        )

    def _with_load(self, rule: Rule, grid: Grid, taken: Taken) -> Rule:
        """A rule about the starts of a day with those of other courses."""
        if not isinstance(rule, DailyLoad):
            return rule
        load: Counter[int] = Counter()
        for kind in {visit.kind for visit in self.visits if visit.key in rule.visits}:
            for on, count in taken.get(kind, {}).items():
                load[grid.day_of(on)] += count
        return replace(rule, taken=tuple(sorted(load.items())))


def compile(  # noqa: A001  # the field's own word
    document: Protocol,
    *,
    start_on: date,
    wishes: Wishes | None = None,
    tentative: bool = True,
    more: Mapping[str, Sequence[int]] | None = None,
    past: Past | None = None,
) -> Compiled:
    """The visits and rules of a course on ``document`` that begins on ``start_on`` or later.

    ``start_on`` and all dates are local dates of the site. Without ``tentative``, blocks that wait for a decision are
    left out; the numbers and keys of the other visits stay the same. ``more``: further visits, see ``course_visits``.
    """
    wishes, past = wishes or Wishes(), past or Past()
    first_on = max(start_on, wishes.start_on or start_on)
    course, book = _course(document, past, tentative=tentative, more=more)
    lasts = horizon_days(tuple(visit.key for visit in course), tuple(book.rules), _minutes(course))
    write_wishes(document, wishes, first_on, course, book)
    explained = tuple(visit.with_reason(book.reason(visit.key)) for visit in course)
    labels = {visit.key: visit.label for visit in course} | {key: note.words for key, note in book.notes.items()}
    return Compiled(
        start_on=start_on,
        horizon_days=(first_on - start_on).days + START_SLACK_DAYS + lasts + 1 + len(wishes.not_on),
        course=explained,
        visits=tuple(_visit(document, visit) for visit in course),
        rules=tuple(book.rules),
        notes=book.notes,
        labels=labels,
        not_on=tuple(sorted(wishes.not_on)),
        people=wishes.people,
        past=past,
    )


def _course(
    document: Protocol, past: Past, *, tentative: bool, more: Mapping[str, Sequence[int]] | None
) -> tuple[tuple[CourseVisit, ...], Rulebook]:
    """The visits with their rules. A visit that may follow a long break is as long as a first one."""
    course = course_visits(document, tentative=tentative, more=more)
    book = Rulebook(late=past.late)
    write_rules(document, course, book, past.history)
    if any(kind.first_again_after_days is not None for kind in document.visit_types.values()):
        again = breaks.first_again(document, course, book.rules, past.took_place_on)
        course = course_visits(document, tentative=tentative, more=more, first_again=again)
        book = Rulebook(late=past.late)
        write_rules(document, course, book, past.history)
    return course, book


def _minutes(course: Iterable[CourseVisit]) -> dict[str, int]:
    return {visit.key: visit.minutes for visit in course}


# --- visits ------------------------------------------------------------------------------------------------------------


def course_visits(
    document: Protocol,
    *,
    tentative: bool = True,
    more: Mapping[str, Sequence[int]] | None = None,
    first_again: Collection[str] = (),
) -> tuple[CourseVisit, ...]:
    """The visits of a course in document order, numbered by type over the whole course, without reasons.

    ``more`` gives for a block the numbers of further visits at its end; they count after all others of their type.
    Those of ``first_again`` (keys) are as long as the first of their type.
    """
    planned = [(block, number) for block in document.blocks for number in range(1, block.length + 1)]
    added = [(block, number) for block in document.blocks for number in (more or {}).get(block.block, ())]
    seen: dict[str, int] = {}
    found: dict[str, list[CourseVisit]] = {block.block: [] for block in document.blocks}
    for block, number in (*planned, *added):
        kind = document.visit_types[block.visit]
        seen[block.visit] = seen.get(block.visit, 0) + 1
        key = f"{block.block}.{number}"
        lengths = kind.minutes(1 if key in first_again else seen[block.visit])
        found[block.block].append(
            CourseVisit(
                key=key,
                block=block.block,
                kind=block.visit,
                family=kind.code.family,
                code=kind.code.value,
                number=seen[block.visit],
                label=f"{kind.name} {seen[block.visit]}",
                minutes=sum(minutes for phase, minutes in lengths.items() if phase != "turnover"),
                phases=tuple(lengths.items()),
                tentative=block.is_tentative,
            )
        )
    return tuple(visit for visits in found.values() for visit in visits if tentative or not visit.tentative)


def _visit(document: Protocol, visit: CourseVisit) -> Visit:
    kind, block = document.visit_types[visit.kind], document.block(visit.block)
    seats = [_seat(block, visit)] if block.group is not None else []
    return Visit(
        key=visit.key,
        kind=visit.kind,
        minutes=visit.minutes,
        roles=(*(_role(need, visit.phases) for need in kind.needs), *seats),
        start_step=kind.start_every,
        preparations=tuple(_preparation(each) for each in kind.preparations),
    )


def _seat(block: Block, visit: CourseVisit) -> Role:
    """A seat in a class. Its hours are its meetings, so that a visit as long as a meeting begins with it."""
    skills = frozenset(block.group.skills) if block.group else frozenset()
    return Role(GROUP_ROLE, "group", (Segment(0, visit.minutes, Use.SHARED),), skills)


def _preparation(made: visit_types.Preparation) -> Preparation:
    return Preparation(
        key=made.what,
        kind=made.kind,
        minutes=made.minutes,
        lead=to_minutes(made.lead_hours) or 0,
        life=to_minutes(made.life_hours) or 0,
        skills=frozenset(made.skills),
        until=minute_of(made.by) if made.by else 24 * 60,
        same_day=not made.day_before,
    )


def _role(need: Need, phases: tuple[tuple[str, int], ...]) -> Role:
    segments: list[Segment] = []
    at = 0
    for phase, minutes in phases:
        use = need.during.use_in(phase)
        if use is not None and minutes:
            last = segments[-1] if segments else None
            if last is not None and last.ends == at and last.use == use:
                segments[-1] = Segment(last.starts, at + minutes, Use(use))
            else:
                segments.append(Segment(at, at + minutes, Use(use)))
        at += minutes
    return Role(key=need.role, kind=need.kind, segments=tuple(segments), skills=frozenset(need.skills))
