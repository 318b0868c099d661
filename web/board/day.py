"""One day of a site as columns of visits, free gaps and closed time. Reads and arranges; decides nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from clinics.models import Site
from core import clock
from scheduler.models import Kind, Resource, Status
from scheduler.queries import hours
from treatments.queries import documents
from web import statuses, words
from web.board import phases, reading, sides, strips
from web.board.entries import Card, Closed, Entry, Gap
from web.board.reading import Facts, Taken, visit_of
from web.board.scale import Scale
from web.board.strips import Strip
from web.board.warnings import Warnings

SHORTEST_VISIT = timedelta(minutes=30)
"""No kind of visit of the catalogue is shorter: a gap below it is dead time, not a place to book."""
TOLD = timedelta(minutes=30)
"""Closed time that is shorter has no room for its reason."""
QUARTER = timedelta(minutes=15)
TITLES = {Kind.CHAIR: "Chairs", Kind.ROOM: "Rooms", Kind.DEVICE: "Devices", Kind.GROUP: "Groups", Kind.PERSON: "People"}


class View(StrEnum):
    """What the columns are."""

    RESOURCES = "resources"
    PEOPLE = "people"
    LIST = "list"
    """Everything, as a list in order of time."""

    def shows(self, kind: str) -> bool:
        """Whether there is a column for resources of this kind."""
        return self is View.LIST or (kind == Kind.PERSON) == (self is View.PEOPLE)


@dataclass(frozen=True, slots=True)
class Column:
    """One resource, when it is there, and its day."""

    resource: Resource
    note: str
    entries: tuple[Entry, ...]
    at_work: bool
    sides: int

    @property
    def visits(self) -> int:
        """How many visits it has."""
        return sum(1 for entry in self.entries if isinstance(entry, Card))

    @property
    def tracks(self) -> int:
        """How many times as wide as others it is."""
        return 1 if self.sides == 1 else max(2, -(-3 * self.sides // 4))


@dataclass(frozen=True, slots=True)
class Group:
    """Resources of one kind; those that are not there and have no visits are only named."""

    title: str
    columns: tuple[Column, ...]
    away: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A site's day."""

    on: date
    today: date
    view: View
    opening: str
    closed_because: str
    next_open_on: date | None
    groups: tuple[Group, ...]
    visits: int
    scale: Scale
    now_css: str
    strip: Strip | None

    @property
    def is_closed(self) -> bool:
        """Whether the site is closed on this date."""
        return bool(self.closed_because)

    def agenda(self, only: UUID | None) -> list[tuple[time, list[Card]]]:
        """The visits by the hour they begin in, each once: where it is met first. ``only``: those that take this resource.

        Of the list alone: the other views leave out people, or everything else.
        """
        columns = [column for group in self.groups for column in group.columns]
        cards = [(column, entry) for column in columns for entry in column.entries if isinstance(entry, Card)]
        wanted = {card.appointment.pk for column, card in cards if only in (None, column.resource.pk)}
        first: dict[UUID, Card] = {}
        for _, card in cards:
            if card.appointment.pk in wanted:
                first.setdefault(card.appointment.pk, card)
        hours: dict[time, list[Card]] = {}
        for card in sorted(first.values(), key=lambda each: (each.visit_starts, each.resource)):
            hours.setdefault(time(max(card.visit_starts, 0) // 60), []).append(card)
        return list(hours.items())

    @property
    def has_columns(self) -> bool:
        """Whether there is anything to draw."""
        return any(group.columns for group in self.groups)

    @property
    def has_stops(self) -> bool:
        """Whether there is anything to press: a visit or a gap. Without, the board itself takes the focus, to be scrolled."""
        entries = (entry for group in self.groups for column in group.columns for entry in column.entries)
        return any(isinstance(entry, Card | Gap) for entry in entries)


def of(site: Site, on: date, *, now: datetime, view: View = View.RESOURCES) -> Day:
    """The day ``on`` of a site, with presses for changing statuses when it is not in the future. Eight queries at most."""
    facts = reading.read(site, on, now=now)
    local_now = clock.local(now, site.zone)
    scale = _scale(facts)
    writer = _Writer(facts, scale, now=now, pressed_at=view)
    columns = [writer.column(resource) for resource in facts.resources if view.shows(resource.kind)]
    windows = facts.opening[0].windows
    return Day(
        on=on,
        today=local_now.date(),
        view=view,
        opening=words.listing([words.between(opens, closes) for opens, closes in windows]),
        closed_because="" if windows else facts.opening[0].reason or "Closed on this weekday",
        next_open_on=reading.next_open_on(facts),
        groups=tuple(_groups(columns)),
        visits=len(facts.appointments),
        scale=scale,
        now_css=scale.now(local_now),
        strip=strips.strip(facts, scale),
    )


def _scale(facts: Facts) -> Scale:
    zone = facts.site.zone
    periods = [
        *hours.opened(facts.opening[:1], zone),
        *((each.starts_at, each.ends_at) for of_one in facts.taken.values() for each in of_one.values()),
    ]
    return Scale.holding(facts.on, [(clock.local(start, zone), clock.local(end, zone)) for start, end in periods])


def _groups(columns: Sequence[Column]) -> Iterable[Group]:
    for kind, title in TITLES.items():
        of_kind = [column for column in columns if column.resource.kind == kind]
        if of_kind:
            shown = tuple(column for column in of_kind if column.at_work or column.visits)
            yield Group(title, shown, tuple(column for column in of_kind if column not in shown))


class _Writer:
    """Writes the columns one after another. In the list a visit's presses stand where it is met first: at its place."""

    def __init__(self, facts: Facts, scale: Scale, *, now: datetime, pressed_at: View) -> None:
        self.facts = facts
        self.scale = scale
        self.now = now
        self.zone = facts.site.zone
        self.view = pressed_at
        self.may_press = facts.on <= clock.local(now, self.zone).date()
        self.met: set[UUID] = set()
        visits = [visit for each in facts.appointments.values() if (visit := visit_of(each))]
        self.documents = documents.of_versions({visit.course.protocol_version_id for visit in visits})
        self.warnings = Warnings.about(facts, visits, self.documents, now=now)

    def column(self, resource: Resource) -> Column:
        """One resource's day."""
        working = self.facts.working[str(resource.pk)]
        taken = list(self.facts.taken.get(resource.pk, {}).values())
        cards = sides.shared([self._card(resource, each) for each in taken])
        busy = hours.merged(period for each in taken if each.appointment.is_taking for period in each.periods)
        entries: list[Entry] = [
            *cards,
            *self._gaps(resource, hours.without(working, busy)),
            *self._closed(resource, working),
        ]
        return Column(
            resource=resource,
            note=self._note(resource, working),
            entries=tuple(sorted(entries, key=lambda entry: (entry.starts, isinstance(entry, Card)))),
            at_work=bool(working),
            sides=max((card.sides for card in cards), default=1),
        )

    def _card(self, resource: Resource, taken: Taken) -> Card:
        appointment, visit = taken.appointment, visit_of(taken.appointment)
        is_person = resource.kind == Kind.PERSON
        starts_at, ends_at = appointment.starts_at, appointment.ends_at
        document = self.documents.get(visit.course.protocol_version_id) if visit else None
        observed = phases.observation(visit, document) if visit else timedelta()
        state = statuses.of_appointment(appointment)
        if observed and appointment.status == Status.IN_TREATMENT and self.now >= ends_at - observed:
            state = statuses.OBSERVING
        if is_person:  # a person is there for some phases only
            starts_at, ends_at = taken.starts_at, taken.ends_at
        starts, ends, until = (clock.local(at, self.zone) for at in (starts_at, ends_at, max(ends_at, taken.ends_at)))
        span = self.scale.span(starts, until)
        if is_person:
            looking_on = [(clock.local(a, self.zone), clock.local(b, self.zone)) for a, b in taken.looking_on]
            bands = phases.of_person(self.scale, span, looking_on)
        else:
            bands = phases.at_place(self.scale, span, ends=ends, until=until, observed=observed)
        pressed = self.may_press and (self.view is not View.LIST or appointment.pk not in self.met)
        self.met.add(appointment.pk)
        warning = self.warnings.of(appointment)
        if is_person:  # who it is stands above the column
            warning = warning.replace(f"{resource.name} is not there", "Is not there")
        return Card(
            key=f"{appointment.pk}-{resource.pk.hex[-6:]}",
            appointment=appointment,
            visit=visit,
            resource=resource.name,
            starts=starts,
            ends=ends,
            span=span,
            first=self._minutes(starts),
            last=self._minutes(starts) + span.minutes,
            visit_starts=self._minutes(clock.local(appointment.starts_at, self.zone)),
            upper=self.scale.span(starts, ends).inside(span),
            bands=bands,
            state=state,
            presses=statuses.presses(appointment) if pressed else (),
            warning=warning,
        )

    def _gaps(self, resource: Resource, free: Iterable[hours.Window]) -> Iterator[Gap]:
        soonest = _quarter_from(self.now)
        for starts_at, ends_at in free:
            start = max(starts_at, soonest)
            if ends_at - start >= SHORTEST_VISIT:
                starts, ends = clock.local(start, self.zone), clock.local(ends_at, self.zone)
                yield Gap(f"gap-{resource.pk.hex[-6:]}-{starts:%H%M}", starts, ends, self.scale.span(starts, ends))

    def _closed(self, resource: Resource, working: Sequence[hours.Window]) -> Iterator[Closed]:
        edge = datetime.combine(self.facts.on, datetime.min.time())
        first = clock.resolve(self.facts.on, (edge + timedelta(hours=self.scale.first_hour)).time(), self.zone).at
        last = first + timedelta(hours=self.scale.hours)
        for starts_at, ends_at in hours.without([(first, last)], working):
            starts, ends = clock.local(starts_at, self.zone), clock.local(ends_at, self.zone)
            reason = self._reason(resource, starts_at, ends_at)
            span = self.scale.span(starts, ends)
            top = self.scale.first_hour * 60 + span.first
            is_told = ends_at - starts_at >= TOLD
            yield Closed(starts, ends, span, top, top + span.minutes, reason, is_told)

    def _minutes(self, local: datetime) -> int:
        """After midnight of the date; less than none for what began before."""
        wall = local.replace(tzinfo=None) - datetime.combine(self.facts.on, datetime.min.time())
        return int(wall / timedelta(minutes=1))

    def _reason(self, resource: Resource, starts_at: datetime, ends_at: datetime) -> str:
        for absence in self.facts.absences.get(resource.pk, ()):
            if absence.starts_at < ends_at and absence.ends_at > starts_at:
                return absence.reason
        if not hours.common(hours.opened(self.facts.opening[:1], self.zone), [(starts_at, ends_at)]):
            return self.facts.opening[0].reason or "Closed"
        return "Not at work" if resource.kind == Kind.PERSON else "Not available"

    def _note(self, resource: Resource, working: Sequence[hours.Window]) -> str:
        absences = self.facts.absences.get(resource.pk, ())
        absence = absences[0].reason if absences else ""
        if not working:
            return absence or ("Not at work" if resource.kind == Kind.PERSON else "Not available")
        if resource.kind != Kind.PERSON and not absence:
            return ""
        there = words.listing(
            [
                words.between(clock.local(start, self.zone).time(), clock.local(end, self.zone).time())
                for start, end in working
            ]
        )
        return f"{there}. {absence}" if absence else there


def _quarter_from(at: datetime) -> datetime:
    past = timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return at if not past else at - past + QUARTER
