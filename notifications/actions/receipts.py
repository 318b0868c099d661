"""What providers say became of the messages they accepted. Twice or in any order: it changes nothing a second time."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from notifications.engine.states import State
from notifications.models import DeskTask, Message, Receipt
from notifications.models.inbound import Matter

log = structlog.get_logger(__name__)

BECOMES = {Receipt.Status.DELIVERED: State.DELIVERED, Receipt.Status.UNDELIVERED: State.UNDELIVERED}
"""What an accepted message becomes by a receipt. Others say nothing new."""
LOOK_BACK = timedelta(hours=2)
"""How long a receipt waits for its message to be noted as accepted: longer than any lease and look-up."""


def take(
    *, message: UUID, provider: str, event_id: str, status: Receipt.Status, code: str = "", by: User, now: datetime
) -> bool:
    """Keeps a receipt and moves its message on. False when it is known already, or about no message of ours."""
    require(by, Permission.RUN_SYSTEM)
    with transaction.atomic(), audit.acting(by):
        if not Message.objects.filter(pk=message).exists():
            return False
        receipt = Receipt(
            message_id=message, provider=provider, event_id=event_id, status=status, code=code, received_at=now
        )
        Receipt.objects.bulk_create([receipt], ignore_conflicts=True)
        if not Receipt.objects.filter(pk=receipt.pk).exists():
            return False
        _apply(receipt, now=now)
    log.info("receipt", message=str(message), status=status, code=code)
    return True


def settle(*, now: datetime) -> int:
    """Applies receipts that came before their message was noted as accepted. Runs in the caller's transaction."""
    early = Receipt.objects.filter(
        received_at__gt=now - LOOK_BACK, status__in=list(BECOMES), message__state=State.ACCEPTED
    ).order_by("received_at", "id")
    return sum(_apply(receipt, now=now) for receipt in early)


def _apply(receipt: Receipt, *, now: datetime) -> bool:
    becomes = BECOMES.get(Receipt.Status(receipt.status))
    if becomes is None:
        return False
    moved = Message.objects.filter(pk=receipt.message_id, state=State.ACCEPTED).update(state=becomes, updated_at=now)
    if moved and becomes is State.UNDELIVERED:
        message = Message.objects.get(pk=receipt.message_id)
        task = DeskTask(
            matter=Matter.UNDELIVERED,
            patient_id=message.patient_id,
            appointment_id=message.appointment_id,
            message=message,
            opened_at=now,
        )
        DeskTask.objects.bulk_create([task], ignore_conflicts=True)
    return bool(moved)
