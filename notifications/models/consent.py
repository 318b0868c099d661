"""What a patient agreed to and took back, channel by channel. Facts: they are added, never changed."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from clinics.models import Patient
from core.models import Model
from notifications.engine.states import Channel, Labelled


class Source(Labelled):
    """How a fact became known."""

    STAFF = "staff", "Noted by staff"
    SMS = "sms", "Text message"
    LINK = "link", "The patient's page"
    PROVIDER = "provider", "The phone network"


class Consent(Model):
    """One fact: at ``recorded_at`` the patient agreed to messages on a channel (``given``), or took that back.

    ``address`` is the number or mailbox it was about, ``words`` what the patient wrote or agreed to, ``by`` who noted it.
    The newest fact of a channel and the patient's ``may_…`` always say the same.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    channel = models.CharField(max_length=10, choices=Channel.choices())
    given = models.BooleanField()
    source = models.CharField(max_length=10, choices=Source.choices())
    address = models.CharField(max_length=254, blank=True)
    words = models.CharField(max_length=320, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values()), name="notifications_consent_channel_known"
            ),
            models.CheckConstraint(condition=Q(source__in=Source.values()), name="notifications_consent_source_known"),
        ]
        indexes = [models.Index(fields=["patient", "channel", "-recorded_at"], name="notifications_consent_newest")]
        triggers = [
            pgtrigger.Protect(name="facts_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {'agreed' if self.given else 'stopped'}, {self.get_source_display()}"
