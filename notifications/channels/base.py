"""What every channel looks like from the dispatcher."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from notifications.engine.retries import Recourse
from notifications.engine.states import Outcome
from notifications.models import Message
from scheduler.models import Appointment


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took a message. ``code`` is its status, ``provider_id`` what its later receipts call the message."""

    code: str = ""
    provider_id: str = ""


class NotSent(Exception):
    """A request that did not end in "accepted".

    ``outcome`` says whether trying again makes sense; ``code`` is the provider's status, never its text.
    ``retry_after`` is how long the provider wants to be left alone. ``opted_out``: the provider says that the recipient
    wants nothing more on this channel.
    """

    def __init__(
        self, outcome: Outcome, code: str = "", *, retry_after: timedelta | None = None, opted_out: bool = False
    ) -> None:
        super().__init__(f"{outcome.value} {code}".strip())
        self.outcome = outcome
        self.code = code
        self.retry_after = retry_after
        self.opted_out = opted_out

    @property
    def permanent(self) -> bool:
        """Whether the provider said that it will never take this message."""
        return self.outcome is Outcome.REJECTED_PERMANENT


class Sender(Protocol):
    """One channel, open for the length of a batch and used by one thread.

    ``recourse`` says what the provider offers when an answer was lost.
    """

    recourse: ClassVar[Recourse]

    def compose(self, message: Message, visits: Sequence[Appointment]) -> Any:
        """The words, ready to be sent. No network. ``visits`` are those to speak of, earliest first."""

    def send(self, composed: Any, key: str) -> Accepted:
        """Hands it over with one request, which ends within ``delivery.LONGEST_REQUEST``. No hidden repeats.

        ``key`` is the same for every try at one message; a provider that honours it takes the message once.

        Raises ``NotSent``.
        """

    def look_up(self, message: Message, key: str, *, since: datetime) -> Accepted | None:
        """Whether the provider took this message after ``since``; None if it did not. Asked of ``Recourse.LOOK_UP`` only.

        Raises ``NotSent`` when the provider cannot be asked now.
        """

    def close(self) -> None:
        """Ends the connection, if there is one. Never raises."""
