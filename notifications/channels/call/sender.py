"""The channel of phone calls: "sending" puts a task before the staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from core import clock
from notifications.channels.base import Accepted
from notifications.engine.retries import Recourse
from notifications.models import DeskTask, Message
from scheduler.models import Appointment


class CallSender:
    """Writes a task for each message. Implements ``notifications.channels.Sender``.

    A message has one task however often it is sent, so it counts as a provider that honours a key.
    """

    recourse: ClassVar[Recourse] = Recourse.KEY

    def compose(self, message: Message, visits: Sequence[Appointment]) -> DeskTask:
        """The task, about the first visit."""
        return DeskTask.to_call(message, visits[0])

    def send(self, composed: DeskTask, key: str) -> Accepted:
        """Writes the task, unless it is there."""
        composed.opened_at = clock.now()
        DeskTask.objects.bulk_create([composed], ignore_conflicts=True)
        return Accepted("task", key)

    def look_up(self, message: Message, key: str, *, since: datetime) -> Accepted | None:
        """Not needed: the key is honoured."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""
