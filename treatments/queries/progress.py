"""How a patient responds: the scores of a course by scale, against the first one, and where relief is supported by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from core import clock
from treatments.measures.catalogue import CSSRS, INSTRUMENTS
from treatments.measures.instruments import Instrument, InvalidAnswers, Scale
from treatments.measures.progress import Progress, highest_responding, progress, responds
from treatments.measures.relief import Point, Stretch, stretches
from treatments.measures.scoring import Risk, Score, risk, scores
from treatments.models import Assessment, Course, Visit
from treatments.models.course import HAPPENS

INFUSION = "infusion"


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of one scale. ``on`` is the local date."""

    assessment: Assessment
    on: date
    value: Fraction
    band: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One scale over the course.

    ``first`` is the score the others are held against: the last one before the first infusion, or the very first one where
    that came later (``first_is_late``). ``line`` is the highest score that counts as response; ``latest`` what became of it.
    """

    instrument: Instrument
    scale: Scale
    scores: tuple[Scored, ...]
    first: Scored | None
    first_is_late: bool
    line: Fraction | None
    latest: Progress | None
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """One C-SSRS screener."""

    assessment: Assessment
    on: date
    risk: Risk


def panels(
    course: Course, visits: Sequence[Visit], rows: Sequence[Assessment], measures: Sequence[str], *, now: datetime
) -> tuple[Panel, ...]:
    """A panel for each scale of these measures and of those that were taken.

    ``visits`` with their appointments and ``rows`` in order of time; reads nothing.
    """
    names = dict.fromkeys([*measures, *(row.measure for row in rows)])
    instruments = [INSTRUMENTS[name] for name in names if name in INSTRUMENTS]
    starts_at = min(
        (
            each.appointment.starts_at
            for each in visits
            if each.family == INFUSION and each.status in HAPPENS and each.appointment is not None
        ),
        default=None,
    )
    today = clock.local(now, course.site.zone).date()
    return tuple(
        _panel(scale, _scored(course, instrument, scale, rows), instrument, starts_at, today)
        for instrument in instruments
        for scale in instrument.scales
    )


def screens(course: Course, rows: Sequence[Assessment]) -> tuple[Screen, ...]:
    """The C-SSRS screeners of the course, in order of time."""
    zone = course.site.zone
    return tuple(
        Screen(row, clock.local(row.taken_at, zone).date(), risk(row.values))
        for row in rows
        if row.measure == CSSRS.name
    )


def _scored(course: Course, instrument: Instrument, scale: Scale, rows: Sequence[Assessment]) -> tuple[Scored, ...]:
    return tuple(
        Scored(row, clock.local(row.taken_at, course.site.zone).date(), score.value, score.band)
        for row in rows
        if row.measure == instrument.name
        for score in _scores(instrument, row)
        if score.scale == scale.name
    )


def _panel(
    scale: Scale, found: tuple[Scored, ...], instrument: Instrument, starts_at: datetime | None, today: date
) -> Panel:
    before = [each for each in found if starts_at is None or each.assessment.taken_at <= starts_at]
    first = before[-1] if before else next(iter(found), None)
    after = [each for each in found if first is not None and each.assessment.taken_at > first.assessment.taken_at]
    points = [Point(each.on, bool(responds(scale, first.value, each.value))) for each in after] if first else []
    return Panel(
        instrument=instrument,
        scale=scale,
        scores=found,
        first=first,
        first_is_late=bool(found) and not before,
        line=highest_responding(scale, first.value) if first else None,
        latest=progress(scale, first.value, after[-1].value) if first and after else None,
        stretches=tuple(stretches(points, interval_days=instrument.interval_days, until=today)),
    )


def _scores(instrument: Instrument, row: Assessment) -> tuple[Score, ...]:
    try:
        return scores(instrument, row.values)
    except InvalidAnswers:  # imported from elsewhere, with items missing: shown as taken, without a score
        return ()
