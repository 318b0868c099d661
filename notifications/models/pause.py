"""Switches that hold messages back: everything, one site's, one channel's, or one step's."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinics.models import Site
from core.audit import audited
from core.models import Model
from notifications.engine.states import Channel, Labelled, Step


class Cause(Labelled):
    """Who held the messages back."""

    STAFF = "staff", "Staff"
    RESTORE = "restore", "The database was restored"


class PauseQuerySet(models.QuerySet["Pause"]):
    """Pauses."""

    def in_force(self) -> "PauseQuerySet":
        """Those nobody has lifted."""
        return self.filter(lifted_at=None)


@audited()
class Pause(Model):
    """Nothing that fits goes out while this is in force. What is left open (site, channel, step) fits everything.

    Messages keep waiting; those that become useless meanwhile expire, and are shown.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="message_pauses")
    channel = models.CharField(max_length=10, choices=Channel.choices(), blank=True, default="")
    step = models.CharField(max_length=20, choices=Step.choices(), blank=True, default="")
    cause = models.CharField(max_length=10, choices=Cause.choices(), default=Cause.STAFF.value)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    since: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = PauseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "channel", "step", "cause"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="notifications_pause_once",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["", *Channel.values()]), name="notifications_pause_channel_known"
            ),
            models.CheckConstraint(condition=Q(step__in=["", *Step.values()]), name="notifications_pause_step_known"),
            models.CheckConstraint(condition=Q(cause__in=Cause.values()), name="notifications_pause_cause_known"),
        ]

    def __str__(self) -> str:
        parts = [self.site.public_name if self.site else "", self.get_channel_display(), self.get_step_display()]
        return ", ".join(part for part in parts if part) or "Everything"
