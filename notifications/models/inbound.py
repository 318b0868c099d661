"""What comes back: answers of patients, receipts of providers, and what a person at the desk has to do about them."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from clinics.models import Patient
from core.audit import audited
from core.models import Model
from notifications.engine.answers import Meaning
from notifications.engine.states import Labelled
from notifications.models.link import Link
from notifications.models.message import Message
from scheduler.models import Appointment


class Answer(Model):
    """What a patient said, word for word, and how it was understood. Kept as it came.

    Unique per provider and the provider's id, so that one answer that is sent here twice counts once. ``sender`` is the
    number it came from; ``said_back`` is what was answered at once.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="answers")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="answers"
    )
    link = models.ForeignKey(Link, on_delete=models.PROTECT, null=True, blank=True, related_name="answers")
    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=64)
    sender = models.CharField(max_length=20, blank=True)
    text = models.CharField(max_length=1600, blank=True)
    meaning = models.CharField(max_length=12, choices=[(each.value, each.value) for each in Meaning])
    said_back = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="notifications_answer_once"),
            models.CheckConstraint(
                condition=Q(meaning__in=[each.value for each in Meaning]), name="notifications_answer_meaning_known"
            ),
        ]
        indexes = [models.Index(fields=["patient", "received_at"], name="notifications_answer_of")]
        triggers = [
            pgtrigger.Protect(name="words_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M} {self.meaning}"


class Receipt(Model):
    """What a provider says became of a message it accepted. Receipts may come twice and in any order."""

    class Status(models.TextChoices):
        """The further down, the more it says."""

        SENT = "sent", "Passed to the network"
        UNDELIVERED = "undelivered", "Not delivered"
        DELIVERED = "delivered", "Delivered"

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="receipts")
    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=100)
    status = models.CharField(max_length=12, choices=Status.choices)
    code = models.CharField(max_length=20, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="notifications_receipt_once"),
        ]
        indexes = [models.Index(fields=["received_at"], name="notifications_receipt_recent")]
        triggers = [
            pgtrigger.Protect(name="facts_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} {self.code}".strip()


class Matter(Labelled):
    """What a person at the desk has to see to."""

    CHANGE = "change", "Needs another time"
    CANNOT_COME = "cannot_come", "Cannot come"
    WORDS = "words", "Wrote to us"
    CALL = "call", "Call this patient"
    UNDELIVERED = "undelivered", "Did not get our message"
    UNCONFIRMED = "unconfirmed", "Has not said whether they come"


@audited()
class DeskTask(Model):
    """Something about a patient that no rule can settle. Open until somebody says it is done.

    ``schedule_epoch`` is the visit's, where the task is about the time it has; one that is confirmed, moved or cancelled
    closes such a task by itself.
    """

    matter = models.CharField(max_length=12, choices=Matter.choices())
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="desk_tasks")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="desk_tasks"
    )
    schedule_epoch = models.PositiveIntegerField(null=True, blank=True)
    answer = models.OneToOneField(Answer, on_delete=models.PROTECT, null=True, blank=True, related_name="desk_task")
    message = models.OneToOneField(Message, on_delete=models.PROTECT, null=True, blank=True, related_name="desk_task")
    opened_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(matter__in=Matter.values()), name="notifications_desktask_known"),
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="notifications_desktask_done_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(answer__isnull=False)
                | Q(message__isnull=False)
                | Q(matter=Matter.UNCONFIRMED.value, appointment__isnull=False, schedule_epoch__isnull=False),
                name="notifications_desktask_about_something",
            ),
            models.UniqueConstraint(
                fields=["appointment", "schedule_epoch"],
                condition=Q(matter=Matter.UNCONFIRMED.value),
                name="notifications_desktask_unconfirmed_once",
            ),
        ]
        indexes = [models.Index(fields=["opened_at"], condition=Q(done_at=None), name="notifications_desktask_open")]

    def __str__(self) -> str:
        return self.get_matter_display()

    @classmethod
    def to_call(cls, message: Message, visit: Appointment) -> "DeskTask":
        """The task, not yet written, to call a patient instead of sending a message."""
        return cls(matter=Matter.CALL.value, patient_id=message.patient_id, appointment_id=visit.pk, message=message)
