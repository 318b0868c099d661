"""Which reminders the clinic sends. Each edition stays; the newest counts, and without any the shipped policy."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Model
from notifications.engine.ladder import DayOf, Policy


class ReminderPolicy(Model):
    """One edition of the policy, the same at every site. Times are on the patient's clock; null: no such reminder."""

    version = models.PositiveIntegerField(unique=True)
    your_week_at = models.TimeField(null=True, blank=True)
    seven_days_at = models.TimeField(null=True, blank=True)
    three_days_at = models.TimeField(null=True, blank=True)
    one_day_at = models.TimeField(null=True, blank=True)
    day_of = models.CharField(max_length=10, choices=DayOf.choices())
    forms_at = models.TimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(version__gte=1), name="notifications_policy_from_one"),
            models.CheckConstraint(condition=Q(day_of__in=DayOf.values()), name="notifications_policy_day_of_known"),
        ]
        triggers = [
            pgtrigger.Protect(name="editions_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Reminders, edition {self.version}"

    @property
    def policy(self) -> Policy:
        """As the ladder takes it."""
        return Policy(
            self.your_week_at,
            self.seven_days_at,
            self.three_days_at,
            self.one_day_at,
            DayOf(self.day_of),
            self.forms_at,
        )
