"""The channel of text messages over Twilio."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.conf import settings

from notifications.channels.base import Accepted
from notifications.channels.sms import text, twilio
from notifications.channels.sms.text import ShortText
from notifications.channels.words import Editions
from notifications.engine.retries import Recourse
from notifications.engine.states import Channel
from notifications.models import Link, Message
from notifications.queries import verdicts
from scheduler.models import Appointment

STATUS_PATH = "hooks/twilio/status"
"""Where Twilio reports what became of a message; ``web.urls`` serves it."""


class TwilioSender:
    """One Twilio account, open for the length of a batch. Implements ``notifications.channels.Sender``.

    Every text has a link that no other message has; by it one that may have been sent is looked up.
    """

    recourse: ClassVar[Recourse] = Recourse.LOOK_UP

    def __init__(self) -> None:
        self._editions = Editions(Channel.SMS)
        self._client = twilio.Client(
            base=settings.TWILIO_URL,
            account=settings.TWILIO_ACCOUNT,
            token=settings.TWILIO_TOKEN,
            sender=settings.SMS_SENDER,
        )

    def compose(self, message: Message, visits: Sequence[Appointment]) -> ShortText:
        """The words in the patient's language."""
        return text.compose(message, visits, self._editions)

    def send(self, composed: ShortText, key: str) -> Accepted:
        """Hands the text over. Twilio knows no keys; the key goes into the address receipts are sent to.

        Raises ``NotSent``.
        """
        callback = f"{settings.PUBLIC_URL}/{STATUS_PATH}/{key}"
        sid = self._client.create(to=composed.to, text=composed.text, status_callback=callback)
        return Accepted("201", sid)

    def look_up(self, message: Message, key: str, *, since: datetime) -> Accepted | None:  # noqa: ARG002
        """Whether Twilio has a message to this patient's number with this message's link.

        Raises ``NotSent`` when it cannot be asked.
        """
        token = Link.of_message(message, verdicts.about(message)).token
        sid = self._client.find(to=str(message.patient.phone), marker=token, since=since)
        return None if sid is None else Accepted("found", sid)

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()
