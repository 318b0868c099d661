"""Messages and attempts, what patients answer, and what they agreed to."""

from notifications.models.attempt import Attempt
from notifications.models.consent import Consent
from notifications.models.inbound import Answer, DeskTask, Receipt
from notifications.models.link import Link
from notifications.models.message import Message
from notifications.models.template import Template

__all__ = ["Answer", "Attempt", "Consent", "DeskTask", "Link", "Message", "Receipt", "Template"]
