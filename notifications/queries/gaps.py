"""The rows that should exist, against those that do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from notifications.engine import budget, ladder, quiet_hours
from notifications.engine.ladder import OfType, Planned, Policy
from notifications.engine.states import ASKS, OF_VISIT, UNSENT, Channel, Reason, State, Step
from notifications.models import Message
from notifications.queries import policies, reach, verdicts, visit_types, weeks
from notifications.queries.weeks import Week
from scheduler.models import Appointment, Status

PAGE = 200
Key = tuple[UUID | None, int, str, str, UUID]
"""Appointment, epoch, step, channel, patient."""
PUT_OFF_AT_MOST = timedelta(days=budget.WEEK + 1)


@dataclass(frozen=True, slots=True)
class Mistimed:
    """A row that waits for another time than it should."""

    message: Message
    due_at: datetime
    not_after: datetime

    @property
    def only_waits(self) -> bool:
        """Whether all that is wrong is that it waits longer, as what is said with its week may."""
        row = self.message
        right = (row.due_at, row.not_after) == (self.due_at, self.not_after)
        return right and row.next_try_at is not None and row.next_try_at >= row.due_at


@dataclass(slots=True)
class Gaps:
    """How rows differ from what they should be. ``current`` are the appointments as they are now, earliest first.

    ``missing`` are rows not written yet, ``weeks`` the messages about weeks that differ. ``void`` wait though there is nothing
    to say, ``unwanted`` though the clinic sends no such reminder. ``stranded`` were taken back though the visit stands as it
    was: what is final stays, so a person must tell the patient.
    """

    current: list[Appointment] = field(default_factory=list)
    missing: list[Message] = field(default_factory=list)
    weeks: list[Week] = field(default_factory=list)
    mistimed: list[Mistimed] = field(default_factory=list)
    void: dict[Reason, list[UUID]] = field(default_factory=dict)
    unwanted: list[Message] = field(default_factory=list)
    stranded: list[Message] = field(default_factory=list)


STAYS = frozenset({Reason.CONFIRMED, Reason.WEEK, Reason.NOT_WANTED})
"""Reasons for which a message was rightly taken back though its visit stands."""


def compare(appointments: Iterable[Appointment], *, now: datetime, policy: Policy | None = None) -> Gaps:
    """What is wrong about the rows of these appointments, by the policy in force or another one.

    Thirteen queries; one more for each version of a protocol that was not read before.
    """
    policy = policy or policies.in_force()
    ids = [appointment.pk for appointment in appointments]
    current = list(
        Appointment.objects.filter(pk__in=ids, patient__isnull=False)
        .select_related("patient__site")
        .order_by("starts_at", "id")
    )
    booked = [each for each in current if each.status == Status.BOOKED]
    # what was said to a record that was merged into a patient's was said to the same person
    persons = reach.persons({each.patient.pk for each in booked if each.patient})
    found = Gaps(current=current, weeks=weeks.differing(booked, persons, now=now, policy=policy), void=_void(ids))
    found.unwanted = weeks.unwanted(booked, policy=policy)
    types = visit_types.of_appointments(booked)
    there: dict[Key, Message] = {}
    rows = Message.objects.filter(appointment__in=[each.pk for each in booked], copy=0)
    for message in sorted(rows, key=lambda each: persons.get(each.patient_id) == each.patient_id):  # the own ones last
        person = persons.get(message.patient_id, message.patient_id)
        there[message.appointment_id, message.schedule_epoch, message.step, message.channel, person] = message
    for appointment in booked:
        _compare(found, appointment, there, policy=policy, of_type=types.get(appointment.pk, ladder.USUAL), now=now)
    by_key = {each.pk: each for each in booked}
    for message in there.values():
        visit = by_key[message.appointment_id] if message.appointment_id else None
        if visit is not None and _is_unwanted(message, policy, types.get(visit.pk, ladder.USUAL)):
            found.unwanted.append(message)
    with_week = weeks.said([each.message for each in found.mistimed if each.only_waits], now=now)
    found.mistimed = [each for each in found.mistimed if not (each.only_waits and each.message.pk in with_week)]
    return found


def _compare(
    found: Gaps,
    appointment: Appointment,
    there: Mapping[Key, Message],
    *,
    policy: Policy,
    of_type: OfType,
    now: datetime,
) -> None:
    """Adds what is wrong about the rows of one booked visit."""
    patient = appointment.patient
    assert patient is not None  # noqa: S101 - asked for in the query, and by a constraint
    zone = patient.home_zone
    right = {
        step.step: step
        for step in ladder.reminders(
            starts_at=appointment.starts_at,
            booked_at=appointment.created_at,
            zone=zone,
            policy=policy,
            of_type=of_type,
        )
    }
    coming = ladder.still_to_come(
        starts_at=appointment.starts_at,
        booked_at=appointment.created_at,
        zone=zone,
        now=now,
        policy=policy,
        of_type=of_type,
    )
    for planned in coming:
        if planned.step in ASKS and appointment.confirmed_at:
            continue
        for channel in reach.channels_of(patient, planned.step):
            known = there.get((appointment.pk, appointment.schedule_epoch, planned.step, channel, patient.pk))
            if known is None:
                found.missing.append(_reminder(appointment, planned, channel))
            elif known.state == State.WITHDRAWN and known.reason not in STAYS:
                found.stranded.append(known)
            elif planned == right[planned.step] and _is_mistimed(known, planned, zone=zone, now=now):
                known.appointment = appointment
                found.mistimed.append(Mistimed(known, planned.due_at, planned.not_after))


def _is_unwanted(message: Message, policy: Policy, of_type: OfType) -> bool:
    """Whether an untouched row waits for what the clinic does not send; not what staff sent or held by hand."""
    step = Step(message.step)
    waits = message.state in UNSENT and message.heeds_quiet_hours
    return waits and step in OF_VISIT and not policy.wants(step, of_type)


def pages(*, now: datetime) -> Iterator[list[Appointment]]:
    """The coming visits, ids only, in pages. One query a page."""
    coming = Appointment.objects.filter(starts_at__gt=now).exclude(status=Status.HELD)
    after: UUID | None = None
    while True:
        rest = coming.filter(pk__gt=after) if after else coming
        page = list(rest.only("pk").order_by("pk")[:PAGE])
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].pk


def _void(ids: Sequence[UUID]) -> dict[Reason, list[UUID]]:
    """What waits though the time it speaks of is void.

    A visit that is missed or here already may come back to booked; its messages are judged when they are due.
    """
    plans = Message.visits.through.objects.filter(appointment__in=ids).values_list("message", flat=True)
    # the messages about a week and about forms take in what comes, and an offer lapses by the clock; whether anything is left
    # is judged when they are due
    unsent = Message.objects.filter(state__in=UNSENT).exclude(step__in=[Step.YOUR_WEEK, Step.FORM, Step.OFFER])
    unsent = unsent.select_related("appointment").prefetch_related("visits")
    void: dict[Reason, list[UUID]] = {}
    # two index look-ups; as one condition with "or" they would be a scan
    for message in [*unsent.filter(appointment__in=ids), *unsent.filter(pk__in=list(plans))]:
        reason = verdicts.not_expected(message, verdicts.about(message))
        if reason in {Reason.CANCELLED, Reason.MOVED, Reason.CONFIRMED}:
            void.setdefault(reason, []).append(message.pk)
    return void


def _is_mistimed(message: Message, planned: Planned, *, zone: str, now: datetime) -> bool:
    """Whether an untouched row waits for the wrong time: the patient's zone or a zone's rules changed, or the row was.

    Later than due is right only for a morning: after quiet hours, or when there is room for another text. What waits for
    the message about the week is told apart by the caller.
    """
    if message.state != State.SCHEDULED or message.attempts or not message.heeds_quiet_hours:
        return False
    if (message.due_at, message.not_after) != (planned.due_at, planned.not_after):
        return True
    at = message.next_try_at
    if at is None or at < planned.due_at:
        return True
    put_off = quiet_hours.next_allowed(at - timedelta(seconds=1), zone) == at
    return at > max(planned.due_at, now) and not (put_off and at - planned.due_at < PUT_OFF_AT_MOST)


def _reminder(appointment: Appointment, planned: Planned, channel: Channel) -> Message:
    return Message(
        patient=appointment.patient,
        appointment=appointment,
        schedule_epoch=appointment.schedule_epoch,
        step=planned.step,
        channel=channel,
        due_at=planned.due_at,
        not_after=planned.not_after,
        next_try_at=planned.due_at,
    )
