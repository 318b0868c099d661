"""The words of a message for staff to read: as they would be written now, without the patient's private link."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from clinics.models import Patient, Site
from core import clock
from notifications.channels.email import letter
from notifications.channels.sms import text
from notifications.channels.words import Editions
from notifications.engine.states import Channel, Step
from notifications.models import Message
from scheduler.models import Appointment, Status

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
    return _hidden(written)


def example_mail(*, step: Step, language: str, site: Site, starts_at: datetime, ends_at: datetime) -> tuple[str, str]:
    """Subject and text of an e-mail of this step to one made-up patient of a site, about one visit. No query."""
    patient = Patient(site=site, given_name="Ana", family_name="Ruiz", language=language, email="ana@example.org")
    local = clock.local(starts_at, site.zone)
    visit = Appointment(
        site=site,
        patient=patient,
        status=Status.BOOKED,
        starts_at=starts_at,
        ends_at=ends_at,
        local_on=local.date(),
        local_time=local.time(),
        zone=site.zone,
        created_at=starts_at,
        updated_at=starts_at,
    )
    message = Message(patient=patient, channel=Channel.EMAIL, step=step, due_at=starts_at, not_after=starts_at)
    written = letter.compose(message, [visit])
    return str(written.subject), _hidden(str(written.body))


def _hidden(written: str) -> str:
    return re.sub(re.escape(settings.PUBLIC_URL) + r"/\w+/[\w-]+(\.ics)?", HIDDEN, written)
