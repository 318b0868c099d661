"""Offers of free times as people look for them, and who of those who fit has to be called instead."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from clinics.models import Site
from core import clock
from notifications.engine import quiet_hours
from notifications.engine.states import Channel, Labelled, Reason, State
from notifications.models import Link, Message, Offer, OfferState
from notifications.queries import reach
from treatments.many.waiting import Fit

MOST_A_DAY = 2
"""A patient is offered so many times on one day of theirs; more would hurry them, so a person calls."""
SHOWN_FOR = timedelta(hours=24)
"""What came of an offer is shown to the desk for so long."""


class Obstacle(Labelled):
    """Why somebody is called rather than offered a time by message."""

    BY_PHONE = "by_phone", "fasting, an escort and the pharmacy have to be settled"
    NOT_REACHED = "not_reached", "agreed to no text or e-mail, or has no number or address"
    NIGHT = "night", "it is night there, and a message would wait until 8am"
    OFFERED = "offered", "has a time offered already"
    OFTEN = "often", f"was offered {MOST_A_DAY} times today"


def obstacles(fits: Iterable[Fit], *, now: datetime) -> dict[UUID, Obstacle]:
    """Why some of those who fit cannot be offered it by message, by entry; those who can are left out. One query."""
    fits = list(fits)
    patients = {fit.entry.visit.course.patient_id for fit in fits}
    found: dict[UUID, Obstacle] = {}
    recent: dict[UUID, list[Offer]] = {}
    rows = Offer.objects.filter(entry__visit__course__patient__in=patients, offered_at__gt=now - SHOWN_FOR)
    for offer in rows.select_related("entry__visit__course", "entry__visit__appointment"):
        recent.setdefault(offer.entry.visit.course.patient_id, []).append(offer)
    for fit in fits:
        obstacle = _obstacle(fit, recent.get(fit.entry.visit.course.patient_id, []), now=now)
        if obstacle is not None:
            found[fit.entry.pk] = obstacle
    return found


def _obstacle(fit: Fit, recent: list[Offer], *, now: datetime) -> Obstacle | None:
    patient = fit.entry.visit.course.patient
    if fit.by_phone:
        return Obstacle.BY_PHONE
    if reach.offer_channel(patient) is None:
        return Obstacle.NOT_REACHED
    zone = patient.home_zone
    if quiet_hours.is_quiet(now, zone):
        return Obstacle.NIGHT
    if any(offer.standing(now=now) is OfferState.OPEN for offer in recent):
        return Obstacle.OFFERED
    today = clock.first_instant(clock.local(now, zone).date(), zone)
    return Obstacle.OFTEN if sum(offer.offered_at >= today for offer in recent) >= MOST_A_DAY else None


def listed(site: Site | None, *, now: datetime) -> list[Offer]:
    """The offers of a site, or of all, in the last day, the newest time offered first, with all that is shown of each.

    One query.
    """
    found = _shown().filter(offered_at__gt=now - SHOWN_FOR)
    return list((found.filter(hold__site=site) if site else found).order_by("-hold", "pk"))


def of_hold(hold: UUID) -> list[Offer]:
    """The offers of one time. One query."""
    return list(_shown().filter(hold=hold).order_by("pk"))


def _shown() -> "QuerySet[Offer]":
    return Offer.objects.select_related(
        "entry__visit__course__patient", "entry__visit__appointment", "hold", "message", "offered_by"
    )


def of_link(link: Link) -> Offer | None:
    """What the patient of a link was offered; None where it is no link of an offer. One query."""
    return (
        Offer.objects.filter(message=link.message_id)
        .select_related("entry__visit__course", "entry__visit__appointment", "hold__site")
        .first()
    )


def spoken_of_last(patients: Iterable[UUID], *, now: datetime) -> bool:
    """Whether the last text these patients got, not long ago, was an offer: then a plain "yes" is not about their visit.

    One query.
    """
    newest = (
        Message.objects.filter(
            patient__in=list(patients),
            channel__in=[Channel.SMS, Channel.WEBHOOK],
            state__in=[State.ACCEPTED, State.DELIVERED],
            settled_at__gt=now - SHOWN_FOR,
        )
        .order_by("-settled_at", "-id")
        .values_list("offer", flat=True)
        .first()
    )
    return newest is not None


def not_sent(offer: Offer) -> Reason | None:
    """Why the message of an offer did not go out; None while it may still, or did."""
    over = {State.STOPPED, State.EXPIRED, State.DEAD, State.UNDELIVERED}
    message = offer.message
    return Reason(message.reason) if message.state in over else None


def is_shared(offer: Offer) -> bool:
    """Whether the same time was offered to others, too. One query."""
    return Offer.objects.filter(hold=offer.hold_id).exclude(pk=offer.pk).exists()
