"""What is left to do: visits that have no place yet."""

from dataclasses import dataclass

from django.db.models import QuerySet

from clinics.models import Site
from treatments.models import CourseStatus, Visit, VisitStatus
from treatments.models.course import WITH_TIME


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit to be placed, with the nearest visits of its block that have a time, before and after it."""

    visit: Visit
    previous: Visit | None
    next: Visit | None


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
    block = visit.key.rpartition(".")[0]
    same = [other for other in placed if other.key.rpartition(".")[0] == block]
    before = [other for other in same if other.position < visit.position]
    after = [other for other in same if other.position > visit.position]
    return Waiting(visit, before[-1] if before else None, after[0] if after else None)
