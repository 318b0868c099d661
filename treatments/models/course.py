"""Courses and their visits."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinics.models import Patient, Site
from core.audit import audited
from core.models import Model
from scheduler.models import Appointment
from treatments.models.protocol import ProtocolVersion


class CourseStatus(models.TextChoices):
    """Where a course stands."""

    ACTIVE = "active", "Running"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


@audited()
class Course(Model):
    """One patient on one protocol version. ``wishes`` is what the patient can do and prefers, as it was asked.

    ``extra`` are the visits beyond the protocol, see ``treatments.protocols.extras``. ``firm`` names the tentative blocks
    that were decided for, ``spacing`` gives blocks another best distance in local dates; ``delayed`` has for visits that
    were put off each time with its number of days and its instant; while ``on_hold`` nothing further is planned.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="courses")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="courses")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="courses")
    status = models.CharField(max_length=10, choices=CourseStatus.choices, default=CourseStatus.ACTIVE)
    start_on = models.DateField()
    wishes: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    extra: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    firm: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    spacing: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    delayed: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    on_hold = models.BooleanField(default=False)
    clinician = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="courses"
    )
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=CourseStatus.values), name="treatments_course_status_known"),
        ]
        indexes = [models.Index(fields=["patient", "status"], name="treatments_course_of")]

    def __str__(self) -> str:
        return f"{self.protocol_version.protocol} for {self.patient.short_name}"


class VisitStatus(models.TextChoices):
    """Where a visit of a course stands. It exists before it has a time."""

    TO_PLACE = "to_place", "To be placed"
    TENTATIVE = "tentative", "Tentative"
    BOOKED = "booked", "Booked"
    DONE = "done", "Done"
    MISSED = "missed", "Missed"
    RELEASED = "released", "Released"
    CANCELLED = "cancelled", "Cancelled"


WITH_TIME = (VisitStatus.TENTATIVE, VisitStatus.BOOKED, VisitStatus.DONE, VisitStatus.MISSED)
OPEN = (VisitStatus.TO_PLACE, VisitStatus.TENTATIVE, VisitStatus.BOOKED)
"""The visit has still to take place."""
HAPPENS = (VisitStatus.BOOKED, VisitStatus.TENTATIVE, VisitStatus.DONE)
"""The visits that rules are counted from. A missed visit did not happen."""

GIVEN_UP = (VisitStatus.RELEASED, VisitStatus.CANCELLED)
"""The visits that will not take place. A missed one was to: what waits for it is due all the same."""


@audited()
class Visit(Model):
    """One planned unit of a course. ``key`` is its name in the protocol and the planner: "infusion.3".

    ``reason`` says in words why it is where it is; ``unplaced`` why the planner found no place. ``overrides`` are the rules it
    was ever booked against, see ``treatments.overriding``: no undo takes them away.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="visits")
    key = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    family = models.CharField(max_length=20, help_text="The family of its visit type: infusion, psychotherapy, …")
    label = models.CharField(max_length=120)
    minutes = models.PositiveSmallIntegerField(help_text="The patient's time.")
    status = models.CharField(max_length=10, choices=VisitStatus.choices)
    appointment = models.OneToOneField(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="visit"
    )
    reason = models.CharField(max_length=300, blank=True)
    unplaced: "models.JSONField[Any, Any]" = models.JSONField(default=list, help_text="Sentences.")
    overrides: "models.JSONField[Any, Any]" = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "key"], name="treatments_visit_key_unique"),
            models.CheckConstraint(condition=Q(status__in=VisitStatus.values), name="treatments_visit_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=WITH_TIME) | Q(appointment__isnull=False),
                name="treatments_visit_with_time_has_appointment",
            ),
            models.CheckConstraint(
                condition=~Q(status=VisitStatus.TO_PLACE) | Q(appointment=None),
                name="treatments_visit_to_place_has_none",
            ),
        ]
        indexes = [
            models.Index(fields=["course"], condition=Q(status=VisitStatus.TO_PLACE), name="treatments_visit_to_place"),
        ]

    def __str__(self) -> str:
        return self.label
