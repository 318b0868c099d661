"""Half a year of courses that ended, so that reports have something to say: copies of courses that were really booked.

Planning each of them anew would take minutes, so these rows are written past the actions: visits on the same weekdays some
weeks earlier, in whichever chair or room is free, with what became of them, what was said before, and scores.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from clinics.models import Patient, Site, User
from core import clock
from devtools.demo import people, scores
from notifications.engine.states import Channel, State, Step
from notifications.models import Handling, Message
from scheduler.actions import lines
from scheduler.models import Allocation, Appointment, ChangeLine, ChangeSet, Kind, Resource, Status
from scheduler.queries import hours
from treatments.models import Assessment, Choice, Course, CourseStatus, DecisionRecord, Mode, Visit, VisitStatus

COPIED = ("iv-ketamine-depression-twice-weekly", "esketamine")
WEEKS = range(33, 8, -1)
"""So many weeks before the course that is copied; two copies a week."""
SHIFTS = (0, 1, 2, 3, -1, 4)
"""Hours by which a visit may be beside the one it is copied from."""
SENT = (*[State.DELIVERED] * 5, *[State.ACCEPTED] * 3, State.UNDELIVERED, None)
SENT_BEFORE_MISSED = (State.DELIVERED, State.DELIVERED, State.ACCEPTED, State.UNDELIVERED, State.UNDELIVERED, None)
ENDS = {Status.DONE: VisitStatus.DONE, Status.MISSED: VisitStatus.MISSED, Status.CANCELLED: VisitStatus.CANCELLED}
Say = Callable[[str], None]


@dataclass
class Rows:
    """What is to be written, and what is taken already."""

    appointments: list[Appointment] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    change_sets: list[ChangeSet] = field(default_factory=list)
    changes: list[ChangeLine] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    handlings: list[Handling] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)
    decisions: list[DecisionRecord] = field(default_factory=list)
    given_up: list[tuple[Allocation, datetime]] = field(default_factory=list)
    """Places of cancelled visits, and since when they are free."""
    taken: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def free(self, key: UUID, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether a place or a patient is free."""
        return all(end <= starts_at or start >= ends_at for start, end in self.taken.get(key, ()))

    def free_since(self, row: Allocation) -> datetime | None:
        """When a cancelled visit gave up the place that somebody takes; None where none did."""
        return max(
            (
                at
                for gone, at in self.given_up
                if gone.resource_id == row.resource_id and gone.starts_at < row.ends_at and gone.ends_at > row.starts_at
            ),
            default=None,
        )

    def take(self, key: UUID, starts_at: datetime, ends_at: datetime) -> None:
        """Keeps others from it."""
        self.taken.setdefault(key, []).append((starts_at, ends_at))


@dataclass
class Past:
    """The clinic into whose past is written. Weeks and dice are always the same."""

    site: Site
    now: datetime
    places: dict[str, list[Resource]]
    open_on: frozenset[date]
    desk: User
    nurse: User
    clinician: User
    order: random.Random
    rows: Rows


def fill(site: Site, everybody: Sequence[Patient], *, now: datetime, say: Say) -> None:
    """Writes the courses of those who have none yet."""
    patients = [patient for patient in everybody if not patient.courses.exists()]
    templates = [found for code in COPIED if (found := _template(code)) is not None]
    if not patients or not templates:
        return
    today = clock.local(now, site.zone).date()
    days = hours.site_days(site, first_on=today - timedelta(days=300), days=300)
    places: dict[str, list[Resource]] = {}
    for place in Resource.objects.filter(site=site, kind__in=(Kind.CHAIR, Kind.ROOM), lanes=1).order_by("position"):
        places.setdefault(place.kind, []).append(place)
    who = {name: User.objects.get(email=f"{name}@{people.DOMAIN}") for name in ("desk", "nurse", "clinician")}
    open_on = frozenset(day.on for day in days if day.windows)
    past = Past(site, now, places, open_on, **who, order=random.Random(26), rows=Rows())
    courses = [
        _copy(past, templates[turn % len(templates)], patients[turn % len(patients)], weeks)
        for turn, weeks in enumerate(weeks for weeks in WEEKS for _ in range(2))
    ]
    _write(past.rows)
    say(f"{len(courses)} courses of the last months, with {len(past.rows.appointments)} appointments")


def _template(code: str) -> list[Visit] | None:
    """The visits of the course of a protocol with the most visits that have a time."""
    best: list[Visit] = []
    for course in Course.objects.filter(protocol_version__protocol__code=code).select_related("protocol_version"):
        visits = list(
            course.visits.filter(appointment__isnull=False, status__in=("booked", "done", "missed"))
            .select_related("appointment", "course__protocol_version")
            .prefetch_related("appointment__allocations__resource")
            .order_by("appointment__starts_at")
        )
        best = max(best, visits, key=len)
    return best or None


def _copy(past: Past, template: Sequence[Visit], patient: Patient, weeks: int) -> Course:
    """One course that ended."""
    order = past.order
    first_on = _day(template[0], past.site.zone)
    # of a course that ended every visit is over
    kept = [visit for visit in template if _moved(visit, past, weeks) < past.now - timedelta(days=18)]
    broken_off = order.random() < 0.1
    course = Course.objects.create(
        patient=patient,
        site=past.site,
        protocol_version=template[0].course.protocol_version,
        status=CourseStatus.CANCELLED if broken_off else CourseStatus.COMPLETED,
        start_on=first_on - timedelta(weeks=weeks),
        booked_by=past.desk,
        clinician=past.clinician,
    )
    booked_at = clock.resolve(course.start_on - timedelta(days=order.randint(1, 9)), time(10), past.site.zone).at
    Course.objects.filter(pk=course.pk).update(created_at=booked_at)
    booking = _change_set(past, "book", patient, booked_at)
    loses = set(order.sample(range(len(kept)), min(len(kept), order.randint(1, 2)))) if order.random() < 0.45 else set()
    last = len(kept) // 2 if broken_off else len(kept)
    late = order.randrange(len(kept)) if order.random() < 0.12 else None
    for number, visit in enumerate(kept):
        ends = _end(order, lost=number in loses, given_up=number >= last)
        _visit(past, course, visit, booking=booking, weeks=weeks, ends=ends, late=2 if number == late else 0)
    _scores(past, course, responds=order.random() < 0.55)
    past.rows.decisions.append(
        DecisionRecord(
            course=course,
            choice=Choice.STOP,
            reason="The course is over",
            decided_at=_moved(kept[-1], past, weeks),
            by=past.clinician,
            change_set=_change_set(past, "decide", patient, _moved(kept[-1], past, weeks)),
        )
    )
    return course


def _end(order: random.Random, *, lost: bool, given_up: bool) -> Status:
    if given_up:
        return Status.CANCELLED
    return order.choice((Status.MISSED, Status.MISSED, Status.CANCELLED)) if lost else Status.DONE


def _day(visit: Visit, zone: str) -> date:
    return clock.local(_appointment(visit).starts_at, zone).date()


def _appointment(visit: Visit) -> Appointment:
    if visit.appointment is None:
        raise ValueError("The visit has no time.")
    return visit.appointment


def _moved(visit: Visit, past: Past, weeks: int, *, hours_later: int = 0, days_later: int = 0) -> datetime:
    at = clock.local(_appointment(visit).starts_at, past.site.zone)
    on = at.date() - timedelta(weeks=weeks) + timedelta(days=days_later)
    return clock.resolve(on, at.time(), past.site.zone).at + timedelta(hours=hours_later)


def _visit(past: Past, course: Course, like: Visit, *, booking: ChangeSet, weeks: int, ends: Status, late: int) -> None:
    """One visit where there is room for it; where there is none, it is left out."""
    before = _appointment(like)
    place = next((row for row in before.allocations.all() if row.resource.kind in past.places), None)
    length, rows = before.ends_at - before.starts_at, past.rows
    for hours_later, resource in _choices(past, place):
        starts_at = _moved(like, past, weeks, hours_later=hours_later, days_later=late)
        local = clock.local(starts_at, past.site.zone)
        if local.date() not in past.open_on or not 8 <= local.hour < 17:
            continue
        until = starts_at + max(length, place.ends_at - before.starts_at if place else length)
        if rows.free(resource.pk, starts_at, until) and rows.free(course.patient_id, starts_at, until):
            break
    else:
        return
    made = Appointment(
        site=past.site,
        patient=course.patient,
        change_set=booking,
        status=ends,
        previous_status=Status.BOOKED,
        starts_at=starts_at,
        ends_at=starts_at + length,
        local_on=local.date(),
        local_time=local.time(),
        zone=past.site.zone,
        summary=before.summary,
    )
    made.created_at = booking.created_at
    taking = ends == Status.DONE
    row = Allocation(
        appointment=made,
        resource=resource,
        role=place.role if place else "chair",
        starts_at=starts_at,
        ends_at=until,
        is_active=taking,
    )
    since = rows.free_since(row)
    row.created_at = booking.created_at if since is None else since + timedelta(hours=past.order.randint(1, 30))
    rows.appointments.append(made)
    rows.allocations.append(row)
    rows.visits.append(
        Visit(
            course=course,
            key=like.key,
            position=like.position,
            family=like.family,
            label=like.label,
            minutes=like.minutes,
            status=ENDS[ends],
            appointment=made,
        )
    )
    if ends == Status.CANCELLED:
        _cancel(past, made, row)
    else:
        _say_before(past, made)
    if taking:
        rows.take(resource.pk, starts_at, until)
        rows.take(course.patient_id, starts_at, until)


def _choices(past: Past, place: Allocation | None) -> Iterator[tuple[int, Resource]]:
    kind = place.resource.kind if place is not None else Kind.ROOM
    alike = [each for each in past.places[kind] if place is None or each.name[:5] == place.resource.name[:5]]
    for hours_later in SHIFTS:
        for resource in alike or past.places[kind]:
            yield hours_later, resource


def _cancel(past: Past, made: Appointment, row: Allocation) -> None:
    at = max(made.starts_at - timedelta(hours=past.order.choice((3, 18, 40, 90, 200))), made.created_at)
    past.rows.given_up.append((row, at))
    change = _change_set(past, "cancel", made.patient, at)
    after = lines.state(made, [row])
    past.rows.changes.append(
        ChangeLine(change_set=change, appointment=made, before=after | {"status": Status.BOOKED.value}, after=after)
    )


def _change_set(past: Past, verb: str, patient: Patient | None, at: datetime) -> ChangeSet:
    made = ChangeSet(verb=verb, by=past.desk, site=past.site, patient=patient)
    made.created_at = at
    past.rows.change_sets.append(made)
    return made


def _say_before(past: Past, made: Appointment) -> None:
    """One reminder, and whether the patient confirmed: those who miss a visit did so less often."""
    missed = made.status == Status.MISSED
    state = past.order.choice(SENT_BEFORE_MISSED if missed else SENT)
    if state in (State.DELIVERED, State.ACCEPTED) and past.order.random() < (0.2 if missed else 0.7):
        made.confirmed_at = made.starts_at - timedelta(days=2)
    if state is None:
        return
    message = Message(
        patient=made.patient,
        appointment=made,
        schedule_epoch=1,
        step=Step.THREE_DAYS,
        channel=Channel.EMAIL if state == State.ACCEPTED else Channel.SMS,
        due_at=made.starts_at - timedelta(days=3),
        not_after=made.starts_at,
        state=state,
        settled_at=made.starts_at - timedelta(days=3),
    )
    past.rows.messages.append(message)
    if state == State.UNDELIVERED:
        past.rows.handlings.append(Handling(message=message, by=past.desk))


def _scores(past: Past, course: Course, *, responds: bool) -> None:
    """A score before the course, one a week, one after."""
    done = [each for each in past.rows.visits if each.course_id == course.pk and each.status == VisitStatus.DONE]
    starts = sorted(_appointment(each).starts_at for each in done)
    if not starts:
        return
    first, value, at = past.order.randint(15, 24), 0.0, starts[0] - timedelta(hours=1)
    goal = first * (past.order.uniform(0.1, 0.45) if responds else past.order.uniform(0.55, 1.0))
    while at < starts[-1] + timedelta(days=7):
        share = min(1.0, (at - starts[0]) / timedelta(days=21)) if at > starts[0] else 0.0
        value = first + (goal - first) * share
        if at < starts[0] or past.order.random() < 0.8:
            by_phone = at > starts[0] and past.order.random() < 0.6
            past.rows.assessments.append(
                Assessment(
                    course=course,
                    measure="phq9",
                    answers={str(number): said for number, said in scores.items(round(value), hurt=False).items()},
                    taken_at=at,
                    mode=Mode.LINK if by_phone else Mode.CLINIC,
                    by=None if by_phone else past.nurse,
                )
            )
        at += timedelta(days=7)


def _write(rows: Rows) -> None:
    """Everything at once; the instants of writing are those of the story."""
    told = {row.pk: row.created_at for row in (*rows.change_sets, *rows.appointments, *rows.allocations)}
    ChangeSet.objects.bulk_create(rows.change_sets)
    Appointment.objects.bulk_create(rows.appointments)
    Allocation.objects.bulk_create(rows.allocations)
    Visit.objects.bulk_create(rows.visits)
    ChangeLine.objects.bulk_create(rows.changes)
    Message.objects.bulk_create(rows.messages)
    Handling.objects.bulk_create(rows.handlings)
    Assessment.objects.bulk_create(rows.assessments)
    DecisionRecord.objects.bulk_create(rows.decisions)
    for row in (*rows.change_sets, *rows.appointments, *rows.allocations):
        row.created_at = told[row.pk]
    ChangeSet.objects.bulk_update(rows.change_sets, ["created_at"], batch_size=500)
    Appointment.objects.bulk_update(rows.appointments, ["created_at"], batch_size=500)
    Allocation.objects.bulk_update(rows.allocations, ["created_at"], batch_size=500)
