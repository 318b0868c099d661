"""Levelling a period: fewer starts on full days, by moving visits of running courses to other days of it. Reads only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count

from clinics.models import Site
from core import clock
from core.errors import InvalidInput
from scheduler.engine.request import Keep, Window
from scheduler.models import Appointment, Status
from scheduler.models.change_set import Verb
from treatments.life import replanning
from treatments.life.replanning import KEEP
from treatments.life.ripples import Change
from treatments.life.running import Running
from treatments.many import closures
from treatments.many.batches import Answer, Batch, Member, faults
from treatments.many.differing import Difference, of_batch, of_days
from treatments.many.together import Calendars
from treatments.models import CourseStatus, Visit
from treatments.planning import AHEAD

LONGEST_DAYS = 31
MOST_STARTS = 500
MOST_MOVES = 200


@dataclass(frozen=True, slots=True)
class Levelling:
    """What is asked for.

    Nothing leaves the local dates ``from_on`` to ``until_on``, both included. Without a ``target`` it is the mean of the
    open dates, rounded up. Visits that a patient has confirmed stay unless ``confirmed_too``.
    """

    site: Site
    from_on: date
    until_on: date
    target: int | None = None
    most_moves: int = 20
    confirmed_too: bool = False

    def check(self, now: datetime) -> None:
        """Raises ``InvalidInput`` for a period that is over or too long, and for numbers that make no sense."""
        today = clock.local(now, self.site.zone).date()
        if not today <= self.from_on <= today + AHEAD:
            raise InvalidInput("Choose a date between today and two years ahead.", pointer="from_on")
        if not self.from_on < self.until_on <= self.from_on + timedelta(days=LONGEST_DAYS - 1):
            raise InvalidInput(f"Choose 2 to {LONGEST_DAYS} days.", pointer="until_on")
        if self.target is not None and not 1 <= self.target <= MOST_STARTS:
            raise InvalidInput(f"Choose 1 to {MOST_STARTS} starts a day.", pointer="target")
        if not 1 <= self.most_moves <= MOST_MOVES:
            raise InvalidInput(f"Choose 1 to {MOST_MOVES} moves.", pointer="most_moves")

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {
            "from_on": self.from_on.isoformat(),
            "until_on": self.until_on.isoformat(),
            "target": self.target,
            "most_moves": self.most_moves,
            "confirmed_too": self.confirmed_too,
        }


def read(site: Site, data: Mapping[str, Any]) -> Levelling:
    """What a job kept."""
    return Levelling(
        site,
        date.fromisoformat(data["from_on"]),
        date.fromisoformat(data["until_on"]),
        data["target"],
        data["most_moves"],
        data["confirmed_too"],
    )


@dataclass(frozen=True)
class _Read:
    """The courses with visits that may move, and how many visits start on each open date."""

    batch: Batch
    starts: Mapping[date, int]


def answer(
    levelling: Levelling,
    *,
    now: datetime,
    stop: Callable[[], bool] | None = None,
    on_progress: Callable[[int, int, object], None] | None = None,
) -> Answer:
    """The moves that bring the most, with the starts of each date before and after. Raises ``InvalidInput``."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.levelling import Aim, level

    found = _read(levelling, now=now)
    members = {member.key: member for member in found.batch.members}
    if not members:
        return {**found.batch.answer([]), "days": _days(found.starts, found.starts)}
    grid = found.batch.members[0].question.request.grid
    target = levelling.target or max(1, -(-sum(found.starts.values()) // max(1, len(found.starts))))
    aim = Aim({grid.day_of(on): count for on, count in found.starts.items()}, target, levelling.most_moves)
    done = level([member.wanted() for member in members.values()], aim, stop=stop, on_progress=on_progress)
    changes = [members[key].change(Verb.LEVEL, places, {}) for key, places in sorted(done.places.items())]
    after = {on: done.starts[grid.day_of(on)] for on in found.starts}
    return {**found.batch.answer(changes), "days": _days(found.starts, after)}


def restored(
    levelling: Levelling, stored: Answer, *, now: datetime
) -> tuple[Sequence[Change] | None, tuple[Difference, ...]]:
    """The changes of an answer, if courses, calendars and the starts of each date are as they were.

    Otherwise None, and what is different.
    """
    found = _read(levelling, now=now)
    days = tuple(of_days({each["on"]: each["before"] for each in stored["days"]}, found.starts))
    changes = None if days else found.batch.restored(stored)
    return changes, () if changes is not None else (*days, *of_batch(found.batch, stored))


def _days(before: Mapping[date, int], after: Mapping[date, int]) -> list[dict[str, Any]]:
    return [{"on": on.isoformat(), "before": before[on], "after": after[on]} for on in sorted(before)]


def _read(levelling: Levelling, *, now: datetime) -> _Read:
    site, first_on, last_on = levelling.site, levelling.from_on, levelling.until_on
    visits = Visit.objects.filter(
        course__site=site,
        course__status=CourseStatus.ACTIVE,
        appointment__status=Status.BOOKED,
        appointment__local_on__range=(first_on, last_on),
    )
    runnings = [Running.read(key, now=now) for key in sorted(set(visits.values_list("course_id", flat=True)))]
    about = {running.course.pk: _movable(running, levelling) for running in runnings}
    runnings = [running for running in runnings if about[running.course.pk]]
    moving = {key for running in runnings for key in running.appointments(about[running.course.pk])}
    calendars = Calendars.read(site, runnings, first_on=first_on, last_on=last_on, now=now, without=moving)
    members = tuple(_member(calendars, each, about[each.course.pk], levelling) for each in runnings)
    return _Read(Batch(Verb.LEVEL, members), _starts(levelling, calendars))


def _movable(running: Running, levelling: Levelling) -> frozenset[str]:
    """The visits of the course in the period that the planner may move."""
    appointments = {key: running.by_key[key].appointment for key in running.movable}
    return frozenset(
        key
        for key, each in appointments.items()
        if each is not None
        and levelling.from_on <= each.local_on <= levelling.until_on
        and (levelling.confirmed_too or each.confirmed_at is None)
    )


def _starts(levelling: Levelling, calendars: Calendars) -> dict[date, int]:
    """How many visits start on each open date of the period."""
    period = (levelling.from_on, levelling.until_on)
    rows = Appointment.objects.taking().filter(site=levelling.site, local_on__range=period)
    counted = dict(rows.values_list("local_on").annotate(starts=Count("pk")))
    days = [levelling.from_on + timedelta(days=n) for n in range((levelling.until_on - levelling.from_on).days + 1)]
    return {on: counted.get(on, 0) for on in days if calendars.grid.day_of(on) in calendars.open_days}


def _member(calendars: Calendars, running: Running, about: frozenset[str], levelling: Levelling) -> Member:
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.availability import Availability
    from scheduler.engine.levelling import LEVEL

    asked = closures.question(calendars, running, about)
    loose = running.current(asked, sorted(about))
    rules = (
        *replanning.agreed(asked.request, loose),
        *(Keep(f"{KEEP}.{each.visit}", each.visit, each.start, each.resources) for each in loose),
        Window(f"{LEVEL}.period", tuple(sorted(about)), from_on=levelling.from_on, until_on=levelling.until_on),
    )
    request = replace(asked.request, rules=rules)
    free = Availability(request)
    placements = tuple(closures.filled(request, each, free) for each in loose)
    return Member(running, asked, request, placements, faults(request, placements))
