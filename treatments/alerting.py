"""Who is asked to look at an alert, and when the next ones are. Reads only.

The course's clinician is asked at once, and whoever stands in: a clinician of the site who is at work. Nobody has seen it
within thirty minutes of opening time: every clinician at work is asked. Another thirty: all clinicians and the managers.
Only the time in which the site is open counts, so nights and holidays pass nothing on; the list of alerts shows it to every
clinician from the first minute.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from clinics.models import Role, Site, User
from core import clock
from scheduler.models import Kind, Resource
from scheduler.queries import hours
from scheduler.queries.hours import Window

STEP = timedelta(minutes=30)
"""So much opening time passes between two steps. Our own default: nothing published sets it."""
LAST_STEP = 2
LOOK_AHEAD_DAYS = 21
"""A site that is closed for longer has nobody whom the clock could wait for; the next step is then at the end of it."""


def on_duty(site: Site, *, now: datetime) -> list[User]:
    """The clinicians of a site who are at work at this instant, by name. Six queries at most."""
    people = list(
        Resource.objects.filter(
            site=site, kind=Kind.PERSON, is_active=True, user__is_active=True, user__role=Role.CLINICIAN
        ).select_related("user")
    )
    on = clock.local(now, site.zone).date()
    at_work = hours.working(people, site, first_on=on - timedelta(days=1), days=3)
    there = [
        person.user
        for person in people
        if person.user is not None and any(starts <= now < ends for starts, ends in at_work[str(person.pk)])
    ]
    return sorted(there, key=lambda user: (user.name, str(user.pk)))


def asked(step: int, *, primary: User | None, duty: Sequence[User], called: Collection[object]) -> list[User]:
    """Whom this step asks, without those who were asked before.

    The first step asks the course's clinician and one who is at work and stands in; with nobody at work, or without a
    clinician of the course, everybody whom the last step would ask.
    """
    if step == 0 and (primary is not None or duty):
        cover = [user for user in duty if primary is None or user.pk != primary.pk][:1]
        wanted = ([primary] if primary is not None else []) + cover
    elif step == 1 and duty:
        wanted = list(duty)
    else:
        wanted = everybody()
    return [user for user in wanted if user.pk not in called]


def everybody() -> list[User]:
    """All clinicians, and the managers, who see only that a clinician is needed. One query."""
    rows = User.objects.filter(is_active=True, role__in=(Role.CLINICIAN, Role.MANAGER))
    return sorted(rows, key=lambda user: (user.role != Role.CLINICIAN, user.name, str(user.pk)))


def next_step_at(site: Site, *, after: datetime, working: timedelta = STEP) -> datetime:
    """The instant at which so much opening time has passed. Two queries."""
    on = clock.local(after, site.zone).date()
    days = hours.site_days(site, first_on=on, days=LOOK_AHEAD_DAYS)
    last = clock.first_instant(on + timedelta(days=LOOK_AHEAD_DAYS), site.zone)
    return passed(hours.opened(days, site.zone), after=after, working=working, otherwise=last)


def passed(windows: Sequence[Window], *, after: datetime, working: timedelta, otherwise: datetime) -> datetime:
    """When so much of these windows, in order and apart from each other, has passed after an instant."""
    left = working
    for starts, ends in windows:
        begins = max(starts, after)
        if begins >= ends:
            continue
        if ends - begins >= left:
            return begins + left
        left -= ends - begins
    return otherwise
