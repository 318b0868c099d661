"""Measures that were taken, and the alerts they raise. Facts are added, never changed."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from clinics.models import Site
from core.audit import audited
from core.models import Model
from treatments.models.course import Course

NEVER_CHANGES = pgtrigger.Protect(name="assessments_never_change", operation=pgtrigger.Update | pgtrigger.Delete)


class Mode(models.TextChoices):
    """How the answers came."""

    CLINIC = "clinic", "In the clinic"
    LINK = "link", "On the patient's phone"


@audited()
class Assessment(Model):
    """One measure, filled in: the answers as they were given. The score is worked out from them whenever it is shown.

    ``measure`` is the name the protocol uses; ``answers`` are values by item number, empty for a form that the clinic
    keeps elsewhere. Answers that were typed wrongly are replaced by a new row; both stay.
    """

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="assessments")
    measure = models.CharField(max_length=40)
    answers: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    taken_at = models.DateTimeField(help_text="When the patient answered.")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who typed it; null when the patient did.",
    )
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by", help_text="The row that was wrong."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="treatments_assessment_mode_known"),
            models.CheckConstraint(
                condition=Q(mode=Mode.LINK, by=None) | Q(mode=Mode.CLINIC, by__isnull=False),
                name="treatments_assessment_clinic_names_who",
            ),
            models.CheckConstraint(
                condition=Q(replaces=None) | ~Q(replaces=models.F("id")), name="treatments_assessment_replaces_another"
            ),
        ]
        indexes = [models.Index(fields=["course", "taken_at"], name="treatments_assessment_of")]
        triggers = [NEVER_CHANGES]

    def __str__(self) -> str:
        return self.measure

    @property
    def values(self) -> dict[int, int]:
        """The answers by item number."""
        return {int(number): value for number, value in self.answers.items()}


class AssessmentDraft(Model):
    """A form that a patient has begun on the phone. Not audited: it is gone when the last answer makes an assessment of it.

    ``updated_at`` says when the last answer was given.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="drafts")
    measure = models.CharField(max_length=40)
    answers: "models.JSONField[Any, Any]" = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "measure"], name="treatments_assessmentdraft_one"),
        ]

    def __str__(self) -> str:
        return self.measure

    @property
    def values(self) -> dict[int, int]:
        """The answers by item number."""
        return {int(number): value for number, value in self.answers.items()}


@audited()
class CrisisContact(Model):
    """Whom a site's patients can call at once. A site without any shows those of its country."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="crisis_contacts")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    phone = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "position"], name="treatments_crisiscontact_position"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(phone=""), name="treatments_crisiscontact_filled"),
        ]

    def __str__(self) -> str:
        return self.name


@audited()
class Alert(Model):
    """An answer that a clinician has to see on the same day. ``items`` are the numbers of the items that raised it.

    ``step`` is how far it has been passed on, ``next_at`` when it is passed on further; null once somebody has seen it.
    """

    assessment = models.OneToOneField(Assessment, on_delete=models.PROTECT, related_name="alert")
    items: "models.JSONField[Any, Any]" = models.JSONField(help_text="Item numbers.")
    raised_at = models.DateTimeField()
    step = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="treatments_alert_waiting"),
        ]

    def __str__(self) -> str:
        return f"Alert of {self.assessment}"


@audited()
class AlertCall(Model):
    """Somebody was asked to look at an alert."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="calls")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    step = models.PositiveSmallIntegerField()
    called_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "user"], name="treatments_alertcall_once")]
        triggers = [NEVER_CHANGES]

    def __str__(self) -> str:
        return str(self.user)


@audited()
class AlertAcknowledgement(Model):
    """A clinician has seen an alert, and what was done."""

    alert = models.OneToOneField(Alert, on_delete=models.PROTECT, related_name="acknowledgement")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField()
    done = models.CharField(max_length=1000)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(done=""), name="treatments_alert_done_said")]
        triggers = [NEVER_CHANGES]

    def __str__(self) -> str:
        return f"{self.alert} seen"
