"""How courses ended: inside the rules of their protocol, outside of them, not in full, or broken off.

Judged by the planner's own checks, from where the visits took place. One course costs milliseconds, so there is a limit.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from json import dumps, loads
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Prefetch, Q

from core import clock
from core.errors import Unprocessable
from scheduler.models import Allocation
from scheduler.queries import calendars, hours
from treatments import planning
from treatments.models import Course, CourseStatus, ProtocolVersion, Visit, VisitStatus
from treatments.models.course import GIVEN_UP
from treatments.protocols.wishes import Wishes
from treatments.queries.scopes import Scope

if TYPE_CHECKING:
    from scheduler.engine.grid import Grid
    from treatments.protocols.compile import Compiled

MOST = 4_000
"""So many courses are judged for one report."""
_HAPPENED = (VisitStatus.DONE, VisitStatus.MISSED)


class Ended(StrEnum):
    """How a course ended: the first that fits."""

    BROKEN_OFF = "broken_off"
    """Cancelled after at least one visit took place or was missed."""
    NOT_IN_FULL = "not_in_full"
    """A visit was missed and not made up, or cancelled. Those that a decision released were never due."""
    OUTSIDE = "outside"
    """All visits took place, and some of them against a hard rule of the protocol."""
    INSIDE = "inside"
    """All visits took place inside the rules."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """As much of a visit as is judged: of ten thousand, rows with everything would cost more than judging them."""

    key: str
    status: str
    appointment: UUID | None
    starts_at: datetime | None

    @property
    def start(self) -> datetime:
        """When it began."""
        if self.starts_at is None:
            raise ValueError("The visit has no time.")
        return self.starts_at

    @property
    def took_place(self) -> bool:
        """Whether the patient came."""
        return self.status == VisitStatus.DONE and self.starts_at is not None


@dataclass(frozen=True, slots=True)
class _Judge:
    """What all courses of one report are held against. ``filled``: for each appointment who or what filled each role."""

    grid: "Grid"
    open_days: frozenset[int]
    filled: Mapping[UUID, Mapping[str, str]]


def ended(scope: Scope) -> dict[str, Counter[Ended]]:
    """The courses whose last visit was in the period and of which nothing is open, by title of protocol.

    What the patient wished and what earlier courses took of a cap are left aside. Six queries.
    Raises ``Unprocessable`` for more than ``MOST``.
    """
    courses = _courses(scope)
    visits = _visits(courses)
    judge = _judge(scope, courses, [visit for of_course in visits.values() for visit in of_course])
    found: dict[str, Counter[Ended]] = {}
    for course in courses:
        how = _how(course, visits.get(course.pk, ()), judge)
        found.setdefault(course.protocol_version.protocol.title, Counter())[how] += 1
    return found


def _courses(scope: Scope) -> list[Course]:
    """Those that ended in the period. Two queries."""
    happened = Visit.objects.filter(status__in=_HAPPENED)
    within = happened.filter(
        course=OuterRef("pk"),
        appointment__starts_at__gte=scope.starts_at,
        appointment__starts_at__lt=scope.ends_at,
    )
    rows = (
        Course.objects.filter(
            Exists(within), site=scope.site, status__in=(CourseStatus.COMPLETED, CourseStatus.CANCELLED)
        )
        .annotate(last_at=Max("visits__appointment__starts_at", filter=Q(visits__status__in=_HAPPENED)))
        .filter(last_at__lt=scope.ends_at)
        .select_related("site")
        # fetched apart: a document read once for each course would cost more than everything else
        .prefetch_related(Prefetch("protocol_version", queryset=ProtocolVersion.objects.select_related("protocol")))
    )
    found: list[Course] = list(rows[: MOST + 1])
    if len(found) > MOST:
        raise Unprocessable(f"More than {MOST:,} courses ended in this period. Choose a shorter one.")
    return found


def _visits(courses: Sequence[Course]) -> Mapping[UUID, Sequence[_Visit]]:
    """The visits of each course. One query."""
    rows = Visit.objects.filter(course__in=[course.pk for course in courses])
    found: dict[UUID, list[_Visit]] = {}
    for course, key, status, appointment, starts_at in rows.values_list(
        "course_id", "key", "status", "appointment_id", "appointment__starts_at"
    ):
        found.setdefault(course, []).append(_Visit(key, status, appointment, starts_at))
    return found


def _judge(scope: Scope, courses: Sequence[Course], visits: Iterable[_Visit]) -> _Judge:
    """What the visits that took place are held against. Three queries: who filled what, and when the site was open."""
    dates = [clock.local(visit.start, scope.site.zone).date() for visit in visits if visit.took_place]
    first_on, last_on = min(dates, default=scope.first_on), max(dates, default=scope.first_on)
    grid = calendars.grid(scope.site, first_on=first_on, days=(last_on - first_on).days + 1)
    days = hours.site_days(scope.site, first_on=first_on, days=grid.days)
    return _Judge(grid, frozenset(number for number, day in enumerate(days) if day.windows), _filled(courses))


def _filled(courses: Sequence[Course]) -> Mapping[UUID, Mapping[str, str]]:
    """For each appointment of a visit that took place who or what filled each role. One query."""
    rows = Allocation.objects.filter(
        appointment__visit__course__in=[course.pk for course in courses],
        appointment__visit__status=VisitStatus.DONE,
    ).order_by("pk")
    found: dict[UUID, dict[str, str]] = {}
    for appointment, role, resource in rows.values_list("appointment_id", "role", "resource_id"):
        found.setdefault(appointment, {})[role] = str(resource)
    return found


def _how(course: Course, visits: Sequence[_Visit], judge: _Judge) -> Ended:
    if course.status == CourseStatus.CANCELLED:
        return Ended.BROKEN_OFF
    extra = _counting(course, visits)
    made_up = {each["makes_up"] for each in extra}
    lost = {visit.key for visit in visits if visit.status in (VisitStatus.MISSED, VisitStatus.CANCELLED)}
    if lost - made_up:
        return Ended.NOT_IN_FULL
    return Ended.OUTSIDE if _breaks(course, extra, visits, judge) else Ended.INSIDE


def _counting(course: Course, visits: Sequence[_Visit]) -> list[dict[str, Any]]:
    """The visits beyond the protocol, as they count."""
    if not course.extra:
        return []
    # imported here: keeps web start-up light (Pydantic)
    from treatments.protocols import extras

    missed = [visit.key for visit in visits if visit.status == VisitStatus.MISSED]
    return extras.counting(course.extra, missed=missed, given_up=[v.key for v in visits if v.status in GIVEN_UP])


def _breaks(course: Course, extra: Sequence[Mapping[str, Any]], visits: Sequence[_Visit], judge: _Judge) -> bool:
    """Whether any visit that took place stands against a hard rule."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import rules
    from scheduler.engine.request import Placement, PlanRequest
    from scheduler.engine.schedule import Schedule

    compiled = _compiled(course, extra)
    known = {visit.key for visit in compiled.visits}
    request = PlanRequest(
        grid=judge.grid, visits=compiled.visits, rules=compiled.rules, calendars=(), open_days=judge.open_days
    )
    places = [
        Placement(
            visit.key, judge.grid.slot(visit.start), tuple(sorted(judge.filled.get(visit.appointment, {}).items()))
        )
        for visit in sorted((visit for visit in visits if visit.took_place), key=lambda each: each.start)
        if visit.key in known and visit.appointment is not None
    ]
    return any(found.reason.hard for found in rules.findings(Schedule(request, places)))


def _compiled(course: Course, extra: Sequence[Mapping[str, Any]]) -> "Compiled":
    """The rules of the protocol as they stand for a course; the same for all of which nothing special was decided."""
    decided = {
        "extra": list(extra),
        "firm": course.firm,
        "spacing": course.spacing,
        "delayed": course.delayed,
    }
    return _compiled_once(course.protocol_version, dumps(decided, sort_keys=True))


@lru_cache(maxsize=256)
def _compiled_once(version: ProtocolVersion, decided: str) -> "Compiled":
    """A version never changes, and no rule of a protocol depends on the date on which a course begins."""
    known = loads(decided)
    like = Course(firm=known["firm"], spacing=known["spacing"], delayed=known["delayed"])
    return planning.compiled(version, start_on=date(2000, 1, 3), wishes=Wishes(), extra=known["extra"], course=like)
