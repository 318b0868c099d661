"""Forms patients fill in between visits: the messages that one is ready, and whether there still is one."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from core import clock
from notifications.engine import ladder
from notifications.engine.ladder import Planned, Policy
from notifications.engine.states import UNSENT, Reason, State, Step
from notifications.models import Message
from notifications.queries import reach
from notifications.queries.verdicts import Verdict
from scheduler.models import Appointment
from treatments.models import Course, CourseStatus
from treatments.queries import assessments
from treatments.queries.assessments import Due, DueState

PAGE = 100
AHEAD = timedelta(hours=36)
"""How long before a form opens its message is written."""
BACK = timedelta(days=2)
"""A form that opened longer ago is not spoken of any more."""


@dataclass(slots=True)
class Ready:
    """What a patient is told on one day: some forms open. ``visits`` are those they are counted from."""

    message: Message
    visits: list[Appointment]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Differing:
    """How rows differ from what they should be: ``ready`` are to be written or brought up to date, ``unwanted`` wait for nothing."""

    ready: Sequence[Ready]
    unwanted: Sequence[Message]


def pages() -> Iterator[list[Course]]:
    """The running courses with what ``compare`` needs, in pages. Three queries a page."""
    running = Course.objects.filter(status=CourseStatus.ACTIVE).select_related("patient__site").order_by("pk")
    after: UUID | None = None
    while True:
        rest = running.filter(pk__gt=after) if after else running
        page = list(assessments.read_with(rest)[:PAGE])
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].pk


def compare(courses: Sequence[Course], *, now: datetime, policy: Policy) -> Differing:
    """The messages about forms of these courses' patients that are not as they should be. Three queries."""
    wanted: dict[tuple[UUID, date], tuple[Course, list[tuple[Due, Planned]]]] = {}
    for course in courses:
        zone = course.patient.home_zone
        for due in assessments.of_read(course, now=now):
            planned = _planned(due, zone=zone, now=now, policy=policy)
            if planned is not None and due.opens_at is not None:
                key = (course.patient_id, clock.local(due.opens_at, zone).date())
                wanted.setdefault(key, (course, []))[1].append((due, planned))
    patients = {course.patient_id for course in courses}
    persons = reach.persons(patients)
    told = Message.objects.filter(
        patient__in=list(persons), form_on__gte=(now - 2 * BACK).date(), copy=0
    ).prefetch_related("visits")
    rows = {
        (persons[row.patient_id], row.form_on): row
        for row in sorted(told, key=lambda each: each.patient_id in patients)
        if row.form_on is not None
    }
    ready = []
    for (patient, form_on), (course, dues) in sorted(wanted.items(), key=lambda each: str(each[0])):
        row = rows.get((patient, form_on))
        found = _ready(course, form_on, dues, row)
        if found is not None and (row is None or (_waits(row) and _differs(row, found))):
            ready.append(found)
    return Differing(ready, [row for key, row in rows.items() if key not in wanted and _waits(row)])


def answered(messages: Collection[Message], *, now: datetime) -> dict[UUID, Verdict]:
    """Which of these messages speak of forms that are not to be filled in any more. Three queries if any speaks of forms."""
    mine = [message for message in messages if message.step == Step.FORM]
    if not mine:
        return {}
    running = Course.objects.filter(status=CourseStatus.ACTIVE, patient__in={message.patient_id for message in mine})
    zones = {message.patient_id: message.patient.home_zone for message in mine}
    asked = {
        (course.patient_id, clock.local(due.opens_at, zones[course.patient_id]).date())
        for course in assessments.read_with(running)
        for due in assessments.of_read(course, now=now)
        if due.state is DueState.OPEN and due.by_link and due.opens_at is not None
    }
    gone = Verdict(State.WITHDRAWN, Reason.ANSWERED)
    return {message.pk: gone for message in mine if (message.patient_id, message.form_on) not in asked}


def _planned(due: Due, *, zone: str, now: datetime, policy: Policy) -> Planned | None:
    """The message about one form, if it is to be written now."""
    if not due.by_link or due.state not in {DueState.AHEAD, DueState.OPEN}:
        return None
    if due.opens_at is None or due.closes_at is None or not now - BACK < due.opens_at < now + AHEAD:
        return None
    planned = ladder.form_ready(opens_at=due.opens_at, closes_at=due.closes_at, zone=zone, policy=policy)
    return planned if planned is not None and planned.not_after > now else None


def _ready(course: Course, form_on: date, dues: Sequence[tuple[Due, Planned]], row: Message | None) -> Ready | None:
    """One message for all that opens on a day: when the first does, useful until the last closes."""
    visits = {due.visit.appointment.pk: due.visit.appointment for due, _ in dues if due.visit.appointment is not None}
    channel = reach.one_channel(course.patient)
    if not visits or channel is None:
        return None
    due_at, not_after = min(each.due_at for _, each in dues), max(each.not_after for _, each in dues)
    message = Message(
        patient=course.patient,
        form_on=form_on,
        step=Step.FORM,
        channel=channel,
        due_at=due_at,
        not_after=not_after,
        next_try_at=due_at,
    )
    if row is not None:
        message.pk = row.pk
    return Ready(message, list(visits.values()), is_new=row is None)


def _waits(row: Message) -> bool:
    """Whether nobody has touched it: no dispatcher, and no member of staff."""
    return row.state in UNSENT and not row.attempts and row.heeds_quiet_hours


def _differs(row: Message, ready: Ready) -> bool:
    listed = {visit.pk for visit in row.visits.all()}
    right = (ready.message.due_at, ready.message.not_after)
    return (row.due_at, row.not_after) != right or listed != {visit.pk for visit in ready.visits}
