"""Open-ended blocks that have fewer visits ahead than their protocol wants planned."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from treatments.models import Course, CourseStatus, Visit
from treatments.models.course import GIVEN_UP
from treatments.protocols import stored
from treatments.protocols.references import block_of, number_of
from treatments.queries.readiness import AHEAD

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol

"""A block whose last visit was given back is over."""


def short(document: "Protocol", visits: Iterable[Visit]) -> dict[str, int]:
    """For each open-ended block that goes on, how many visits it is short of."""
    visits = list(visits)
    found = {}
    for block in document.blocks:
        own = sorted(
            (each for each in visits if block_of(each.key) == block.block), key=lambda each: number_of(each.key)
        )
        if block.plan_ahead is None or not own or own[-1].status in GIVEN_UP:
            continue
        missing = block.plan_ahead - sum(each.status in AHEAD for each in own)
        if missing > 0:
            found[block.block] = missing
    return found


def to_extend() -> list[Course]:
    """The running courses of all sites with a block that is short of visits, oldest first. Two queries."""
    courses = (
        Course.objects.filter(status=CourseStatus.ACTIVE)
        .select_related("protocol_version")
        .prefetch_related("visits")
        .order_by("start_on", "pk")
    )
    return [
        course for course in courses if short(stored.document(course.protocol_version.document), course.visits.all())
    ]
