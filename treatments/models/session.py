"""What happens during a visit, as it is ticked off: checks, start, end, escort, leaving."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from core.audit import audited
from core.models import Model
from treatments.models.course import Visit


@audited()
class VisitTick(Model):
    """One thing of a visit that was done, when, and by whom. A slip is withdrawn, never changed or deleted.

    ``step`` is one of those of ``treatments.queries.sessions``: "start", or a check and its moment, "blood_pressure.40".
    ``at`` is when it was done; ``created_at`` when that was written down.
    """

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="ticks")
    step = models.CharField(max_length=60)
    at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True, help_text="Why the patient left all the same.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "step"], condition=Q(withdrawn_at=None), name="treatments_visittick_once"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="treatments_visittick_withdrawn_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(step=""), name="treatments_visittick_step_said"),
        ]
        triggers = [
            pgtrigger.Protect(name="ticks_stay", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="ticks_never_change", fields=["visit", "step", "at", "note", "by"]),
        ]

    def __str__(self) -> str:
        return self.step
