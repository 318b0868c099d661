"""What a person at the desk has to see to."""

from datetime import datetime

from django.db import transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from notifications.models import DeskTask


def finish(*, task: DeskTask, by: User, now: datetime) -> DeskTask:
    """Somebody has seen to it. Again: nothing changes.

    Raises ``NotAllowed``.
    """
    require(by, Permission.SEND_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        current = DeskTask.objects.select_for_update().get(pk=task.pk)
        if current.done_at is None:
            current.done_at, current.done_by = now, by
            current.save(update_fields=["done_at", "done_by", "updated_at"])
    return current


def reopen(*, task: DeskTask, by: User) -> DeskTask:
    """It was not done after all: puts it back among the open ones. Again: nothing changes.

    Raises ``NotAllowed``.
    """
    require(by, Permission.SEND_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        current = DeskTask.objects.select_for_update().get(pk=task.pk)
        if current.done_at is not None:
            current.done_at = current.done_by = None
            current.save(update_fields=["done_at", "done_by", "updated_at"])
    return current
