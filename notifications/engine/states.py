"""The words of a message's life, and which may follow which."""

from enum import StrEnum


class Labelled(StrEnum):
    """A string enum whose members carry the words staff read."""

    label: str

    def __new__(cls, value: str, label: str = "") -> "Labelled":
        """A member from its value and its words."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Value and words of every member, as Django's fields take them."""
        return [(member.value, member.label) for member in cls]

    @classmethod
    def values(cls) -> list[str]:
        """The plain values, as constraints and migrations keep them."""
        return [member.value for member in cls]


class Channel(Labelled):
    """A way of reaching a patient."""

    EMAIL = "email", "E-mail"


class Step(Labelled):
    """What a message is for."""

    PLAN = "plan", "Plan"
    THREE_DAYS = "three_days", "3 days before"
    ONE_DAY = "one_day", "1 day before"
    DAY_OF = "day_of", "On the day"


class State(Labelled):
    """Where a message stands."""

    SCHEDULED = "scheduled", "Will be sent"
    SENDING = "sending", "Being sent"
    RETRY_WAIT = "retry_wait", "Will be tried again"
    UNCERTAIN = "uncertain", "May have been sent"
    ACCEPTED = "accepted", "Sent"
    STOPPED = "stopped", "Not sent"
    EXPIRED = "expired", "Too late"
    WITHDRAWN = "withdrawn", "Withdrawn"
    DEAD = "dead", "Failed"


FINAL = frozenset({State.ACCEPTED, State.STOPPED, State.EXPIRED, State.WITHDRAWN, State.DEAD})
"""Nothing follows these; a database trigger keeps it so."""
WAITING = frozenset({State.SCHEDULED, State.RETRY_WAIT, State.UNCERTAIN})
"""From these a dispatcher may take a message; of the uncertain only those with a next try."""

TRANSITIONS: list[tuple[State, State]] = [
    *[(waiting, State.SENDING) for waiting in sorted(WAITING)],
    *[(waiting, given_up) for waiting in sorted(WAITING) for given_up in sorted(FINAL - {State.ACCEPTED})],
    *[(waiting, State.RETRY_WAIT) for waiting in sorted(WAITING - {State.RETRY_WAIT})],
    *[(State.SENDING, after) for after in sorted(WAITING | FINAL)],
]
"""Every change of state there is. From ``sending`` a message returns to waiting when its turn did not come."""


class Reason(Labelled):
    """Why a message is not on its way; empty when it is."""

    NONE = "", ""
    NO_CONSENT = "no_consent", "The patient did not agree to e-mail"
    NO_ADDRESS = "no_address", "There is no e-mail address"
    CANCELLED = "cancelled", "The visit was cancelled"
    MOVED = "moved", "The visit was moved"
    NOT_EXPECTED = "not_expected", "The patient is not expected any more"
    TOO_LATE = "too_late", "Its time was over"
    QUIET_HOURS = "quiet_hours", "Only quiet hours were left"
    REFUSED = "refused", "The mail server refused it for good"
    UNWRITABLE = "unwritable", "Something in it could not be read"
    GAVE_UP = "gave_up", "Every try failed"
    NO_ANSWER = "no_answer", "The mail server did not say whether it took it"


class Outcome(Labelled):
    """How one request to a provider ended; empty while it is open."""

    OPEN = "", "Open"
    ACCEPTED = "accepted", "Accepted"
    REJECTED_PERMANENT = "rejected_permanent", "Refused for good"
    REJECTED_RETRYABLE = "rejected_retryable", "Refused for now"
    UNKNOWN = "unknown", "Unknown"
