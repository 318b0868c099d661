"""API tokens: hashed, scoped, expiring."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from clinics.models.user import User
from core.audit import audited
from core.models import Model

PREFIX = "cl_"


class Scope(models.TextChoices):
    """What a token may be used for; never more than its owner's role allows."""

    READ = "read", "Read"
    WRITE = "write", "Read and change"


def digest(secret: str) -> str:
    """What is stored of a secret. The secret has 256 random bits, so a plain hash cannot be reversed by guessing."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens."""

    def usable(self, *, now: datetime) -> "ApiTokenQuerySet":
        """Those neither expired nor revoked, of active accounts."""
        return self.filter(expires_at__gt=now, revoked_at=None, user__is_active=True)


@audited(but_not=["secret_hash"])
class ApiToken(Model):
    """A key to the API. Only its hash is stored; the secret is shown once, when it is made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__len__gt=0) & models.Q(scopes__contained_by=Scope.values),
                name="clinics_apitoken_scopes_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(
        cls, *, user: User, name: str, scopes: list[str], now: datetime, lifetime: timedelta
    ) -> tuple["ApiToken", str]:
        """A new token and its secret, which cannot be read again."""
        secret = PREFIX + secrets.token_urlsafe(32)
        token = cls.objects.create(
            user=user, name=name, secret_hash=digest(secret), scopes=scopes, expires_at=now + lifetime
        )
        return token, secret
