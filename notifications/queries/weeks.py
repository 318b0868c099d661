"""Weeks with several visits, each told in one message: the rows that should exist, and what is needless beside them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from core import clock
from notifications.engine import ladder, retries
from notifications.engine.ladder import Policy
from notifications.engine.states import UNSENT, Reason, State, Step
from notifications.models import Message
from notifications.queries import reach
from notifications.queries.verdicts import Verdict
from scheduler.models import Appointment, Status

SAID = (State.ACCEPTED, State.DELIVERED, State.UNCERTAIN)
"""States in which the patient knows of the week, or may."""
MOMENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Week:
    """A message about a week as it should be, not yet written or not like this: its visits, earliest first.

    ``due_at`` is when it should go out, if that can still be changed.
    """

    message: Message
    visits: Sequence[Appointment]
    is_new: bool
    due_at: datetime | None = None

    @property
    def knew(self) -> dict[str, str]:
        """When each visit begins."""
        return {str(visit.pk): visit.starts_at.isoformat() for visit in self.visits}

    @property
    def not_after(self) -> datetime:
        """Useless once the first visit begins."""
        return self.visits[0].starts_at


def differing(
    booked: Collection[Appointment], persons: Mapping[UUID, UUID], *, now: datetime, policy: Policy
) -> list[Week]:
    """The messages about the weeks of these visits that have to be written or brought up to date. Three queries.

    ``persons`` says of the patients, and of their records that were merged, which patient each is (``reach.persons``).

    Once written, a message stands while it waits, even if only one visit is left in its week.
    """
    if policy.your_week_at is None:
        return []
    zones = {visit.patient.pk: visit.patient.home_zone for visit in booked if visit.patient}
    wanted = {
        (visit.patient.pk, ladder.week_of(visit.starts_at, zones[visit.patient.pk]))
        for visit in booked
        if visit.patient
    }
    if not wanted:
        return []
    told = Message.objects.filter(
        patient__in=list(persons), week_on__in={week_on for _, week_on in wanted}, copy=0
    ).prefetch_related("visits")
    rows = {
        (persons[row.patient_id], row.week_on): row for row in sorted(told, key=lambda each: each.patient_id in zones)
    }
    found = []
    for (patient, week_on), visits in _by_week(wanted, zones).items():
        row = rows.get((patient, week_on))
        zone = zones[patient]
        if row is None:
            week = _new(visits, week_on, zone, policy, now=now)
        else:
            week = Week(row, visits, is_new=False, due_at=_other_time(row, week_on, zone, policy, now=now))
        if week and (week.is_new or (row and row.state in UNSENT and _differs(row, week))):
            found.append(week)
    return found


def unwanted(booked: Collection[Appointment], *, policy: Policy) -> list[Message]:
    """The messages about weeks of these patients that wait though the clinic sends none; not what staff sent or held by hand.
    One query if it sends none.
    """
    if policy.your_week_at is not None:
        return []
    patients = {visit.patient_id for visit in booked}
    waiting = Message.objects.filter(patient__in=patients, step=Step.YOUR_WEEK, copy=0, state__in=UNSENT)
    return list(waiting.filter(heeds_quiet_hours=True))


def said(messages: Collection[Message], *, now: datetime) -> dict[UUID, Verdict]:
    """What becomes of those of these messages of 3 days before whose visits are told with their week: needless once that is
    said, and waiting while it waits, if there is time. One query if there are any.
    """
    mine = [message for message in messages if message.step == Step.THREE_DAYS and not message.copy]
    if not mine:
        return {}
    told: dict[str, list[Message]] = {}
    # by visit: the week may have been told to the same person's other record
    rows = Message.visits.through.objects.filter(
        appointment__in={message.appointment_id for message in mine},
        message__week_on__gte=now.date() - timedelta(days=8),
        message__state__in=[*UNSENT, State.SENDING, *SAID],
        message__copy=0,
    )
    for row in {link.message for link in rows.select_related("message")}:
        for key, at in row.knew.items():
            told.setdefault(f"{key} {at}", []).append(row)
    found = {}
    for message in mine:
        if message.appointment is None:
            continue
        for row in told.get(f"{message.appointment_id} {message.appointment.starts_at.isoformat()}", []):
            waits_until = (row.next_try_at or now) + ladder.AFTER_WEEK if row.state in UNSENT else now + MOMENT
            if row.state in SAID:
                found[message.pk] = Verdict(State.WITHDRAWN, Reason.WEEK)
            elif now < waits_until < message.not_after:
                rest = retries.resting(attempts=message.attempts, unknown=message.unknown_outcomes)
                found[message.pk] = Verdict(rest, Reason(message.reason), waits_until)
    return found


def _by_week(wanted: Iterable[tuple[UUID, date]], zones: dict[UUID, str]) -> dict[tuple[UUID, date], list[Appointment]]:
    """All booked visits of these patients in these weeks, earliest first. One query."""
    listed: dict[tuple[UUID, date], list[Appointment]] = {key: [] for key in sorted(wanted, key=str)}
    weeks = [week_on for _, week_on in listed]
    # a day more on either side, as weeks begin at midnight in each patient's zone
    first = clock.resolve(min(weeks) - timedelta(days=1), datetime.min.time(), "UTC").at
    last = clock.resolve(max(weeks) + timedelta(days=8), datetime.min.time(), "UTC").at
    for visit in (
        Appointment.objects.filter(
            patient__in=list(zones), status=Status.BOOKED, starts_at__gt=first, starts_at__lt=last
        )
        .select_related("patient__site")
        .order_by("starts_at", "id")
    ):
        if visit.patient is not None:
            key = (visit.patient.pk, ladder.week_of(visit.starts_at, zones[visit.patient.pk]))
            listed.get(key, []).append(visit)
    return {key: visits for key, visits in listed.items() if visits}


def _new(visits: Sequence[Appointment], week_on: date, zone: str, policy: Policy, *, now: datetime) -> Week | None:
    patient, due_at = visits[0].patient, ladder.your_week(week_on, zone, policy)
    channel = reach.one_channel(patient) if patient else None
    if (
        channel is None
        or due_at is None
        or due_at <= now
        or len(visits) < ladder.FULL_WEEK
        or all(visit.confirmed_at for visit in visits)
    ):
        return None
    message = Message(
        patient=patient, week_on=week_on, step=Step.YOUR_WEEK, channel=channel, due_at=due_at, next_try_at=due_at
    )
    return Week(message, visits, is_new=True)


def _other_time(row: Message, week_on: date, zone: str, policy: Policy, *, now: datetime) -> datetime | None:
    """When an untouched row should go out instead: the clinic's time, the patient's zone or a zone's rules changed."""
    due_at = ladder.your_week(week_on, zone, policy)
    untouched = row.state == State.SCHEDULED and not row.attempts and row.heeds_quiet_hours
    waits = untouched and row.next_try_at == row.due_at
    return due_at if waits and due_at is not None and due_at > now and due_at != row.due_at else None


def _differs(row: Message, week: Week) -> bool:
    listed = {visit.pk for visit in row.visits.all()}
    if week.due_at is not None:
        return True
    return row.knew != week.knew or row.not_after != week.not_after or listed != {visit.pk for visit in week.visits}
