"""Links patients are sent. Nobody signs in: whoever has the link may do the one thing it is for."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from clinics.models import Patient
from core.models import Model
from notifications.engine.states import Channel, Labelled, Step
from notifications.models.message import Message
from scheduler.models import Appointment

TOKEN_BYTES = 16
"""128 bits: nobody guesses them."""
VISIT_GRACE = timedelta(days=7)
PLAN_GRACE = timedelta(days=14)
"""How long after the last visit it is about a link can be opened."""
STOP_GRACE = timedelta(days=365)
"""How long after the last e-mail its link to end them can be opened."""


class Purpose(Labelled):
    """The one thing a link is for."""

    VISIT = "visit", "Answer about one visit"
    PLAN = "plan", "See all visits and answer"
    OFFER = "offer", "Take or leave a free time"
    CALENDAR = "calendar", "Calendar subscription"
    STOP_EMAIL = "stop_email", "Stop e-mail"


_ABOUT_ONE = [Purpose.OFFER.value, Purpose.VISIT.value]


class LinkQuerySet(models.QuerySet["Link"]):
    """Links."""

    def usable(self, *, now: datetime) -> "LinkQuerySet":
        """Those neither expired nor revoked."""
        return self.filter(expires_at__gt=now, revoked_at=None)

    def opened_by(self, token: str) -> "LinkQuerySet":
        """The one that has this token, whether usable or not."""
        return self.filter(token_hash=digest(token))


class Link(Model):
    """One link of one patient or one member of staff. Only the hash of its token is stored.

    The token is made of the installation's secret key and the link's id, so that every try of one message carries the same
    words. ``message`` is the one it was sent with, if it was. Not audited: a link changes once, when it is revoked, and
    keeps by whom; every message has one.
    """

    purpose = models.CharField(max_length=12, choices=Purpose.choices())
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="links")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="calendar_links"
    )
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="links")
    message = models.ForeignKey(Message, on_delete=models.PROTECT, null=True, blank=True, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = LinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values()), name="notifications_link_purpose_known"),
            models.CheckConstraint(
                condition=Q(patient__isnull=False, user=None)
                | Q(patient=None, user__isnull=False, purpose=Purpose.CALENDAR.value),
                name="notifications_link_of_somebody",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=_ABOUT_ONE, appointment__isnull=False)
                | (~Q(purpose__in=_ABOUT_ONE) & Q(appointment=None)),
                name="notifications_link_about_its_visit",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None) | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="notifications_link_revoked_by_somebody",
            ),
            models.UniqueConstraint(fields=["message", "purpose"], name="notifications_link_once_per_message"),
        ]
        indexes = [models.Index(fields=["patient", "purpose"], name="notifications_link_of")]

    def __str__(self) -> str:
        return self.get_purpose_display()

    @property
    def token(self) -> str:
        """The secret part of its address; 22 characters that need no quoting."""
        key = salted_hmac("notifications.link", str(self.pk), algorithm="sha256").digest()
        return base64.urlsafe_b64encode(key[:TOKEN_BYTES]).rstrip(b"=").decode()

    @property
    def opens(self) -> bool:
        """Whether ``token`` still opens it: not after the installation's secret key was changed."""
        return self.token_hash == digest(self.token)

    @classmethod
    def of_message(cls, message: Message, visits: Sequence[Appointment]) -> "Link":
        """The link in a message about ``visits``, not yet written; the same for every try.

        A reminder's is for its visit, an offer's for the time it is about, any other message's for the whole plan. It ends
        some days after the last of them, or after the forms it is about.
        """
        purpose, grace = (Purpose.VISIT, VISIT_GRACE) if message.appointment_id else (Purpose.PLAN, PLAN_GRACE)
        purpose = Purpose.OFFER if message.step == Step.OFFER else purpose
        ends = [message.not_after] if message.form_on else []
        return cls(
            pk=uuid5(message.pk, purpose.value),
            purpose=purpose.value,
            patient_id=message.patient_id,
            appointment_id=message.appointment_id,
            message=message,
            expires_at=max([*(visit.ends_at for visit in visits), *ends]) + grace,
        )

    @classmethod
    def to_stop_email(cls, message: Message) -> "Link":
        """The link that ends a patient's e-mails, not yet written; one for all of them."""
        return cls(
            pk=uuid5(message.patient_id, Purpose.STOP_EMAIL.value),
            purpose=Purpose.STOP_EMAIL.value,
            patient_id=message.patient_id,
            expires_at=message.not_after + STOP_GRACE,
        )

    @classmethod
    def needed_by(cls, message: Message, visits: Sequence[Appointment]) -> list["Link"]:
        """The links in the words of a message about ``visits``, not yet written. A call has none."""
        if message.channel == Channel.CALL:
            return []
        stop = [cls.to_stop_email(message)] if message.channel == Channel.EMAIL else []
        return [cls.of_message(message, visits), *stop]

    @classmethod
    def ensure(cls, *wanted: "Link") -> None:
        """Writes links that are not there, in one statement; those that are live on until the new end, the latest of several."""
        links = {link.pk: link for link in sorted(wanted, key=lambda link: link.expires_at)}.values()
        for link in links:
            link.token_hash = digest(link.token)
        # the token too: it is another one after the installation's secret key was changed
        Link.objects.bulk_create(
            list(links), update_conflicts=True, update_fields=["token_hash", "expires_at"], unique_fields=["id"]
        )

    @classmethod
    def issue(cls, *, purpose: Purpose, now: datetime, lifetime: timedelta, **of: Any) -> "Link":
        """A new link of a patient or a member of staff (``of``) that is not part of a message."""
        link = cls(purpose=purpose.value, expires_at=now + lifetime, **of)
        link.token_hash = digest(link.token)
        link.save(force_insert=True)
        return link


def digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
