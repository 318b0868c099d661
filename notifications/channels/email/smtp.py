"""Handing e-mail to an SMTP server, and telling exactly how far it got.

An SMTP server takes a message when it answers the body with 250. Up to the body nothing can have been sent; once the
body is on its way a lost connection leaves it unknown, and SMTP offers no way to ask.
"""

import smtplib
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any, ClassVar, cast

from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from notifications.channels.base import Accepted, NotSent
from notifications.channels.email import letter
from notifications.channels.words import Editions
from notifications.engine.retries import Recourse
from notifications.engine.states import Channel, Outcome
from notifications.models import Message
from scheduler.models import Appointment


class TrackingSMTP(smtplib.SMTP):
    """A connection that knows whether the body of the present message has begun to leave."""

    body_left = False
    _go_ahead = False

    def send(self, s: Any) -> None:
        """Sends bytes; after the server's go-ahead for a body these are the body."""
        self.body_left = self.body_left or self._go_ahead
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """The server's reply; 354 is its go-ahead for a body."""
        code, text = super().getreply()
        self._go_ahead = code == 354
        return code, text


class TrackingSMTPoverTLS(TrackingSMTP, smtplib.SMTP_SSL):
    """The same, over TLS from the first byte."""


class _Backend(EmailBackend):
    """Django's own connection settings (host, TLS, sign-in, timeout) with our connections."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return TrackingSMTPoverTLS if self.use_ssl else TrackingSMTP


@dataclass(frozen=True, slots=True)
class Envelope:
    """An e-mail as SMTP carries it."""

    sender: str
    recipient: str
    content: bytes


class SmtpSender:
    """One SMTP connection, kept for all messages of a batch. Implements ``notifications.channels.Sender``."""

    recourse: ClassVar[Recourse] = Recourse.NONE

    def __init__(self) -> None:
        self._backend = _Backend()
        self._editions = Editions(Channel.EMAIL)

    def compose(self, message: Message, visits: Sequence[Appointment]) -> Envelope:
        """The e-mail of ``letter.compose`` as bytes. Whatever is wrong with it shows here, before the network."""
        composed = letter.compose(message, visits, self._editions)
        return Envelope(
            sender=sanitize_address(parseaddr(composed.from_email)[1], "utf-8"),
            recipient=sanitize_address(composed.to[0], "utf-8"),
            content=cast("Any", composed.message()).as_bytes(linesep="\r\n"),  # Django's own, with line ends
        )

    def send(self, composed: Envelope, key: str) -> Accepted:  # noqa: ARG002 - SMTP knows no keys; the Message-ID is one
        """Hands the e-mail over. If a connection that was already in use fails before the body, tries on a new one.

        Raises ``NotSent``.
        """
        reused = self._backend.connection is not None
        try:
            return self._hand_over(composed)
        except NotSent as failure:
            if not (reused and failure.outcome is Outcome.REJECTED_RETRYABLE and self._backend.connection is None):
                raise
        return self._hand_over(composed)

    def look_up(self, message: Message, key: str, *, since: datetime) -> Accepted | None:
        """An SMTP server cannot be asked."""
        raise NotImplementedError

    def close(self) -> None:
        """Says goodbye to the server, if it is still there."""
        connection, self._backend.connection = self._backend.connection, None
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def _hand_over(self, envelope: Envelope) -> Accepted:
        connection: TrackingSMTP | None = None
        try:
            self._backend.open()
            connection = cast("TrackingSMTP | None", self._backend.connection)
            assert connection is not None  # noqa: S101 - open() raises otherwise
            connection.body_left = False
            connection.sendmail(envelope.sender, [envelope.recipient], envelope.content)
        except smtplib.SMTPRecipientsRefused as refused:
            raise NotSent(*_by_code(refused.recipients[envelope.recipient][0])) from refused
        except smtplib.SMTPDataError as refused:
            raise NotSent(*_by_code(refused.smtp_code)) from refused
        except smtplib.SMTPResponseException as refused:
            # greeting, sign-in or sender refused: about this installation, not about this message
            self._drop()
            raise NotSent(Outcome.REJECTED_RETRYABLE, str(refused.smtp_code)) from refused
        except (OSError, smtplib.SMTPException) as failure:
            left = connection is not None and connection.body_left
            self._drop()
            raise NotSent(Outcome.UNKNOWN if left else Outcome.REJECTED_RETRYABLE, _name(failure)) from failure
        return Accepted("250")

    def _drop(self) -> None:
        connection, self._backend.connection = self._backend.connection, None
        if connection is not None:
            connection.close()


def _by_code(code: int) -> tuple[Outcome, str]:
    return (Outcome.REJECTED_PERMANENT if 500 <= code < 600 else Outcome.REJECTED_RETRYABLE), str(code)


def _name(failure: Exception) -> str:
    if isinstance(failure, TimeoutError):
        return "timeout"
    if isinstance(failure, socket.gaierror):
        return "no such host"
    return "connection refused" if isinstance(failure, ConnectionRefusedError) else "disconnected"
