"""Patients as lists and their own page show them. Reads and arranges; decides nothing."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Concat, JSONObject

from clinics.models import Patient, PatientNote
from clinics.models.patient import Plain
from notifications.models import Consent
from scheduler.models import Appointment
from scheduler.models.appointment import UPCOMING
from treatments.models import Course, CourseStatus, Visit, VisitStatus
from treatments.models.course import GIVEN_UP
from treatments.queries import courses
from web.visit_lines import VisitLine


def with_next(patients: QuerySet[Patient], *, text: str, now: datetime) -> QuerySet[Patient]:
    """The patients with ``next_on`` and ``next_time``, and ``running``: visits ``done`` of ``all`` in running courses.

    Those of whom a name begins as the first word of ``text`` come first. No titles: a list is read over shoulders.
    """
    following = Appointment.objects.filter(patient=OuterRef("pk"), status__in=UPCOMING, ends_at__gt=now).order_by(
        "starts_at"
    )
    running = (
        Visit.objects.filter(course__patient=OuterRef("pk"), course__status=CourseStatus.ACTIVE)
        .exclude(status__in=GIVEN_UP)
        .values("course__patient")
        .annotate(state=JSONObject(done=Count("pk", filter=Q(status=VisitStatus.DONE)), all=Count("pk")))
        .values("state")
    )
    first = Plain(Value(text.partition(" ")[0]))
    return patients.annotate(
        next_on=Subquery(following.values("local_on")[:1]),
        next_time=Subquery(following.values("local_time")[:1]),
        running=Subquery(running),
        begins=Case(
            When(Q(sought__startswith=first) | Q(sought__contains=Concat(Value(" "), first)), then=Value(0)),
            default=Value(1),
        ),
    ).order_by("begins", "family_name", "given_name", "birth_on", "id")


@dataclass(frozen=True, slots=True)
class Visits:
    """A patient's courses, the newest first, and visits: those to come, and those that are over, the latest first."""

    courses: tuple[Course, ...]
    coming: tuple[VisitLine, ...]
    past: tuple[VisitLine, ...]


def visits_of(patient: Patient, *, now: datetime) -> Visits:
    """Everything a patient comes for and came for. Two queries; no course is without visits."""
    rows = (
        courses.visits()
        .filter(course__patient=patient)
        .select_related("appointment", "course__protocol_version__protocol")
    )
    coming: list[VisitLine] = []
    past: list[VisitLine] = []
    of_patient = {visit.course_id: visit.course for visit in rows}
    for visit in rows:
        if visit.appointment is None:
            continue
        line = VisitLine.of_visit(visit, zone=patient.site.zone)
        expected = visit.appointment.status in UPCOMING and visit.appointment.ends_at > now
        (coming if expected else past).append(line)
    newest = sorted(of_patient.values(), key=lambda course: (course.start_on, course.pk), reverse=True)
    return Visits(tuple(newest), tuple(coming), tuple(reversed(past)))


@dataclass(frozen=True, slots=True)
class Noted:
    """A note, and when it was written on the clinic's clock."""

    note: PatientNote
    at: datetime


def notes_of(patient: Patient) -> list[Noted]:
    """The notes for the desk, also those of merged duplicates, the newest first. One query."""
    rows = (
        PatientNote.objects.filter(Q(patient=patient) | Q(patient__merged_into=patient))
        .select_related("by")
        .order_by("-written_at", "-id")
    )
    zone = ZoneInfo(patient.site.zone)
    return [Noted(row, row.written_at.astimezone(zone)) for row in rows]


@dataclass(frozen=True, slots=True)
class Fact:
    """What was agreed to or taken back, and when on the clinic's clock."""

    consent: Consent
    at: datetime
    number: int | None
    """The number of the merged duplicate it was about, if it was about one."""


def facts_of(patient: Patient) -> list[Fact]:
    """Every fact about how a patient may be contacted, also those of merged duplicates, the newest first. One query."""
    rows = (
        Consent.objects.filter(Q(patient=patient) | Q(patient__merged_into=patient))
        .select_related("by", "patient")
        .order_by(F("recorded_at").desc(), "-id")
    )
    zone = ZoneInfo(patient.site.zone)
    return [
        Fact(row, row.recorded_at.astimezone(zone), row.patient.number if row.patient_id != patient.pk else None)
        for row in rows
    ]
