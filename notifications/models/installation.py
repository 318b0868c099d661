"""What the outbox knows about the database it stands in, and when its parts last showed a sign of life."""

from django.db import models
from django.db.models import Q


class Installation(models.Model):
    """One row: by what the database was known when messages were last sent from it.

    ``identity`` is PostgreSQL's own; ``epoch`` only rises, and is kept outside the database too where a file for it is set.
    """

    only = models.BooleanField(primary_key=True, default=True)
    identity = models.CharField(max_length=100)
    epoch = models.PositiveBigIntegerField(default=1)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="notifications_installation_one")]

    def __str__(self) -> str:
        return f"{self.identity} {self.epoch}"


class Sign(models.Model):
    """When a part of the pipeline last did its work to the end."""

    part = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.part} {self.at:%Y-%m-%d %H:%M:%S}"
