"""Appointments and what they take.

The exclusion constraints are the law: no resource's lane and no patient is ever in two places, whatever the code
above does. They compare half-open periods ``[starts_at, ends_at)``.
"""

from datetime import datetime, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Func, Q

from clinics.models import Patient, Site
from core.audit import audited
from core.models import Model
from scheduler.engine.request import HANDS_LANE
from scheduler.models.change_set import ChangeSet
from scheduler.models.resource import Resource

LONGEST = timedelta(hours=24)
"""No appointment or allocation is longer: a wrong date must not block a chair for a year."""


class Period(Func):
    """``[starts_at, ends_at)`` as a range."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


def _period() -> Period:
    return Period(F("starts_at"), F("ends_at"), RangeBoundary())


class Status(models.TextChoices):
    """Where an appointment stands. Confirmation by the patient is beside it, in ``confirmed_at``."""

    HELD = "held", "Held"
    BOOKED = "booked", "Booked"
    ARRIVED = "arrived", "Here"
    IN_TREATMENT = "in_treatment", "In treatment"
    DONE = "done", "Done"
    MISSED = "missed", "Missed"
    CANCELLED = "cancelled", "Cancelled"


TAKING = (Status.HELD, Status.BOOKED, Status.ARRIVED, Status.IN_TREATMENT, Status.DONE)
"""The statuses in which an appointment takes its resources and its patient's time."""
UPCOMING = (Status.BOOKED, Status.ARRIVED, Status.IN_TREATMENT)
"""The statuses in which the patient is expected or here."""


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    """Appointments."""

    def taking(self) -> "AppointmentQuerySet":
        """Those that take their resources."""
        return self.filter(status__in=TAKING)

    def overlapping(self, starts_at: datetime, ends_at: datetime) -> "AppointmentQuerySet":
        """Those whose period meets ``[starts_at, ends_at)``."""
        return self.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)

    def lapsed(self, *, now: datetime) -> "AppointmentQuerySet":
        """Holds whose time is over."""
        return self.filter(status=Status.HELD, hold_expires_at__lte=now)


@audited()
class Appointment(Model):
    """A visit in the calendar: a patient, a period, a status.

    ``local_on`` and ``local_time`` in ``zone`` are what the clinic meant; ``starts_at`` is the instant it resolved
    to, by ``core.clock.resolve``. ``schedule_epoch`` rises with every move to another time: what was said about an older
    epoch is void.
    ``version`` rises with every change.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="appointments")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="appointments")
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="appointments")
    status = models.CharField(max_length=15, choices=Status.choices)
    previous_status = models.CharField(max_length=15, choices=Status.choices, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    local_on = models.DateField()
    local_time = models.TimeField()
    zone = models.CharField(max_length=64)
    fold = models.PositiveSmallIntegerField(default=0)
    summary = models.CharField(max_length=100, help_text="For staff: what it is.")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    hold_expires_at = models.DateTimeField(null=True, blank=True)
    schedule_epoch = models.PositiveIntegerField(default=1)
    version = models.PositiveIntegerField(default=1)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="scheduler_appointment_patient_in_one_place",
                expressions=[("patient", RangeOperators.EQUAL), (_period(), RangeOperators.OVERLAPS)],
                condition=Q(status__in=TAKING),
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="scheduler_appointment_forward"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + LONGEST), name="scheduler_appointment_not_over_long"
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="scheduler_appointment_status_known"),
            models.CheckConstraint(
                condition=Q(status=Status.HELD, hold_expires_at__isnull=False)
                | (~Q(status=Status.HELD) & Q(hold_expires_at=None)),
                name="scheduler_appointment_holds_expire",
            ),
            models.CheckConstraint(
                condition=Q(patient__isnull=False) | Q(status__in=[Status.HELD, Status.CANCELLED]),
                name="scheduler_appointment_has_patient",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "starts_at"], name="scheduler_appointment_board"),
            models.Index(fields=["patient", "starts_at"], name="scheduler_appointment_of"),
            models.Index(
                fields=["hold_expires_at"], name="scheduler_appointment_holds", condition=Q(status=Status.HELD)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.summary}, {self.local_on} {self.local_time:%H:%M}"

    @property
    def is_taking(self) -> bool:
        """Whether it takes its resources."""
        return self.status in TAKING

    def has_lapsed(self, *, now: datetime) -> bool:
        """Whether it is a hold whose time is over."""
        return self.hold_expires_at is not None and self.hold_expires_at <= now


@audited()
class Allocation(Model):
    """One lane of one resource, taken by an appointment for one period.

    Exclusive use takes every lane, one row each; shared use one lane; hands-on use one lane and ``HANDS_LANE``. ``is_active`` follows the appointment's status.
    """

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="allocations")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="allocations")
    role = models.CharField(max_length=40, help_text="The role it fills in the visit.")
    lane = models.PositiveSmallIntegerField(default=0)
    is_shared = models.BooleanField(default=False, help_text="Others may take the resource's other lanes meanwhile.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="scheduler_allocation_no_overlap",
                expressions=[
                    ("resource", RangeOperators.EQUAL),
                    ("lane", RangeOperators.EQUAL),
                    (_period(), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_active=True),
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="scheduler_allocation_forward"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + LONGEST), name="scheduler_allocation_not_over_long"
            ),
            models.CheckConstraint(condition=Q(lane__lte=HANDS_LANE), name="scheduler_allocation_lane"),
        ]
        indexes = [
            models.Index(
                fields=["resource", "ends_at"],
                include=["starts_at", "lane"],
                condition=Q(is_active=True),
                name="scheduler_allocation_calendar",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.starts_at:%H:%M} to {self.ends_at:%H:%M}"
