"""Taking away what waits though the clinic sends no such message."""

from collections.abc import Sequence
from datetime import datetime

from notifications.engine.states import UNSENT, Reason, State
from notifications.models import Attempt, Handling, Link, Message


def drop(rows: Sequence[Message], *, now: datetime) -> int:
    """Takes them away, in the caller's transaction. How many.

    A row nobody has touched is deleted, so that it can be written again should the clinic change its mind; the audit keeps it.
    """
    if not rows:
        return 0
    free = Message.objects.filter(pk__in=[message.pk for message in rows], state__in=UNSENT)
    keys = {message.pk for message in free.order_by("pk").select_for_update()}
    touched = {
        key
        for model in (Attempt, Link, Handling)
        for key in model.objects.filter(message__in=keys).values_list("message", flat=True)
    }
    Message.objects.filter(pk__in=touched).update(
        state=State.WITHDRAWN, reason=Reason.NOT_WANTED, next_try_at=None, settled_at=now, updated_at=now
    )
    Message.objects.filter(pk__in=keys - touched).delete()
    return len(keys)
