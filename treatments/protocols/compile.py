"""From a protocol and the patient's wishes to the planner's visits and rules.

The planner hears only opaque keys. What the keys mean, in words and with the source of every rule, stays here.

Keys: a visit is ``<block>.<number>`` as in the document, a rule is the place in the document it comes from, with the
number of the visit it limits: ``infusions.gap.3``. Both are the same for every course on one version.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scheduler.engine.grid import Grid
from scheduler.engine.request import (
    Calendar,
    Period,
    Placement,
    PlanRequest,
    Role,
    Rule,
    Segment,
    Use,
    Visit,
    Window,
)
from treatments.protocols import words
from treatments.protocols.course_rules import write_rules
from treatments.protocols.horizon import horizon_days
from treatments.protocols.rulebook import CourseVisit, Rulebook, RuleNote
from treatments.protocols.schema import Protocol
from treatments.protocols.visit_types import Need, VisitType
from treatments.protocols.wishes import Wishes

START_SLACK_DAYS = 28
"""How many days after the wished start the first visit may be looked for."""


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
    ) -> PlanRequest:
        """The planner's request over these calendars. Dates on which the patient is away count as taken."""
        numbers = (grid.day_of(day) for day in self.not_on)
        away = [(grid.midnights[n], grid.midnights[n + 1]) for n in numbers if 0 <= n < grid.days]
        return PlanRequest(
            grid=grid,
            visits=self.visits,
            rules=self.rules,
            calendars=calendars,
            open_days=open_days,
            not_before=not_before,
            patient_busy=tuple(sorted({*patient_busy, *away})),
            patient_gap=patient_gap,
            fixed=fixed,
            labels=self.labels,
        )


def compile(  # noqa: A001  # the field's own word
    document: Protocol,
    *,
    start_on: date,
    wishes: Wishes | None = None,
    tentative: bool = True,
    more: Mapping[str, Sequence[int]] | None = None,
) -> Compiled:
    """The visits and rules of a course on ``document`` that begins on ``start_on`` or later.

    ``start_on`` and all dates are local dates of the site. Without ``tentative``, blocks that wait for a decision are
    left out; the numbers and keys of the other visits stay the same. ``more``: further visits, see ``course_visits``.
    """
    wishes = wishes or Wishes()
    first_on = max(start_on, wishes.start_on or start_on)
    course = course_visits(document, tentative=tentative, more=more)
    book = Rulebook()
    write_rules(document, course, book)
    lasts = horizon_days(tuple(visit.key for visit in course), tuple(book.rules), _minutes(course))
    _write_wishes(wishes, first_on, course, book)
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
    )


def _minutes(course: Iterable[CourseVisit]) -> dict[str, int]:
    return {visit.key: visit.minutes for visit in course}


# --- visits ------------------------------------------------------------------------------------------------------------


def course_visits(
    document: Protocol, *, tentative: bool = True, more: Mapping[str, Sequence[int]] | None = None
) -> tuple[CourseVisit, ...]:
    """The visits of a course in document order, numbered by type over the whole course, without reasons.

    ``more`` gives for a block the numbers of further visits at its end; they count after all others of their type.
    """
    planned = [(block, number) for block in document.blocks for number in range(1, block.length + 1)]
    added = [(block, number) for block in document.blocks for number in (more or {}).get(block.block, ())]
    seen: dict[str, int] = {}
    found: dict[str, list[CourseVisit]] = {block.block: [] for block in document.blocks}
    for block, number in (*planned, *added):
        kind = document.visit_types[block.visit]
        seen[block.visit] = seen.get(block.visit, 0) + 1
        lengths = kind.minutes(first=seen[block.visit] == 1)
        found[block.block].append(
            CourseVisit(
                key=f"{block.block}.{number}",
                block=block.block,
                kind=block.visit,
                family=kind.code.family,
                code=kind.code.value,
                number=seen[block.visit],
                label=f"{kind.name} {seen[block.visit]}",
                patient_label=kind.patient_label,
                minutes=sum(minutes for phase, minutes in lengths.items() if phase != "turnover"),
                phases=tuple(lengths.items()),
                tentative=block.is_tentative,
            )
        )
    return tuple(visit for visits in found.values() for visit in visits if tentative or not visit.tentative)


def _visit(document: Protocol, visit: CourseVisit) -> Visit:
    kind: VisitType = document.visit_types[visit.kind]
    return Visit(
        key=visit.key,
        kind=visit.kind,
        minutes=visit.minutes,
        roles=tuple(_role(need, visit.phases) for need in kind.needs),
        start_step=kind.start_every,
    )


def engine_visits(document: Protocol) -> tuple[Visit, ...]:
    """All visits as the planner sees them, tentative ones too."""
    return tuple(_visit(document, visit) for visit in course_visits(document))


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


# --- wishes ------------------------------------------------------------------------------------------------------------


def _write_wishes(wishes: Wishes, first_on: date, course: tuple[CourseVisit, ...], book: Rulebook) -> None:
    keys = tuple(visit.key for visit in course)
    book.add(
        [Window("start", keys, from_on=first_on)],
        RuleNote(f"The course begins on {first_on:%A} {first_on.day} {first_on:%B %Y} or later", (), ""),
    )
    if wishes.weekdays:
        text = f"The patient {'can come' if wishes.firm else 'prefers to come'} on {words.weekdays(wishes.weekdays)}"
        window = Window("wish.weekdays", keys, weekdays=wishes.weekdays, hard=wishes.firm)
        book.add([window], RuleNote(text, (), ""))
    if wishes.not_before is None and wishes.not_after is None:
        return
    earliest = 0 if wishes.not_before is None else wishes.not_before.hour * 60 + wishes.not_before.minute
    ends = 24 * 60 if wishes.not_after is None else wishes.not_after.hour * 60 + wishes.not_after.minute
    windows = [
        Window(
            f"wish.time.{length}",
            tuple(visit.key for visit in course if visit.minutes == length),
            earliest=earliest,
            # a visit longer than the wished hours should at least begin at their start
            latest=ends - length if wishes.firm else max(earliest, ends - length),
            hard=wishes.firm,
        )
        for length in sorted({visit.minutes for visit in course})
    ]
    book.add(windows, RuleNote(_time_words(wishes), (), ""))


def _time_words(wishes: Wishes) -> str:
    parts = []
    if wishes.not_before is not None:
        parts.append(f"from {wishes.not_before:%H:%M}")
    if wishes.not_after is not None:
        parts.append(f"until {wishes.not_after:%H:%M}")
    return f"The patient {'can come' if wishes.firm else 'prefers to come'} {' '.join(parts)}"


def end_on(compiled: Compiled) -> date:
    """The last date of the horizon."""
    return compiled.start_on + timedelta(days=compiled.horizon_days - 1)
