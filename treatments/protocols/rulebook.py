"""The planner's rules of a course as they are collected, each with its words, its sources and its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduler.engine.request import Offset, Rule
from treatments.protocols import words


@dataclass(frozen=True, slots=True)
class CourseVisit:
    """A visit of a course as people know it."""

    key: str
    block: str
    kind: str
    """The visit type."""
    family: str
    """infusion, psychotherapy, physical_therapy, meditation or consultation."""
    code: str
    """The two letters of the family."""
    number: int
    """Counts the visits of this type over the whole course."""
    label: str
    minutes: int
    """The patient's time."""
    phases: tuple[tuple[str, int], ...]
    """Phases with their lengths in minutes, in order, the turnover included."""
    tentative: bool
    reason: str = ""
    """Why the visit is here: "1 to 3 days after infusion 2"."""

    def with_reason(self, reason: str) -> "CourseVisit":
        """The visit with its reason."""
        return replace(self, reason=reason)


@dataclass(frozen=True, slots=True)
class RuleNote:
    """What a rule says, where its values come from, and where it stands in the document."""

    words: str
    sources: tuple[str, ...]
    path: str
    """Such as ``blocks[0].gap``; empty for what the patient wishes."""
    overridable: bool = False
    """Whether a visit may be booked against it, with a reason."""


@dataclass
class Rulebook:
    """Rules as they are collected. ``late`` says of visits by how many days they took place later than planned."""

    late: Mapping[str, int] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    notes: dict[str, RuleNote] = field(default_factory=dict)
    because: dict[str, list[str]] = field(default_factory=dict)
    """For each visit key, phrases that say why it is where it is."""

    def add(self, rules: Iterable[Rule], note: RuleNote) -> None:
        """Add the planner's rules that come from one rule of the document."""
        for rule in rules:
            self.rules.append(rule)
            self.notes[rule.key] = note

    def counted(self, rule: Offset, counted_from: str) -> Offset:
        """A day offset, counted from where its anchor was planned or from where it took place.

        Whatever is due by then, the visit still comes after its anchor.
        """
        late = self.late.get(rule.anchor, 0) if counted_from == "planned" else 0
        if not late or (rule.least is not None and rule.least < 0):
            return rule
        least = max((rule.least or 0) - late, min(rule.least or 0, 1))
        ideal = None if rule.ideal is None else max(rule.ideal - late, least)
        most = None if rule.most is None else max(rule.most - late, least)
        return replace(rule, least=least, ideal=ideal, most=most)

    def say(self, visit: str, phrase: str) -> None:
        """Add a phrase to the reason of a visit."""
        if phrase and phrase not in self.because.setdefault(visit, []):
            self.because[visit].append(phrase)

    def reason(self, visit: str) -> str:
        """The reason of a visit, at most 300 characters."""
        text = words.at_start(", ".join(self.because.get(visit, ())))
        return text if len(text) <= 300 else text[:299].rstrip() + "…"


Visits = Sequence[CourseVisit]
