"""Messages as people look for them."""

from datetime import datetime

from django.db.models import Q

from clinics.models import Patient
from notifications.engine.states import WAITING
from notifications.models import Message
from notifications.models.message import MessageQuerySet
from scheduler.models import Appointment
from treatments.models import Course


def of_patient(patient: Patient) -> MessageQuerySet:
    """Everything said, or to be said, to a patient, by due time. One query."""
    return _listed(Message.objects.filter(patient=patient))


def of_course(course: Course) -> MessageQuerySet:
    """Everything about the visits of a course: its plan messages and the reminders, by due time. One query."""
    appointments = Appointment.objects.filter(visit__course=course).values("pk")
    plans = Message.visits.through.objects.filter(appointment__visit__course=course).values("message")
    return _listed(Message.objects.filter(Q(appointment__in=appointments) | Q(pk__in=plans)))


def of_appointment(appointment: Appointment) -> MessageQuerySet:
    """Everything about one visit, by due time. One query."""
    plans = Message.visits.through.objects.filter(appointment=appointment).values("message")
    return _listed(Message.objects.filter(Q(appointment=appointment) | Q(pk__in=plans)))


def overdue(*, now: datetime) -> MessageQuerySet:
    """Those a dispatcher should have taken by ``now`` and has not; pass a time in the past for some patience."""
    return Message.objects.due(now=now)


def next_due_at() -> datetime | None:
    """When the next message that waits is to be looked at; in the past if it is held back. One query."""
    earliest = Message.objects.filter(state__in=WAITING, next_try_at__isnull=False).order_by("next_try_at", "id")
    return earliest.values_list("next_try_at", flat=True).first()


def _listed(messages: MessageQuerySet) -> MessageQuerySet:
    return messages.select_related("patient", "appointment").order_by("due_at", "id")
