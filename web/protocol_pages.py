"""Protocols as people read them: visits, rules in words with their sources, and a course drawn. Decides nothing."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from clinics.models import Site
from core import clock
from notifications.engine.states import Step
from treatments import planning
from treatments.fitting import Start
from treatments.models import ProtocolVersion
from treatments.protocols import stored
from treatments.protocols.wishes import Wishes
from web import words
from web.plans import ShownPlan, Week
from web.visit_lines import VisitLine

if TYPE_CHECKING:
    from treatments.protocols.compile import Compiled
    from treatments.protocols.schema import Protocol
    from treatments.protocols.visit_types import VisitType

NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of visit: how many there are, how long each takes, and its phases in words."""

    family: str
    name: str
    patient_labels: tuple[tuple[str, str], ...]
    """What patients read: language and words."""
    count: int
    minutes: int
    phases: str
    reminders: str
    """Which of the clinic's reminders these visits have, in words; empty where they have all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in words, and where its values come from."""

    words: str
    sources: tuple[str, ...]
    overridable: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A version of a protocol."""

    version: ProtocolVersion
    indication: str
    summary: str
    kinds: tuple[Kind, ...]
    rules: tuple[Rule, ...]
    gates: tuple[Rule, ...]
    decisions: tuple[Rule, ...]


def page(version: ProtocolVersion, *, today: date) -> Page:
    """What a version says. No query."""
    document = stored.document(version.document)
    compiled = planning.compiled(version, start_on=today, wishes=Wishes())

    def sources(keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            document.sources.get(key, "The clinician who set it" if key == "clinician" else key) for key in keys
        )

    rules = {
        (note.path, note.words): Rule(note.words, sources(note.sources), note.overridable)
        for note in compiled.notes.values()
        if note.path
    }
    return Page(
        version=version,
        indication=document.indication,
        summary=document.summary,
        kinds=tuple(_kinds(compiled, document)),
        rules=tuple(rules.values()),
        gates=tuple(
            Rule(f"{gate.title}, before {_reference(gate.before)}", sources(gate.source)) for gate in document.gates
        ),
        decisions=tuple(
            Rule(
                f"{each.title}, after {_reference(each.after)}: {words.listing([c.answer for c in each.choices])}",
                sources(each.source),
            )
            for each in document.decisions
        ),
    )


def _told(kind: "VisitType") -> tuple[tuple[str, str], ...]:
    others = kind.patient_labels
    return (("en", kind.patient_label), *((("es", others.es),) if others is not None and others.es else ()))


def _reminders(kind: "VisitType") -> str:
    if kind.reminders is None:
        return ""
    steps = [Step(each).label for each in kind.reminders]
    return (
        f"Reminders only {words.listing([each[:1].lower() + each[1:] for each in steps])}" if steps else "No reminders"
    )


def _kinds(compiled: "Compiled", document: "Protocol") -> list[Kind]:
    counts = Counter(visit.kind for visit in compiled.course)
    first = {visit.kind: visit for visit in reversed(compiled.course)}
    return [
        Kind(
            family=visit.family,
            name=visit.label.rpartition(" ")[0] or visit.label,
            patient_labels=_told(document.visit_types[kind]),
            count=counts[kind],
            minutes=visit.minutes,
            phases=words.listing([f"{name} {words.length(minutes)}" for name, minutes in visit.phases if minutes]),
            reminders=_reminders(document.visit_types[kind]),
        )
        for kind, visit in first.items()
    ][::-1]


def _reference(text: str) -> str:
    """Such as "infusions, the first" for "infusions.first"."""
    block, _, which = text.partition(".")
    name = block.replace("_", " ")
    return name if not which else f"{name}, {'number ' + which if which.isdigit() else 'the ' + which}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A course as it would be booked now for somebody without wishes."""

    start_on: date
    weeks: list[Week]
    lines: list[VisitLine]
    unplaced: int


def sample(version: ProtocolVersion, site: Site, *, start_on: date, now: datetime) -> Sample:
    """Plans one course against the real calendar; nothing is held."""
    question = planning.ask(protocol_version=version, site=site, start_on=start_on, wishes=Wishes(), now=now)
    shown = ShownPlan.of(question.proposal(planning.best(question)), patient=NOBODY)
    return Sample(start_on, shown.weeks(site.zone), shown.lines(site.zone), shown.unplaced)


@dataclass(frozen=True, slots=True)
class Trial:
    """The starts tried so far, of all there are to try. ``marks`` is how it travels in an address: one letter a start."""

    days: tuple[date, ...]
    marks: str
    newest: tuple[Start, ...] = ()

    @property
    def starts(self) -> list[tuple[date, bool]]:
        """Each start tried, and whether it fits."""
        return [(on, mark == FITS) for on, mark in zip(self.days, self.marks, strict=False)]

    @property
    def rest(self) -> tuple[date, ...]:
        """The starts still to try."""
        return self.days[len(self.marks) :]

    @property
    def fitting(self) -> int:
        """How many fit."""
        return self.marks.count(FITS)

    @property
    def sentence(self) -> str:
        """What came out, or how far it is."""
        if self.rest:
            return f"{len(self.marks)} of {len(self.days)} starts tried, {self.fitting} fit."
        return f"Fits {self.fitting} of {words.count(len(self.days), 'start')}.{self._where()}"

    def _where(self) -> str:
        spans: list[list[date]] = []
        for number, (on, fits) in enumerate(self.starts):
            if fits:
                continue
            if spans and self.days.index(spans[-1][-1]) == number - 1:
                spans[-1].append(on)
            else:
                spans.append([on])
        if not spans:
            return ""
        named = [
            words.short_day(span[0]) + (f" to {words.short_day(span[-1])}" if len(span) > 1 else "") for span in spans
        ]
        more = f" and {len(named) - MOST_SPANS} more" if len(named) > MOST_SPANS else ""
        return f" Does not fit {', '.join(named[:MOST_SPANS])}{more}."

    def with_more(self, found: list[Start]) -> "Trial":
        """With starts that were tried now."""
        marks = "".join(FITS if start.fits else FAILS for start in found)
        return Trial(self.days, self.marks + marks, tuple(found))


FITS, FAILS = "y", "n"
MOST_SPANS = 6


def next_monday(site: Site, *, now: datetime) -> date:
    """The Monday after today, where the site is."""
    today = clock.local(now, site.zone).date()
    return today + timedelta(days=7 - today.weekday())
