"""Messages as people look for them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q

from clinics.models import Patient, Site
from core import clock
from notifications.engine.states import WAITING, Channel, State
from notifications.models import Message, Offer, Pause
from notifications.models.message import MessageQuerySet
from notifications.queries import pauses
from scheduler.models import Appointment
from treatments.models import Course


def of_patient(patient: Patient) -> MessageQuerySet:
    """Everything said, or to be said, to a patient, by due time. One query."""
    return _listed(Message.objects.filter(_of(patient.pk)))


def _of(patient: UUID) -> Q:
    """A patient's own, and those of merged duplicates: what was said to them was said to the same person."""
    return Q(patient=patient) | Q(patient__merged_into=patient)


def of_course(course: Course) -> MessageQuerySet:
    """Everything about the visits of a course: its plan messages, the reminders, other times offered, by due time. One query."""
    appointments = Appointment.objects.filter(visit__course=course).values("pk")
    plans = Message.visits.through.objects.filter(appointment__visit__course=course).values("message")
    offers = Offer.objects.filter(entry__visit__course=course).values("message")
    return _listed(Message.objects.filter(Q(appointment__in=appointments) | Q(pk__in=plans) | Q(pk__in=offers)))


def of_appointment(appointment: Appointment) -> MessageQuerySet:
    """Everything about one visit, with other times offered for it, by due time. One query."""
    plans = Message.visits.through.objects.filter(appointment=appointment).values("message")
    offers = Offer.objects.filter(entry__visit__appointment=appointment).values("message")
    return _listed(Message.objects.filter(Q(appointment=appointment) | Q(pk__in=plans) | Q(pk__in=offers)))


def look(
    *,
    state: State | None = None,
    channel: Channel | None = None,
    patient: UUID | None = None,
    due_from: datetime | None = None,
    due_before: datetime | None = None,
    due_on: date | None = None,
    attention: bool = False,
) -> MessageQuerySet:
    """Those that fit everything given, with what a page shows of each loaded. ``attention``: nothing more happens to
    them unless a person acts; ``due_on``: a day on the clock of the site each is sent from. Not in any order. One query;
    two with ``due_on``.
    """
    found = Message.objects.for_people() if attention else Message.objects.all()
    wanted = {
        "state": state,
        "channel": channel,
        "due_at__gte": due_from,
        "due_at__lt": due_before,
    }
    if patient is not None:
        found = found.filter(_of(patient))
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if due_on is not None:
        found = found.filter(_on(due_on))
    return shown(found)


def _on(day: date) -> Q:
    """The condition of being due on this day, each on the clock of the patient's site."""
    condition = Q(pk__in=[])
    for zone in Site.objects.order_by("zone").values_list("zone", flat=True).distinct():
        begins, ends = (clock.resolve(each, time(), zone).at for each in (day, day + timedelta(days=1)))
        condition |= Q(patient__site__zone=zone, due_at__gte=begins, due_at__lt=ends)
    return condition


def shown(messages: MessageQuerySet) -> MessageQuerySet:
    """With everything that is shown of a message: patient and place, visit, booking, and who has taken care of it."""
    return messages.select_related("patient__site", "appointment", "change_set", "handling__by")


def oldest_overdue(*, now: datetime, paused: Sequence[Pause]) -> datetime | None:
    """When the oldest message should have gone out that is due and that no pause holds back. One query."""
    due = overdue(now=now)
    if paused:
        due = due.exclude(pauses.held_back(paused))
    return due.order_by("next_try_at", "id").values_list("next_try_at", flat=True).first()


def overdue(*, now: datetime) -> MessageQuerySet:
    """Those a dispatcher should have taken by ``now`` and has not; pass a time in the past for some patience."""
    return Message.objects.due(now=now)


def next_due_at() -> datetime | None:
    """When the next message that waits is to be looked at; in the past if it is held back. One query."""
    earliest = Message.objects.filter(state__in=WAITING, next_try_at__isnull=False).order_by("next_try_at", "id")
    return earliest.values_list("next_try_at", flat=True).first()


def _listed(messages: MessageQuerySet) -> MessageQuerySet:
    return messages.select_related("patient", "appointment").order_by("due_at", "id")
