"""What a provider says later about a message it accepted."""

from datetime import datetime

import structlog
from django.db import transaction

from clinics.models import User
from core import audit
from notifications.engine.states import Channel, State
from notifications.models import Message

log = structlog.get_logger(__name__)


def record(*, channel: Channel, provider_id: str, arrived: bool, by: User, now: datetime) -> Message | None:
    """Notes whether a message arrived. The first receipt stands; a repeated or a later one changes nothing.

    Returns the message, or None when none of that name is known yet: a receipt may come before the answer it belongs to
    is written down, so whoever got it keeps it and tries again.
    """
    with transaction.atomic(), audit.acting(by):
        message = (
            Message.objects.filter(channel=channel, provider_id=provider_id)
            .exclude(provider_id="")
            .select_for_update()
            .order_by("pk")
            .first()
        )
        if message is not None and message.state == State.ACCEPTED:
            message.state = State.DELIVERED if arrived else State.UNDELIVERED
            message.updated_at = now
            message.save(update_fields=["state", "updated_at"])
            log.info("message_receipt", message=str(message.pk), state=message.state)
    return message
