"""A new link for a patient whose old one has ended: only ever to the phone or mailbox that is known."""

from datetime import datetime, timedelta

import structlog

from clinics.models import Patient, User
from clinics.permissions import Permission, require
from core import rate_limit
from core.errors import Conflict
from notifications.actions import copies
from notifications.engine.states import RESENDABLE, Channel, Step
from notifications.models import Link, Message
from notifications.models.link import Purpose
from notifications.queries import reach

log = structlog.get_logger(__name__)

WITHIN = timedelta(days=180)
"""A link that ended longer ago offers nothing: phone numbers are given to others after a while."""
TRIED = 5
"""So many of the newest messages are looked at for one that has still something to say."""
EACH, EACH_SECONDS = 2, 24 * 3600
"""A patient gets so many links by asking in so much time, from whichever old link."""


class AskedOften(Conflict):
    """A link was sent not long ago."""

    code = "asked_often"


def replaceable(token: str, *, now: datetime) -> Link | None:
    """The link with this token if it opened visits and ended by itself, not long ago; none that was taken back. One query."""
    rows = Link.objects.opened_by(token).filter(
        purpose__in=(Purpose.VISIT, Purpose.PLAN),
        revoked_at=None,
        expires_at__lte=now,
        expires_at__gt=now - WITHIN,
        patient__merged_into=None,
    )
    return rows.select_related("patient__site").first() if token else None


def offer(patient: Patient) -> Channel | None:
    """On which channel a new link can be sent, texts first; None for nowhere. No query."""
    return next(iter(_reached(patient)), None)


def _reached(patient: Patient) -> list[Channel]:
    """The channels on which the patient can be written to, texts first."""
    asked = [Message(patient=patient, channel=channel) for channel in reach.channels_of(patient, Step.PLAN)]
    hindered = reach.hindrances(asked)
    found = [Channel(message.channel) for message in asked if message.pk not in hindered]
    return sorted(found, key=lambda channel: channel is Channel.EMAIL)


def send(*, link: Link, by: User, now: datetime) -> Message | None:
    """Says again, at once, what was last said to the patient about visits to come, with links as they are now.

    None if there is nothing to say any more: nobody is told the difference. ``link`` is a replaceable one.
    Raises ``AskedOften``, ``NotAllowed``.
    """
    require(by, Permission.RUN_SYSTEM)
    patient = link.patient
    if patient is None:
        return None
    if not rate_limit.allowed("new-link", str(patient.pk), limit=EACH, seconds=EACH_SECONDS):
        raise AskedOften("A link was sent not long ago.")
    for channel in _reached(patient):
        rows = Message.objects.filter(patient=patient, channel=channel, state__in=RESENDABLE).exclude(
            step__in=[Step.FORM, Step.OFFER]
        )
        for message in rows.select_related("patient__site", "appointment").order_by("-due_at", "-id")[:TRIED]:
            try:
                made = copies.send_again(message=message, by=by, now=now)
            except copies.NotToBeSentAgain:
                continue
            log.info("new_link", message=str(made.pk))
            return made
    return None
