"""Why a course does not fit and what would help, in words, and each fix as what has to be asked for instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from typing import Any

from scheduler.engine.blame import Blame, Cause, Kind, Part
from scheduler.engine.concessions import Concession
from scheduler.engine.fixes import (
    AddWeekdays,
    AllowAlso,
    Come,
    Elsewhere,
    Fix,
    LeaveOut,
    Leeway,
    Lift,
    Relax,
    Soften,
    Start,
    relaxed,
)
from scheduler.engine.request import Offset, PlanRequest, Rule, Unit
from treatments.protocols import words
from treatments.protocols.compile import Compiled
from treatments.protocols.vocabulary import CLINICIAN
from treatments.protocols.wishes import WISH, Wishes

MOST_NAMED = 3
"""More people or things than this are told by their number."""
DAY_MINUTES = 24 * 60
PEOPLE = f"{WISH}people"
_FIRM = (f"{WISH}weekdays", f"{WISH}time")
_COUNTS = {f"{WISH}per_week": ("max_visits_per_week", "week"), f"{WISH}per_day": ("max_visits_per_day", "day")}


@dataclass(frozen=True, slots=True)
class CauseTold:
    """One thing that is to blame. ``visits`` are keys of those that fail because of it, of ``of`` that it concerns.

    ``kind``: rule, wish, hours, bookings, site, patient or nobody. ``rule`` is the place of a rule in the document;
    ``resources`` are ids. Causes with the same ``clash`` forbid the course together; another number is another reason, apart
    from the first.
    """

    kind: str
    message: str
    visits: tuple[str, ...]
    of: int
    rule: str = ""
    resources: tuple[str, ...] = ()
    clash: int = 0


@dataclass(frozen=True, slots=True)
class FixTold:
    """A change that was planned with. ``instead`` holds what has to be asked for: start_on, wishes, site or partial.

    ``price`` says in words what it costs; ``cost`` is the objective of the plan found with it.
    """

    kind: str
    message: str
    price: str
    cost: int
    instead: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ConcessionTold:
    """A rule that would have to give way. A rule of the protocol only a manager can change, in a new version.

    ``rule`` is its place in the document, empty for what the patient wishes. ``limit`` is the part of the rule, ``was`` and
    ``becomes`` its values in its own unit; None where the rule would have to go.
    ``sources`` are what the rule rests on, by their ids in the document: "clinician" where the clinic itself set it.
    """

    rule: str
    message: str
    limit: str | None = None
    was: int | None = None
    becomes: int | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a course does not fit. ``proved``: the causes are a smallest set, each shown to be needed.

    ``verdict`` and ``concessions`` are there where there is no fix but to book a part: the rules that would have to give way,
    all of those together, and the sentence before them, which says it too if there are none.
    """

    causes: tuple[CauseTold, ...] = ()
    proved: bool = False
    fixes: tuple[FixTold, ...] = ()
    verdict: str = ""
    concessions: tuple[ConcessionTold, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherSite:
    """The same course at another site; the people whom the patient asked for are not there, so they are not asked for."""

    key: str
    name: str
    request: PlanRequest


@dataclass(frozen=True)
class Remedies:
    """Words for the causes and fixes of one course."""

    compiled: Compiled
    request: PlanRequest
    wishes: Wishes
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of resources by id."""
    starts: Sequence[tuple[date, PlanRequest]] = ()
    """The other first dates that were tried, with the course begun then, in the order of ``Start.number``."""
    sites: Sequence[OtherSite] = ()
    """The other sites that were tried, in the order of ``Elsewhere.number``."""

    @property
    def groups(self) -> dict[str, str]:
        """For every rule key the rule of the document, or the wish, that it comes from."""
        return {key: note.path or _wish(key) for key, note in self.compiled.notes.items()}

    def leeway(self) -> Leeway:
        """What the patient could give way in."""
        firm: dict[str, list[str]] = {}
        for rule in self.request.rules:
            if self.wishes.firm and _wish(rule.key) in _FIRM:
                firm.setdefault(_wish(rule.key), []).append(rule.key)
        counts = tuple(rule.key for rule in self.request.rules if rule.key in _COUNTS)
        grid = self.request.grid
        away = frozenset(n for day in self.wishes.not_on if 0 <= (n := grid.day_of(day)) < grid.days)
        people = (PEOPLE,) if self.wishes.only_people and self.wishes.people else ()
        return Leeway(tuple(tuple(keys) for keys in firm.values()), people, counts, away)

    # --- causes ---------------------------------------------------------------------------------------------------

    def causes(self, blame: Blame) -> tuple[CauseTold, ...]:
        """What is to blame, in words."""
        if blame.nobody:
            return tuple(self._nobody(blame).values())
        told: list[CauseTold] = []
        for cause in blame.causes:
            one = replace(self._cause(cause), clash=cause.clash)
            if told and told[-1].clash != one.clash:
                one = replace(one, message=f"Apart from that: {words.in_sentence(one.message)}")
            told.append(one)
        return tuple(told)

    def _nobody(self, blame: Blame) -> dict[str, CauseTold]:
        found: dict[str, CauseTold] = {}
        for role in dict.fromkeys(role for _, role in blame.nobody):
            visits = tuple(visit for visit, each in blame.nobody if each == role)
            text = f"{self._failing(len(visits), len(visits))}: the clinic has no {_role(role)} for them."
            found[role] = CauseTold("nobody", text, visits, len(visits))
        return found

    def _cause(self, cause: Cause) -> CauseTold:
        part, failing = cause.part, self._failing(len(cause.visits), cause.of)
        if part.kind is Kind.RULE:
            note = self.compiled.notes[part.keys[0]]
            kind = "rule" if note.path else "wish"
            text = f"{failing}: {words.in_sentence(note.words)}."
            return CauseTold(kind, text, cause.visits, cause.of, rule=note.path)
        resources = part.keys if part.kind in (Kind.HOURS, Kind.BOOKINGS) else ()
        text = f"{failing}: {self._because(part)}."
        return CauseTold(part.kind.value, text, cause.visits, cause.of, resources=resources)

    def _because(self, part: Part) -> str:
        """What a calendar has against the course."""
        if part.kind is Kind.SITE:
            return "the clinic is closed then"
        if part.kind is Kind.PATIENT:
            return "the patient has other appointments or is away"
        if part.kind is Kind.HOURS:
            return self._hours(part.keys)
        return f"{self._team(part.keys)} {'is' if len(part.keys) == 1 else 'are'} taken"

    def _failing(self, number: int, of: int) -> str:
        if of == 1:
            return "The visit does not fit"
        return f"{number} of {of} visits do not fit" if 0 < number < of else f"None of {of} visits fits"

    def _hours(self, keys: tuple[str, ...]) -> str:
        grid = self.request.grid
        periods = [period for calendar in self.request.calendars if calendar.id in keys for period in calendar.working]
        weekdays = {grid.local(start).weekday() for start, _ in periods}
        opened = {(day + grid.first_on.weekday()) % 7 for day in self.request.open_days}
        works = "works" if len(keys) == 1 else "work"
        if not weekdays:
            return f"{self._team(keys)} never {works} in that time"
        if weekdays < opened:
            return f"{self._team(keys)} {works} only on {words.weekdays(weekdays)}"
        return f"{self._team(keys)} {works} at other times"

    def _team(self, keys: tuple[str, ...]) -> str:
        """Those who could fill a role: "Dr Wu, the only prescriber", "Ann and Bob", "all 6 chairs"."""
        role = _role(self._role_of(keys))
        named = [self.names[key] for key in keys if key in self.names]
        if len(named) != len(keys) or len(named) > MOST_NAMED:
            return f"the only {role}" if len(keys) == 1 else f"all {len(keys)} who can be the {role}"
        return f"{named[0]}, the only {role}," if len(named) == 1 else words.listing(named)

    def _role_of(self, keys: tuple[str, ...]) -> str:
        team = [calendar for calendar in self.request.calendars if calendar.id in keys]
        for visit in self.request.visits:
            for role in visit.needs:
                if any(role.kind == each.kind and role.skills <= each.skills for each in team):
                    return role.key
        return "resource"

    # --- fixes ----------------------------------------------------------------------------------------------------

    def fix(self, fix: Fix) -> FixTold | None:
        """A fix in words, and what has to be asked for instead; ``None`` for a change nobody can ask for."""
        told = self._told(fix)
        if told is None:
            return None
        kind, message, price, instead = told
        return FixTold(kind, message, price, fix.plan.cost.total, instead)

    def _told(self, fix: Fix) -> tuple[str, str, str, dict[str, Any]] | None:
        change = fix.change
        if isinstance(change, LeaveOut):
            left = words.listing(words.in_sentence(self.compiled.labels[key]) for key in change.visits[:MOST_NAMED])
            more = f" and {len(change.visits) - MOST_NAMED} more" if len(change.visits) > MOST_NAMED else ""
            count = words.count(len(change.visits), "visit")
            text = f"Book the rest, and keep {left}{more} on the work list."
            return "leave_out", text, f"{count} without a time", {"partial": True}
        price = self._runs(fix)
        if isinstance(change, Start | Elsewhere):
            return self._begun_or_given(change, price)
        people = self._people(fix, price)
        if people is not None:
            return people
        if isinstance(change, Soften):
            number = len(change.visits)
            some = words.listing(words.in_sentence(self.compiled.labels[key]) for key in change.visits[:MOST_NAMED])
            outside = some if 0 < number <= MOST_NAMED else words.count(number, "visit")
            wishes = replace(self.wishes, firm=False)
            return (
                "exceptions",
                f"Keep the wishes where possible, but not for {outside}.",
                f"{words.count(number, 'visit')} outside the wishes; {price}",
                {"wishes": wishes.to_json()},
            )
        changed = self._wished(change)
        if changed is None:
            return None
        kind, text, wishes = changed
        return kind, text, price, {"wishes": wishes.to_json()}

    def _begun_or_given(self, change: Start | Elsewhere, price: str) -> tuple[str, str, str, dict[str, Any]]:
        """The course at another time, or at another site."""
        instead: dict[str, Any]
        if isinstance(change, Elsewhere):
            site = self.sites[change.number]
            instead = {"site": site.key}
            if self.wishes.people:
                instead["wishes"] = replace(self.wishes, people=()).to_json()
            return "site", f"Come to {site.name} instead.", price, instead
        start_on, _ = self.starts[change.number]
        instead = {"start_on": start_on.isoformat()}
        if self.wishes.start_on is not None:
            instead["wishes"] = replace(self.wishes, start_on=start_on).to_json()
        return "start", f"Begin on {_day(start_on)} or later.", price, instead

    def _people(self, fix: Fix, price: str) -> tuple[str, str, str, dict[str, Any]] | None:
        """Others beside the people asked for: somebody by name, or anybody; ``None`` for another change."""
        change = fix.change
        if isinstance(change, Soften) and change.keys == (PEOPLE,):
            text = "Be treated by others where those asked for cannot be there."
            price = f"{words.count(len(change.visits), 'visit')} with somebody else; {price}"
            return "person", text, price, {"wishes": replace(self.wishes, only_people=False).to_json()}
        if not isinstance(change, AllowAlso):
            return None
        name = words.listing(self.names.get(each, "somebody else") for each in change.resources)
        number = sum(
            any(resource in change.resources for _, resource in placed.resources) for placed in fix.plan.placements
        )
        wishes = replace(self.wishes, people=(*self.wishes.people, *change.resources))
        price = f"{words.count(number, 'visit')} with {name}; {price}"
        return "person", f"Be treated by {name} too.", price, {"wishes": wishes.to_json()}

    def _wished(self, change: object) -> tuple[str, str, Wishes] | None:
        """The wishes with a change of one of them."""
        if isinstance(change, Come):
            on = self.request.grid.first_on + timedelta(days=change.day)
            return "date", f"Come on {_day(on)} after all.", replace(self.wishes, not_on=self.wishes.not_on - {on})
        if isinstance(change, AddWeekdays):
            added = replace(self.wishes, weekdays=self.wishes.weekdays | set(change.weekdays))
            return "weekday", f"Come on {words.weekdays(change.weekdays)} too.", added
        if isinstance(change, Relax) and change.keys[0] in _COUNTS:
            name, period = _COUNTS[change.keys[0]]
            most = getattr(self.wishes, name) + change.by
            return "count", f"Come up to {words.count(most, 'time')} a {period}.", replace(self.wishes, **{name: most})
        return self._other_hours(change) if isinstance(change, Relax) else None

    def _other_hours(self, change: Relax) -> tuple[str, str, Wishes] | None:
        if change.field == "earliest" and self.wishes.not_before is not None:
            at = _minute(self.wishes.not_before) - change.by
            if at <= 0:
                return "time", "Come at any time in the morning.", replace(self.wishes, not_before=None)
            return "time", f"Come from {words.clock(at)} on.", replace(self.wishes, not_before=_time(at))
        if change.field == "latest" and self.wishes.not_after is not None:
            at = _minute(self.wishes.not_after) + change.by
            if at >= DAY_MINUTES:
                return "time", "Stay as late as needed.", replace(self.wishes, not_after=None)
            return "time", f"Stay until {words.clock(at)}.", replace(self.wishes, not_after=_time(at))
        return None

    def _runs(self, fix: Fix) -> str:
        starts = [placement.start for placement in fix.plan.placements]
        request = self.request
        if isinstance(fix.change, Start):
            request = self.starts[fix.change.number][1]
        elif isinstance(fix.change, Elsewhere):
            request = self.sites[fix.change.number].request
        grid = request.grid
        return f"the course runs from {_day(grid.date(min(starts)))} to {_day(grid.date(max(starts)))}"

    # --- what rules would have to give ------------------------------------------------------------------------------

    def verdict(self, blame: Blame, least: Concession) -> str:
        """What giving way would do, in a sentence."""
        if len(least.changes) == 1:
            return "It would fit if one rule gave way."
        if least.changes:
            number = _NUMBERS.get(len(least.changes), str(len(least.changes)))
            fewer = ", and no fewer" if least.sure else ""
            return f"It would fit if these {number} gave way together{fewer}."
        if not least.sure:
            return "No rules were found that could give way so that it fits."
        text = "Even if every rule and every wish gave way, it would not fit"
        ruled = {cause.clash for cause in blame.causes if cause.part.kind is Kind.RULE}
        if not ruled:
            return f"{text}."  # the causes say why
        calendars = [cause.part for cause in blame.causes if cause.part.kind is not Kind.RULE]
        alone = [cause.part for cause in blame.causes if cause.clash not in ruled]
        blocking = words.listing(map(self._because, alone or calendars))
        return f"{text}: {blocking or 'the dates and what is booked already leave no room'}."

    def concessions(self, least: Concession) -> tuple[ConcessionTold, ...]:
        """The rules that would have to give way, in words."""
        told = (self._conceded(change) for change in least.changes if isinstance(change, Relax | Lift))
        return tuple(each for each in told if each is not None)

    def _conceded(self, change: Relax | Lift) -> ConcessionTold | None:
        note = self.compiled.notes[change.keys[0]]
        rule, who = f"{words.at_start(note.words)}.", _who_decides(note.sources)
        if isinstance(change, Lift):
            text = f"{rule} This would have to go. {who}".strip()
            return ConcessionTold(note.path, text, sources=note.sources)
        limited = self._limited(change)
        if limited is None:
            return None
        first, was, becomes = limited
        text = f"{rule} {_limit_words(first, change.field, was, becomes)} {who}".strip()
        return ConcessionTold(note.path, text, change.field, was, becomes, note.sources)

    def _limited(self, change: Relax) -> tuple[Rule, int, int] | None:
        """A rule that gives way, with its limit before and after."""
        for rule in self.request.rules:
            was = getattr(rule, change.field, None)
            if rule.key in change.keys and was is not None:
                becomes = getattr(relaxed(rule, change.field, change.by), change.field)
                if becomes != was:
                    return rule, was, becomes
        return None


_NUMBERS = {2: "two", 3: "three"}
_LOWER = ("least", "days_apart", "at_least", "earliest")


def _who_decides(sources: tuple[str, ...]) -> str:
    """Who may say that a rule gives way: whoever set it."""
    cited = [source for source in sources if source != CLINICIAN]
    if not sources:
        return ""
    if not cited:
        return "A clinician of the clinic set it and may set it anew."
    return f"It rests on {words.listing(cited)}: a clinician has to weigh that."


def _limit_words(rule: Rule, limit: str, was: int, becomes: int) -> str:
    if limit in ("earliest", "latest"):
        side = "Starting at {} or later" if limit == "earliest" else "Starting at {} or earlier"
        return f"{side.format(words.clock(becomes))} would do, instead of {words.clock(was)}."
    if limit == "days":
        return f"Counting {becomes} days would do, instead of {was}."
    if limit == "at_least" and becomes == 0:
        return f"No least number would do, instead of {was}."
    # what lies before another visit has negative numbers, and its ends change places
    end = "At least" if (limit in _LOWER) == (was >= 0) else "At most"
    if isinstance(rule, Offset):
        then, now = _lengths(rule, abs(becomes), abs(was))
        return f"{end} {then} would do, instead of {now}."
    if limit in ("most_days", "days_apart"):
        return f"{end} {words.count(becomes, 'day')} would do, instead of {was}."
    return f"{end} {becomes} would do, instead of {was}."


def _lengths(rule: Offset, *numbers: int) -> tuple[str, ...]:
    """Lengths in the same unit, so that they can be compared at a glance."""
    if rule.unit is Unit.DAYS:
        return tuple(words.count(number, "day") for number in numbers)
    if any(number % DAY_MINUTES for number in numbers) and not any(number % 60 for number in numbers):
        return tuple(words.count(number // 60, "hour") for number in numbers)
    return tuple(map(words.minutes, numbers))


def _wish(key: str) -> str:
    """The wish that a rule comes from: "wish.time" for "wish.time.60"."""
    return ".".join(key.split(".")[:2])


def _role(key: str) -> str:
    return key.replace("_", " ")


def _day(on: date) -> str:
    return f"{on:%A} {on.day} {on:%B %Y}"


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)
