"""Times that have become free, offered by message to those who wait: who is asked, until when, and what they said."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.audit import audited
from core.models import Model
from notifications.engine.states import Labelled
from notifications.models.message import Message
from scheduler.models import Appointment, ChangeSet
from treatments.models import WaitlistEntry, WaitlistStatus


class OfferState(Labelled):
    """How an offer stands. ``EXPIRED`` is never stored: it comes by the clock."""

    OPEN = "open", "Waits for an answer"
    ACCEPTED = "accepted", "Took it"
    DECLINED = "declined", "Said no"
    LOST = "lost", "Somebody else took it"
    WITHDRAWN = "withdrawn", "Offered no more"
    EXPIRED = "expired", "No answer in time"


_STORED = sorted(state.value for state in OfferState if state is not OfferState.EXPIRED)


@audited()
class Offer(Model):
    """One free time offered to one visit that waits. Those of one time share its ``hold``, and the first yes has it.

    The time is that of ``hold``; ``ends_at`` is when this visit would end. ``resources`` are role to resource id, as checked
    when it was offered. ``stands_at`` is when the visit is until it is moved, None without a time: moved meanwhile, the offer is
    void. An answer counts before ``until``.
    """

    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="offers")
    hold = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="offers", db_index=False)
    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="offer")
    ends_at = models.DateTimeField()
    resources: "models.JSONField[Any, Any]" = models.JSONField()
    stands_at = models.DateTimeField(null=True)
    until = models.DateTimeField()
    state = models.CharField(max_length=10, choices=OfferState.choices(), default=OfferState.OPEN.value)
    settled_at = models.DateTimeField(null=True)
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=_STORED), name="notifications_offer_state_known"),
            models.UniqueConstraint(fields=["hold", "entry"], name="notifications_offer_once"),
            models.UniqueConstraint(
                fields=["hold"],
                condition=Q(state=OfferState.ACCEPTED.value),
                name="notifications_offer_first_yes_has_it",
            ),
            models.CheckConstraint(
                condition=Q(state=OfferState.ACCEPTED.value, change_set__isnull=False)
                | (~Q(state=OfferState.ACCEPTED.value) & Q(change_set=None)),
                name="notifications_offer_taken_by_a_change",
            ),
            models.CheckConstraint(
                condition=Q(state=OfferState.OPEN.value, settled_at=None)
                | (~Q(state=OfferState.OPEN.value) & Q(settled_at__isnull=False)),
                name="notifications_offer_settled_when_over",
            ),
        ]
        indexes = [models.Index(fields=["offered_at"], name="notifications_offer_by_time")]

    def __str__(self) -> str:
        return f"{self.entry}, {self.get_state_display()}"

    def standing(self, *, now: datetime) -> OfferState:
        """How it stands by the clock; needs ``entry`` and its visit's appointment loaded."""
        if self.state != OfferState.OPEN:
            return OfferState(self.state)
        appointment = self.entry.visit.appointment
        stands_at = appointment.starts_at if appointment else None
        if self.entry.status != WaitlistStatus.WAITING or stands_at != self.stands_at:
            return OfferState.WITHDRAWN
        return OfferState.OPEN if now < self.until else OfferState.EXPIRED
