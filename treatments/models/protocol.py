"""Protocols and their immutable versions."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models

from core.audit import audited
from core.models import Model


@audited()
class Protocol(Model):
    """A template of a course, known by its code. What it says stands in its versions."""

    code = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True, help_text="Offered for new courses.")

    def __str__(self) -> str:
        return self.title

    @property
    def current(self) -> "ProtocolVersion":
        """The newest version; one query unless prefetched.

        Raises ``ProtocolVersion.DoesNotExist`` before the first is published.
        """
        return self.versions.latest("number")


@audited()
class ProtocolVersion(Model):
    """A published document. It never changes: a running course keeps the version it was booked with."""

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    document: "models.JSONField[Any, Any]" = models.JSONField()
    digest = models.CharField(max_length=64)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["protocol", "number"], name="treatments_protocolversion_number_unique"),
        ]
        triggers = [
            pgtrigger.Protect(name="published_never_changes", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.protocol} version {self.number}"
