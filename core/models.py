"""The base model, and the memory of requests that must not be carried out twice."""

from typing import Any

from django.conf import settings
from django.db import models

from core.ids import uuid7


class Model(models.Model):
    """A row with a time-ordered id and the instants of its making and last change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class IdempotencyKey(models.Model):
    """One request that was carried out, with its reply. The row commits together with what the request did.

    ``reply`` holds ids and status only, never names or times; it is rendered again when the request is repeated.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    route = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    reply: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "route", "key"], name="core_idempotencykey_unique"),
        ]
        indexes = [models.Index(fields=["created_at"], name="core_idempotencykey_created")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
