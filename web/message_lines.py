"""Messages as staff read them: where each stands in words, what can be done about it, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core import clock
from notifications.engine.states import NEWS, RESENDABLE, UNSENT, WAITING, Channel, Reason, State
from notifications.models import Message, Pause
from notifications.queries import explanations, pauses, reach
from web import statuses, words

_PASSED = {
    Channel.EMAIL: "Passed to the mail server",
    Channel.SMS: "Passed to the phone network",
    Channel.WEBHOOK: "Passed to the clinic's own system",
    Channel.CALL: "On the desk's list of calls",
}
_HINDERED = {Reason.NO_ADDRESS: "no address or number", Reason.NO_CONSENT: "the patient did not agree to it"}
_FOR_PEOPLE = (State.DEAD, State.EXPIRED, State.UNDELIVERED)


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One message of a list. ``told`` says why it stands there; ``pause`` is what holds it back."""

    message: Message
    told: tuple[str, ...]
    pause: Pause | None
    today: date
    hindered: Reason | None = None
    """Why it would not go out as things stand; nothing where it would."""

    @property
    def state(self) -> statuses.State:
        """Where it stands."""
        state = State(self.message.state)
        if self.message.is_held:
            return statuses.State("Held back until let go", "‖", "waiting")
        if self.pause is not None and state in UNSENT:
            return statuses.State(f"Held back: {self.pause}", "‖", "waiting")
        return self._coming(state) if state in UNSENT else self._tried(state)

    def _tried(self, state: State) -> statuses.State:
        """Of a message that is, or was, in somebody's hands, or is given up."""
        message = self.message
        more = "being looked into" if message.next_try_at else "a person decides"
        where = "mailbox" if message.channel == Channel.EMAIL else "phone"
        why = message.get_reason_display()
        refused = "Refused: the number or mailbox may not exist" if message.reason == Reason.REFUSED else "Failed"
        return {
            State.SENDING: statuses.State("Being sent", "…", "waiting"),
            State.UNCERTAIN: statuses.State(f"May have been sent: {more}", "?", "waiting"),
            State.ACCEPTED: statuses.State(_PASSED[Channel(message.channel)], "✓", "confirmed"),
            State.DELIVERED: statuses.State(f"Reached the {where}", "✓", "confirmed"),
            State.UNDELIVERED: statuses.State("Did not arrive", "!", "missed"),
            State.EXPIRED: statuses.State("Too late to send", "!", "missed"),
            State.DEAD: statuses.State(refused, "!", "missed"),
        }.get(state, statuses.State(f"Not sent: {why[:1].lower()}{why[1:]}" if why else "Not sent", "–", "done"))

    def _coming(self, state: State) -> statuses.State:
        if self.hindered is not None:
            return statuses.State(
                f"Would not go out: {_HINDERED.get(self.hindered, 'cannot be reached')}", "–", "waiting"
            )
        at = self._at(self.message.next_try_at)
        if state is State.RETRY_WAIT:
            return statuses.State(f"Will be tried again {at}", "↻", "waiting")
        if self.message.step in NEWS:
            return statuses.State(f"Goes out {at}, undo is silent until then", "…", "waiting")
        return statuses.State(f"Will be sent {at}", "…", "")

    def _at(self, at: datetime | None) -> str:
        """Such as "Tue 5 May, 9am", or only the time on this day."""
        if at is None:
            return ""
        local = clock.local(at, explanations.zone_of(self.message))
        time = words.clock(local.time())
        return f"at {time}" if local.date() == self.today else f"{words.short_day(local.date())}, {time}"

    @property
    def due(self) -> str:
        """When it was or is due, at the place it is about."""
        local = clock.local(self.message.due_at, explanations.zone_of(self.message))
        return f"{words.short_day(local.date())}, {words.clock(local.time())}"

    @property
    def handled(self) -> bool:
        """Whether somebody has taken care of it."""
        return hasattr(self.message, "handling")

    @property
    def may_send(self) -> str:
        """The words of the press that sends it now; empty where it is not offered."""
        if self.message.state not in WAITING or self.handled:
            return ""
        if self.message.state == State.UNCERTAIN:
            return "" if self.message.next_try_at else "Send again"
        return "Send now"

    @property
    def may_send_again(self) -> bool:
        """Whether a copy of it can be sent."""
        return self.message.state in RESENDABLE

    @property
    def may_hold(self) -> bool:
        """Whether it can be kept back."""
        return self.message.state in UNSENT and not self.message.is_held

    @property
    def may_handle(self) -> bool:
        """Whether it waits for a person."""
        state = State(self.message.state)
        stuck = state is State.UNCERTAIN and self.message.next_try_at is None
        return not self.handled and (stuck or state in _FOR_PEOPLE)


def lines(rows: Sequence[Message], *, paused: Sequence[Pause], now: datetime) -> list[MessageLine]:
    """The lines of messages read with ``messages.shown``. One query."""
    hindered = reach.hindrances(rows)
    told = explanations.of_messages(rows, paused=paused, now=now)
    return [
        MessageLine(
            message=row,
            told=_sentences(told[row.pk]),
            pause=pauses.holding(row, paused),
            today=clock.local(now, explanations.zone_of(row)).date(),
            hindered=hindered.get(row.pk),
        )
        for row in rows
    ]


def _sentences(told: list[str]) -> tuple[str, ...]:
    return tuple(sentence[:1].upper() + sentence[1:] for sentence in told)
