"""Texts the clinic wrote itself, in place of the shipped ones. Each edition stays; the newest counts."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Model
from notifications.engine.states import Channel


class Template(Model):
    """One edition of one text: of a channel, a step or reply (``name``), and a language.

    ``body`` holds words and ``{placeholders}``; empty means the shipped text again. ``subject`` is for e-mail only.
    """

    channel = models.CharField(max_length=10, choices=Channel.choices())
    name = models.CharField(max_length=30)
    language = models.CharField(max_length=5)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=100, blank=True)
    body = models.TextField(max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "name", "language", "version"], name="notifications_template_version_once"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="notifications_template_from_one"),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values()), name="notifications_template_channel_known"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="editions_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.name} {self.language} {self.version}"
