"""Offering a time that has become free to those who wait for one, by message; the first yes has it.

The time is held while the offers run, and everybody keeps the time they have until they take it. Nothing has to run for an
offer to end: it ends by the clock, as its hold does.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from clinics.models import Site, User
from clinics.permissions import Permission, require, require_own
from core import audit, clock, locks
from core.errors import Conflict, InvalidInput
from notifications.actions import wakers
from notifications.engine.states import UNSENT, Reason, State, Step
from notifications.models import Link, Message, Offer, OfferState
from notifications.queries import offers as reading
from notifications.queries import reach
from scheduler.actions import appointments, taking
from scheduler.actions.appointments import Booking, Taken
from scheduler.models import Appointment, Resource, Status
from treatments.actions import waitlist
from treatments.many import waiting
from treatments.many.waiting import Fit
from treatments.models import WaitlistEntry, WaitlistStatus

log = structlog.get_logger(__name__)

MOST = 3
"""So many are asked at a time: some are told in vain that a time was free."""
ANSWER_MINUTES = 15
"""How long a time is held for an answer: long enough to see a text and ask at home, short enough to call somebody else."""
LEAST_TO_ANSWER = timedelta(minutes=5)
"""A message that would leave less than this for an answer is not sent any more."""


class CannotOffer(Conflict):
    """Somebody does not fit, cannot be asked by message, or the time cannot be held. The message says who and why."""

    code = "cannot_offer"


class OfferOver(Conflict):
    """The time is not offered to this patient any more. ``state`` says what became of the offer."""

    code = "offer_over"

    def __init__(self, state: OfferState) -> None:
        super().__init__(f"This is not open any more: {state.label[:1].lower()}{state.label[1:]}.")
        self.state = state


def offer(
    *,
    site: Site,
    entries: Collection[UUID],
    starts_at: datetime,
    ends_at: datetime,
    resource: Resource | None = None,
    by: User,
    now: datetime,
) -> list[Offer]:
    """Holds one time in the period, and offers it to these entries of the waitlist: at most ``MOST``, all at the same start.

    The period and ``resource`` are those of ``waiting.matches``. The start is the one that suits the first of them, in rank,
    best. Raises ``CannotOffer``, ``NotAllowed``, ``InvalidInput``, ``Busy``.
    """
    for permission in (Permission.SEND_MESSAGES, Permission.MOVE_VISITS):
        require(by, permission)
    if not 1 <= len(set(entries)) <= MOST:
        raise InvalidInput(f"Choose one to {MOST} people.", pointer="entry")

    def fitting(first: datetime, last: datetime) -> list[Fit]:
        found = waiting.matches(site=site, starts_at=first, ends_at=last, now=now, resource=resource)
        return [fit for fit in found if fit.entry.pk in set(entries)]

    chosen = fitting(starts_at, ends_at)
    if len(chosen) < len(set(entries)):
        raise CannotOffer("Somebody you chose could not take this time any more. Look again who fits.")
    start = chosen[0].starts_at
    if any(fit.starts_at != start for fit in chosen):
        alike = fitting(start, start + waiting.ONE_START)
        if missing := [fit for fit in chosen if fit.entry.pk not in {each.entry.pk for each in alike}]:
            at = f"{clock.local(start, site.zone):%H:%M}"
            raise CannotOffer(f"{_name(missing[0])} could not begin at {at} as the others. Offer it without them.")
        chosen = alike
    _check(chosen, now=now)

    def attempt() -> list[Offer]:
        rows = WaitlistEntry.objects.filter(pk__in=entries).order_by("pk").select_for_update()
        if any(row.status != WaitlistStatus.WAITING for row in rows):
            raise CannotOffer("Somebody you chose does not wait any more. Look again who fits.")
        _check(chosen, now=now)  # again, behind the locks: of two who offer to one patient the second is told
        held = appointments.hold(
            site=site, patient=None, bookings=[_held(chosen)], by=by, now=now, minutes=ANSWER_MINUTES
        )
        return _write(chosen, held.appointments[0], by=by, now=now)

    try:
        with audit.acting(by):
            made = locks.retrying(attempt)
    except Taken as error:
        few = "" if len(chosen) == 1 else " It may still be held for fewer people."
        raise CannotOffer(f"This time cannot be held. {error.message}{few}", detail=error.detail) from error
    log.info("offered", hold=str(made[0].hold_id), number=len(made))
    return made


def accept(*, link: Link, by: User, now: datetime) -> Offer:
    """The patient takes the time: their visit moves there in one change set, and nobody else can have it.

    Pressed again, nothing more happens. Raises ``OfferOver``, ``NotAllowed``, ``Busy``, and what ``waitlist.take`` raises where
    the course has changed meanwhile; then everything stays as it is.
    """
    require(by, Permission.RUN_SYSTEM)

    def attempt() -> Offer:
        own, others = _round(link, by=by)
        if own.state == OfferState.ACCEPTED:
            return own
        _check_open(own, now=now)
        # in the same transaction, so that nobody gets between: the place is free for this visit only
        appointments.release(appointments=[own.hold], by=by, now=now)
        own.change_set = waitlist.take(
            entry=own.entry,
            starts_at=own.hold.starts_at,
            resources=own.resources,
            agreed=True,
            by=by,
            now=now,
        )
        _settle([own], OfferState.ACCEPTED, now=now)
        _settle([each for each in others if each.state == OfferState.OPEN], OfferState.LOST, now=now)
        return own

    with audit.acting(by):
        return locks.retrying(attempt)


def decline(*, link: Link, by: User, now: datetime) -> Offer:
    """The patient keeps what they have. When nobody is left to answer, the time is free again.

    Pressed again, nothing more happens. Raises ``OfferOver``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.RUN_SYSTEM)

    def attempt() -> Offer:
        own, others = _round(link, by=by)
        if own.state == OfferState.DECLINED:
            return own
        _check_open(own, now=now)
        _settle([own], OfferState.DECLINED, now=now)
        if not any(each.standing(now=now) is OfferState.OPEN for each in others):
            appointments.release(appointments=[own.hold], by=by, now=now)
        return own

    with audit.acting(by):
        return locks.retrying(attempt)


def withdraw(*, hold: UUID, site: Site, by: User, now: datetime) -> list[Offer]:
    """Offers a time no more: those who have not answered read so behind their link, and it is free for others.

    Safe to repeat: gives those it ended. Raises ``NotAllowed``, ``Busy``.
    """
    for permission in (Permission.SEND_MESSAGES, Permission.MOVE_VISITS):
        require(by, permission)

    def attempt() -> list[Offer]:
        rows = [each for each in _locked(hold) if each.state == OfferState.OPEN and each.hold.site_id == site.pk]
        if rows:
            _settle(rows, OfferState.WITHDRAWN, now=now)
            appointments.release(appointments=[rows[0].hold], by=by, now=now)
        return rows

    with audit.acting(by):
        return locks.retrying(attempt)


# --- offering ------------------------------------------------------------------------------------------------


def _name(fit: Fit) -> str:
    return fit.entry.visit.course.patient.short_name


def _check(chosen: Sequence[Fit], *, now: datetime) -> None:
    """Raises ``CannotOffer`` if one of them has to be called, or one patient is chosen twice."""
    if len({fit.entry.visit.course.patient_id for fit in chosen}) < len(chosen):
        raise CannotOffer("Two of those you chose are visits of one patient. Offer one of them.")
    obstacles = reading.obstacles(chosen, now=now)
    for fit in chosen:
        if fit.entry.pk in obstacles:
            raise CannotOffer(f"Call {_name(fit)} instead: {obstacles[fit.entry.pk].label}.")


def _held(chosen: Sequence[Fit]) -> Booking:
    """What is held, so that each of them could have it."""
    booking = taking.any_of([fit.booking for fit in chosen])
    return replace(booking, summary=f"Offered: {booking.summary}"[:100])


def _write(chosen: Sequence[Fit], hold: Appointment, *, by: User, now: datetime) -> list[Offer]:
    until = now + timedelta(minutes=ANSWER_MINUTES)
    made = []
    for fit in chosen:
        visit = fit.entry.visit
        patient = visit.course.patient
        channel = reach.offer_channel(patient)
        assert channel is not None  # noqa: S101 - just checked
        message = Message(
            patient=patient,
            appointment=hold,
            schedule_epoch=hold.schedule_epoch,
            step=Step.OFFER,
            channel=channel,
            due_at=now,
            next_try_at=now,
            not_after=until - LEAST_TO_ANSWER,
        )
        made.append(
            Offer(
                entry=fit.entry,
                hold=hold,
                message=message,
                ends_at=fit.ends_at,
                resources={role: str(each.pk) for role, each in fit.resources.items()},
                stands_at=visit.appointment.starts_at if visit.appointment else None,
                until=until,
                offered_at=now,
                offered_by=by,
            )
        )
    Message.objects.bulk_create([each.message for each in made])
    Offer.objects.bulk_create(made)
    wakers.wake(due_at=now, now=now)
    return made


# --- answering -----------------------------------------------------------------------------------------------


def _locked(hold: UUID) -> list[Offer]:
    """The offers of one time as they are now, locked in one order: of several answers at once, each sees those before it."""
    return list(
        Offer.objects.filter(hold=hold)
        .select_related("entry__visit__course", "entry__visit__appointment", "hold__site")
        .order_by("pk")
        .select_for_update(of=("self",))
    )


def _round(link: Link, *, by: User) -> tuple[Offer, list[Offer]]:
    """The offer of a link and those of the same time to others, locked. Raises ``OfferOver``, ``NotAllowed``."""
    rows = _locked(link.appointment_id) if link.appointment_id else []
    own = next((each for each in rows if each.message_id == link.message_id), None)
    if own is None:
        raise OfferOver(OfferState.WITHDRAWN)
    require_own(by, Permission.MOVE_VISITS, patient=link.patient_id, of=own.entry.visit.course.patient_id)
    return own, [each for each in rows if each.pk != own.pk]


def _check_open(own: Offer, *, now: datetime) -> None:
    """Raises ``OfferOver``."""
    state = own.standing(now=now)
    if state is OfferState.OPEN and own.hold.status != Status.HELD:
        state = OfferState.EXPIRED
    if state is not OfferState.OPEN:
        raise OfferOver(state)


def _settle(rows: Sequence[Offer], state: OfferState, *, now: datetime) -> None:
    """Ends these offers, and takes back what of their messages is not on its way."""
    for row in rows:
        row.state, row.settled_at = state, now
        row.save(update_fields=["state", "settled_at", "change_set", "updated_at"])
    Message.objects.filter(pk__in=[row.message_id for row in rows], state__in=UNSENT).update(
        state=State.WITHDRAWN, reason=Reason.OFFER_OVER, next_try_at=None, settled_at=now, updated_at=now
    )
