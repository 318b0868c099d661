"""Messages and attempts."""

from notifications.models.attempt import Attempt
from notifications.models.message import Message

__all__ = ["Attempt", "Message"]
