"""Finding what fell by the wayside: messages whose dispatcher is gone, and rows that are missing or wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from clinics.models import User
from core import audit
from notifications.actions import messages, outcomes
from notifications.actions.messages import Reconciled
from notifications.actions.outcomes import Ended
from notifications.engine.states import Outcome
from notifications.models import Attempt, Message
from notifications.queries.database_clock import Clock, database_now
from notifications.queries.messages import overdue
from scheduler.models import Appointment, ChangeSet, Status
from scheduler.models.change_set import Verb

log = structlog.get_logger(__name__)

AHEAD = timedelta(days=5)
"""How far ahead rows are checked: the earliest reminder is due three days before its visit."""
PLANS_BACK = timedelta(days=1)
PAGE = 200
PATIENCE = timedelta(minutes=2)
"""A message still untouched this long after it was due is overdue."""


@dataclass(slots=True)
class Swept:
    """What a sweep found. ``lapsed``: given up by their dispatchers; ``gaps``: rows put right; ``overdue``: not sent yet."""

    lapsed: int = 0
    gaps: Reconciled = field(default_factory=Reconciled)
    overdue: int = 0


def sweep(*, by: User, clock: Clock = database_now) -> Swept:
    """Puts right whatever it finds. May run at any time, beside dispatchers and other sweeps."""
    with audit.acting(by):
        swept = Swept(lapsed=recover(clock=clock), gaps=repair(now=clock()))
        swept.overdue = overdue(now=clock() - PATIENCE).count()
    if swept.lapsed or swept.gaps or swept.overdue:
        log.warning(
            "sweep_found",
            lapsed=swept.lapsed,
            written=swept.gaps.written,
            retimed=swept.gaps.retimed,
            withdrawn=swept.gaps.withdrawn,
            overdue=swept.overdue,
        )
    return swept


def recover(*, clock: Clock) -> int:
    """Frees messages whose lease ran out. One with an open attempt may have been sent: its outcome is unknown."""
    recovered = 0
    while True:
        with transaction.atomic():
            now = clock()
            lapsed = list(
                Message.objects.lapsed(now=now).order_by("lease_until", "id").select_for_update(skip_locked=True)[:PAGE]
            )
            tries = Attempt.objects.filter(message__in=lapsed, outcome="")
            under_way = {(attempt.message_id, attempt.token): attempt for attempt in tries}
            ended = []
            for message in lapsed:
                attempt = under_way.get((message.pk, message.token))
                if attempt is None:
                    outcomes.give_back(messages=[message], now=now)
                else:
                    ended.append(Ended(message, attempt, Outcome.UNKNOWN, "dispatcher gone"))
            outcomes.record(ended, now=now)
        recovered += len(lapsed)
        if len(lapsed) < PAGE:
            return recovered


def repair(*, now: datetime) -> Reconciled:
    """Compares the rows about coming visits with what they should be, and makes them so."""
    found = Reconciled()
    for page in _coming(now):
        found += _reconcile_each(page, now=now)
    untold = (
        ChangeSet.objects.filter(verb=Verb.BOOK, created_at__gt=now - PLANS_BACK, patient__isnull=False, messages=None)
        .prefetch_related("appointments")
        .order_by("id")
    )
    for change_set in untold:
        found += messages.reconcile(appointments=change_set.appointments.all(), change_set=change_set, now=now)
    return found


def _reconcile_each(page: list[Appointment], *, now: datetime) -> Reconciled:
    """The whole page at once; where one record spoils that, one by one without it."""
    try:
        return messages.reconcile(appointments=page, now=now)
    except Exception as failure:  # noqa: BLE001 - one bad record must not stop the sweep
        if len(page) == 1:
            log.error("appointment_without_reminders", appointment=str(page[0].pk), failure=type(failure).__name__)  # noqa: TRY400
            return Reconciled()
    return sum((_reconcile_each([each], now=now) for each in page), Reconciled())


def _coming(now: datetime) -> Iterator[list[Appointment]]:
    coming = Appointment.objects.filter(starts_at__gt=now, starts_at__lte=now + AHEAD).exclude(status=Status.HELD)
    after: UUID | None = None
    while True:
        rest = coming.filter(pk__gt=after) if after else coming
        page = list(rest.only("pk").order_by("pk")[:PAGE])
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].pk
