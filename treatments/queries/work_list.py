"""What is left to do: visits that have no place yet, and by when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from clinics.models import Site
from treatments.models import CourseStatus, Visit, VisitStatus
from treatments.models.course import WITH_TIME
from treatments.protocols import stored
from treatments.protocols.references import block_of, number_of, visits_of

if TYPE_CHECKING:
    from treatments.protocols.schema import Anchor, Block


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit to be placed, with the nearest visits of its block that have a time, before and after it."""

    visit: Visit
    previous: Visit | None
    next: Visit | None
    due_on: date | None
    """The last local date that its distances from visits with a time leave it; None where they leave it free."""


def to_place(site: Site) -> "QuerySet[Visit]":
    """The visits of running courses of a site that have no place, the longest waiting course first."""
    return (
        Visit.objects.filter(status=VisitStatus.TO_PLACE, course__site=site, course__status=CourseStatus.ACTIVE)
        .select_related("course__patient", "course__protocol_version__protocol", "course__site")
        .order_by("course__start_on", "course_id", "position")
    )


def waiting(site: Site, *, at_most: int = 100) -> list[Waiting]:
    """The first ``at_most`` visits to be placed, each with its neighbours in time. Two queries."""
    unplaced = list(to_place(site)[:at_most])
    placed: dict[object, list[Visit]] = {}
    courses = {visit.course_id for visit in unplaced}
    timed = Visit.objects.filter(course__in=courses, status__in=WITH_TIME)
    for visit in timed.select_related("appointment").order_by("course_id", "position"):
        placed.setdefault(visit.course_id, []).append(visit)
    return [_between(visit, placed.get(visit.course_id, [])) for visit in unplaced]


def _between(visit: Visit, placed: list[Visit]) -> Waiting:
    same = [other for other in placed if block_of(other.key) == block_of(visit.key)]
    before = [other for other in same if other.position < visit.position]
    after = [other for other in same if other.position > visit.position]
    return Waiting(visit, before[-1] if before else None, after[0] if after else None, _due_on(visit, placed))


def _due_on(visit: Visit, placed: list[Visit]) -> date | None:
    on_of = {other.key: other.appointment.local_on for other in placed if other.appointment is not None}
    document = stored.document(visit.course.protocol_version.document)
    block = next((each for each in document.blocks if each.block == block_of(visit.key)), None)
    return min(_limits(visit, block, on_of), default=None) if block is not None else None


def _limits(visit: Visit, block: "Block", on_of: dict[str, date]) -> Iterator[date]:
    """The latest date by each distance that is limited: from the visit before, to the one after, and from other blocks."""
    number = number_of(visit.key)
    own = {number_of(key): on for key, on in on_of.items() if block_of(key) == block.block}
    earlier = [each for each in own if each < number]
    later = [each for each in own if each > number]
    if later:
        least = (block.gap.min_days if block.gap else None) or 0
        yield own[min(later)] - timedelta(days=least * (min(later) - number))
    if earlier and block.gap is not None and block.gap.max_days is not None:
        yield own[max(earlier)] + timedelta(days=block.gap.max_days * (number - max(earlier)))
    for anchor in block.anchors:
        yield from _anchored(anchor, number, on_of)


def _anchored(anchor: "Anchor", number: int, on_of: dict[str, date]) -> Iterator[date]:
    reference = anchor.after or anchor.before or ""
    other, _, which = reference.partition(".")
    if which in ("each", "next"):
        keys: tuple[str, ...] = (f"{other}.{number + (which == 'next')}",)
    else:
        keys = visits_of(reference, on_of)
    for key in keys:
        if key not in on_of or anchor.place not in ("all", "first" if number == 1 else "", str(number)):
            continue
        if anchor.before is not None:
            yield on_of[key] - timedelta(days=anchor.min_days or 0)
        elif anchor.max_days is not None:
            yield on_of[key] + timedelta(days=anchor.max_days)
