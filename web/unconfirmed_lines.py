"""Unconfirmed visits as the list shows them: the last message, the patient's words, why the visit stands so high."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest

from clinics.models import Site
from clinics.permissions import Permission, allows
from core import clock
from notifications.engine.answers import Meaning
from notifications.models import Message
from notifications.queries import reach
from notifications.queries.unconfirmed import Unconfirmed
from scheduler.models import Appointment
from web import statuses, words
from web.access import StaffRequest
from web.message_lines import MessageLine

_MEANT = {
    Meaning.WORDS: "Unclear reply",
    Meaning.CHANGE: "Wants another time",
    Meaning.CANNOT_COME: "Cannot come",
}


@dataclass(frozen=True, slots=True)
class UnconfirmedLine:
    """One row. Times are local to the site; ``next_key`` is the row the focus goes to once this one is seen to."""

    row: Unconfirmed
    starts: datetime
    ends: datetime
    message: MessageLine | None
    next_key: str = ""

    @property
    def key(self) -> str:
        """The id of its element."""
        return f"visit-{self.row.appointment.pk}"

    @property
    def meant(self) -> str:
        """What the patient's answer is taken for; empty if there is none."""
        return _MEANT[Meaning(self.row.meaning)] if self.row.meaning else ""

    @property
    def state(self) -> statuses.State | None:
        """Where the last message stands."""
        return self.message.state if self.message else None

    @property
    def why(self) -> str:
        """Why it stands so high: such as "First infusion · missed 2 before"."""
        said = []
        if self.row.is_first:
            said.append("first infusion")
        if self.row.missed_before:
            said.append(f"missed {self.row.missed_before} before")
        if self.row.failed:
            said.append("message did not arrive")
        text = ", ".join(said)
        return f"{text[:1].upper()}{text[1:]}"

    @property
    def attempts(self) -> str:
        """Such as "2 messages left"."""
        return f"{words.count(self.row.attempts, 'message')} left" if self.row.attempts else ""


def lines(rows: list[Unconfirmed], site: Site, request: StaffRequest, *, now: datetime) -> list[UnconfirmedLine]:
    """The lines of a site, each knowing the one after it."""
    may_read = allows(request.user, Permission.VIEW_MESSAGES)
    today = clock.local(now, site.zone).date()
    return [
        UnconfirmedLine(
            row=row,
            starts=clock.local(row.appointment.starts_at, site.zone),
            ends=clock.local(row.appointment.ends_at, site.zone),
            message=_message(row.message, row.appointment, today) if row.message and may_read else None,
            next_key=f"visit-{after.appointment.pk}" if after else "",
        )
        for row, after in zip_longest(rows, rows[1:])
    ]


def _message(message: Message, appointment: Appointment, today: date) -> MessageLine:
    if message.patient_id == appointment.patient_id and appointment.patient is not None:
        message.patient = appointment.patient  # read already
        return MessageLine(message, (), None, today, reach.hindrances([message]).get(message.pk))
    return MessageLine(message, (), None, today)
