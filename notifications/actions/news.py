"""Telling patients what one user action did to their visits: one message each, after a hold.

Within the hold a later change takes the place of what waits, so that the patient hears of both at once; if together they
changed nothing, the patient hears nothing. What a patient knew before is kept with the message, as data.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from clinics.models import Patient
from notifications.actions import wakers
from notifications.engine import news, quiet_hours
from notifications.engine.news import Turn
from notifications.engine.states import NEWS, UNSENT, Channel, Reason, State, Step
from notifications.models import Message
from notifications.queries import reach
from scheduler.models import Appointment, ChangeLine, ChangeSet, Status
from scheduler.models.change_set import Verb

SILENT = (Verb.HOLD, Verb.STATUS, Verb.RETIME)
"""What patients are not told about: places held for them, that they came or said that they come, and that a visit stays at
its time on the clock."""
NO_VISIT = (Status.HELD, Status.CANCELLED)
FAIR_WARNING = timedelta(hours=1)
"""A change that could only be told later than this before the patient sets out for nothing passes over quiet hours."""

CALL_WITHIN = timedelta(hours=24)
"""Who is affected sooner than this is called, too."""

Knew = dict[str, str | None]
"""Appointment to the start the patient knew of, as ISO text; None: of no such visit."""


@dataclass(slots=True)
class _Told:
    """What one patient is to be told on each channel."""

    patient: Patient
    knew: Knew = field(default_factory=dict)
    waiting: list[Message] = field(default_factory=list)
    own: list[Message] = field(default_factory=list)


def tell(*, change_set: ChangeSet, appointments: Iterable[Appointment], now: datetime) -> int:
    """Writes what the patients of these appointments are told about the change set. How many messages that were not there.

    Runs in the transaction of the change. Safe to repeat. Queries: up to eight.
    """
    if change_set.verb in SILENT:
        return 0
    told = _affected(change_set, appointments)
    if not told:
        return 0
    rows = (
        # a copy tells again what the patient knows, so nothing is merged with it
        Message.objects.filter(
            Q(state__in=UNSENT) | Q(change_set=change_set), patient__in=list(told), step__in=NEWS, copy=0
        )
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    for row in rows:
        each = told[row.patient_id]
        (each.own if row.change_set_id == change_set.pk else each.waiting).append(row)
    keys = {
        key
        for each in told.values()
        for knew in [each.knew, *(row.knew for row in [*each.waiting, *each.own])]
        for key in knew
    }
    visits = Appointment.objects.in_bulk([UUID(key) for key in keys])
    written: list[Message] = []
    for each in told.values():
        for channel in [*reach.channels_of(each.patient, Step.CHANGED), Channel.CALL]:
            written += _tell(change_set, each, channel, visits, now=now)
    _write(written, now=now)
    return len(written)


def _affected(change_set: ChangeSet, appointments: Iterable[Appointment]) -> dict[UUID, _Told]:
    lines = (
        ChangeLine.objects.filter(change_set=change_set, appointment__in=[each.pk for each in appointments])
        .filter(appointment__patient__isnull=False)
        .select_related("appointment__patient__site")
    )
    told: dict[UUID, _Told] = {}
    for line in lines:
        patient = line.appointment.patient
        assert patient is not None  # noqa: S101 - asked for in the query
        was = line.before
        known = None if was is None or was["status"] in NO_VISIT else was["starts_at"]
        told.setdefault(patient.pk, _Told(patient)).knew[str(line.appointment_id)] = known
    return told


def _tell(
    change_set: ChangeSet, told: _Told, channel: Channel, visits: Mapping[UUID, Appointment], *, now: datetime
) -> list[Message]:
    """Brings what waits on one channel up to date; the row that has to be written, if any."""
    own = next((row for row in told.own if row.channel == channel), None)
    if own is not None and own.state not in UNSENT:
        return []
    waiting = [row for row in told.waiting if row.channel == channel]
    knew = dict(told.knew)
    for earlier in [*([own] if own else []), *sorted(waiting, key=lambda each: each.due_at, reverse=True)]:
        knew |= earlier.knew
    turns = {UUID(key): _turn(at, visits.get(UUID(key)), told.patient) for key, at in knew.items()}
    news_of = {key: turn for key, turn in turns.items() if turn.is_news}
    coming = {key: turn for key, turn in news_of.items() if turn.useless_at and turn.useless_at > now}
    if not news_of:
        return _take_back(change_set, own, waiting, now=now)
    row = _row(change_set, told.patient, channel, coming, knew, now=now)
    if row is None:
        return []  # it is too late for all of it; what waits expires
    if channel == Channel.CALL and not (own or waiting or _to_be_called(row, coming.values(), now=now)):
        return []
    _withdraw(waiting, Reason.MERGED, now=now)
    if own is None:
        return [row]
    if own.knew != row.knew or own.step != row.step:
        Message.objects.filter(pk=own.pk).update(
            step=row.step, knew=row.knew, not_after=row.not_after, due_at=row.due_at, next_try_at=row.next_try_at
        )
        own.visits.set([visits[key] for key in coming])
    return []


def _to_be_called(row: Message, turns: Collection[Turn], *, now: datetime) -> bool:
    """Whether a text alone may be seen too late: a person calls as well."""
    changed = row.step != Step.PLAN and news.first_affected(turns, now=now) < now + CALL_WITHIN
    return changed and not reach.hindrances([row])


def _turn(knew: str | None, visit: Appointment | None, patient: Patient) -> Turn:
    stands = visit is not None and visit.status not in NO_VISIT and visit.patient_id == patient.pk
    return Turn(datetime.fromisoformat(knew) if knew else None, visit.starts_at if stands and visit else None)


def _take_back(
    change_set: ChangeSet, own: Message | None, waiting: Sequence[Message], *, now: datetime
) -> list[Message]:
    """Everything is as the patient knew it. The change set gets a row that says so: it needs no other."""
    _withdraw([*waiting, *([own] if own else [])], Reason.TAKEN_BACK, now=now)
    return [
        Message(
            patient_id=row.patient_id,
            change_set=change_set,
            step=row.step,
            channel=row.channel,
            knew=row.knew,
            due_at=now,
            not_after=max(row.not_after, now + timedelta(seconds=1)),
            state=State.WITHDRAWN,
            reason=Reason.TAKEN_BACK,
            settled_at=now,
        )
        for row in waiting[:1]
        if own is None
    ]


def _row(
    change_set: ChangeSet,
    patient: Patient,
    channel: Channel,
    turns: Mapping[UUID, Turn],
    knew: Knew,
    *,
    now: datetime,
) -> Message | None:
    due_at = now + timedelta(seconds=settings.PLAN_HOLD_SECONDS)
    useless = max((turn.useless_at for turn in turns.values() if turn.useless_at), default=now)
    if due_at >= useless:
        return None  # the patient is already here
    step = news.step(turns.values())
    first = news.first_affected(turns.values(), now=now)
    in_time = quiet_hours.next_allowed(due_at, patient.home_zone) <= first - FAIR_WARNING
    return Message(
        patient=patient,
        change_set=change_set,
        step=step,
        channel=channel,
        knew={str(key): knew[str(key)] for key in sorted(turns)},
        due_at=due_at,
        not_after=useless,
        next_try_at=due_at,
        # the plan of a booking is the answer to what the patient just asked for
        # and a call is a task for whoever is there
        heeds_quiet_hours=in_time
        and channel != Channel.CALL
        and not (step is Step.PLAN and change_set.verb == Verb.BOOK),
    )


def _withdraw(rows: Sequence[Message], reason: Reason, *, now: datetime) -> None:
    if rows:
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.WITHDRAWN, reason=reason, next_try_at=None, settled_at=now, updated_at=now
        )


def _write(rows: Sequence[Message], *, now: datetime) -> None:
    Message.objects.bulk_create(rows)
    through = Message.visits.through
    through.objects.bulk_create(
        through(message_id=row.pk, appointment_id=UUID(key)) for row in rows for key in row.knew
    )
    for soonest in sorted(row.next_try_at for row in rows if row.next_try_at)[:1]:
        wakers.wake(due_at=soonest, now=now)
