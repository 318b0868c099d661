"""The planner's reasons as short plain sentences, in the words of the protocol and the names of the clinic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scheduler.engine.answer import Code, Reason
from scheduler.engine.request import AtMost, Offset, PerWeek, Rule, SameDay, Span, Unit
from treatments.protocols import words
from treatments.protocols.compile import Compiled

PERSON = "person"
"""The kind of resource that works; all others are open, or to be had."""
MOST_NAMED = 3
"""More resources than this are told as "no chair", not by name."""


def sentence(reason: Reason, *, visit: str, compiled: Compiled, names: Mapping[str, str] | None = None) -> str:
    """Why ``visit`` cannot, or should not, be there: one sentence.

    ``names`` gives the names of resources by id. A resource without a name is called by its role.
    """
    return _SENTENCES[reason.code](_Case(reason, visit, compiled, names or {}))


def sentences(
    reasons: tuple[Reason, ...], *, visit: str, compiled: Compiled, names: Mapping[str, str] | None = None
) -> list[str]:
    """A sentence for each reason, in their order, each once."""
    told = (sentence(reason, visit=visit, compiled=compiled, names=names) for reason in reasons)
    return list(dict.fromkeys(told))


@dataclass(frozen=True, slots=True)
class _Case:
    """A reason with everything needed to say it."""

    reason: Reason
    key: str
    compiled: Compiled
    names: Mapping[str, str]

    @property
    def visit(self) -> str:
        """The visit, at the start of a sentence."""
        return self.compiled.labels.get(self.key, "This visit")

    def label(self, key: str) -> str:
        """Another visit, inside a sentence."""
        return words.in_sentence(self.compiled.labels.get(key, "another visit"))

    @property
    def others(self) -> list[str]:
        """The other visits the reason is about, inside a sentence."""
        return [self.label(key) for key in self.reason.subjects if key in self.compiled.labels]

    @property
    def other(self) -> str:
        """The first of the other visits."""
        return (self.others or ["another visit"])[0]

    @property
    def resources(self) -> list[str]:
        """The names of the resources the reason is about."""
        return [self.names[subject] for subject in self.reason.subjects if subject in self.names]

    def who(self, some: str, none: str) -> str:
        """A sentence about the resources by name, or about everyone of the role when there are many or no names."""
        given = self.resources
        if 0 < len(given) <= MOST_NAMED:
            return f"{words.at_start(words.listing(given))} {'is' if len(given) == 1 else 'are'} {some}."
        return f"No {self.role} is {none}."

    @property
    def is_person(self) -> bool:
        """Whether a person fills the role; otherwise a chair, a room, a device."""
        visit = next((visit for visit in self.compiled.visits if visit.key == self.key), None)
        needs = visit.needs if visit is not None else ()
        return not any(need.key == self.reason.role and need.kind != PERSON for need in needs)

    @property
    def role(self) -> str:
        """The role, as a word."""
        return (self.reason.role or "resource").replace("_", " ")

    @property
    def rule(self) -> Rule | None:
        """The planner's rule."""
        return next((rule for rule in self.compiled.rules if rule.key == self.reason.rule), None)

    @property
    def rule_words(self) -> str:
        """The rule in words, inside a sentence."""
        note = self.compiled.notes.get(self.reason.rule or "")
        return words.in_sentence(note.words) if note else "a rule of the protocol"

    @property
    def amount(self) -> int:
        """By how much."""
        return self.reason.amount or 0


# --- distances ---------------------------------------------------------------------------------------------------------


def _too_near_or_far(case: _Case) -> str:
    rule = case.rule
    if isinstance(rule, PerWeek):
        found = words.count(rule.days_apart - case.amount, "day")
        side = "after" if case.reason.code is Code.TOO_SOON else "before"
        needed = words.count(rule.days_apart, "day")
        return f"{case.visit} would be {found} {side} {case.other}; they have to be at least {needed} apart."
    if not isinstance(rule, Offset):
        return f"{case.visit} would break a rule: {case.rule_words}."
    # told from the other end, "too soon after" became "too late before"; the rule speaks from its own visit
    too_soon = (case.reason.code is Code.TOO_SOON) == (rule.visit == case.key)
    limit = rule.least if too_soon else rule.most
    if limit is None:
        return f"{case.visit} would break a rule: {case.rule_words}."
    found_at = limit - case.amount if too_soon else limit + case.amount
    where = _position(found_at, case.label(rule.anchor), rule)
    return f"{case.compiled.labels[rule.visit]} would be {where}; {_limit(limit, too_soon, rule)}."


def _length(number: int, rule: Offset) -> str:
    return words.count(number, "day") if rule.unit is Unit.DAYS else words.minutes(number)


def _position(number: int, anchor: str, rule: Offset) -> str:
    """Where a visit would be: "1 day after infusion 2"."""
    if number == 0:
        return f"on the same day as {anchor}" if rule.unit is Unit.DAYS else f"at the same time as {anchor}"
    if rule.unit is Unit.MINUTES and rule.from_end and number < 0:
        return f"before the end of {anchor}"
    end = "the end of " if rule.from_end else ""
    return f"{_length(abs(number), rule)} {'after' if number > 0 else 'before'} {end}{anchor}"


def _limit(limit: int, too_soon: bool, rule: Offset) -> str:  # which of the two ends it is
    """What is needed: "at least 2 days are needed"."""
    if limit == 0:
        return "it has to come after it" if too_soon else "it has to come before it"
    length = _length(abs(limit), rule)
    be = "is" if length.startswith("1 ") else "are"
    if (limit > 0) == too_soon:
        return f"at least {length} {be} needed"
    return f"at most {length} {be} allowed"


def _not_ideal(case: _Case) -> str:
    rule = case.rule
    if isinstance(rule, Offset) and rule.ideal is not None:
        off, ideal = _length(case.amount, rule), _length(abs(rule.ideal), rule)
        side = "after" if rule.ideal >= 0 else "before"
        return (
            f"{case.compiled.labels[rule.visit]} is {off} off the best distance, "
            f"which is {ideal} {side} {case.label(rule.anchor)}."
        )
    return f"{case.visit} is not at the best distance: {case.rule_words}."


def _span_exceeded(case: _Case) -> str:
    rule = case.rule
    if isinstance(rule, Span):
        found, most = rule.most_days + case.amount, rule.most_days
        return f"From {case.other} to {words.in_sentence(case.visit)} it would be {found} days; at most {most} are allowed."
    return f"{case.visit} would make the course too long: {case.rule_words}."


# --- weeks and days ----------------------------------------------------------------------------------------------------


def _week_full(case: _Case) -> str:
    rule = case.rule
    most = rule.at_most if isinstance(rule, PerWeek) else case.amount
    week = "Those seven days" if isinstance(rule, PerWeek) and rule.rolling else "That week"
    have = "have" if week.startswith("Those") else "has"
    listed = words.listing(case.others) or "as many visits as it may have"
    return f"{week} already {have} {listed}; {most} a week is the limit."


def _week_short(case: _Case) -> str:
    missing = words.count(case.amount, "more visit")
    be = "is" if case.amount == 1 else "are"
    return f"The weeks between {case.other} and {words.in_sentence(case.visit)} have too few; {missing} {be} needed."


def _not_same_day(case: _Case) -> str:
    rule = case.rule
    if isinstance(rule, SameDay) and not rule.before_too:
        if case.key in rule.visits:
            return f"{case.visit} cannot be on the same day after {case.other}."
        return f"{words.at_start(case.other)} is later that day, and cannot follow {words.in_sentence(case.visit)}."
    return f"{case.visit} cannot be on the same day as {case.other}."


def _outside_window(case: _Case) -> str:
    wished = not case.reason.hard
    return f"{case.visit} is outside {'a wish' if wished else 'what is allowed'}: {case.rule_words}."


def _other_resource(case: _Case) -> str:
    than = f" than {words.listing(case.resources)}" if case.resources else ""
    return f"{case.visit} would have another {case.role}{than}; {'the same is needed' if case.reason.hard else 'the same is preferred'}."


def _off_step(case: _Case) -> str:
    step = next((visit.start_step for visit in case.compiled.visits if visit.key == case.key), 15)
    return f"{case.visit} starts only at clock minutes divisible by {step}."


def _too_many(case: _Case) -> str:
    rule = case.rule
    if not isinstance(rule, AtMost):
        return f"{case.visit} would be one too many: {case.rule_words}."
    if rule.at_most == 1:
        apart = words.count(rule.days, "day")
        return f"{case.visit} would be too near {words.listing(case.others) or 'an earlier one'}; they have to be at least {apart} apart."
    have = words.listing(case.others) or "as many visits as they may have"
    return f"Those {rule.days} days already have {have}; {rule.at_most} are the limit."


def _moved(case: _Case) -> str:
    return f"{case.visit} is not where it was."


def _not_preferred(case: _Case) -> str:
    asked = f" than {words.listing(case.resources)}" if case.resources else ""
    return f"{case.visit} would have another {case.role}{asked}, who was asked for."


# --- places and people -------------------------------------------------------------------------------------------------


def _patient_busy(case: _Case) -> str:
    if case.others:
        return f"The patient has {words.listing(case.others)} then."
    return "The patient has another appointment or is away then."


_SENTENCES: dict[Code, Callable[[_Case], str]] = {
    Code.SITE_CLOSED: lambda _: "The clinic is closed then.",
    Code.NO_RESOURCE: lambda case: f"The clinic has no {case.role} that {words.in_sentence(case.visit)} can use.",
    Code.RESOURCE_OFF: lambda case: (
        case.who("not at work then", "at work for the whole of it")
        if case.is_person
        else case.who("out of hours then", "to be had for the whole of it")
    ),
    Code.RESOURCE_BUSY: lambda case: case.who("taken then", "free for the whole of it"),
    Code.WATCH_FULL: lambda case: case.who("watching as many people as allowed then", "able to watch one more then"),
    Code.HANDS_TAKEN: lambda case: case.who("starting somebody else then", "free to start one more then"),
    Code.NOT_ON_SITE: lambda case: case.who("not on site for the whole of it", "on site for the whole of it"),
    Code.PATIENT_BUSY: _patient_busy,
    Code.TOO_SOON: _too_near_or_far,
    Code.TOO_LATE: _too_near_or_far,
    Code.WEEK_FULL: _week_full,
    Code.WEEK_SHORT: _week_short,
    Code.SPAN_EXCEEDED: _span_exceeded,
    Code.NOT_SAME_DAY: _not_same_day,
    Code.OUTSIDE_WINDOW: _outside_window,
    Code.OTHER_RESOURCE: _other_resource,
    Code.NOT_CONSECUTIVE: lambda case: f"{case.visit} would not be on the day that follows {case.other}.",
    Code.IN_THE_PAST: lambda _: "That time has passed or is too close to now.",
    Code.BEYOND_HORIZON: lambda case: f"No place for {words.in_sentence(case.visit)} within the dates looked at.",
    Code.OFF_STEP: _off_step,
    Code.NOT_READY: lambda case: (
        f"What has to be there before {words.in_sentence(case.visit)} cannot be there by then."
    ),
    Code.TOO_MANY: _too_many,
    Code.NOT_PREFERRED: _not_preferred,
    Code.NOT_PREPARED: lambda case: (
        f"What {words.in_sentence(case.visit)} needs ({case.role}) cannot be prepared in time."
    ),
    Code.DAY_FULL: lambda _: "The clinic takes no more starts on that day.",
    Code.DAY_CROWDED: lambda _: "That day has more starts than the clinic aims at.",
    Code.MOVED: _moved,
    Code.NOT_IDEAL: _not_ideal,
    Code.DEPENDS_ON_UNPLACED: lambda case: f"{case.visit} depends on {case.other}, which has no place yet.",
}
