"""Years of courses for the scenarios that read many of them, written past the actions and their triggers.

One clinic whose chairs are taken one after another from eight o'clock: every course is a plan that the planner made once, begun in
another week, so that its visits keep the rules. Dice and weeks are always the same.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

from clinics.models import Patient, Site, User
from core import clock
from devtools.demo import clinic, history, people
from notifications.engine.states import Channel, State, Step
from notifications.models import Message
from scheduler.actions import lines, resources
from scheduler.models import Allocation, Appointment, ChangeLine, ChangeSet, Kind, Resource, Status
from treatments.actions import courses
from treatments.models import (
    Assessment,
    Choice,
    Course,
    CourseChange,
    CourseStatus,
    DecisionRecord,
    Mode,
    Protocol,
    ProtocolVersion,
    Visit,
    VisitStatus,
)

PROTOCOL = "iv-ketamine-depression-twice-weekly"
CHAIRS, SLOTS, SLOT = 24, 11, timedelta(minutes=50)
"""So many visits fit into a day, one after another in each chair."""
BECAME = {Status.DONE: VisitStatus.DONE, Status.MISSED: VisitStatus.MISSED, Status.CANCELLED: VisitStatus.CANCELLED}
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
PHQ9 = {str(number): 2 for number in range(1, 10)}


@dataclass
class Written:
    """What is to be written, and how many visits each day has."""

    rows: dict[type[Model], list[Any]] = field(default_factory=dict)
    of_day: Counter[date] = field(default_factory=Counter)

    def add(self, *rows: Model) -> None:
        """Keeps them for later."""
        for row in rows:
            self.rows.setdefault(type(row), []).append(row)


@dataclass(frozen=True)
class Past:
    """Where, by whom and from which plan; ``plan`` has for every visit its days after the first and what it is."""

    site: Site
    by: User
    nurse: User
    version: ProtocolVersion
    chairs: Sequence[Resource]
    plan: Sequence[tuple[int, Visit]]
    now: datetime
    dice: random.Random
    written: Written


def fill(visits: int, days: int, *, now: datetime, busy_today: bool = False) -> Site:
    """A clinic with about so many visits of courses that began in the last so many days; those of the last weeks go on.

    ``busy_today``: the weekdays of the plan are others, so that there are visits today.
    """
    by = User.objects.service()
    history.load_catalogue(by=by, now=now)
    site = clinic.open_site(by=by)
    clinic.add_accounts(by=by)
    clinic.add_things(site, by=by, now=now)
    clinic.add_colleagues(site, by=by, now=now)
    version = Protocol.objects.get(code=PROTOCOL).current
    plan = _plan(site, version, by=by, now=now)
    for number in range(CHAIRS):
        resources.add(
            site=site, kind=Kind.CHAIR, name=f"Place {number}", skills=[], lanes=1, position=50 + number, by=by
        )
    past = Past(
        site,
        by,
        User.objects.get(email=f"nurse@{people.DOMAIN}"),
        version,
        list(Resource.objects.filter(site=site, name__startswith="Place ").order_by("position")),
        plan,
        now,
        random.Random(31),
        Written(),
    )
    number = visits // len(plan)
    monday = clock.local(now, site.zone).date() - timedelta(days=days)
    monday -= timedelta(days=plan[0][0] if busy_today else monday.weekday())
    for n in range(number):
        _course(past, n, monday + timedelta(weeks=n * days // 7 // number))
    for model, rows in past.written.rows.items():
        _copy(model, rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return site


def _plan(site: Site, version: ProtocolVersion, *, by: User, now: datetime) -> list[tuple[int, Visit]]:
    """One plan of the protocol in an empty clinic, from a Monday on."""
    start_on = clock.local(now, site.zone).date() + timedelta(days=7)
    start_on -= timedelta(days=start_on.weekday())
    found = courses.propose(protocol_version=version, site=site, start_on=start_on, wishes={}, by=by, now=now)
    placed = [(each.starts_at, each) for each in found.visits if each.starts_at is not None]
    return [
        (
            (clock.local(starts_at, site.zone).date() - start_on).days,
            Visit(key=each.key, position=number, family=each.family, label=each.label, minutes=each.minutes),
        )
        for number, (starts_at, each) in enumerate(sorted(placed, key=lambda pair: pair[0]), start=1)
    ]


def _course(past: Past, number: int, monday: date) -> None:
    """One course: over, broken off, or still under way."""
    dice, site = past.dice, past.site
    booked_at = clock.resolve(monday - timedelta(days=dice.randint(1, 30)), time(10), site.zone).at
    patient = Patient(
        site=site,
        number=1_000_000 + number,
        given_name=f"Ana {number}",
        family_name="Example",
        birth_on=date(1980, 1, 1),
    )
    goes_on = monday + timedelta(days=past.plan[-1][0]) >= clock.local(past.now, site.zone).date()
    broken_off = not goes_on and dice.random() < 0.05
    status = CourseStatus.ACTIVE if goes_on else CourseStatus.CANCELLED if broken_off else CourseStatus.COMPLETED
    course = Course(
        patient=patient,
        site=site,
        protocol_version=past.version,
        status=status,
        start_on=monday,
        booked_by=past.by,
    )
    booking = ChangeSet(verb="book", by=past.by, site=site, patient=patient)
    booking.created_at = course.created_at = booked_at
    past.written.add(patient, course, booking)
    if not goes_on:
        end = ChangeSet(verb="decide", by=past.by, site=site, patient=patient)
        end.created_at = clock.resolve(monday + timedelta(days=past.plan[-1][0] + 1), time(10), site.zone).at
        stopped = DecisionRecord(
            course=course, choice=Choice.STOP, reason="Over", decided_at=end.created_at, by=past.nurse, change_set=end
        )
        past.written.add(end, stopped)
    loses = dice.randrange(len(past.plan)) if dice.random() < 0.3 else None
    for position, (days, like) in enumerate(past.plan):
        lost = position == loses or (broken_off and position > len(past.plan) // 2)
        _visit(past, course, like, monday + timedelta(days=days), booking, lost=lost)


def _visit(past: Past, course: Course, like: Visit, on: date, booking: ChangeSet, *, lost: bool) -> None:
    """One visit with all that is written about it."""
    dice, place = past.dice, past.written.of_day[on]
    past.written.of_day[on] += 1
    starts_at = clock.resolve(on, time(8), past.site.zone).at + SLOT * (place // CHAIRS % SLOTS)
    over = starts_at < past.now
    status = Status.BOOKED
    if over:
        status = dice.choice((Status.MISSED, Status.CANCELLED)) if lost else Status.DONE
    local = clock.local(starts_at, past.site.zone)
    made = Appointment(
        site=past.site,
        patient=course.patient,
        change_set=booking,
        status=status,
        previous_status=Status.BOOKED,
        starts_at=starts_at,
        ends_at=starts_at + SLOT,
        local_on=on,
        local_time=local.time(),
        zone=past.site.zone,
        summary=like.label,
        confirmed_at=starts_at - timedelta(days=2) if over and dice.random() < 0.5 else None,
    )
    row = Allocation(
        appointment=made,
        resource=past.chairs[place % CHAIRS],
        role="chair",
        starts_at=starts_at,
        ends_at=starts_at + SLOT,
        # beyond what a day holds nothing is free
        is_active=status in (Status.DONE, Status.BOOKED) and place < CHAIRS * SLOTS,
    )
    made.created_at = row.created_at = booking.created_at
    forgotten = status == Status.CANCELLED and dice.random() < 0.3
    visit = Visit(
        course=course,
        key=like.key,
        position=like.position,
        family=like.family,
        label=like.label,
        minutes=like.minutes,
        status=BECAME.get(status, VisitStatus.BOOKED),
        appointment=None if forgotten else made,
    )
    state = lines.state(made, [row])
    past.written.add(made, row, visit, ChangeLine(change_set=booking, appointment=made, before=None, after=state))
    if status == Status.CANCELLED:
        _cancel(past, course, visit, made, state)
    if over:
        _around(past, course, made, first=visit.position == 1)


def _cancel(past: Past, course: Course, visit: Visit, made: Appointment, state: dict[str, Any]) -> None:
    change = ChangeSet(verb="cancel", by=past.by, site=past.site, patient=course.patient)
    change.created_at = made.starts_at - timedelta(hours=past.dice.choice((3, 18, 40, 90)))
    before = {"visits": {visit.key: {"family": visit.family, "appointment_id": str(made.pk)}}}
    past.written.add(
        change,
        ChangeLine(change_set=change, appointment=made, before=state | {"status": Status.BOOKED.value}, after=state),
        CourseChange(change_set=change, course=course, before=before, after={"visits": {}}),
    )


def _around(past: Past, course: Course, made: Appointment, *, first: bool) -> None:
    """A reminder before the visit, and now and then a score."""
    said_at = made.starts_at - timedelta(days=3)
    past.written.add(
        Message(
            patient=course.patient,
            appointment=made,
            schedule_epoch=1,
            step=Step.THREE_DAYS,
            channel=Channel.SMS,
            due_at=said_at,
            not_after=made.starts_at,
            state=State.DELIVERED,
            settled_at=said_at,
        )
    )
    if first or past.dice.random() < 0.4:
        past.written.add(
            Assessment(
                course=course,
                measure="phq9",
                answers=PHQ9 if first or past.dice.random() < 0.5 else PHQ9 | {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0},
                taken_at=made.starts_at - timedelta(hours=1),
                mode=Mode.CLINIC,
                by=past.nurse,
            )
        )


def _copy(model: type[Model], rows: Sequence[Model]) -> None:
    """Writes rows as fast as PostgreSQL takes them; what they do not say is left to the table's defaults."""
    for row in rows:
        for name in ("created_at", "updated_at"):
            if not isinstance(getattr(row, name), datetime):
                setattr(row, name, EPOCH)
    meta = model._meta  # noqa: SLF001 - documented model API
    own = [each for each in meta.concrete_fields if not each.generated]
    fields = [each for each in own if not isinstance(getattr(rows[0], each.attname), DatabaseDefault)]
    names = ", ".join(f'"{each.column}"' for each in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {meta.db_table} DISABLE TRIGGER USER")  # the history of history is not the point
        with cursor.copy(f"COPY {meta.db_table} ({names}) FROM STDIN") as out:
            for row in rows:
                out.write_row([each.get_db_prep_save(getattr(row, each.attname), connection) for each in fields])
        cursor.execute(f"ALTER TABLE {meta.db_table} ENABLE TRIGGER USER")
