"""Twilio's API: creating a message, looking it up, and the signature of what Twilio sends here.

Twilio promises no idempotency for creating a message. So one whose outcome is unknown is looked up: the account's
messages to the same number, made since, with the link in it that no other message has.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from notifications.channels.base import NotSent
from notifications.channels.http import Answer, Caller
from notifications.engine.states import Outcome

PAGE = 50
"""Messages to one number that are looked through, newest first: more than a week's budget by far."""
CLOCK_MARGIN = timedelta(minutes=2)
"""How far the provider's clock may be behind ours."""

BLOCKED = "21610"
"""The number has opted out with the provider."""
_ABOUT_THE_NUMBER = frozenset(
    {"21211", "21214", "21217", "21219", "21401", "21408", "21421", "21610", "21612", "21614"}
)
"""Codes that say this number cannot be reached: not valid, not a mobile, not allowed, opted out."""
_ABOUT_THE_TEXT = frozenset({"21602", "21605", "21617", "21619", "21623"})
"""Codes that say this text cannot be sent: empty, too long."""


class Client:
    """One account. ``sender`` is a number in E.164, or the id of a messaging service (``MG…``)."""

    def __init__(
        self, *, base: str, account: str, token: str, sender: str, answer_seconds: float | None = None
    ) -> None:
        self._messages = f"{base}/2010-04-01/Accounts/{account}/Messages.json"
        self._auth = (account, token)
        self._sender = sender
        self._caller = Caller(answer_seconds=answer_seconds)

    def create(self, *, to: str, text: str, status_callback: str = "") -> str:
        """Hands a text message over, and returns Twilio's id of it.

        Raises ``NotSent``.
        """
        fields = {"To": to, "Body": text}
        fields["MessagingServiceSid" if self._sender.startswith("MG") else "From"] = self._sender
        if status_callback:
            fields["StatusCallback"] = status_callback
        answer = self._caller.ask("POST", self._messages, data=fields, auth=self._auth)
        if 200 <= answer.status < 300:
            return str(answer.body.get("sid") or answer.status)[:64]
        raise _refusal(answer)

    def find(self, *, to: str, marker: str, since: datetime) -> str | None:
        """Twilio's id of a message to this number made at or after ``since`` that has ``marker`` in its text, or None.

        Raises ``NotSent`` when Twilio could not be asked.
        """
        answer = self._caller.ask("GET", self._messages, params={"To": to, "PageSize": str(PAGE)}, auth=self._auth)
        listed = answer.body.get("messages")
        if answer.status != 200 or not isinstance(listed, list):
            raise _refusal(answer)
        for each in listed:
            if isinstance(each, dict) and marker in str(each.get("body")) and each.get("to") == to:
                made = _instant(each.get("date_created"))
                if made is not None and made >= since - CLOCK_MARGIN and each.get("direction") != "inbound":
                    return str(each.get("sid"))[:64]
        return None

    def close(self) -> None:
        """Ends the connections."""
        self._caller.close()


def signature(*, token: str, address: str, fields: Mapping[str, Sequence[str]]) -> str:
    """The ``X-Twilio-Signature`` of a form posted to ``address``: HMAC-SHA1 over the address and all fields in order."""
    signed = address + "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def is_genuine(*, token: str, address: str, fields: Mapping[str, Sequence[str]], given: str) -> bool:
    """Whether ``given`` is the signature, compared in constant time. Without a token nothing is genuine."""
    expected = signature(token=token, address=address, fields=fields)
    return bool(token) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _refusal(answer: Answer) -> NotSent:
    code = str(answer.body.get("code") or answer.status)[:40]
    if answer.status == 400 and code in _ABOUT_THE_NUMBER | _ABOUT_THE_TEXT:
        return NotSent(Outcome.REJECTED_PERMANENT, code, opted_out=code == BLOCKED)
    # signing in, the sender, too many requests, an address that moved: about this installation, not this message
    return NotSent(Outcome.REJECTED_RETRYABLE, code, retry_after=answer.retry_after)


def _instant(value: Any) -> datetime | None:
    try:
        return parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
