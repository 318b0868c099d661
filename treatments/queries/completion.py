"""Whether the measures that protocols ask for were taken in their time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from core.errors import Unprocessable
from treatments.models import Assessment, Course, ProtocolVersion, Visit
from treatments.protocols import stored
from treatments.protocols.references import block_of
from treatments.queries import assessments
from treatments.queries.assessments import TakenRow, Times, VisitRow
from treatments.queries.scopes import Scope

if TYPE_CHECKING:
    from treatments.protocols.policies import Moment

MOST = 6_000
"""So many courses are gone through for one report."""


@dataclass(slots=True)
class Completion:
    """A measure whose time was over so often, and how often it had been taken. ``by_link``: by patients themselves."""

    title: str
    filled_by: str
    due: int = 0
    taken: int = 0
    by_link: int = 0


def completion(scope: Scope) -> list[Completion]:
    """The measures whose time was over in the period, by title. Four queries.

    A measure that would have come too soon after the last one was not due. Raises ``Unprocessable`` for more courses than
    ``MOST``.
    """
    found: dict[tuple[str, str], Completion] = {}
    courses = _courses(scope)
    visits, rows = _visits(courses), _taken(courses)
    for course in courses:
        of_course, taken = visits.get(course.pk, ()), rows.get(course.pk, ())
        for each in assessments.over(course, of_course, taken, after=scope.starts_at, until=scope.ends_at):
            if scope.family and each.family != scope.family:
                continue
            line = found.setdefault((each.title, each.filled_by), Completion(each.title, each.filled_by))
            line.due += 1
            line.taken += each.taken is not None
            line.by_link += each.taken is not None and each.taken.by_id is None
    return [found[key] for key in sorted(found)]


def _courses(scope: Scope) -> list[Course]:
    """The courses with a visit so near to the period that a measure counted from it can be due in it. Two queries."""
    used = Course.objects.filter(site=scope.site).values("protocol_version")
    versions = {each.pk: each for each in ProtocolVersion.objects.filter(pk__in=used)}
    days = _reach(version.document for version in versions.values())
    near = Visit.objects.filter(
        course=OuterRef("pk"),
        appointment__starts_at__gte=scope.starts_at - days,
        appointment__starts_at__lt=scope.ends_at + days,
    )
    found = list(Course.objects.filter(Exists(near), site=scope.site).only("protocol_version")[: MOST + 1])
    for course in found:  # a document read once for each course would cost more than everything else
        course.protocol_version = versions[course.protocol_version_id]
        course.site = scope.site
    if len(found) > MOST:
        raise Unprocessable(f"This period touches more than {MOST:,} courses. Choose a shorter one.")
    return found


def _visits(courses: Sequence[Course]) -> Mapping[UUID, list[VisitRow]]:
    """The visits of each course that a moment of a measure may be counted from. One query."""
    documents = {course.protocol_version_id: course.protocol_version.document for course in courses}
    blocks = {moment.during or block_of(moment.before or moment.after or "") for moment in _moments(documents.values())}
    counted = Q(*(("key__startswith", f"{block}.") for block in sorted(blocks)), _connector=Q.OR)
    rows = Visit.objects.filter(counted, course__in=[course.pk for course in courses]).order_by("position")
    found: dict[UUID, list[VisitRow]] = {}
    for course, starts_at, ends_at, key, family, label, status in rows.values_list(
        "course_id", "appointment__starts_at", "appointment__ends_at", "key", "family", "label", "status"
    ):
        time = None if starts_at is None else Times(starts_at, ends_at)
        found.setdefault(course, []).append(VisitRow(key, family, label, status, time))
    return found


def _taken(courses: Sequence[Course]) -> Mapping[UUID, list[TakenRow]]:
    """What was taken and not replaced, in order of time. One query."""
    taken = Assessment.objects.filter(course__in=[course.pk for course in courses], replaced_by=None)
    found: dict[UUID, list[TakenRow]] = {}
    rows = taken.order_by("taken_at", "id").values_list("course_id", "measure", "taken_at", "by_id")
    for course, measure, taken_at, by in rows:
        found.setdefault(course, []).append(TakenRow(measure, taken_at, by))
    return found


def _reach(documents: Iterable[object]) -> timedelta:
    """How far from a visit any measure of these protocols is taken at most, and some days for whole dates."""
    return timedelta(days=max((_days(moment) for moment in _moments(documents)), default=0) + 2)


def _moments(documents: Iterable[object]) -> list["Moment"]:
    """All moments of all measures of these protocols."""
    return [
        moment for document in documents for rule in stored.document(document).assessments for moment in rule.moments
    ]


def _days(moment: "Moment") -> int:
    best = moment.ideal_days or 0
    in_hours = max(moment.min_hours or 0, moment.max_hours or 0) + 24
    return max(
        moment.max_days or 0,
        moment.min_days or 0,
        best + max(1, best // 7),
        moment.every_days or 0,
        int(in_hours / 24) + 1,
    )
