"""How the network misbehaves. Each fault is used once, in order; without one it behaves."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class SendFault(StrEnum):
    """What goes wrong when a message is handed over."""

    NONE = "none"
    DROP_BEFORE = "drop_before"
    """The connection is reset; nothing was taken."""
    ACCEPT_THEN_DROP = "accept_then_drop"
    """The message is taken, then the connection is reset."""
    ACCEPT_THEN_500 = "accept_then_500"
    ERROR_500 = "error_500"
    """Nothing was taken."""
    ACCEPT_SLOWLY = "accept_slowly"
    """The message is taken; the answer comes after the client has given up."""
    TOO_MANY = "too_many"
    """429 with Retry-After; nothing was taken."""
    GARBAGE = "garbage"
    """The message is taken; the answer is 201 with a body nobody can read."""


class ReceiptFault(StrEnum):
    """What goes wrong with the receipts of one message."""

    NONE = "none"
    LOST = "lost"
    DUPLICATE = "duplicate"
    REORDERED = "reordered"
    UNDELIVERED = "undelivered"
    """No fault of the receipts: they say that the phone could not be reached."""


@dataclass
class Faults:
    """The faults still to come, and how long a slow answer and a pause after 429 are, in seconds."""

    slow_seconds: float = 2.0
    retry_after_seconds: int = 7
    _send: deque[SendFault] = field(default_factory=deque)
    _receipts: deque[ReceiptFault] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, *, send: Iterable[str] = (), receipts: Iterable[str] = ()) -> None:
        """Replaces the faults still to come. Raises ``ValueError`` for an unknown one."""
        with self._lock:
            self._send, self._receipts = deque(map(SendFault, send)), deque(map(ReceiptFault, receipts))

    def next_send(self) -> SendFault:
        """The fault of the next hand-over."""
        with self._lock:
            return self._send.popleft() if self._send else SendFault.NONE

    def next_receipts(self) -> ReceiptFault:
        """The fault of the next message's receipts."""
        with self._lock:
            return self._receipts.popleft() if self._receipts else ReceiptFault.NONE
