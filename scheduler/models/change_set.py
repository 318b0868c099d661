"""Change sets: everything one user action changed."""

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


@audited()
class ChangeSet(Model):
    """One user action: the unit of preview, undo, audit and patient messages."""

    verb = models.CharField(max_length=10, choices=Verb.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("clinics.Site", on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey("clinics.Patient", on_delete=models.PROTECT, null=True, related_name="change_sets")
    reason = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.get_verb_display()
