"""What makes a week worth looking at: confirmations, papers, rides home, a closed day, an ill nurse, people who wait."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from clinics.models import Site, User
from core import clock
from devtools.demo import people
from scheduler.actions import confirmations, resources, site_hours
from scheduler.models import Appointment, Resource, Status
from scheduler.queries import hours
from treatments.actions import changes, gates, waitlist
from treatments.life.events import Cancel, Scope
from treatments.models import Course, CourseStatus, Visit, VisitStatus
from treatments.protocols.gates import ESCORT
from treatments.queries import readiness

CONFIRMED_DAYS = 4
"""Most visits of so many days ahead are confirmed."""
SOON = timedelta(days=5)
WAITING = 3
"""So many patients would come earlier."""


def close_a_day(site: Site, *, by: User, now: datetime) -> date:
    """Closes the first open weekday four days ahead or later, before anything is booked on it. Gives the date."""
    today = clock.local(now, site.zone).date()
    days = hours.site_days(site, first_on=today + timedelta(days=4), days=14)
    on = next(day.on for day in days if day.windows and day.on.weekday() < 5)
    site_hours.set_day(site=site, on=on, reason="Staff training", by=by, now=now)
    return on


def fill(site: Site, *, now: datetime, say: Callable[[str], None]) -> None:
    """Gives the courses that were booked the life they would have around today."""
    desk = User.objects.get(email=f"desk@{people.DOMAIN}")
    order = random.Random(29)  # always the same week
    hand_in_papers(site, by=desk, now=now, order=order)
    confirm(site, by=desk, now=now, order=order)
    free_a_time(site, by=desk, now=now)
    ill = fall_ill(site, by=desk, now=now)
    say(f"Visits are confirmed, rides arranged, {WAITING} patients wait for an earlier date{ill}")


def hand_in_papers(site: Site, *, by: User, now: datetime, order: random.Random) -> None:
    """Consents, results and rides home: all but a few are there."""
    for course in Course.objects.filter(site=site, status=CourseStatus.ACTIVE).select_related(
        "site", "protocol_version__protocol", "patient"
    ):
        ahead = list(
            course.visits.filter(status__in=readiness.AHEAD, appointment__isnull=False).select_related("appointment")
        )
        keys = [visit.key for visit in course.visits.all() if visit.status not in readiness.GONE]
        before = clock.first_instant(course.start_on, site.zone) - timedelta(days=3)
        for gate in readiness.gates(course.protocol_version):
            if order.random() < 0.1:
                continue  # still to come
            asks = gate.asks(keys)
            visits = [visit for visit in ahead if visit.key in asks] if gate.per_visit else []
            if gate.kind == ESCORT:  # whoever fetches the patient is asked a few days ahead
                visits = [each for each in visits if each.appointment and each.appointment.starts_at < now + SOON]
            if gate.per_visit and not visits:
                continue
            gates.fulfil(course=course, gate=gate.key, visits=visits, by=by, now=now, done_at=min(before, now))


def confirm(site: Site, *, by: User, now: datetime, order: random.Random) -> None:
    """Patients have confirmed most visits of the next days."""
    soon = Appointment.objects.filter(
        site=site, status=Status.BOOKED, starts_at__gt=now, starts_at__lt=now + timedelta(days=CONFIRMED_DAYS)
    )
    for appointment in soon.order_by("starts_at"):
        days_ahead = (appointment.starts_at - now).days
        if order.random() < 0.9 - 0.25 * days_ahead:
            confirmations.confirm(appointment=appointment, schedule_epoch=appointment.schedule_epoch, by=by, now=now)


def free_a_time(site: Site, *, by: User, now: datetime) -> None:
    """Somebody cannot come in three days or later, and those whose infusions are next after that would come earlier."""
    given_up, *later = _infusions(site, after=now + timedelta(days=3))[:50]
    assert given_up.appointment is not None  # noqa: S101 - asked for
    changes.apply(event=Cancel(given_up.course_id, given_up.key, Scope.THIS), by=by, now=now, reason="Travels for work")
    earliest = given_up.appointment.starts_at + timedelta(hours=6)
    waiting = [visit for visit in later if visit.appointment and visit.appointment.starts_at > earliest]
    for number, visit in enumerate(waiting[:WAITING]):
        assert visit.appointment is not None  # noqa: S101 - asked for
        until = clock.local(visit.appointment.starts_at, site.zone).date()
        waitlist.join(
            visit=visit, valid_until=until, by=by, now=now, urgent=number == 0, note="Can come at short notice"
        )


def _infusions(site: Site, *, after: datetime) -> QuerySet[Visit]:
    return (
        Visit.objects.filter(
            course__site=site,
            course__status=CourseStatus.ACTIVE,
            family="infusion",
            status=VisitStatus.BOOKED,
            appointment__status=Status.BOOKED,
            appointment__starts_at__gt=after,
        )
        .select_related("course__site", "appointment")
        .order_by("appointment__starts_at")
    )


def fall_ill(site: Site, *, by: User, now: datetime) -> str:
    """The nurse who has most to do on one of the next days is ill: somebody has to find other places. Says so in words."""
    today = clock.local(now, site.zone).date()
    days = hours.site_days(site, first_on=today + timedelta(days=1), days=5)
    nurses = list(Resource.objects.filter(site=site, skills__code="infusion_nurse").order_by("position"))
    busy = {
        (nurse, day.on): Appointment.objects.filter(local_on=day.on, allocations__resource=nurse).distinct().count()
        for day in days
        if day.windows
        for nurse in nurses
    }
    # the first day on which somebody is missed, else the one on which most is to do
    nurse, on = next((found for found, visits in busy.items() if visits > 2), max(busy, key=lambda each: busy[each]))
    starts_at, ends_at = clock.day_bounds(on, site.zone)
    resources.add_absence(
        resource=nurse, starts_at=starts_at, ends_at=ends_at, reason="Ill", by=by, now=now, accept_consequences=True
    )
    return f"; {nurse.name} is ill on {on:%A}"


def sights(site: Site, *, now: datetime) -> list[tuple[str, str]]:
    """What there is to see, each with its path. Only what is there by now."""
    today = clock.local(now, site.zone).date()
    found = [("The day board", "/")]
    ill = Resource.objects.filter(site=site, absences__reason="Ill", absences__ends_at__gt=now).first()
    if ill is not None:
        on = max(clock.local(ill.absences.filter(reason="Ill").latest("starts_at").starts_at, site.zone).date(), today)
        found.append((f"{ill.name} is ill", f"/?on={on}&view=people"))
    days = hours.site_days(site, first_on=today, days=21)
    closed = next((day.on for day in days if day.reason == "Staff training"), None)
    if closed is not None:
        found.append(("A closed day", f"/?on={closed}"))
    return [*found, ("Who waits for a time", "/work-list/"), ("What was sent, and what did not arrive", "/messages/")]
