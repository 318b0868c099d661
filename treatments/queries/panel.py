"""All running courses of a site as clinicians look over them: where each stands, those off their track first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

from django.db.models import Prefetch, Q

from clinics.models import Site, User
from core import clock
from treatments.models import Assessment, Course, CourseStatus, DecisionRecord, ProtocolVersion, Visit, VisitStatus
from treatments.models.course import HAPPENS
from treatments.protocols import stored
from treatments.queries import alerts, assessments, decisions, progress, reviews, windows
from treatments.queries.assessments import DueState
from treatments.queries.decisions import DecisionState
from treatments.queries.progress import Panel

_READ = (
    *("course", "key", "position", "family", "label", "status"),
    *("appointment__starts_at", "appointment__ends_at", "appointment__local_on"),
)
"""Of thousands of visits no more than is looked at."""


class Off(IntEnum):
    """Why a course is off its track, the most urgent first."""

    ALERT = 1
    OVERDUE = 2
    NO_RESPONSE = 3
    MISSED = 4
    CLOSING = 5
    BOOSTER = 6
    UNPLACED = 7
    MEASURE = 8
    HOLD = 9


@dataclass(frozen=True, slots=True)
class Reason:
    """One such reason in words."""

    off: Off
    words: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One course. ``panels`` are its scales; ``visits`` those that count, with their local dates."""

    course: Course
    reasons: tuple[Reason, ...]
    panels: tuple[Panel, ...]
    visits: tuple[tuple[Visit, date], ...]

    @property
    def on_track(self) -> bool:
        """Whether nothing is wrong."""
        return not self.reasons


def standings(site: Site, *, now: datetime, clinician: User | None = None) -> list[Standing]:
    """The running courses of a site, or of one of its clinicians; off track first. Eight queries at most."""
    visits = Visit.objects.select_related("appointment").only(*_READ).order_by("position")
    rows = Assessment.objects.filter(replaced_by=None).only("course", "measure", "answers", "taken_at")
    made = DecisionRecord.objects.in_force().order_by("-decided_at", "-id")
    found = Course.objects.filter(Q() if clinician is None else Q(clinician=clinician), site=site)
    courses = (
        found.filter(status=CourseStatus.ACTIVE)
        .select_related("site", "patient", "clinician")
        .defer("patient__phone")  # a phone number is taken apart wherever it is read
        .prefetch_related(
            # fetched apart: a document read once for each course would cost more than everything else
            Prefetch("protocol_version", queryset=ProtocolVersion.objects.select_related("protocol")),
            Prefetch("visits", queryset=visits),
            Prefetch("decisions", queryset=made),
            Prefetch("assessments", queryset=rows.order_by("taken_at", "id")),
        )
    )
    open_alerts = set(
        alerts.waiting().filter(assessment__course__site=site).values_list("assessment__course_id", flat=True)
    )
    every = [_standing(course, now, alerted=course.pk in open_alerts) for course in courses]
    return sorted(every, key=lambda each: (_worst(each.reasons), each.course.patient.family_name, str(each.course.pk)))


def _worst(reasons: Iterable[Reason]) -> int:
    return min((reason.off for reason in reasons), default=len(Off) + 1)


def _standing(course: Course, now: datetime, *, alerted: bool) -> Standing:
    visits, rows = list(course.visits.all()), list(course.assessments.all())
    zone = course.site.zone
    rules = stored.document(course.protocol_version.document).assessments
    panels = progress.panels(course, visits, rows, [rule.measure for rule in rules], now=now)
    dated = [
        (visit, clock.local(visit.appointment.starts_at, zone).date())
        for visit in visits
        if visit.appointment is not None and visit.status in (*HAPPENS, VisitStatus.MISSED)
    ]
    found = [Reason(Off.ALERT, "An answer nobody has acknowledged")] if alerted else []
    found += _decisions(course, panels, now)
    found += _missed(course, now)
    found += _follow_ups(course, visits, dated, clock.local(now, zone).date())
    late = [due for due in assessments.stand(course, visits, rows, now=now) if due.state is DueState.OVERDUE]
    if late:
        found.append(Reason(Off.MEASURE, f"{late[-1].title} {late[-1].when} was not taken"))
    if course.on_hold:
        found.append(Reason(Off.HOLD, "On hold"))
    return Standing(course, tuple(sorted(found, key=lambda reason: reason.off)), panels, tuple(dated))


def _decisions(course: Course, panels: Sequence[Panel], now: datetime) -> Iterable[Reason]:
    made = list(course.decisions.all())
    for point in decisions.stand(course, list(course.visits.all()), made, now=now):
        if point.state not in (DecisionState.DUE, DecisionState.OVERDUE):
            continue
        if point.state is DecisionState.OVERDUE:
            yield Reason(Off.OVERDUE, f"{point.decision.title} is overdue")
        judged = next((panel for panel in panels if panel.instrument.name == point.decision.measure), None)
        if judged is not None and judged.latest is not None and judged.latest.responded is False:
            yield Reason(Off.NO_RESPONSE, f"No response in {judged.scale.title} at {point.decision.title.lower()}")


def _missed(course: Course, now: datetime) -> Iterable[Reason]:
    for review in reviews.beside_decisions(course, now=now):
        yield Reason(Off.MISSED, review.title)


def _follow_ups(
    course: Course, visits: Sequence[Visit], dated: Sequence[tuple[Visit, date]], today: date
) -> Iterable[Reason]:
    """Follow-ups without a time, worse when the window of relief is closing; and boosters that nobody has booked."""
    window = windows.window(visits, dated)
    waiting = sum(1 for visit in visits if visit.status == VisitStatus.TO_PLACE)
    if window is not None and window.is_closing(today):
        yield Reason(Off.CLOSING, window.words)
    elif waiting:
        yield Reason(Off.UNPLACED, f"{waiting} without a time")
    for booster in windows.overdue(course, dated, today=today):
        yield Reason(Off.BOOSTER, booster.words)
