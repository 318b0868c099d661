"""Offers of free times for tests."""

from datetime import datetime, timedelta

from clinics.models import User
from notifications.engine.states import Channel, Step
from notifications.models import Message, Offer
from scheduler.models import Appointment, Status
from tests.factories.scheduler import AppointmentFactory
from treatments.models import WaitlistEntry


def held(entry: WaitlistEntry, *, at: datetime, until: datetime) -> Appointment:
    """A time that is held for whoever waits."""
    site = entry.visit.course.site
    return AppointmentFactory(
        site=site, patient=None, status=Status.HELD, starts_at=at, hold_expires_at=until, summary="Infusion 3 of 3"
    )


def offered(entry: WaitlistEntry, *, at: datetime, now: datetime, by: User, hold: Appointment | None = None) -> Offer:
    """A time that is offered to who waits for a day from ``now``, whatever the calendar says; the message waits."""
    until = now + timedelta(days=1)
    hold = hold or held(entry, at=at, until=until)
    appointment = entry.visit.appointment
    message = Message.objects.create(
        patient=entry.visit.course.patient,
        appointment=hold,
        step=Step.OFFER,
        channel=Channel.EMAIL,
        due_at=now,
        next_try_at=now,
        not_after=until,
    )
    return Offer.objects.create(
        entry=entry,
        hold=hold,
        message=message,
        ends_at=hold.ends_at,
        resources={},
        stands_at=appointment.starts_at if appointment else None,
        until=until,
        offered_at=now,
        offered_by=by,
    )
