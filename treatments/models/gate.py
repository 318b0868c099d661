"""What has to be there before a visit, as facts: that it was, and that it no longer is. Facts never change."""

import pgtrigger
from django.conf import settings
from django.db import models

from core.audit import audited
from core.models import Model
from treatments.models.course import Course

NEVER_CHANGES = pgtrigger.Protect(name="facts_never_change", operation=pgtrigger.Update | pgtrigger.Delete)


@audited()
class GateFulfilment(Model):
    """A gate of the course's protocol was fulfilled: a consent was signed, a ride was arranged.

    ``gate`` is its key, such as "consent.1"; ``visit`` that of the visit it was fulfilled for, empty where one fulfilment
    holds for all visits of the gate.
    """

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="fulfilments")
    gate = models.CharField(max_length=40)
    visit = models.CharField(max_length=80, blank=True)
    done_at = models.DateTimeField(help_text="Since when it is there: signed, examined, arranged.")
    valid_until = models.DateField(null=True, help_text="The last local date on which it holds, where that is limited.")
    visit_starts_at = models.DateTimeField(
        null=True, help_text="Only for this start of the visit: whoever fetches the patient comes at that time."
    )
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(visit_starts_at=None) | ~models.Q(visit=""),
                name="treatments_gatefulfilment_start_has_visit",
            ),
        ]
        indexes = [models.Index(fields=["course", "gate"], name="treatments_gate_of")]
        triggers = [NEVER_CHANGES]

    def __str__(self) -> str:
        return self.gate


@audited()
class GateWithdrawal(Model):
    """A fulfilment no longer holds: the consent was taken back, the ride fell through."""

    fulfilment = models.OneToOneField(GateFulfilment, on_delete=models.PROTECT, related_name="withdrawal")
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = [NEVER_CHANGES]

    def __str__(self) -> str:
        return f"{self.fulfilment} withdrawn"
