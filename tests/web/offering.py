"""People who wait for an earlier time, and the offer of one, for the tests of offers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from core import clock
from notifications.actions import delivery
from notifications.engine.states import Step
from notifications.models import Link, Message
from notifications.models.link import Purpose
from tests.factories.clinics import PatientFactory
from tests.notifications.fake_sender import FakeSender
from treatments.actions import courses, visits, waitlist

if TYPE_CHECKING:
    from django.test import Client

    from clinics.models import Patient, Site, User
    from treatments.models import ProtocolVersion, WaitlistEntry

FREE = "/waitlist/fitting?on=2026-05-14&starts=09:00&ends=10:00"
"""Thursday 14 May: before the third infusion, long enough after the second."""
PERIOD = {"on": "2026-05-14", "starts": "09:00", "ends": "10:00", "resource": ""}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of May 2026 in New York."""
    return datetime(2026, 5, day, hour + 4, minute, tzinfo=UTC)


def waits(
    site: Site, infusions: ProtocolVersion, by: User, now: datetime, *, hour: int = 8, patient: Patient | None = None
) -> WaitlistEntry:
    """Somebody whose third infusion is on Wednesday 20 May, and who would come earlier."""
    booked = courses.book(
        protocol_version=infusions,
        site=site,
        patient=patient or PatientFactory(site=site),
        start_on=date(2026, 5, 5),
        wishes={},
        by=by,
        now=now,
    )
    visit = booked.course.visits.get(key="infusions.3")
    visits.move(visit=visit, starts_at=at(20, hour), by=by, now=now, version=1)
    return waitlist.join(visit=visit, valid_until=date(2026, 6, 30), by=by, now=now)


def offer(desk: Client, *entries: WaitlistEntry, **changes: str):
    """The desk offers the free time to these; the page after it."""
    sent = {**PERIOD, "entry": [str(each.pk) for each in entries], "next": FREE, **changes}
    return desk.post("/waitlist/offer", sent, follow=True).content.decode()


def deliver(by: User) -> set[str]:
    """A dispatcher at work; which offers it sent."""
    sender = FakeSender()
    delivery.deliver_due(by=by, clock=clock.now, open_sender=lambda _: sender)
    return {
        str(key) for key in Message.objects.filter(pk__in=sender.sent, step=Step.OFFER).values_list("pk", flat=True)
    }


def link_for(entry: WaitlistEntry) -> Link:
    """The link in the newest offer to somebody, as its message has it."""
    message = Message.objects.filter(offer__entry=entry, step=Step.OFFER).latest("created_at")
    link = Link.of_message(message, [message.appointment])
    assert link.purpose == Purpose.OFFER
    Link.ensure(link)
    return link


def ticks(page: str) -> list[str]:
    """Who can be ticked."""
    return re.findall(r'name="entry" value="([^"]+)" form="offer"', page)
