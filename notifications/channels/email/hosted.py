"""Handing e-mail to a hosted provider over HTTP, through django-anymail: the same letters as over SMTP.

None of these providers promises to take one mail only once, and most cannot be asked; so they count as SMTP does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string
from requests import RequestException

from notifications.channels import http
from notifications.channels.base import Accepted, NotSent
from notifications.channels.email import letter
from notifications.channels.words import Editions
from notifications.engine.retries import Recourse
from notifications.engine.states import Channel, Outcome
from notifications.models import Message
from scheduler.models import Appointment

FOR_GOOD = frozenset({400, 406, 413, 422})
"""Statuses that are about this mail or its recipient; other refusals are about the installation, or the moment."""


class HostedSender:
    """One provider, its connection kept for all messages of a batch. Implements ``notifications.channels.Sender``."""

    recourse: ClassVar[Recourse] = Recourse.NONE

    def __init__(self) -> None:
        backend = import_string(f"anymail.backends.{settings.EMAIL_PROVIDER}.EmailBackend")
        self._backend: BaseEmailBackend = backend()
        self._editions = Editions(Channel.EMAIL)

    def compose(self, message: Message, visits: Sequence[Appointment]) -> EmailMultiAlternatives:
        """The letter. Whatever is wrong with it shows here, before the network."""
        composed = letter.compose(message, visits, self._editions)
        composed.message()
        return composed

    def send(self, composed: EmailMultiAlternatives, key: str) -> Accepted:  # noqa: ARG002 - these know no keys
        """Hands the letter over with one request.

        Raises ``NotSent``.
        """
        try:
            self._backend.send_messages([composed])
        except AnymailRecipientsRefused as refused:
            raise NotSent(Outcome.REJECTED_PERMANENT, "recipient") from refused
        except AnymailAPIError as failure:
            raise _meaning(failure) from None  # its text repeats the letter
        except AnymailError as failure:
            raise NotSent(Outcome.REJECTED_RETRYABLE, type(failure).__name__[:40]) from None
        status: Any = getattr(composed, "anymail_status", None)
        if not (getattr(status, "status", None) or set()) - {"unknown"}:
            raise NotSent(Outcome.UNKNOWN, "no word of the recipient")
        return Accepted("200", str(status.message_id or "")[:100])

    def look_up(self, message: Message, key: str, *, since: datetime) -> Accepted | None:
        """These providers cannot be asked."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends the connection."""
        self._backend.close()


def _meaning(failure: AnymailAPIError) -> NotSent:
    status: int | None = failure.status_code
    if status is None:
        cause: Any = failure.__cause__
        known = isinstance(cause, RequestException)
        return NotSent(*http.meaning(cause)) if known else NotSent(Outcome.UNKNOWN, "no answer")
    if status >= 500 or status < 300:
        return NotSent(Outcome.UNKNOWN, str(status))
    if status in FOR_GOOD:
        return NotSent(Outcome.REJECTED_PERMANENT, str(status))
    pause: timedelta | None = http.retry_after(failure.response)
    return NotSent(Outcome.REJECTED_RETRYABLE, str(status), retry_after=pause)
