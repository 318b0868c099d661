"""Planning that concerns many courses at once and may take a while: asked for, worked out, and then carried out."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinics.models import Site
from core.audit import audited
from core.models import Model
from scheduler.models import ChangeSet


class JobKind(models.TextChoices):
    """What is planned."""

    CLOSE = "close", "Close a day, or do without a person, a chair or a room"
    BOOK = "book", "Book several courses at once"
    LEVEL = "level", "Level the days of a period"


class JobState(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", "Waiting to be worked out"
    RUNNING = "running", "Being worked out"
    READY = "ready", "Worked out: to be looked at and carried out"
    APPLIED = "applied", "Carried out"
    FAILED = "failed", "Failed"


@audited()
class PlanningJob(Model):
    """One question about many courses, its progress and its answer. Only ids, times and reasons, no names.

    ``params`` and ``answer`` are those of ``treatments.many.closures``, ``treatments.many.intakes`` and ``treatments.many.levels``. Whoever works on it holds it until ``lease_until`` under
    ``token``; one whose lease is over is due again.
    """

    kind = models.CharField(max_length=10, choices=JobKind.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    params: "models.JSONField[Any, Any]" = models.JSONField()
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    done = models.PositiveIntegerField(default=0, help_text="Steps taken.")
    total = models.PositiveIntegerField(default=0, help_text="Steps there are at most.")
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    answer: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    failure = models.CharField(max_length=300, blank=True, help_text="Why it failed, as a sentence.")
    change_set = models.OneToOneField(
        ChangeSet, on_delete=models.PROTECT, null=True, related_name="planning_job", help_text="What carried it out."
    )

    class Meta:
        verbose_name = "planning job"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=JobKind.values), name="treatments_planningjob_kind_known"),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="treatments_planningjob_state_known"),
            models.CheckConstraint(
                condition=Q(state=JobState.RUNNING, lease_until__isnull=False)
                | (~Q(state=JobState.RUNNING) & Q(lease_until=None)),
                name="treatments_planningjob_running_is_leased",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=[JobState.READY, JobState.APPLIED]) & Q(answer__isnull=False) & ~Q(digest=""))
                | ~Q(state__in=[JobState.READY, JobState.APPLIED]),
                name="treatments_planningjob_ready_has_answer",
            ),
            models.CheckConstraint(
                condition=Q(state=JobState.APPLIED, change_set__isnull=False)
                | (~Q(state=JobState.APPLIED) & Q(change_set=None)),
                name="treatments_planningjob_applied_by_a_change",
            ),
            models.CheckConstraint(
                condition=(Q(state=JobState.FAILED) & ~Q(failure="")) | (~Q(state=JobState.FAILED) & Q(failure="")),
                name="treatments_planningjob_failed_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="treatments_planningjob_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_state_display()}"
