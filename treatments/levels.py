"""Evening out a week: no more starts a day than wished for, by moving visits to other days of the same week. Reads only."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count

from clinics.models import Site
from core import clock
from core.errors import InvalidInput
from scheduler.engine.request import DailyLoad, Keep, Window
from scheduler.models import Appointment, Status
from scheduler.models.change_set import Verb
from treatments import closures, replanning
from treatments.batches import Batch, Member
from treatments.models import CourseStatus, Visit
from treatments.planning import AHEAD
from treatments.replanning import KEEP
from treatments.running import Running
from treatments.together import Calendars

LEVEL = "level"
"""The key of the rule that limits the starts of a day."""
MOST_STARTS = 500


def batch(site: Site, *, week_on: date, at_most: int, now: datetime) -> Batch:
    """Every course with a visit in the week of ``week_on`` (Monday to Sunday) that may be moved.

    Raises ``InvalidInput``.
    """
    check(site, week_on=week_on, at_most=at_most, now=now)
    today = clock.local(now, site.zone).date()
    monday = week_on - timedelta(days=week_on.weekday())
    sunday = monday + timedelta(days=6)
    visits = Visit.objects.filter(
        course__site=site,
        course__status=CourseStatus.ACTIVE,
        appointment__status=Status.BOOKED,
        appointment__local_on__range=(monday, sunday),
        appointment__starts_at__gt=now,
    )
    runnings = [Running.read(key, now=now) for key in sorted(set(visits.values_list("course_id", flat=True)))]
    about = {running.course.pk: _movable(running, monday, sunday) for running in runnings}
    runnings = [running for running in runnings if about[running.course.pk]]
    if not runnings:
        return Batch(Verb.LEVEL, (), loses_nothing=True)
    moving = {key for running in runnings for key in running.appointments(about[running.course.pk])}
    calendars = Calendars.read(site, runnings, first_on=max(monday, today), last_on=sunday, now=now, without=moving)
    limit = DailyLoad(LEVEL, (), _taken(site, calendars, monday, sunday, moving), target=at_most, at_most=at_most)
    members = [_member(calendars, each, about[each.course.pk], (monday, sunday), limit) for each in runnings]
    return Batch(Verb.LEVEL, tuple(members), loses_nothing=True)


def check(site: Site, *, week_on: date, at_most: int, now: datetime) -> None:
    """Raises ``InvalidInput`` for a week that is over or years away, or a limit that makes no sense."""
    today = clock.local(now, site.zone).date()
    sunday = week_on + timedelta(days=6 - week_on.weekday())
    if not today <= sunday <= today + AHEAD:
        raise InvalidInput("Choose a week from this one to two years ahead.", pointer="week_on")
    if not 1 <= at_most <= MOST_STARTS:
        raise InvalidInput(f"Choose 1 to {MOST_STARTS} starts a day.", pointer="at_most")


def _movable(running: Running, monday: date, sunday: date) -> frozenset[str]:
    appointments = {key: running.by_key[key].appointment for key in running.movable}
    return frozenset(
        key for key, each in appointments.items() if each is not None and monday <= each.local_on <= sunday
    )


def _taken(
    site: Site, calendars: Calendars, monday: date, sunday: date, moving: Collection[UUID]
) -> tuple[tuple[int, int], ...]:
    """How many visits start on each day of the week that nobody moves."""
    rows = (
        Appointment.objects.taking()
        .filter(site=site, local_on__range=(monday, sunday))
        .exclude(pk__in=moving)
        .values_list("local_on")
        .annotate(starts=Count("pk"))
    )
    return tuple(sorted((calendars.grid.day_of(on), starts) for on, starts in rows))


def _member(
    calendars: Calendars,
    running: Running,
    about: frozenset[str],
    week: tuple[date, date],
    limit: DailyLoad,
) -> Member:
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.availability import Availability

    asked = closures.question(calendars, running, about)
    loose = running.current(asked, sorted(about))
    keys = tuple(sorted(about))
    rules = (
        *replanning.agreed(asked.request, loose),
        *(Keep(f"{KEEP}.{each.visit}", each.visit, each.start, each.resources) for each in loose),
        Window(f"{LEVEL}.week", keys, from_on=week[0], until_on=week[1]),
        replace(limit, visits=keys),
    )
    request = replace(asked.request, rules=rules)
    free = Availability(request)
    return Member(running, asked, request, tuple(closures.filled(request, each, free) for each in loose))
