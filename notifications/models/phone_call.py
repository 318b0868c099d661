"""Calls that somebody at the desk makes to hear whether a patient comes."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.audit import audited
from core.models import Model
from scheduler.models import Appointment


class Outcome(models.TextChoices):
    """How a call stands."""

    CALLING = "calling", "Calling"
    LEFT_MESSAGE = "left_message", "Left message"


@audited()
class PhoneCall(Model):
    """One call about the time a visit has: being made, or how it ended. A patient who says yes confirms the visit itself.

    ``schedule_epoch`` is the visit's: calls about an earlier time say nothing about this one.
    """

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="phone_calls")
    schedule_epoch = models.PositiveIntegerField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    called_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values), name="notifications_phonecall_outcome_known"
            ),
            models.UniqueConstraint(
                fields=["appointment"],
                condition=Q(outcome=Outcome.CALLING),
                name="notifications_phonecall_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["appointment", "schedule_epoch"], name="notifications_phonecall_of")]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, {self.called_at:%Y-%m-%d %H:%M}"
