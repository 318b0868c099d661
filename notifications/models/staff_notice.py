"""Mails to staff that somebody is needed. They say nothing about whom or what for: that is behind the sign-in."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.audit import audited
from core.models import Model
from treatments.models import AlertCall


class NoticeState(models.TextChoices):
    """How a notice stands."""

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    STOPPED = "stopped", "Not needed any more"
    FAILED = "failed", "Failed"


class StaffNoticeQuerySet(models.QuerySet["StaffNotice"]):
    """Notices."""

    def due(self, *, now: datetime) -> "StaffNoticeQuerySet":
        """Those to be sent now, and those whose sender did not come back within its lease."""
        return self.filter(next_try_at__lte=now)


@audited(but_not=["updated_at", "next_try_at", "attempts"])
class StaffNotice(Model):
    """One member of staff is told by mail that somebody is needed.

    ``next_try_at`` is when it is tried next, or until when whoever sends it now has it; null once it is settled.
    ``attempts`` rises with every try: only who made the newest may write the result.
    """

    call = models.OneToOneField(AlertCall, on_delete=models.PROTECT, related_name="notice")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=NoticeState.choices, default=NoticeState.WAITING)
    next_try_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)

    objects = StaffNoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=NoticeState.values), name="notifications_staffnotice_state_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=(NoticeState.WAITING, NoticeState.SENDING), next_try_at__isnull=False, settled_at=None
                )
                | (
                    ~Q(state__in=(NoticeState.WAITING, NoticeState.SENDING))
                    & Q(next_try_at=None, settled_at__isnull=False)
                ),
                name="notifications_staffnotice_settled_or_due",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(next_try_at__isnull=False),
                name="notifications_staffnotice_due",
            ),
        ]

    def __str__(self) -> str:
        return self.get_state_display()
