"""Those who would come at another time, or wait for their first."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.audit import audited
from core.models import Model
from scheduler.models import ChangeSet
from treatments.models.course import Visit


class WaitlistStatus(models.TextChoices):
    """Where an entry stands. One whose date is over is waiting still, but matched no more."""

    WAITING = "waiting", "Waiting"
    TAKEN = "taken", "Has taken a place"
    LEFT = "left", "Taken off the list"


@audited()
class WaitlistEntry(Model):
    """One visit of a course that waits for an earlier place, another one, or its first.

    ``wishes`` is what the patient can do, read as limits; the wishes of the course are left aside.
    """

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="waitlist_entries")
    status = models.CharField(max_length=10, choices=WaitlistStatus.choices, default=WaitlistStatus.WAITING)
    wishes: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    sooner = models.BooleanField(default=True, help_text="Only places before the present one are wanted.")
    notice_hours = models.PositiveSmallIntegerField(
        default=24, help_text="So long before a visit the patient has to know: fasting, an escort, a way to come."
    )
    urgent = models.BooleanField(default=False)
    note = models.CharField(max_length=500, blank=True, help_text="For the desk.")
    valid_until = models.DateField(help_text="The last local date on which a place is of use.")
    joined_at = models.DateTimeField()
    joined_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    change_set = models.ForeignKey(
        ChangeSet,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="What gave it a place; of one that waits again, what took that back.",
    )

    class Meta:
        verbose_name = "waitlist entry"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=WaitlistStatus.values), name="treatments_waitlistentry_status_known"
            ),
            models.UniqueConstraint(
                fields=["visit"],
                condition=Q(status=WaitlistStatus.WAITING),
                name="treatments_waitlistentry_waits_once",
            ),
            models.CheckConstraint(
                condition=~Q(status=WaitlistStatus.TAKEN) | Q(change_set__isnull=False),
                name="treatments_waitlistentry_taken_by_a_change",
            ),
        ]
        indexes = [
            models.Index(
                fields=["valid_until"], condition=Q(status=WaitlistStatus.WAITING), name="treatments_waitlist_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visit} until {self.valid_until}"
