"""The measures of a course: when each is due by its protocol, what was taken, and what the scores say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID, uuid5

from django.db.models import Prefetch

from core import clock
from treatments.measures.catalogue import INSTRUMENTS
from treatments.models import Assessment, Course, Visit, VisitStatus
from treatments.models.course import HAPPENS
from treatments.protocols import stored
from treatments.protocols.references import block_of, visits_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from treatments.protocols.policies import Assessment as Rule
    from treatments.protocols.policies import Moment


class DueState(StrEnum):
    """How one moment of a measure stands."""

    AHEAD = "ahead"
    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"
    TOO_SOON = "too_soon"
    """The one before was taken so shortly before that the protocol wants none here."""


@dataclass(frozen=True, slots=True)
class Due:
    """A measure that is taken at one moment of a course: from ``opens_at`` and until ``closes_at``, where it has a time.

    ``visit`` is the one the moment is counted from. ``best_on`` is the local date for a moment that names one day.
    """

    course: Course
    measure: str
    title: str
    filled_by: str
    when: str
    visit: Visit
    opens_at: datetime | None
    closes_at: datetime | None
    best_on: date | None
    state: DueState
    taken: Assessment | None

    @property
    def by_link(self) -> bool:
        """Whether the patient fills it in, with wording that may be shown on the page of their link."""
        instrument = INSTRUMENTS.get(self.measure)
        return self.filled_by == "patient" and instrument is not None and bool(instrument.has_wording)


@dataclass(frozen=True, slots=True)
class Times:
    """As much of an appointment as is looked at."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class VisitRow:
    """As much of a visit as is looked at: of twenty thousand, rows with everything would cost more than going through them."""

    key: str
    family: str
    label: str
    status: str
    appointment: Times | None


@dataclass(frozen=True, slots=True)
class TakenRow:
    """As much of an assessment as is looked at. ``by_id`` is None where the patient gave the answers."""

    measure: str
    taken_at: datetime
    by_id: UUID | None


V = TypeVar("V", Visit, VisitRow)
R = TypeVar("R", Assessment, TakenRow)


@dataclass(frozen=True, slots=True)
class Over:
    """A moment whose time is over. ``family`` is that of the visit it is counted from; ``taken`` what was taken in time."""

    title: str
    filled_by: str
    family: str
    taken: TakenRow | None


def form_id(course: Course, measure: str) -> UUID:
    """What stands in addresses for a measure of a course, so that no address says what somebody is treated for."""
    return uuid5(course.pk, measure)


def measure_of(course: Course, form: UUID) -> str | None:
    """The measure that ``form_id`` made this of; None if it made none."""
    rules = stored.document(course.protocol_version.document).assessments
    names = [*INSTRUMENTS, *(rule.measure for rule in rules)]
    return next((name for name in names if form_id(course, name) == form), None)


def taken(course: Course) -> list[Assessment]:
    """The assessments of a course that were not replaced, in order of time. One query."""
    rows = Assessment.objects.filter(course=course, replaced_by=None).select_related("by")
    return list(rows.order_by("taken_at", "id"))


def due(course: Course, *, now: datetime) -> tuple[Due, ...]:
    """Every moment of every measure, by time. Two queries, when site and protocol are loaded."""
    visits = list(course.visits.select_related("appointment").order_by("position"))
    return stand(course, visits, taken(course), now=now)


def read_with(courses: "QuerySet[Course]") -> "QuerySet[Course]":
    """These courses with what ``of_read`` goes by. Four queries for all of them: a document is read once, not for each."""
    visits = Visit.objects.select_related("appointment").order_by("position")
    rows = Assessment.objects.filter(replaced_by=None).order_by("taken_at", "id")
    return courses.select_related("site").prefetch_related(
        "protocol_version", Prefetch("visits", queryset=visits), Prefetch("assessments", queryset=rows)
    )


def of_read(course: Course, *, now: datetime) -> tuple[Due, ...]:
    """The same as ``due``, of a course from ``read_with``, or one with the same loaded. No query."""
    return stand(course, list(course.visits.all()), list(course.assessments.all()), now=now)


def stand(course: Course, visits: Sequence[Visit], rows: Sequence[Assessment], *, now: datetime) -> tuple[Due, ...]:
    """The same from visits (with their appointments) and assessments, in order of time, that the caller has read."""
    found = [_stand(course, rule, place, taken, now) for rule, place, taken in _moments(course, visits, rows)]
    return tuple(sorted(found, key=lambda each: (each.opens_at is None, each.opens_at or now, each.measure)))


def over(
    course: Course, visits: Sequence[VisitRow], rows: Sequence[TakenRow], *, after: datetime, until: datetime
) -> Iterator[Over]:
    """The moments whose time ended ``after`` this instant and ``until`` that one. What would have come too soon after the
    last one is none. Reads nothing: the visits and assessments, in order of time, are the caller's.
    """
    for rule, place, taken in _moments(course, visits, rows):
        if place.opens_at is None or place.closes_at is None or not after < place.closes_at <= until:
            continue
        fitting = _fitting(place, taken)
        if fitting is not None or _not_too_soon(rule, taken, place.opens_at, course.site.zone) < place.closes_at:
            yield Over(_title(rule), rule.filled_by, place.visit.family, fitting)


def _moments(
    course: Course, visits: Sequence[V], rows: Sequence[R]
) -> Iterator[tuple["Rule", "_Place[V]", Sequence[R]]]:
    """Every moment of every measure of the course, with what was taken of the measure."""
    counted = {visit.key: visit for visit in visits if visit.status in HAPPENS or visit.status == VisitStatus.TO_PLACE}
    for rule in stored.document(course.protocol_version.document).assessments:
        taken = [row for row in rows if row.measure == rule.measure]
        for moment in rule.moments:
            for place in _places(moment, counted, course.site.zone):
                yield rule, place, taken


@dataclass(frozen=True, slots=True)
class _Place(Generic[V]):
    """A moment in this course."""

    visit: V
    when: str
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    best_on: date | None = None


def _places(moment: "Moment", visits: Mapping[str, V], zone: str) -> Iterable[_Place[V]]:
    if moment.during is not None:
        yield from _during(moment, visits, zone)
        return
    reference = moment.before or moment.after or ""
    for key in visits_of(reference, visits):
        visit = visits[key]
        yield _place(moment, visit, zone)


def _during(moment: "Moment", visits: Mapping[str, V], zone: str) -> Iterable[_Place[V]]:
    """Every so many days after the first visit of the block, until the last. Early or late by less than half of it."""
    block = [visit for key, visit in visits.items() if block_of(key) == moment.during and visit.appointment is not None]
    days = sorted((clock.local(_start(visit), zone).date(), number) for number, visit in enumerate(block))
    if not days or not moment.every_days:
        return
    slack = (moment.every_days - 1) // 2
    on = days[0][0] + timedelta(days=moment.every_days)
    while on <= days[-1][0]:
        latest = max(number for day, number in days if day <= on)
        opens, closes = _whole_days(on - timedelta(days=slack), on + timedelta(days=slack), zone)
        yield _Place(block[latest], f"every {moment.every_days} days", opens, closes, on)
        on += timedelta(days=moment.every_days)


def _start(visit: Visit | VisitRow) -> datetime:
    if visit.appointment is None:
        raise ValueError("The visit has no time.")
    return visit.appointment.starts_at


def _place(moment: "Moment", visit: V, zone: str) -> _Place[V]:
    """Hours are elapsed time, days local dates. A single best day may be missed by a seventh of its distance."""
    when = f"{'before' if moment.before else 'after'} {visit.label.lower()}"
    if visit.appointment is None:
        return _Place(visit, when)
    at, way = (visit.appointment.starts_at, -1) if moment.before else (visit.appointment.ends_at, 1)
    if moment.min_hours is not None or moment.max_hours is not None:
        near = timedelta(hours=moment.min_hours or 0)
        far = timedelta(hours=moment.max_hours if moment.max_hours is not None else (moment.min_hours or 0) + 24)
        ends = sorted((at + way * near, at + way * far))
        return _Place(visit, when, ends[0], ends[1])
    on = clock.local(at, zone).date()
    if moment.min_days is None and moment.max_days is None and moment.ideal_days is not None:
        best = on + way * timedelta(days=moment.ideal_days)
        slack = timedelta(days=max(1, moment.ideal_days // 7))
        return _Place(visit, when, *_whole_days(best - slack, best + slack, zone), best)
    near_days = moment.min_days or 0
    far_days = moment.max_days if moment.max_days is not None else near_days
    first, last = sorted((on + way * timedelta(days=near_days), on + way * timedelta(days=far_days)))
    opens, closes = _whole_days(first, last, zone)
    if not near_days:  # on the day itself: until the visit begins, or from its end
        opens, closes = (opens, at) if way < 0 else (at, closes)
    return _Place(visit, when, opens, closes)


def _whole_days(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    return _begins(first, zone), _begins(last + timedelta(days=1), zone)


@lru_cache(maxsize=4096)
def _begins(on: date, zone: str) -> datetime:
    """When a local date begins: reports and panels ask for the same days for hundreds of courses."""
    return clock.first_instant(on, zone)


def _title(rule: "Rule") -> str:
    instrument = INSTRUMENTS.get(rule.measure)
    return instrument.title if instrument else rule.title


def _fitting(place: _Place[V], rows: Sequence[R]) -> R | None:
    """What was taken in the time of the moment."""
    opens_at, closes_at = place.opens_at, place.closes_at
    if opens_at is None or closes_at is None:
        return None
    return next((row for row in rows if opens_at <= row.taken_at < closes_at), None)


def _stand(course: Course, rule: "Rule", place: _Place[Visit], rows: Sequence[Assessment], now: datetime) -> Due:
    opens_at, closes_at = place.opens_at, place.closes_at
    fitting = _fitting(place, rows)
    state = DueState.AHEAD
    if opens_at is not None and closes_at is not None:
        opens_at = _not_too_soon(rule, rows, opens_at, course.site.zone)
        state = _state(opens_at, closes_at, now)
    return Due(
        course=course,
        measure=rule.measure,
        title=_title(rule),
        filled_by=rule.filled_by,
        when=place.when,
        visit=place.visit,
        opens_at=place.opens_at if fitting else opens_at,
        closes_at=closes_at,
        best_on=place.best_on,
        state=DueState.DONE if fitting else state,
        taken=fitting,
    )


def _not_too_soon(rule: "Rule", rows: Sequence[R], opens_at: datetime, zone: str) -> datetime:
    """Later, if the last one before was taken less than the protocol's least distance ago."""
    before = [row for row in rows if row.taken_at < opens_at]
    if not before or not rule.min_days_between:
        return opens_at
    again_on = clock.local(before[-1].taken_at, zone).date() + timedelta(days=rule.min_days_between)
    return max(opens_at, _begins(again_on, zone))


def _state(opens_at: datetime, closes_at: datetime, now: datetime) -> DueState:
    if opens_at >= closes_at:
        return DueState.TOO_SOON
    if now < opens_at:
        return DueState.AHEAD
    return DueState.OPEN if now < closes_at else DueState.OVERDUE
