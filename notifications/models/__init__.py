"""Messages and attempts, the switches that hold them back, and what is known about where they stand."""

from notifications.models.attempt import Attempt
from notifications.models.handling import Handling
from notifications.models.installation import Installation, Sign
from notifications.models.message import Message
from notifications.models.pause import Cause, Pause

__all__ = ["Attempt", "Cause", "Handling", "Installation", "Message", "Pause", "Sign"]
