"""What every channel looks like from the dispatcher."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from notifications.engine.states import Outcome
from notifications.models import Message
from scheduler.models import Appointment


class NotSent(Exception):
    """A request that did not end in "accepted".

    ``outcome`` says whether trying again makes sense; ``code`` is the provider's status, never its text;
    ``retry_after`` the pause it asks for, if it does.
    """

    def __init__(self, outcome: Outcome, code: str = "", *, retry_after: timedelta | None = None) -> None:
        super().__init__(f"{outcome.value} {code}".strip())
        self.outcome = outcome
        self.code = code
        self.retry_after = retry_after

    @property
    def permanent(self) -> bool:
        """Whether the provider said that it will never take this message."""
        return self.outcome is Outcome.REJECTED_PERMANENT


class Sender(Protocol):
    """One channel, open for the length of a batch and used by one thread."""

    def compose(self, message: Message, visits: Sequence[Appointment]) -> Any:
        """The words, ready to be sent. No network. ``visits`` are those to speak of, earliest first."""

    def send(self, composed: Any) -> str:
        """Hands it over with one request, and returns the provider's status.

        Raises ``NotSent``.
        """

    def close(self) -> None:
        """Ends the connection, if there is one. Never raises."""
