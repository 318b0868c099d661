"""Weeks of booked courses, as if the clinic had been at work: some behind, most ahead, a few visits missed."""

import random
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypedDict

from clinics.models import Patient, Site, User
from core import clock
from core.errors import DomainError
from devtools.demo import people, scores
from scheduler.actions import appointments
from scheduler.models import Appointment, Status
from treatments.actions import courses, protocols
from treatments.actions.courses import Placed
from treatments.models import Course, Protocol, ProtocolVersion
from treatments.protocols.references import block_of

CATALOGUE = Path(__file__).resolve().parents[2] / "treatments" / "catalog"
BEHIND = timedelta(days=17)
AHEAD = timedelta(days=8)
TWICE, THRICE = "iv-ketamine-depression-twice-weekly", "iv-ketamine-depression-thrice-weekly"
SHARE = {
    TWICE: 10,
    THRICE: 5,
    "ketamine-chronic-pain-pt-mindfulness": 7,
    "esketamine": 5,
    "crps-ten-weekdays": 2,
    "crps-taper": 1,
    "lidocaine": 5,
    "infliximab": 5,
}
"""How many courses of each protocol; the rest of the patients have none yet."""
DECIDED = 3
"""So many courses of six infusions in two weeks come first: by now it is to be decided how they go on."""
WISHES: tuple[dict[str, object], ...] = (
    {},
    {"not_before": "12:00"},
    {},
    {"not_after": "13:00"},
    {"not_before": "13:30"},
)
"""What patients prefer, one after the other: left to itself a planner fills the mornings first."""
LEFT_OPEN = {-6: "integration", -1: "follow_up"}
"""Of these courses of two infusions a week, which visit waits for a time: the first of that block that is still ahead."""


def load_catalogue(*, by: User, now: datetime) -> None:
    """Publishes the reference protocols."""
    for path in sorted(CATALOGUE.glob("*.yaml")):
        protocols.publish(document=path.read_text(), by=by, now=now)


def fill(site: Site, everybody: Sequence[Patient], *, now: datetime, say: Callable[[str], None]) -> None:
    """Books the courses, each as it would have been booked on its day, then lives the days up to now."""
    desk = User.objects.get(email=f"desk@{people.DOMAIN}")
    clinician = User.objects.get(email=f"clinician@{people.DOMAIN}")
    order = random.Random(14)
    queue = [code for code, count in SHARE.items() for _ in range(count)]
    order.shuffle(queue)
    for _ in range(DECIDED):
        queue.remove(THRICE)
    queue[:0] = [THRICE] * DECIDED
    turns = [number for number, code in enumerate(queue) if code == TWICE]
    left_open = {turns[turn]: block for turn, block in LEFT_OPEN.items()}
    booked = 0
    for number, (code, patient) in enumerate(zip(queue, everybody, strict=False)):
        starts = now - BEHIND + (BEHIND + AHEAD) * number / len(queue)
        asked = min(starts - timedelta(days=1), now)
        wanted: Wanted = {
            "protocol_version": Protocol.objects.get(code=code).current,
            "site": site,
            "patient": patient,
            "start_on": clock.local(max(starts, asked), site.zone).date(),
            "wishes": WISHES[number % len(WISHES)],
            "by": desk,
            "now": asked,
        }
        try:
            chosen = _all_but_one(wanted, left_open[number], now=now) if number in left_open else None
            courses.book(**wanted, visits=chosen, partial=True, clinician=clinician)
            booked += 1
        except DomainError as error:
            say(f"Course {number + 1} was not booked: {error.message}")
        if booked % 5 == 0:
            say(f"Booked {booked} of {len(queue)} courses")
    live(site, by=desk, now=now, order=order)
    scores.record(site, by=User.objects.get(email=f"nurse@{people.DOMAIN}"), now=now, order=order)
    say(f"{Course.objects.count()} courses with {Appointment.objects.count()} appointments")


class Wanted(TypedDict):
    """What proposing a course and booking it have in common."""

    protocol_version: ProtocolVersion
    site: Site
    patient: Patient
    start_on: date
    wishes: dict[str, object]
    by: User
    now: datetime


def _all_but_one(wanted: Wanted, block: str, *, now: datetime) -> list[Placed]:
    """The places of the best plan, without that of the first visit of this block after today: it is found later."""
    planned = [visit for visit in courses.propose(**wanted).visits if visit.starts_at is not None]
    tomorrow = clock.day_bounds(clock.local(now, wanted["site"].zone).date(), wanted["site"].zone)[1]
    ahead = [
        each.key for each in planned if block_of(each.key) == block and each.starts_at and each.starts_at >= tomorrow
    ]
    return [
        Placed(each.key, each.starts_at, {role: str(resource.pk) for role, resource in each.resources.items()})
        for each in planned
        if each.starts_at is not None and each.key not in ahead[:1]
    ]


def live(site: Site, *, by: User, now: datetime, order: random.Random) -> None:
    """Gives the visits that have begun the status they would have by now."""
    begun = list(
        Appointment.objects.filter(
            site=site, status=Status.BOOKED, starts_at__lte=now + timedelta(minutes=15)
        ).order_by("starts_at")
    )
    today = [each for each in begun if each.local_on == clock.local(now, site.zone).date()]
    over = [each for each in today if each.ends_at <= now]
    for appointment in begun:
        if today and appointment == today[-1] and appointment not in over:
            continue  # somebody is late
        if over and appointment == over[-1]:  # one of today's is missed, whatever the dice say
            appointments.set_status(appointment=appointment, status=Status.MISSED, by=by, now=now, version=None)
            continue
        for status, at in _life(appointment, now=now, order=order):
            appointments.set_status(appointment=appointment, status=status, by=by, now=at, version=None)
            appointment.refresh_from_db()


def _life(appointment: Appointment, *, now: datetime, order: random.Random) -> list[tuple[Status, datetime]]:
    if appointment.ends_at <= now:
        if order.random() < 0.06:
            return [(Status.MISSED, appointment.starts_at + timedelta(minutes=30))]
        return [(Status.ARRIVED, appointment.starts_at), (Status.DONE, appointment.ends_at)]
    if appointment.starts_at <= now:
        return [(Status.ARRIVED, appointment.starts_at), (Status.IN_TREATMENT, appointment.starts_at)]
    return [(Status.ARRIVED, now)] if order.random() < 0.5 else []
