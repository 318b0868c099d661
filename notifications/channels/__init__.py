"""Ways of reaching a patient, a folder each. To add one: a folder with a class like ``Sender``, a line in ``open_sender``,
a member of ``notifications.engine.states.Channel``.
"""

from notifications.channels.base import NotSent, Sender
from notifications.engine.states import Channel

__all__ = ["NotSent", "Sender", "open_sender"]


def open_sender(channel: str) -> Sender:
    """The sender of a channel; it connects when the first message is sent."""
    from notifications.channels.email.smtp import SmtpSender  # imported here: keeps web start-up light

    senders: dict[str, type[Sender]] = {Channel.EMAIL: SmtpSender}
    return senders[channel]()
