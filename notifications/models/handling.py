"""What people did about messages that nothing happens to any more."""

from django.conf import settings
from django.db import models

from core.audit import audited
from core.models import Model
from notifications.models.message import Message


@audited()
class Handling(Model):
    """Somebody has taken care of a message by other means: called, or decided that nothing is to be said."""

    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="handling")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True, help_text="Nothing clinical.")

    def __str__(self) -> str:
        return f"{self.by}, {self.created_at:%Y-%m-%d %H:%M}"
