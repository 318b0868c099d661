"""Facts an app announces inside its transaction, to whoever stands above it.

A receiver runs at once, in the same transaction, and may only write rows: no network, no waiting, nothing that a
roll-back could not take back. If it raises, the announcing action fails as a whole. Model signals are not used.
"""

from collections.abc import Callable
from typing import Generic, ParamSpec

from django.db import connection

P = ParamSpec("P")


class Announcement(Generic[P]):
    """One declared fact, with the receivers that asked for it. Declare them in an app's ``announcements.py``."""

    declared: "list[Announcement[...]]" = []

    def __init__(self, name: str, shape: Callable[P, None]) -> None:
        self.name = name
        self.shape = shape
        self.receivers: list[Callable[P, None]] = []
        Announcement.declared.append(self)

    def receive(self, receiver: Callable[P, None]) -> Callable[P, None]:
        """Registers a receiver (once); used as a decorator in an app's ``receivers.py``."""
        if receiver not in self.receivers:
            self.receivers.append(receiver)
        return receiver

    def announce(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Tells the receivers, in the order of registration. Must run inside a transaction."""
        if not connection.in_atomic_block:
            raise RuntimeError(f"{self.name} was announced outside a transaction.")
        for receiver in self.receivers:
            receiver(*args, **kwargs)


def announcement(shape: Callable[P, None]) -> Announcement[P]:
    """Declares an announcement: its name and docstring are the function's, its facts the parameters."""
    return Announcement(shape.__name__, shape)
