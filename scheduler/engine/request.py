"""What the planner is asked: visits, what they need, the rules between them, and everybody's calendar.

Lengths and offsets are minutes, periods in calendars are slots of the grid, dates are local dates of the grid's zone.
A *day* gap is the difference of two local dates; a *minutes* gap is elapsed time.
Every rule has a ``key`` by which an answer refers to it, and is hard unless it says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from scheduler.engine.grid import Grid

Period = tuple[int, int]
"""Half-open ``[start, end)`` in slots."""


HANDS_LANE = 49
"""The lane of a resource's hands, beside those for the people it serves: each hands-on use takes it as well."""


class Use(StrEnum):
    """How a part of a visit uses a resource."""

    EXCLUSIVE = "exclusive"
    """Nobody else: takes every lane."""
    HANDS_ON = "hands_on"
    """One lane, and both hands: setting somebody up, while others are watched but nobody else is set up."""
    SHARED = "shared"
    """One lane of those the resource has: a nurse who watches several people."""
    PRESENCE = "presence"
    """On site and at work for the whole span, but booked by nobody."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a visit. Offsets are minutes from the visit's start; turnover runs past the patient's time."""

    starts: int
    ends: int
    use: Use


@dataclass(frozen=True, slots=True)
class Role:
    """One part to be filled by one resource for all its segments: "chair", "nurse", "prescriber"."""

    key: str
    kind: str
    segments: tuple[Segment, ...]
    skills: frozenset[str] = frozenset()
    """The resource has all of these."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Something made before a visit by somebody at work then, such as a bag by the pharmacy. It books nobody.

    One resource of ``kind`` with all ``skills`` works ``minutes`` in one piece. That work is over at least ``lead`` and
    at most ``life`` minutes of elapsed time before the visit starts, and by ``until`` (wall-clock minutes) of its date.
    """

    key: str
    kind: str
    minutes: int
    lead: int
    life: int
    skills: frozenset[str] = frozenset()
    until: int = 24 * 60
    """Inclusive."""
    same_day: bool = False
    """Made on the local date of the visit, never the day before."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to be placed. ``minutes`` is the patient's time, from arrival to leaving."""

    key: str
    kind: str
    minutes: int
    roles: tuple[Role, ...]
    start_step: int = 15
    """Starts are at wall-clock minutes divisible by this."""
    preparations: tuple[Preparation, ...] = ()
    not_before: int = 0
    """The first slot at which it may start: what has to be there before it takes its time."""

    @property
    def needs(self) -> tuple[Role | Preparation, ...]:
        """Everybody and everything it takes, and who prepares it."""
        return (*self.roles, *self.preparations)


@dataclass(frozen=True, slots=True)
class Placement:
    """A visit with its start (a slot) and the resource filling each role."""

    visit: str
    start: int
    resources: tuple[tuple[str, str], ...]
    """Pairs (role key, resource id), sorted."""


# --- rules ---------------------------------------------------------------------------------------------------


class Unit(StrEnum):
    """What an offset counts."""

    DAYS = "days"
    MINUTES = "minutes"


@dataclass(frozen=True, slots=True)
class Offset:
    """``visit`` starts between ``least`` and ``most`` after ``anchor``; negative numbers mean before it.

    Days: local date of ``visit`` minus local date of ``anchor``. Minutes: from the anchor's start, or from its end
    with ``from_end``. ``None`` leaves an end open. A distance from ``ideal`` costs; it is never forbidden.
    Gaps between neighbours, anchored follow-ups and minimum distances are all offsets.
    """

    key: str
    visit: str
    anchor: str
    unit: Unit
    least: int | None = None
    ideal: int | None = None
    most: int | None = None
    from_end: bool = False
    weight: int = 1
    """How many times as much a distance from ``ideal`` costs."""


@dataclass(frozen=True, slots=True)
class PerWeek:
    """At most (and at least) so many of ``visits`` in a week, ``days_apart`` local dates apart.

    ``rolling`` counts any seven consecutive local dates; otherwise Monday to Sunday. ``at_least`` is not asked of
    the calendar weeks in which the first and the last of the visits fall.
    """

    key: str
    visits: tuple[str, ...]
    at_most: int
    at_least: int = 0
    rolling: bool = False
    days_apart: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last of ``visits`` at most ``most_days`` local dates (same day = 0)."""

    key: str
    visits: tuple[str, ...]
    most_days: int


@dataclass(frozen=True, slots=True)
class Window:
    """When ``visits`` may start: weekdays (Monday = 0), wall-clock minutes, dates. A wish when not ``hard``.

    ``latest`` is the last allowed start, inclusive. ``until_on`` is inclusive.
    """

    key: str
    visits: tuple[str, ...]
    weekdays: frozenset[int] = frozenset(range(7))
    earliest: int = 0
    latest: int = 24 * 60
    from_on: date | None = None
    until_on: date | None = None
    hard: bool = True


@dataclass(frozen=True, slots=True)
class SameDay:
    """On the local date of any of ``after``, none of ``visits`` starts once that visit has begun.

    With ``before_too`` the date is forbidden altogether. Impairment after sedation lasts until the next morning.
    """

    key: str
    visits: tuple[str, ...]
    after: tuple[str, ...]
    before_too: bool = False


@dataclass(frozen=True, slots=True)
class SameResource:
    """The same resource fills ``role`` in all of ``visits``; a wish when not ``hard``."""

    key: str
    role: str
    visits: tuple[str, ...]
    hard: bool = True
    at_most: int = 1
    """So many different resources may take turns; 1: always the same."""


@dataclass(frozen=True, slots=True)
class ConsecutiveDays:
    """``visits``, in order, on consecutive open days of the site; closed days are skipped unless forbidden."""

    key: str
    visits: tuple[str, ...]
    skip_closed: bool = True
    weekdays: frozenset[int] = frozenset(range(7))
    """Only these count: ten weekdays in a row run from Friday to Monday, whether or not the site opens on Saturday."""


@dataclass(frozen=True, slots=True)
class AtMost:
    """At most so many of ``visits`` in any ``days`` consecutive local dates; with 1, all are ``days`` apart.

    ``taken`` are the dates of others that count, wherever they belong: earlier courses of the patient. So do fixed visits
    before the grid.
    """

    key: str
    visits: tuple[str, ...]
    at_most: int
    days: int
    taken: tuple[date, ...] = ()
    of_patient: bool = False
    """It counts the visits of these kinds in all courses of the patient, not those of this course alone."""


@dataclass(frozen=True, slots=True)
class Keep:
    """A wish that ``visit`` stays where it is, at slot ``start`` with ``resources``: pairs (role key, resource id).

    The wish of re-planning: as few visits as possible move, and those by as little as possible.
    """

    key: str
    visit: str
    start: int
    resources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Preferred:
    """Each role of ``visits`` that one of ``resources`` could fill is filled by one of them; a wish unless ``hard``."""

    key: str
    visits: tuple[str, ...]
    resources: frozenset[str]
    hard: bool = False


@dataclass(frozen=True, slots=True)
class DailyLoad:
    """How many starts a local date may have, others' included: more than ``target`` costs, more than ``at_most`` cannot be.

    ``taken`` gives for day numbers of the grid how many starts others have there already. What is kept free for urgent
    visits is the difference between the clinic's own limit and ``at_most``.
    """

    key: str
    visits: tuple[str, ...]
    taken: tuple[tuple[int, int], ...] = ()
    target: int | None = None
    at_most: int | None = None


Counting = PerWeek | AtMost | DailyLoad
"""Rules that count the visits of a period."""

Rule = (
    Offset | PerWeek | Span | Window | SameDay | SameResource | ConsecutiveDays | AtMost | Keep | Preferred | DailyLoad
)


# --- calendars -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Calendar:
    """One resource over the grid: when it works, and what is taken of which lane."""

    id: str
    kind: str
    working: tuple[Period, ...]
    busy: tuple[tuple[int, int, int], ...] = ()
    """Triples (start, end, lane); ``HANDS_LANE`` for its hands."""
    skills: frozenset[str] = frozenset()
    lanes: int = 1


@dataclass(frozen=True)
class PlanRequest:
    """Everything the planner may know.

    ``open_days`` are the numbers of the local dates on which the site is open. ``fixed`` visits keep their placement and
    still take part in the rules; they are among ``visits`` too. ``patient_busy`` is other appointments of the patient.
    """

    grid: Grid
    visits: tuple[Visit, ...]
    rules: tuple[Rule, ...]
    calendars: tuple[Calendar, ...]
    open_days: frozenset[int]
    not_before: int = 0
    """The first slot at which any visit may start: now, plus the clinic's notice."""
    patient_busy: tuple[Period, ...] = ()
    patient_gap: int = 0
    """Minutes between two visits of the patient."""
    fixed: tuple[Placement, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    """Words for keys (visits, rules, resources), used only where an explanation is turned into a sentence."""
