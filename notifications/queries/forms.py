"""Forms patients fill in between visits: the messages that one is ready, and whether there still is one."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import QuerySet

from core import clock
from notifications.engine import ladder, quiet_hours, retries
from notifications.engine.ladder import Planned, Policy
from notifications.engine.states import UNSENT, Reason, State, Step
from notifications.models import Message
from notifications.queries import reach
from notifications.queries.verdicts import Verdict
from scheduler.models import Appointment
from treatments.models import Course, CourseStatus
from treatments.queries import assessments
from treatments.queries.assessments import Due, DueState

log = structlog.get_logger(__name__)

PAGE = 100
"""Patients whose courses are compared at once."""
AHEAD = timedelta(hours=36)
"""How long before a form opens its message is written."""
BACK = timedelta(days=2)
"""A form that opened longer ago is not spoken of any more."""
AGAIN = timedelta(minutes=10)
"""After so long a message is looked at again whose forms could not be read."""


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
    """The running courses with what ``compare`` needs, in pages; all of a patient's in one. Five queries a page."""
    running = Course.objects.filter(status=CourseStatus.ACTIVE)
    after: UUID | None = None
    while True:
        rest = running.filter(patient__gt=after) if after else running
        patients = list(rest.order_by("patient").values_list("patient", flat=True).distinct()[:PAGE])
        if patients:
            yield running_of(patients)
        if len(patients) < PAGE:
            return
        after = patients[-1]


def running_of(patients: Collection[UUID]) -> list[Course]:
    """The running courses of these patients with what ``compare`` needs. Four queries; none without patients."""
    if not patients:
        return []
    return list(_read(Course.objects.filter(status=CourseStatus.ACTIVE, patient__in=patients)).order_by("pk"))


def compare(courses: Sequence[Course], *, now: datetime, policy: Policy) -> Differing:
    """The messages about forms of these courses' patients that are not as they should be. Three queries.

    ``courses`` are all running ones of each patient. Where one cannot be read, what its patient is told is left as it is.
    """
    wanted: dict[tuple[UUID, date], list[tuple[Due, Planned]]] = {}
    asked, unread = _asked(courses, now=now)
    for due, opens_at, form_on in asked:
        planned = _planned(due, opens_at, now=now, policy=policy)
        if planned is not None:
            wanted.setdefault((due.course.patient_id, form_on), []).append((due, planned))
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
    for (patient, form_on), dues in sorted(wanted.items(), key=lambda each: str(each[0])):
        row = rows.get((patient, form_on))
        found = _ready(form_on, dues, row)
        if found is not None and (row is None or (_waits(row) and _differs(row, found))):
            ready.append(found)
    unwanted = [row for key, row in rows.items() if key not in wanted and key[0] not in unread and _waits(row)]
    return Differing(ready, unwanted)


def answered(messages: Collection[Message], *, now: datetime) -> dict[UUID, Verdict]:
    """What becomes of those of these messages whose forms are not to be filled in now: needless if there are none any more;
    waiting for the hour, by day, while none has opened yet, and for somebody to put right what cannot be read. Three queries
    if any speaks of forms.
    """
    mine = [message for message in messages if message.step == Step.FORM]
    if not mine:
        return {}
    running = Course.objects.filter(status=CourseStatus.ACTIVE, patient__in={message.patient_id for message in mine})
    asked, unread = _asked(_read(running), now=now)
    opens: dict[tuple[UUID, date | None], datetime] = {}
    for due, opens_at, form_on in asked:
        key = (due.course.patient_id, form_on)
        opens[key] = min(opens_at, opens.get(key, opens_at))
    found = {}
    for message in mine:
        rest = retries.resting(attempts=message.attempts, unknown=message.unknown_outcomes)
        first = opens.get((message.patient_id, message.form_on))
        if first is not None and first > now:
            # who has it sent now does not mean at midnight, when most forms open
            opened = quiet_hours.next_allowed(first, message.patient.home_zone)
            found[message.pk] = Verdict(rest, Reason(message.reason), opened)
        elif first is None and message.patient_id in unread:
            found[message.pk] = Verdict(rest, Reason.UNWRITABLE, now + AGAIN)
        elif first is None:
            found[message.pk] = Verdict(State.WITHDRAWN, Reason.ANSWERED)
    return found


def _read(courses: QuerySet[Course]) -> QuerySet[Course]:
    return assessments.read_with(courses.select_related("patient__site"))


def _asked(courses: Iterable[Course], *, now: datetime) -> tuple[list[tuple[Due, datetime, date]], set[UUID]]:
    """The forms that patients are to fill in by their links, now or later: each with when it opens, and on which day of the
    patient's. And the patients of courses that cannot be read: that is logged, and stops no other.
    """
    found: list[tuple[Due, datetime, date]] = []
    unread = set()
    for course in courses:
        try:
            zone = course.patient.home_zone
            found += [
                (due, due.opens_at, clock.local(due.opens_at, zone).date())
                for due in assessments.of_read(course, now=now)
                if due.by_link and due.state in {DueState.AHEAD, DueState.OPEN} and due.opens_at is not None
            ]
        except Exception as failure:  # noqa: BLE001 - one bad course must not stop the others
            log.error("course_without_form_messages", course=str(course.pk), failure=type(failure).__name__)  # noqa: TRY400
            unread.add(course.patient_id)
    return found, unread


def _planned(due: Due, opens_at: datetime, *, now: datetime, policy: Policy) -> Planned | None:
    """The message about one form, if it is to be written now."""
    if due.closes_at is None or not now - BACK < opens_at < now + AHEAD:
        return None
    zone = due.course.patient.home_zone
    planned = ladder.form_ready(opens_at=opens_at, closes_at=due.closes_at, zone=zone, policy=policy)
    return planned if planned is not None and planned.not_after > now else None


def _ready(form_on: date, dues: Sequence[tuple[Due, Planned]], row: Message | None) -> Ready | None:
    """One message for all that opens on a day: when the first does, useful until the last closes."""
    visits = {due.visit.appointment.pk: due.visit.appointment for due, _ in dues if due.visit.appointment is not None}
    patient = dues[0][0].course.patient
    channel = reach.one_channel(patient)
    if not visits or channel is None:
        return None
    due_at, not_after = min(each.due_at for _, each in dues), max(each.not_after for _, each in dues)
    message = Message(
        patient=patient,
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
