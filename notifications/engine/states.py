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
    SMS = "sms", "Text message"
    WEBHOOK = "webhook", "Clinic's own system"
    CALL = "call", "Phone call"


class Step(Labelled):
    """What a message is for."""

    PLAN = "plan", "Plan"
    YOUR_WEEK = "your_week", "Your week"
    SEVEN_DAYS = "seven_days", "7 days before"
    THREE_DAYS = "three_days", "3 days before"
    ONE_DAY = "one_day", "1 day before"
    DAY_OF = "day_of", "On the day"
    FORM = "form", "Form to fill in"
    CHANGED = "changed", "Change"
    CANCELLED = "cancelled", "Cancellation"
    OFFER = "offer", "Free time offered"


ASKS = frozenset({Step.YOUR_WEEK, Step.SEVEN_DAYS, Step.THREE_DAYS})
"""What asks whether the patient will come: needless once the patient said so."""
NEWS = frozenset({Step.PLAN, Step.CHANGED, Step.CANCELLED})
"""What a patient is told about a change set; the week's is about the visits of one week, a form's about what opens on one
day, an offer about the time that is held for it, all others about one visit.
"""
OF_VISIT = frozenset({Step.SEVEN_DAYS, Step.THREE_DAYS, Step.ONE_DAY, Step.DAY_OF})


class State(Labelled):
    """Where a message stands."""

    SCHEDULED = "scheduled", "Will be sent"
    SENDING = "sending", "Being sent"
    RETRY_WAIT = "retry_wait", "Will be tried again"
    UNCERTAIN = "uncertain", "May have been sent"
    ACCEPTED = "accepted", "Sent"
    DELIVERED = "delivered", "Arrived"
    UNDELIVERED = "undelivered", "Did not arrive"
    STOPPED = "stopped", "Not sent"
    EXPIRED = "expired", "Too late"
    WITHDRAWN = "withdrawn", "Withdrawn"
    DEAD = "dead", "Failed"


FINAL = frozenset(
    {
        State.ACCEPTED,
        State.DELIVERED,
        State.UNDELIVERED,
        State.STOPPED,
        State.EXPIRED,
        State.WITHDRAWN,
        State.DEAD,
    }
)
"""Nothing is sent after these. A database trigger keeps it so: after ``accepted`` only a receipt follows, after the others
nothing.
"""
RECEIPTS = frozenset({State.DELIVERED, State.UNDELIVERED})
"""What a provider says later about a message it accepted."""
WAITING = frozenset({State.SCHEDULED, State.RETRY_WAIT, State.UNCERTAIN})
"""From these a dispatcher may take a message; of the uncertain only those with a next try."""
UNSENT = frozenset({State.SCHEDULED, State.RETRY_WAIT})
"""Nobody has these in hand and nobody can have received them."""
RESENDABLE = FINAL - {State.WITHDRAWN}
"""What somebody can have sent once more: it went out, or nothing sends it any more. What was taken back is not said."""

TRANSITIONS: list[tuple[State, State]] = [
    *[(waiting, State.SENDING) for waiting in sorted(WAITING)],
    *[(waiting, given_up) for waiting in sorted(WAITING) for given_up in sorted(FINAL - RECEIPTS - {State.ACCEPTED})],
    *[(waiting, State.RETRY_WAIT) for waiting in sorted(WAITING - {State.RETRY_WAIT})],
    *[(waiting, State.UNCERTAIN) for waiting in sorted(WAITING - {State.UNCERTAIN})],
    *[(State.SENDING, after) for after in sorted(WAITING | FINAL - RECEIPTS)],
    *[(State.ACCEPTED, receipt) for receipt in sorted(RECEIPTS)],
]
"""Every change of state there is. From ``sending`` a message returns to waiting when its turn did not come; to ``uncertain``
it goes unsent when the database it stands in was restored.
"""


class Reason(Labelled):
    """Why a message is not on its way; empty when it is."""

    NONE = "", ""
    NO_CONSENT = "no_consent", "The patient did not agree to this way of being told"
    NO_ADDRESS = "no_address", "There is no address or number"
    OPTED_OUT = "opted_out", "The patient wants no more of these"
    CANCELLED = "cancelled", "The visit was cancelled"
    MOVED = "moved", "The visit was moved"
    NOT_EXPECTED = "not_expected", "The patient is not expected any more"
    BUDGET = "budget", "More texts than a patient is to get"
    CONFIRMED = "confirmed", "The patient had said that they come"
    TAKEN_BACK = "taken_back", "It was taken back before it was said"
    MERGED = "merged", "Said together with a later change"
    WEEK = "week", "Said in the message about the week"
    ANSWERED = "answered", "There was no form to fill in any more"
    OFFER_OVER = "offer_over", "The time was offered no more"
    NOT_WANTED = "not_wanted", "The clinic sends no such reminder any more"
    TOO_LATE = "too_late", "Its time was over"
    QUIET_HOURS = "quiet_hours", "Only quiet hours were left"
    REFUSED = "refused", "The provider refused it for good"
    UNWRITABLE = "unwritable", "Something in it could not be read"
    GAVE_UP = "gave_up", "Every try failed"
    NO_ANSWER = "no_answer", "The provider did not say whether it took it"
    RESTORED = "restored", "Due while the database was being restored; it may have been sent before"


class Outcome(Labelled):
    """How one request to a provider ended; empty while it is open. ``NOT_MADE``: it was written down, and then put off."""

    OPEN = "", "Open"
    ACCEPTED = "accepted", "Accepted"
    REJECTED_PERMANENT = "rejected_permanent", "Refused for good"
    REJECTED_RETRYABLE = "rejected_retryable", "Refused for now"
    UNKNOWN = "unknown", "Unknown"
    NOT_MADE = "not_made", "Not made"
