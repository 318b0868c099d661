"""The visits of one day as those who care for the patients need them: what each still needs, and how far it is."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q

from clinics.models import Site, User
from scheduler.models import Allocation, Appointment, Status
from treatments.models import Alert, Assessment, Course, ProtocolVersion, Visit
from treatments.protocols import stored
from treatments.queries import alerts, assessments, preparations, readiness, sessions
from treatments.queries.assessments import Due, DueState
from treatments.queries.preparations import GetReady
from treatments.queries.readiness import GONE, VisitReadiness
from treatments.queries.sessions import Session


@dataclass(frozen=True, slots=True)
class DayVisit:
    """One visit of the day. ``due``: measures that can be taken now; ``alerts``: answers nobody has acknowledged."""

    visit: Visit
    appointment: Appointment
    ready: VisitReadiness | None
    prepare: GetReady
    due: tuple[Due, ...]
    alerts: tuple[Alert, ...]
    session: Session


def visits(site: Site, on: date, *, now: datetime, of: User | None = None) -> list[DayVisit]:
    """The visits of courses on a local date, in order of time. Nine queries at most.

    ``of``: only those that this person gives, or whose course is theirs.
    """
    found = _visits(site, on, of)
    courses = {visit.course_id: visit.course for visit in found}
    keys = {
        key: [visit.key for visit in course.visits.all() if visit.status not in GONE] for key, course in courses.items()
    }
    documents = {
        course.protocol_version_id: stored.document(course.protocol_version.document) for course in courses.values()
    }
    ready = readiness.of_visits(found, documents, keys, zone=site.zone, now=now)
    standing = sessions.of_visits(found, documents, keys)
    waiting: dict[UUID, list[Alert]] = {}
    for alert in alerts.waiting().filter(assessment__course__in=courses):
        waiting.setdefault(alert.assessment.course_id, []).append(alert)
    due = {key: _due(course, now) for key, course in courses.items()}
    return [
        DayVisit(
            visit=visit,
            appointment=visit.appointment,
            ready=ready.get(visit.pk),
            prepare=preparations.of_visit(visit, documents[visit.course.protocol_version_id], keys[visit.course_id]),
            due=due[visit.course_id],
            alerts=tuple(waiting.get(visit.course_id, ())),
            session=standing[visit.pk],
        )
        for visit in found
        if visit.appointment is not None
    ]


def _visits(site: Site, on: date, of: User | None) -> list[Visit]:
    own = Allocation.objects.filter(appointment=OuterRef("appointment"), resource__user=of)
    taken = Allocation.objects.select_related("resource").order_by("starts_at", "role", "lane")
    every = Visit.objects.select_related("appointment").order_by("position")
    rows = Assessment.objects.filter(replaced_by=None).order_by("taken_at", "id")
    return list(
        Visit.objects.filter(Q() if of is None else Exists(own) | Q(course__clinician=of))
        .filter(appointment__site=site, appointment__local_on=on)
        .exclude(appointment__status__in=(Status.HELD, Status.CANCELLED))
        .select_related("appointment__patient", "course__patient", "course__site", "course__clinician")
        # a phone number is taken apart wherever it is read
        .defer("appointment__patient__phone", "course__patient__phone")
        .prefetch_related(
            # fetched apart: a document read once for each visit would cost more than everything else
            Prefetch("course__protocol_version", queryset=ProtocolVersion.objects.select_related("protocol")),
            Prefetch("appointment__allocations", queryset=taken),
            Prefetch("course__visits", queryset=every),
            Prefetch("course__assessments", queryset=rows),
        )
        .order_by("appointment__starts_at", "pk")
    )


def _due(course: Course, now: datetime) -> tuple[Due, ...]:
    return tuple(due for due in assessments.of_read(course, now=now) if due.state is DueState.OPEN)
