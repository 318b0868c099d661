"""The words of a message for staff to read: as they would be written now, without the patient's private link."""

import re
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from notifications.channels.email import letter
from notifications.channels.sms import text
from notifications.channels.words import Editions
from notifications.engine.states import Channel
from notifications.models import Message
from scheduler.models import Appointment

HIDDEN = "[private link]"
"""Stands where the link is: whoever opens that answers in the patient's name."""


def words_of(message: Message, visits: Sequence[Appointment]) -> str:
    """The text of an e-mail or text message about ``visits``, earliest first; empty for other channels, and without visits.

    Needs ``patient`` and its and the visits' ``site`` loaded. Writes nothing: the link that composing makes is undone.
    """
    if not visits or message.channel not in {Channel.EMAIL, Channel.SMS}:
        return ""
    with transaction.atomic():
        if message.channel == Channel.EMAIL:
            written = str(letter.compose(message, visits, Editions(Channel.EMAIL)).body)
        else:
            written = text.compose(message, visits, Editions(Channel.SMS)).text
        transaction.set_rollback(True)
    return re.sub(re.escape(settings.PUBLIC_URL) + r"/\w+/[\w-]+(\.ics)?", HIDDEN, written)
