"""Offers of free times as the desk reads them: who was asked, whether the message went out, and what they said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from clinics.models import Site
from core import clock
from notifications.engine.states import State
from notifications.models import Offer, OfferState
from notifications.queries import offers as reading
from web import statuses, words

_OVER = {
    OfferState.ACCEPTED: statuses.State("Took it", "✓", "confirmed"),
    OfferState.DECLINED: statuses.State("Said no, keeps their time", "–", "done"),
    OfferState.LOST: statuses.State("Somebody else took it, keeps their time", "–", "done"),
    OfferState.WITHDRAWN: statuses.State("Offered no more", "–", "done"),
    OfferState.EXPIRED: statuses.State("No answer in time", "?", "missed"),
}
_SENT = (State.ACCEPTED, State.DELIVERED)


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One person who was asked. ``at`` is the time offered and ``until`` the end of the answer time, local to the site."""

    offer: Offer
    standing: OfferState
    at: datetime
    until: datetime

    @property
    def state(self) -> statuses.State:
        """Where it stands, in words."""
        by, message = self.offer.message.get_channel_display(), State(self.offer.message.state)
        why = reading.not_sent(self.offer)
        if self.standing in {OfferState.OPEN, OfferState.EXPIRED} and why is not None:
            said = f": {why.label[:1].lower()}{why.label[1:]}" if why else ""
            return statuses.State(f"{by} was not sent{said}", "!", "missed")
        if self.standing is not OfferState.OPEN:
            return _OVER[self.standing]
        until = f"waits for an answer until {words.clock(self.until.time())}"
        return statuses.State(f"{by} {'sent' if message in _SENT else 'on its way'}, {until}", "…", "waiting")

    @property
    def to_call(self) -> bool:
        """Whether somebody should call: the message did not go out, or nobody answered it; and the time may be free still."""
        return self.standing is OfferState.EXPIRED or (
            self.standing is OfferState.OPEN and reading.not_sent(self.offer) is not None
        )


@dataclass(frozen=True, slots=True)
class Offered:
    """One time and everybody who was asked about it, local to the site."""

    hold: UUID
    starts: datetime
    ends: datetime
    made: datetime
    by: str
    lines: tuple[OfferLine, ...]

    @property
    def is_open(self) -> bool:
        """Whether somebody can still take it."""
        return any(line.standing is OfferState.OPEN for line in self.lines)


def offered(offers: Sequence[Offer], site: Site, *, now: datetime) -> list[Offered]:
    """The times of offers read with ``queries.offers.listed``, in their order."""

    def local(at: datetime) -> datetime:
        return clock.local(at, site.zone)

    found = []
    for _, together in groupby(offers, key=lambda each: each.hold_id):
        of_hold = list(together)
        first, hold = of_hold[0], of_hold[0].hold
        found.append(
            Offered(
                hold=hold.pk,
                starts=local(hold.starts_at),
                ends=local(hold.ends_at),
                made=local(first.offered_at),
                by=first.offered_by.name,
                lines=tuple(
                    OfferLine(each, each.standing(now=now), local(hold.starts_at), local(each.until))
                    for each in of_hold
                ),
            )
        )
    return found
