"""Ways of reaching a patient, a folder each. To add one: a folder with a class like ``Sender``, a line in ``SENDERS``,
a member of ``notifications.engine.states.Channel``.
"""

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.channels.base import Accepted, NotSent, Sender
from notifications.engine.retries import Recourse
from notifications.engine.states import Channel

__all__ = ["SENDERS", "Accepted", "NotSent", "Sender", "open_sender", "recourse"]

SENDERS: dict[str, str] = {
    Channel.EMAIL: "notifications.channels.email.smtp.SmtpSender",
    Channel.SMS: "notifications.channels.sms.sender.TwilioSender",
    Channel.WEBHOOK: "notifications.channels.webhook.sender.WebhookSender",
    Channel.CALL: "notifications.channels.call.sender.CallSender",
}
"""Which class sends on which channel; imported when first needed, which keeps web start-up light."""
HOSTED_EMAIL = "notifications.channels.email.hosted.HostedSender"
"""E-mail where ``EMAIL_PROVIDER`` names one."""


def open_sender(channel: str) -> Sender:
    """The sender of a channel; it connects when the first message is sent."""
    return _class(channel)()


def recourse(channel: str) -> Recourse:
    """What the provider of a channel offers when an answer was lost; nothing, if nobody sends on it any more."""
    return _class(channel).recourse if channel in SENDERS else Recourse.NONE


def _class(channel: str) -> type[Sender]:
    hosted = channel == Channel.EMAIL and settings.EMAIL_PROVIDER != "smtp"
    return cast("type[Sender]", import_string(HOSTED_EMAIL if hosted else SENDERS[channel]))
