"""Senders for ``tests.faults.provider``, one for each thing a provider may offer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import requests

from notifications.channels import Accepted, NotSent
from notifications.engine.retries import Recourse
from notifications.engine.states import Outcome
from notifications.models import Message
from scheduler.models import Appointment


class HttpSender:
    """Class C: neither a key nor a look-up. The provider's address comes from ``PROVIDER_URL``."""

    recourse: ClassVar[Recourse] = Recourse.NONE

    def __init__(self) -> None:
        self._session = requests.Session()
        self._url = os.environ["PROVIDER_URL"]

    def compose(self, message: Message, visits: Sequence[Appointment]) -> Any:
        return b"x" * 100

    def send(self, composed: Any, key: str) -> Accepted:
        headers = {"Key": key, "Sender": str(os.getpid())}
        try:
            answer = self._session.post(f"{self._url}/send", data=composed, headers=headers, timeout=(1, 10))
        except requests.ConnectTimeout as failure:
            raise NotSent(Outcome.REJECTED_RETRYABLE, "no connection") from failure
        except requests.RequestException as failure:
            refused = "refused" in str(failure)
            raise NotSent(Outcome.REJECTED_RETRYABLE if refused else Outcome.UNKNOWN, "cut off") from failure
        status = answer.status_code
        if status in {429, 503}:
            wait = timedelta(seconds=int(answer.headers.get("Retry-After", 0)))
            raise NotSent(Outcome.REJECTED_RETRYABLE, str(status), retry_after=wait)
        if status >= 500:
            raise NotSent(Outcome.UNKNOWN, str(status))
        return Accepted(str(status), provider_id=f"id-{key}")

    def look_up(self, message: Message, key: str, *, since: datetime) -> Accepted | None:
        try:
            answer = self._session.get(f"{self._url}/sent/{key}", timeout=5)
        except requests.RequestException as failure:
            raise NotSent(Outcome.REJECTED_RETRYABLE, "cut off") from failure
        return Accepted("found", provider_id=f"id-{key}") if answer.status_code == 200 else None

    def close(self) -> None:
        self._session.close()


class KeyedSender(HttpSender):
    """Class A."""

    recourse = Recourse.KEY


class AskableSender(HttpSender):
    """Class B."""

    recourse = Recourse.LOOK_UP


class NeverFoundSender(AskableSender):
    """Class B whose look-up is switched off: a negative control."""

    def look_up(self, message: Message, key: str, *, since: datetime) -> Accepted | None:
        return None
