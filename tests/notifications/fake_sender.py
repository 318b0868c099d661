"""A sender without a network, for tests about what the dispatcher does with its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from notifications import channels
from notifications.channels import Accepted
from notifications.engine.retries import Recourse
from notifications.models import Message
from scheduler.models import Appointment


@dataclass
class FakeSender:
    """Calls ``answer`` with the key for every request, and ``known`` for every look-up."""

    recourse: ClassVar[Recourse] = Recourse.NONE
    answer: Callable[[str], Accepted] = lambda _key: Accepted("ok")
    known: Callable[[str], Accepted | None] = lambda _key: None
    sent: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def compose(self, message: Message, visits: Sequence[Appointment]) -> Any:
        return [visit.pk for visit in visits]

    def send(self, composed: Any, key: str) -> Accepted:
        self.sent.append(key)
        return self.answer(key)

    def look_up(self, message: Message, key: str, *, since: Any) -> Accepted | None:
        self.asked.append(key)
        return self.known(key)

    def close(self) -> None:
        pass


class KeyedSender(FakeSender):
    recourse = Recourse.KEY


class AskableSender(FakeSender):
    recourse = Recourse.LOOK_UP


@contextmanager
def in_place_of_mail(kind: type[FakeSender]):
    """Makes e-mail go through a class of these, so that what is asked about the channel is asked about it."""
    before = channels.SENDERS["email"]
    channels.SENDERS["email"] = f"{kind.__module__}.{kind.__qualname__}"
    try:
        yield
    finally:
        channels.SENDERS["email"] = before
