"""Which reminders the clinic sends now."""

from notifications.engine.ladder import STANDARD, Policy
from notifications.models import ReminderPolicy


def newest() -> ReminderPolicy | None:
    """The edition in force; None where the shipped policy is. One query."""
    return ReminderPolicy.objects.order_by("-version").first()


def of(edition: ReminderPolicy | None) -> Policy:
    """What ``newest`` says. No query."""
    return edition.policy if edition else STANDARD


def in_force() -> Policy:
    """What is sent. One query."""
    return of(newest())
