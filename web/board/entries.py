"""What stands in a column of the board: visits, free gaps, closed time."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from scheduler.models import Appointment, Status
from treatments.models import Visit
from web import statuses, words
from web.board.scale import Span

TINY, SHORT, TIGHT = 45, 50, 90
"""Minutes below which a card has no room for a third line, a fourth, or a press beside a warning."""


@dataclass(frozen=True, slots=True)
class Band:
    """A part of a visit that is drawn lighter: observation, turnover, or the time in which somebody only looks on."""

    css: str
    span: Span
    """Counted from the beginning of the card."""


@dataclass(frozen=True)
class Card:
    """A visit at one of its resources. ``starts`` and ``ends`` are local, and this resource's own.

    ``side`` of ``sides``: its place among those that overlap it in the column.
    """

    key: str
    appointment: Appointment
    visit: Visit | None
    resource: str
    starts: datetime
    ends: datetime
    span: Span
    first: int
    """Where it begins and ends here and where the visit begins, in minutes after midnight: for the page's script."""
    last: int
    visit_starts: int
    upper: Span
    """The part with the patient, counted from the beginning of the card."""
    bands: tuple[Band, ...]
    state: statuses.State
    presses: tuple[statuses.Press, ...]
    warning: str = ""
    side: int = 0
    sides: int = 1

    is_visit = True

    @property
    def name(self) -> str:
        """Who comes."""
        patient = self.appointment.patient
        return patient.short_name if patient else "Held"

    @property
    def status(self) -> str:
        """How it stands, in words; of a place that is only held, also by whom: such as "being booked by Maria Ruiz"."""
        if self.appointment.status != Status.HELD:
            return self.state.words
        return f"{self.state.words} by {self.appointment.change_set.by.name}"

    @property
    def minutes(self) -> int:
        """How long it is, the turnover aside."""
        return int((self.ends - self.starts).total_seconds() // 60)

    @property
    def room(self) -> str:
        """How many lines the card has room for, as a class: two, three, four, or more."""
        minutes = self.upper.minutes
        return next((css for css, below in (("tiny", TINY), ("short", SHORT), ("tight", TIGHT)) if minutes < below), "")

    @property
    def number(self) -> str:
        """Such as "4 of 6"; empty where the number of visits is open."""
        before, of, count = self.appointment.summary.rpartition(" of ")
        return f"{before.rpartition(' ')[2]} of {count}" if of and count.isdigit() else ""

    @cached_property
    def spoken(self) -> str:
        """Everything in one breath, for those who do not see where it stands."""
        what = self.appointment.summary
        parts = [
            self.name,
            what[:1].lower() + what[1:],
            words.day(self.starts.date()),
            words.between(self.starts.time(), self.ends.time()),
            self.resource,
            f"{self.status[:1].lower()}{self.status[1:]}",
        ]
        return ", ".join([*parts, self.warning[:1].lower() + self.warning[1:]] if self.warning else parts)


@dataclass(frozen=True, slots=True)
class Gap:
    """A free period that holds the shortest kind of visit."""

    key: str
    starts: datetime
    ends: datetime
    span: Span

    is_gap = True

    @property
    def minutes(self) -> int:
        """How long it is."""
        return int((self.ends - self.starts).total_seconds() // 60)

    @property
    def when(self) -> str:
        """Such as "10:40 to 11:15am", "10am to 1pm": as short as a column is wide."""
        return words.short_between(self.starts.time(), self.ends.time())


@dataclass(frozen=True, slots=True)
class Closed:
    """A period in which nothing can be booked here, and why. ``is_told``: it is long enough to write the reason in it."""

    starts: datetime
    ends: datetime
    span: Span
    first: int
    last: int
    reason: str
    is_told: bool

    is_closed = True


Entry = Card | Gap | Closed
