"""Messages and attempts, which reminders there are, the switches that hold them back, calls, what patients answer and agreed to, free times offered to
those who wait, and how things stand.
"""

from notifications.models.attempt import Attempt
from notifications.models.consent import Consent
from notifications.models.handling import Handling
from notifications.models.inbound import Answer, DeskTask, Receipt
from notifications.models.installation import Installation, Sign
from notifications.models.link import Link
from notifications.models.message import Message
from notifications.models.offer import Offer, OfferState
from notifications.models.pause import Cause, Pause
from notifications.models.phone_call import Outcome, PhoneCall
from notifications.models.policy import ReminderPolicy
from notifications.models.staff_notice import NoticeState, StaffNotice
from notifications.models.template import Template

__all__ = [
    "Answer",
    "Attempt",
    "Cause",
    "Consent",
    "DeskTask",
    "Handling",
    "Installation",
    "Link",
    "Message",
    "NoticeState",
    "Offer",
    "OfferState",
    "Outcome",
    "Pause",
    "PhoneCall",
    "Receipt",
    "ReminderPolicy",
    "Sign",
    "StaffNotice",
    "Template",
]
