"""Another time for one of the patient's own visits, chosen on the page behind their link.

What is offered comes from the planner: no rule of the course breaks, no visit loses its place. Nothing is offered for a
visit that is near: then people talk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from clinics.models import User
from clinics.permissions import Permission, require_own
from core import clock
from core.errors import Conflict, DomainError
from notifications.actions import answers
from notifications.engine.answers import Meaning
from notifications.models import Answer, Link
from scheduler.models import Appointment, Status
from treatments.actions import changes, starts, waitlist
from treatments.actions.changes import Applied, Fate, Move, Ripple, RulesBroken
from treatments.actions.starts import Start
from treatments.models import Visit, VisitStatus, WaitlistEntry

NOTICE = timedelta(hours=24)
"""A visit nearer than this is not given away by a press, and no nearer place is offered: fasting and rides take planning."""
REACH = 14
"""So many days around its date another one is looked for; the protocol allows less or more."""
FURTHEST_AHEAD = timedelta(days=700)
"""The planner looks two years ahead."""
SHOWN, TRIED, FURTHEST = 3, 5, 15
"""So many at a time, of so many that are worked out for it, up to the last that is ever shown."""
LOSES = frozenset({Fate.INVALID, Fate.RELEASED, Fate.CANCELLED, Fate.MISSED})
"""What may become of no visit when a patient chooses."""
REASON = "The patient chose another time on their page"


class NotOffered(Conflict):
    """The visit is too near, has begun or was moved, or this time is none of those that can be offered any more."""

    code = "not_offered"


@dataclass(frozen=True, slots=True)
class Option:
    """A time that can be had; so many other visits would move with it."""

    starts_at: datetime
    also_moves: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What choosing a time would do: the event, and what becomes of every visit of the course."""

    event: Move
    ripple: Ripple

    @property
    def also(self) -> tuple[tuple[datetime, datetime], ...]:
        """The other visits whose time changes: from when to when."""
        return tuple(
            (step.before.starts_at, step.after.starts_at)
            for step in self.ripple.steps
            if step.before and step.after and step.visit != self.event.visit
            if step.before.starts_at != step.after.starts_at
        )


def visit_of(link: Link, appointment: Appointment) -> Visit | None:
    """The visit of a course that can be given another time by its patient; None if there is none, or not by a press.

    One query.
    """
    rows = Visit.objects.select_related("course__patient", "course__site", "course__protocol_version", "appointment")
    return rows.filter(
        appointment=appointment, course__patient=link.patient, status__in=(VisitStatus.BOOKED, VisitStatus.TENTATIVE)
    ).first()


def is_far(appointment: Appointment, *, now: datetime) -> bool:
    """Whether there is time enough to choose another one."""
    return appointment.status == Status.BOOKED and appointment.starts_at >= now + NOTICE


def options(
    *, link: Link, visit: Visit, skip: int = 0, near: datetime | None = None, by: User, now: datetime
) -> tuple[Sequence[Option], int]:
    """``SHOWN`` times that can be had, and what to ``skip`` for the next ones; 0 if there are no more.

    Those that leave all other visits alone come before those that do not; then the same week first, nearest first. ``near``
    is another instant to be near to: that of a place that has gone. Raises ``NotAllowed``.
    """
    require_own(by, Permission.MOVE_VISITS, patient=link.patient_id, of=visit.course.patient_id)
    if visit.appointment is None or not is_far(visit.appointment, now=now):
        return (), 0
    zone, own = visit.course.site.zone, visit.appointment.starts_at
    usual = clock.local(near if near and abs(near - own) <= timedelta(days=REACH) else own, zone)
    days = _days(usual.date(), clock.local(now + NOTICE, zone).date(), clock.local(now + FURTHEST_AHEAD, zone).date())
    every = starts.near(visit=visit, days=days, from_at=now + NOTICE, usual=usual.time(), by=by, now=now)
    found: list[Option] = []
    for number, start in enumerate(islice(every, skip, skip + TRIED + 1), start=skip):
        if len(found) == SHOWN or number == skip + TRIED:
            return found, number if number < FURTHEST else 0
        option = _option(link, visit, start, by=by, now=now)
        if option is not None:
            found.append(option)
    return found, 0


def _option(link: Link, visit: Visit, start: Start, *, by: User, now: datetime) -> Option | None:
    """With what moves too; None where another visit would find no place."""
    if start.keeps:
        return Option(start.starts_at)
    try:
        looked = look(link=link, visit=visit, starts_at=start.starts_at, keeps=False, by=by, now=now)
    except DomainError:
        return None
    return Option(start.starts_at, len(looked.also))


def _days(wanted: date, first: date, last: date) -> list[date]:
    """The local dates to look at, from the first to the last: those of the same week, then the others, the nearest first."""
    around = [wanted + timedelta(days=number) for number in range(-REACH, REACH + 1)]
    monday = wanted - timedelta(days=wanted.weekday())
    return sorted(
        (on for on in around if first <= on <= last),
        key=lambda on: (not 0 <= (on - monday).days < 7, abs((on - wanted).days), on < wanted),
    )


def look(*, link: Link, visit: Visit, starts_at: datetime, keeps: bool = True, by: User, now: datetime) -> Look:
    """What choosing this time would do: nothing to other visits if that can be (``keeps``: tried first). Reads only.

    Raises ``NotOffered``, ``NotAllowed``, and what ``changes.preview`` raises.
    """
    require_own(by, Permission.MOVE_VISITS, patient=link.patient_id, of=visit.course.patient_id)
    appointment = visit.appointment
    if appointment is None or not is_far(appointment, now=now) or starts_at < now + NOTICE:
        raise NotOffered("This time cannot be chosen here any more.")
    event = Move(visit.course_id, visit.key, starts_at, only_this=keeps, version=appointment.version, agreed=True)
    try:
        ripple = changes.preview(event=event, by=by, now=now)
    except RulesBroken:
        if not keeps:
            raise
        return look(link=link, visit=visit, starts_at=starts_at, keeps=False, by=by, now=now)
    if any(step.fate in LOSES for step in ripple.steps):
        raise NotOffered("Another visit would find no place.")
    return Look(event, ripple)


def take(*, link: Link, visit: Visit, starts_at: datetime, digest: str, by: User, now: datetime) -> Applied:
    """Moves the visit to this time, with what has to move with it, as the patient saw it. One change set, which can be undone.

    The new time counts as confirmed. ``digest`` is that of the ripple the patient saw.
    Raises ``NotOffered``, ``NotAllowed``, and what ``changes.apply`` raises; then everything stays as it is.
    """
    looked = look(link=link, visit=visit, starts_at=starts_at, by=by, now=now)
    return changes.apply(event=looked.event, by=by, now=now, reason=REASON, digest=digest)


def ask_for(*, link: Link, visit: Visit, starts_at: datetime, schedule_epoch: int, by: User, now: datetime) -> Answer:
    """Tells the desk which time the patient would like; the visit stays where it is.

    Raises ``NotOffered``, ``NotAllowed``, and what ``changes.preview`` and ``answers.take_press`` raise.
    """
    looked = look(link=link, visit=visit, starts_at=starts_at, by=by, now=now)
    wish = clock.local(starts_at, visit.course.site.zone)
    also = f" Other visits that would move: {len(looked.also)}." if looked.also else ""
    return answers.take_press(
        link=link,
        appointment=_appointment(visit),
        schedule_epoch=schedule_epoch,
        meaning=Meaning.CHANGE,
        words=f"Would like {wish:%A %-d %B}, {clock.in_words(wish.time())}, chosen on their page.{also}",
        by=by,
        now=now,
    )


def wait(*, link: Link, visit: Visit, by: User, now: datetime) -> WaitlistEntry:
    """Puts the visit on the waitlist for any other time around its own; until one is free it stays.

    Raises ``NotOffered``, ``NotAllowed``, and what ``waitlist.join`` raises.
    """
    require_own(by, Permission.BOOK_COURSES, patient=link.patient_id, of=visit.course.patient_id)
    appointment = _appointment(visit)
    if not is_far(appointment, now=now):
        raise NotOffered("This visit is too near to wait for another time.")
    on = clock.local(appointment.starts_at, visit.course.site.zone).date()
    return waitlist.join(
        visit=visit,
        valid_until=on + timedelta(days=REACH),
        sooner=False,
        note="Asked for on their page",
        by=by,
        now=now,
    )


def _appointment(visit: Visit) -> Appointment:
    """Its appointment. Raises ``NotOffered`` if it has none."""
    if visit.appointment is None:
        raise NotOffered("This visit has no time.")
    return visit.appointment
