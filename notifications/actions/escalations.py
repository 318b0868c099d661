"""When asking by message did not help, a person calls: one task for each visit that nobody confirmed."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

import structlog
from django.db.models import Exists, F, OuterRef, Q

from clinics.models import User
from core import clock
from notifications.engine.states import ASKS, WAITING, State, Step
from notifications.models import DeskTask, Message
from notifications.models.inbound import Matter
from scheduler.models import Appointment, Status

log = structlog.get_logger(__name__)

DAYS_BEFORE, AT = 2, time(10)
"""When a visit nobody confirmed goes to the desk: on the clock of the patient's zone."""
BY_ITSELF = (Matter.UNCONFIRMED, Matter.UNDELIVERED)
"""What needs nobody any more once the visit is confirmed, moved, cancelled or under way."""


def escalate(*, now: datetime) -> int:
    """Opens a task for every visit that was asked about, is two days away or less, and neither confirmed nor answered.

    How many there were. Runs in the caller's transaction; safe to repeat. Two queries.
    """
    asked = Message.objects.filter(
        appointment=OuterRef("pk"), schedule_epoch=OuterRef("schedule_epoch"), step__in=ASKS
    ).exclude(state__in=[*WAITING, State.SENDING, State.WITHDRAWN])
    with_its_week = Message.visits.through.objects.filter(
        appointment=OuterRef("pk"), message__step=Step.YOUR_WEEK
    ).exclude(message__state__in=[*WAITING, State.SENDING, State.WITHDRAWN])
    known = DeskTask.objects.filter(
        Q(done_at=None) | Q(matter=Matter.UNCONFIRMED, schedule_epoch=OuterRef("schedule_epoch")),
        appointment=OuterRef("pk"),
    )
    unconfirmed = (
        Appointment.objects.filter(
            Exists(asked) | Exists(with_its_week),
            ~Exists(known),
            status=Status.BOOKED,
            confirmed_at=None,
            starts_at__gt=now,
            starts_at__lt=now + timedelta(days=DAYS_BEFORE + 1),
        )
        .select_related("patient__site")
        .order_by("starts_at", "id")
    )
    tasks = [
        DeskTask(
            matter=Matter.UNCONFIRMED,
            patient=visit.patient,
            appointment=visit,
            schedule_epoch=visit.schedule_epoch,
            opened_at=now,
        )
        for visit in unconfirmed
        if _goes_to_the_desk(visit, now=now)
    ]
    DeskTask.objects.bulk_create(tasks, ignore_conflicts=True)
    return len(tasks)


def settle(*, by: User, now: datetime, appointments: Iterable[Appointment] | None = None) -> int:
    """Closes the tasks that need nobody any more, about these visits or about any. How many.

    Runs in the caller's transaction. One query.
    """
    tasks = DeskTask.objects.filter(done_at=None, matter__in=BY_ITSELF)
    if appointments is not None:
        tasks = tasks.filter(appointment__in=[visit.pk for visit in appointments])
    needless = tasks.filter(
        Q(appointment__confirmed_at__isnull=False)
        | ~Q(appointment__status=Status.BOOKED)
        | Q(appointment__starts_at__lte=now)
        | Q(matter=Matter.UNCONFIRMED) & ~Q(schedule_epoch=F("appointment__schedule_epoch"))
        | Q(matter=Matter.UNDELIVERED) & ~Q(message__schedule_epoch=F("appointment__schedule_epoch")),
        appointment__isnull=False,
    )
    keys = needless.order_by("pk").values("pk")
    return DeskTask.objects.filter(pk__in=keys, done_at=None).update(done_at=now, done_by=by, updated_at=now)


def _goes_to_the_desk(visit: Appointment, *, now: datetime) -> bool:
    """Whether it is ``AT`` of the second day before, or later. Where nobody can say, as the zone is unknown: a person looks."""
    assert visit.patient is not None  # noqa: S101 - only patients are asked
    try:
        zone = visit.patient.home_zone
        on = clock.local(visit.starts_at, zone).date() - timedelta(days=DAYS_BEFORE)
        return clock.resolve(on, AT, zone).at <= now
    except (ValueError, LookupError) as failure:  # one bad record must not stop the others
        log.error("visit_without_a_time_to_escalate", appointment=str(visit.pk), failure=type(failure).__name__)  # noqa: TRY400
        return True
