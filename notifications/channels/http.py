"""One request to a provider over HTTP, and how far it got.

A request that could not be sent at all was refused for now. Once it has begun to leave, a lost connection, silence or
an error of the server leaves it unknown. Nothing is repeated here: one request is one attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from json import JSONDecodeError, loads
from time import monotonic
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from core import clock
from notifications.channels.base import NotSent
from notifications.engine.states import Outcome

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""How long a provider may be silent; together well inside the minute a request may take of its lease."""
LARGEST_ANSWER = 1_000_000
LONGEST_RETRY_AFTER = timedelta(hours=1)
"""A provider that asks for a longer pause is asked again after this."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said: the status, the JSON object in the body (empty if there was none), the pause it asks for."""

    status: int
    body: dict[str, Any]
    retry_after: timedelta | None = None


class Caller:
    """Connections to one provider, kept for the length of a batch and used by one thread."""

    def __init__(self, *, answer_seconds: float | None = None) -> None:
        self._answer_seconds = ANSWER_SECONDS if answer_seconds is None else answer_seconds
        self._session = requests.Session()
        self._session.trust_env = False  # no proxies and no sign-in from files nobody configured here

    def ask(
        self,
        method: str,
        address: str,
        *,
        data: Mapping[str, str] | bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Makes one request, follows no redirect, and returns whatever was answered below 500.

        Raises ``NotSent``: refused for now when nothing can have left, unknown otherwise.
        """
        try:
            with self._session.request(
                method,
                address,
                data=data,
                params=params,
                headers=dict(headers or {}),
                auth=auth,
                timeout=(CONNECT_SECONDS, self._answer_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code >= 500:
                    raise NotSent(Outcome.UNKNOWN, str(response.status_code))
                body = _body(response, until=monotonic() + self._answer_seconds)
                return Answer(response.status_code, body, retry_after(response))
        except requests.RequestException as failure:
            raise NotSent(*meaning(failure)) from None  # its text repeats the address, which may name a number

    def close(self) -> None:
        """Ends the connections."""
        self._session.close()


def _body(response: requests.Response, *, until: float) -> dict[str, Any]:
    """The JSON object of an answer. One that is cut short, too long, or no JSON is an answer without one."""
    content = b""
    try:
        for piece in response.iter_content(65_536):
            content += piece
            if len(content) > LARGEST_ANSWER or monotonic() > until:
                return {}
        found = loads(content or b"{}")
    except (requests.RequestException, JSONDecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def meaning(failure: requests.RequestException) -> tuple[Outcome, str]:
    """How far a request got that ended without an answer, and a code for it."""
    if isinstance(failure, requests.exceptions.SSLError):
        return Outcome.REJECTED_RETRYABLE, "certificate"
    if isinstance(failure, requests.ConnectTimeout):
        return Outcome.REJECTED_RETRYABLE, "no connection"
    if isinstance(failure, requests.ConnectionError) and _never_connected(failure):
        return Outcome.REJECTED_RETRYABLE, "no connection"
    if isinstance(failure, requests.ReadTimeout):
        return Outcome.UNKNOWN, "timeout"
    if isinstance(failure, ValueError):  # an address that is none, a header that cannot be sent
        return Outcome.REJECTED_RETRYABLE, "not a request"
    return Outcome.UNKNOWN, "disconnected"


def _never_connected(failure: requests.ConnectionError) -> bool:
    cause = failure.args[0] if failure.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)


def retry_after(response: requests.Response) -> timedelta | None:
    """The pause of a ``Retry-After`` header, in seconds or until a date, at most ``LONGEST_RETRY_AFTER``."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(timedelta(seconds=min(int(value[:9]), 86_400)), LONGEST_RETRY_AFTER)
    try:
        pause = parsedate_to_datetime(value) - clock.now()
    except (ValueError, TypeError):
        return None
    return max(timedelta(0), min(pause, LONGEST_RETRY_AFTER))
