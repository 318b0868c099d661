"""Who works on which row of a list right now, so that colleagues leave it to them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.audit import audited
from core.models import Model


class WorkList(models.TextChoices):
    """The lists that several people work through at once. Calls have marks of their own: they are kept as attempts."""

    TO_SCHEDULE = "to-schedule", "To schedule"
    WAITLIST = "waitlist", "Waitlist"
    MESSAGES = "messages", "Messages"


@audited()
class WorkMark(Model):
    """Somebody works on one row since then. It holds nobody up, and counts for ten minutes."""

    listed = models.CharField(max_length=12, choices=WorkList.choices)
    row = models.UUIDField(help_text="What the row is about.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(listed__in=WorkList.values), name="clinics_workmark_list_known"),
            models.UniqueConstraint(fields=["listed", "row"], name="clinics_workmark_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_listed_display()}, {self.since:%Y-%m-%d %H:%M}"
