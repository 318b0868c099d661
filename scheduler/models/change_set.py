"""Change sets: everything one user action changed, line by line."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models

from core.audit import audited
from core.models import Model


class Verb(models.TextChoices):
    """What the user did."""

    HOLD = "hold", "Held"
    BOOK = "book", "Booked"
    MOVE = "move", "Moved"
    CANCEL = "cancel", "Cancelled"
    STATUS = "status", "Status changed"
    NO_SHOW = "no_show", "Not come"
    LATE = "late", "Late"
    DECIDE = "decide", "Decided"
    EXTEND = "extend", "Extended"
    CLOSE = "close", "Closed"
    LEVEL = "level", "Levelled"
    RETIME = "retime", "Kept at its time on the clock"
    UNDO = "undo", "Undone"


@audited()
class ChangeSet(Model):
    """One user action: the unit of preview, undo, audit and patient messages.

    ``undoes`` is the change set that this one took back.
    """

    verb = models.CharField(max_length=10, choices=Verb.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("clinics.Site", on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey("clinics.Patient", on_delete=models.PROTECT, null=True, related_name="change_sets")
    reason = models.CharField(max_length=500, blank=True)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by")

    class Meta:
        indexes = [models.Index(fields=["site", "created_at"], name="scheduler_changeset_recent")]

    def __str__(self) -> str:
        return self.get_verb_display()


@audited()
class ChangeLine(Model):
    """What a change set did to one appointment: its state before and after, as data. Written once, never changed.

    The state is that of ``scheduler.actions.lines``; ``before`` is null where the change set made the appointment.
    """

    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="lines")
    appointment = models.ForeignKey("scheduler.Appointment", on_delete=models.PROTECT, related_name="lines")
    before: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    after: "models.JSONField[Any, Any]" = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change_set", "appointment"], name="scheduler_changeline_unique"),
        ]
        triggers = [
            pgtrigger.Protect(name="written_once", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.change_set_id}: {self.appointment_id}"
