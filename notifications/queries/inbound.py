"""What patients answered, and what their links show."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from clinics.models import Patient, User
from notifications.models import Answer, DeskTask, Link
from notifications.models.link import Purpose
from scheduler.models import Appointment, Status

FEED_BACK = timedelta(days=30)
"""How far back a calendar subscription reaches."""
SHOWN_IN_FEED = (Status.BOOKED, Status.ARRIVED, Status.IN_TREATMENT, Status.DONE, Status.MISSED, Status.CANCELLED)


def opened(token: str, *purposes: Purpose, now: datetime) -> Link | None:
    """The link with this token, if it is for one of these purposes and can be used; one query."""
    return (
        Link.objects.usable(now=now)
        .opened_by(token)
        .filter(purpose__in=purposes)
        .select_related("patient__site", "user")
        .first()
    )


def visits_of(link: Link, *, now: datetime, every: bool = False) -> list[Any]:
    """The visits a patient's link shows, earliest first: its own, or all that are still to come (also if ``every``).

    Each with ``said``: ``meaning``, ``words``, ``by`` (the provider) and ``at`` (when) of the newest answer about it; None
    without one. One query.
    """
    visits = Appointment.objects.filter(patient=link.patient, status=Status.BOOKED, starts_at__gt=now)
    if link.appointment_id is not None and not every:
        visits = visits.filter(pk=link.appointment_id)
    each = JSONObject(meaning="meaning", words="text", by="provider", at="received_at")
    said = _answers(OuterRef("pk")).annotate(each=each).values("each")[:1]
    return list(visits.annotate(said=Subquery(said)).select_related("site").order_by("starts_at", "id"))


def feed_of(link: Link, *, now: datetime) -> list[Appointment]:
    """What a calendar subscription holds: the visits of a patient, or of a member of staff. One query."""
    of = {"patient": link.patient} if link.patient_id else {"allocations__resource__user": link.user}
    return list(
        Appointment.objects.filter(starts_at__gt=now - FEED_BACK, status__in=SHOWN_IN_FEED, **of)
        .select_related("site")
        .order_by("starts_at", "id")
        .distinct()
    )


def newest_answer(visit: Appointment) -> Answer | None:
    """The newest answer about a visit, if there is one; one query."""
    return _answers(visit).first()


def _answers(visit: Appointment | OuterRef) -> QuerySet[Answer]:
    """All about a visit, the newest first."""
    return Answer.objects.filter(appointment=visit).order_by("-received_at", "-id")


def open_tasks(*, at_most: int) -> QuerySet[DeskTask]:
    """What the desk has not seen to yet, oldest first. One query."""
    return (
        DeskTask.objects.filter(done_at=None)
        .select_related("patient__site", "appointment__site", "answer", "message")
        .order_by("opened_at", "id")[:at_most]
    )


def done_tasks(*, since: datetime, at_most: int) -> QuerySet[DeskTask]:
    """What people at the desk have seen to since then, the newest first. One query."""
    return (
        DeskTask.objects.filter(done_at__gt=since)
        .select_related("patient", "done_by")
        .order_by("-done_at", "-id")[:at_most]
    )


def subscription_of(user: User, *, now: datetime) -> Link | None:
    """A member of staff's calendar subscription, if there is one."""
    return Link.objects.usable(now=now).filter(user=user, purpose=Purpose.CALENDAR).first()


def patient_subscribed(patient: Patient, *, now: datetime) -> bool:
    """Whether a patient has a calendar subscription. One query."""
    return Link.objects.usable(now=now).filter(patient=patient, purpose=Purpose.CALENDAR).exists()
