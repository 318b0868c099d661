"""The channel of text messages over a service of the clinic's own choice."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.conf import settings

from core import clock
from notifications.channels.base import Accepted
from notifications.channels.sms import text
from notifications.channels.sms.text import ShortText
from notifications.channels.webhook.client import Client
from notifications.channels.words import Editions
from notifications.engine.retries import Recourse
from notifications.engine.states import Channel
from notifications.models import Message
from scheduler.models import Appointment


class WebhookSender:
    """One service, open for the length of a batch. Implements ``notifications.channels.Sender``.

    The words are those of text messages. The key in every request lets the service take a message only once.
    """

    recourse: ClassVar[Recourse] = Recourse.KEY

    def __init__(self) -> None:
        self._editions = Editions(Channel.SMS)
        self._client = Client(
            address=settings.SMS_WEBHOOK_URL, secret=settings.SMS_WEBHOOK_SECRET, sender=settings.SMS_SENDER
        )

    def compose(self, message: Message, visits: Sequence[Appointment]) -> ShortText:
        """The words in the patient's language."""
        return text.compose(message, visits, self._editions)

    def send(self, composed: ShortText, key: str) -> Accepted:
        """Hands the text over with its key.

        Raises ``NotSent``.
        """
        found = self._client.create(to=composed.to, text=composed.text, key=key, now=clock.now())
        return Accepted("200", found)

    def look_up(self, message: Message, key: str, *, since: datetime) -> Accepted | None:
        """Not needed: the key is honoured."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()
