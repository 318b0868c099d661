"""A signed request to a service of the clinic's own choice.

``POST <address>`` with JSON ``{"to", "from", "text"}``, and three headers: ``Idempotency-Key`` names the message, the
same for every try; ``X-Courseline-Timestamp`` is seconds since 1970; ``X-Courseline-Signature`` is ``v1=`` and the
HMAC-SHA256, in hexadecimal, over timestamp, a dot, and the body. The service must take one key only once, for
``KEY_LASTS``; and refuse what is unsigned or older than five minutes. 2xx: taken. 4xx: never, except 401, 403, 404, 408,
409, 425 and 429, which are about the moment or the installation.
"""

import hashlib
import hmac
import json
from datetime import datetime, timedelta

from notifications.channels.base import NotSent
from notifications.channels.http import Caller
from notifications.engine.states import Outcome

KEY_LASTS = timedelta(hours=24)
_FOR_NOW = frozenset({401, 403, 404, 408, 409, 425, 429})


class Client:
    """One service. ``secret`` signs the requests."""

    def __init__(self, *, address: str, secret: str, sender: str, answer_seconds: float | None = None) -> None:
        self._address, self._secret, self._sender = address, secret, sender
        self._caller = Caller(answer_seconds=answer_seconds)

    def create(self, *, to: str, text: str, key: str, now: datetime) -> str:
        """Hands a text over, and returns the service's id of it.

        Raises ``NotSent``.
        """
        body = json.dumps({"to": to, "from": self._sender, "text": text}, ensure_ascii=False).encode()
        at = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-Courseline-Timestamp": at,
            "X-Courseline-Signature": signature(secret=self._secret, at=at, body=body),
        }
        answer = self._caller.ask("POST", self._address, data=body, headers=headers)
        if 200 <= answer.status < 300:
            return str(answer.body.get("id") or answer.status)[:64]
        final = 400 <= answer.status < 500 and answer.status not in _FOR_NOW
        outcome = Outcome.REJECTED_PERMANENT if final else Outcome.REJECTED_RETRYABLE
        raise NotSent(outcome, str(answer.status), retry_after=answer.retry_after)

    def close(self) -> None:
        """Ends the connections."""
        self._caller.close()


def signature(*, secret: str, at: str, body: bytes) -> str:
    """What the header ``X-Courseline-Signature`` carries."""
    return "v1=" + hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
