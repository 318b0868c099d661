"""One try to hand a message to a provider: written before the request, closed once with how it ended."""

import pgtrigger
from django.db import models
from django.db.models import Q

from core.models import Model
from notifications.engine.states import Outcome
from notifications.models.message import Message


class Attempt(Model):
    """One request. An open one whose dispatcher is gone may or may not have reached the patient.

    ``code`` is the provider's status, such as "550" or "421"; never its text, which may repeat the address.
    """

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="tries")
    token = models.PositiveIntegerField(help_text="The message's, when this was made.")
    outcome = models.CharField(max_length=20, choices=Outcome.choices(), blank=True, default="")
    code = models.CharField(max_length=40, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "token"], name="notifications_attempt_one_per_claim"),
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values()), name="notifications_attempt_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", ended_at=None) | (~Q(outcome="") & Q(ended_at__isnull=False)),
                name="notifications_attempt_ends_with_outcome",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(name="closed_stays", operation=pgtrigger.Update, condition=~pgtrigger.Q(old__outcome="")),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.get_outcome_display()}"
