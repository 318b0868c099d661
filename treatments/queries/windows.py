"""The weeks after the last infusion in which follow-ups help most, and what of them is not booked or was not used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import DateField, Exists, OuterRef, QuerySet, Subquery

from treatments.models import Course, CourseStatus, Visit, VisitStatus
from treatments.models.course import HAPPENS
from treatments.protocols import stored
from treatments.protocols.references import block_of
from treatments.queries.progress import INFUSION

if TYPE_CHECKING:
    from treatments.protocols.schema import Block

CLOSING = timedelta(days=7)
"""A window that ends so soon is closing: our own number, a week to act in."""
WINDOW = timedelta(days=84)
"""Follow-ups belong within twelve weeks of the last infusion: the benefit in the trials is gone by then."""
SOON = timedelta(days=14)
"""A booster that has no time is told so long before it is due: our own number."""


@dataclass(frozen=True, slots=True)
class Window:
    """A course's window. ``unbooked`` follow-ups have no time yet; ``unused`` were missed, or given up by a cancellation."""

    closes_on: date
    unbooked: int
    unused: int

    def is_closing(self, today: date) -> bool:
        """Whether it ends within a week, or has just ended."""
        return self.closes_on - CLOSING <= today <= self.closes_on + CLOSING

    @property
    def words(self) -> str:
        """Such as "The window for follow-ups ends 3 June: 2 without a time, 1 not used"."""
        told = [f"{self.unbooked} without a time"] if self.unbooked else []
        told += [f"{self.unused} not used"] if self.unused else []
        return f"The window for follow-ups ends {self.closes_on:%-d %B}: {', '.join(told)}"


@dataclass(frozen=True, slots=True)
class Booster:
    """The next visit of a block that goes on without an end, not booked: when it is due, or where it stands tentatively.

    ``on`` may be past.
    """

    title: str
    on: date

    @property
    def words(self) -> str:
        """Such as "Maintenance session due 3 June, not booked"."""
        return f"{self.title} due {self.on:%-d %B}, not booked"


def window(visits: Sequence[Visit], dated: Iterable[tuple[Visit, date]]) -> Window | None:
    """The window of a course; None before there is an infusion with a time, and where nothing is left open or unused.

    ``dated`` are its visits that count, with their local dates.
    """
    infusions = [on for visit, on in dated if visit.family == INFUSION and visit.status in HAPPENS]
    others = [visit for visit in visits if visit.family != INFUSION]
    unbooked = sum(1 for visit in others if visit.status == VisitStatus.TO_PLACE)
    unused = sum(1 for visit in others if visit.status in (VisitStatus.MISSED, VisitStatus.CANCELLED))
    if not infusions or not (unbooked or unused):
        return None
    return Window(max(infusions) + WINDOW, unbooked, unused)


def span(course: Course, dated: Iterable[tuple[Visit, date]]) -> tuple[date, date] | None:
    """The local dates between which follow-ups are planned: from the day after the last infusion that is sure on.

    Where none is, the last tentative one. None of a course that is cancelled, and without an infusion that has a time.
    """
    happen = [(visit, on) for visit, on in dated if visit.family == INFUSION and visit.status in HAPPENS]
    infusions = [(visit.status != VisitStatus.TENTATIVE, on) for visit, on in happen]
    if not infusions or course.status == CourseStatus.CANCELLED:
        return None
    _, last_on = max(infusions)
    return last_on + timedelta(days=1), last_on + WINDOW


def overdue(course: Course, dated: Iterable[tuple[Visit, date]], *, today: date) -> list[Booster]:
    """The next visit of each open-ended block that has begun, where it is due soon or was, and has no booked time.

    That with a tentative time, else when it is due by the best distance.
    """
    found = []
    dates = [(visit, on) for visit, on in dated if visit.status in HAPPENS]
    for block in stored.document(course.protocol_version.document).blocks:
        if block.plan_ahead is None:
            continue
        own = [(visit, on) for visit, on in dates if block_of(visit.key) == block.block]
        title = block.title or block.block.replace("_", " ").capitalize()
        ahead = [(on, visit) for visit, on in own if on >= today and visit.status != VisitStatus.DONE]
        done = [on for visit, on in own if visit.status == VisitStatus.DONE]
        days = _usual(block)
        if ahead:
            on, visit = min(ahead, key=lambda each: each[0])
            if visit.status != VisitStatus.BOOKED:
                found.append(Booster(title, on))
        elif done and days is not None and not course.on_hold:
            found.append(Booster(title, max(done) + timedelta(days=days)))
    return [each for each in found if each.on <= today + SOON]


def _usual(block: "Block") -> int | None:
    gap = block.gap
    if gap is None:
        return None
    ideal = max(gap.ideal_days) if gap.ideal_days else None
    return ideal or gap.max_days or gap.min_days


def closing(*, today: date | OuterRef) -> "QuerySet[Course]":
    """Running courses whose window is closing with follow-ups unbooked or unused. ``today`` is a local date."""
    visits = Visit.objects.filter(course=OuterRef("pk"))
    last = (
        visits.filter(family=INFUSION, status__in=HAPPENS)
        .order_by("-appointment__starts_at")
        .values("appointment__local_on")[:1]
    )
    left = visits.exclude(family=INFUSION).filter(
        status__in=(VisitStatus.TO_PLACE, VisitStatus.MISSED, VisitStatus.CANCELLED)
    )
    return (
        Course.objects.filter(Exists(left), status=CourseStatus.ACTIVE)
        .alias(last_on=Subquery(last, output_field=DateField()))
        .filter(last_on__gte=today - (WINDOW + CLOSING), last_on__lte=today - (WINDOW - CLOSING))
    )
