"""What patients tick on the get-ready list of a visit."""

from django.db import models

from core.audit import audited
from core.models import Model
from scheduler.models import Appointment


class Preparing(models.TextChoices):
    """One item of a get-ready list that can be ticked. A ride home is not: it is named."""

    FOOD = "food", "No food"
    DRINK = "drink", "Nothing to drink"
    LEAVE = "leave", "When to leave"


@audited()
class PreparationTick(Model):
    """The patient ticked an item, for the time the visit has in ``schedule_epoch``: at another time the list says other times."""

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="ticks")
    schedule_epoch = models.PositiveIntegerField()
    item = models.CharField(max_length=10, choices=Preparing.choices)
    ticked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(item__in=Preparing.values), name="treatments_preparationtick_known"
            ),
            models.UniqueConstraint(
                fields=["appointment", "schedule_epoch", "item"], name="treatments_preparationtick_once"
            ),
        ]

    def __str__(self) -> str:
        return self.get_item_display()
