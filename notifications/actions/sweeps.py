"""Finding what fell by the wayside: messages whose dispatcher is gone, that became useless, and rows that are wrong."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from clinics.models import User
from core import audit
from notifications.actions import escalations, forms, messages, news, outcomes, receipts, restores, signs
from notifications.actions.messages import Reconciled
from notifications.actions.outcomes import Ended
from notifications.engine.states import UNSENT, Outcome, Reason, State
from notifications.models import Attempt, Message
from notifications.queries import fingerprints, gaps, policies
from notifications.queries.database_clock import Clock, database_now
from notifications.queries.messages import overdue
from scheduler.models import Appointment, ChangeSet

log = structlog.get_logger(__name__)

AHEAD = timedelta(days=9)
"""How far ahead every sweep checks the rows: the earliest reminder is due seven days before its visit."""
NEWS_BACK = timedelta(days=1)
PAGE = 200
PATIENTS = 100
"""Whose rows are compared at once."""
_right: dict[UUID, tuple[object, ...]] = {}
"""Patients whose rows this process found right, with what those looked like then. Whoever has not looked, or sees anything
else, looks at all of the rows; so nothing depends on it but the time it takes.

It does not see what is written elsewhere and yet says how a patient's rows should be: the other visits of a course and its
protocol, which decide on what there is to do before a visit, and messages of records that were merged into the patient's. The
hourly look at all rows finds what comes of those.
"""
PATIENCE = timedelta(minutes=2)
"""A message still untouched this long after it was due is overdue."""


@dataclass(slots=True)
class Swept:
    """What a sweep found. ``lapsed``: given up by their dispatchers; ``expired``: useless before anybody could send them;
    ``gaps``: rows put right; ``overdue``: not sent yet; ``escalated``: unconfirmed visits that went to the desk.
    """

    lapsed: int = 0
    expired: int = 0
    gaps: Reconciled = field(default_factory=Reconciled)
    overdue: int = 0
    escalated: int = 0


def sweep(*, by: User, clock: Clock = database_now, ahead: timedelta | None = AHEAD) -> Swept:
    """Puts right whatever it finds. May run at any time, beside dispatchers and other sweeps.

    ``ahead`` None checks the rows of all coming visits.
    """
    with audit.acting(by):
        if not restores.guard(by=by, now=clock()):
            restores.remember(now=clock())
        swept = Swept(lapsed=recover(clock=clock), expired=expire(now=clock()), gaps=repair(now=clock(), ahead=ahead))
        with transaction.atomic():
            receipts.settle(now=clock())
            escalations.settle(by=by, now=clock())
            swept.escalated = escalations.escalate(now=clock())
        swept.overdue = overdue(now=clock() - PATIENCE).count()
        signs.give("sweep", now=clock())
        if ahead is None:
            signs.give("gaps", now=clock())
    if swept.lapsed or swept.expired or swept.gaps or swept.overdue:
        log.warning(
            "sweep_found",
            lapsed=swept.lapsed,
            expired=swept.expired,
            written=swept.gaps.written,
            retimed=swept.gaps.retimed,
            withdrawn=swept.gaps.withdrawn,
            stranded=swept.gaps.stranded,
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


def expire(*, now: datetime) -> int:
    """Gives up what became useless while it waited, be it held back by a pause or for want of a dispatcher."""
    useless = Message.objects.filter(
        Q(state__in=UNSENT) | Q(state=State.UNCERTAIN, next_try_at__isnull=False), not_after__lte=now
    )
    expired = 0
    while True:
        with transaction.atomic():
            keys = list(useless.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:PAGE])
            Message.objects.filter(pk__in=keys).update(
                state=State.EXPIRED, reason=Reason.TOO_LATE, next_try_at=None, settled_at=now, updated_at=now
            )
        expired += len(keys)
        if len(keys) < PAGE:
            return expired


def repair(*, now: datetime, ahead: timedelta | None = AHEAD) -> Reconciled:
    """Compares the rows about coming visits with what they should be, and makes them so.

    Within ``ahead`` only of patients about whom anything was written since this process found all of it right; without it
    of everybody, and the forms.
    """
    found = Reconciled()
    if ahead is None:
        for page in gaps.pages(now=now, ahead=None):
            found += messages.reconcile_each(page, now=now)[0]
        found += forms.write(policy=policies.in_force(), now=now)
    else:
        found += _repair_changed(now=now, ahead=ahead)
    untold = (
        ChangeSet.objects.filter(created_at__gt=now - NEWS_BACK, lines__isnull=False, messages=None)
        .exclude(verb__in=news.SILENT)
        .distinct()
        .order_by("id")
    )
    for change_set in untold:
        found += messages.reconcile(
            appointments=Appointment.objects.filter(lines__change_set=change_set), change_set=change_set, now=now
        )
    return found


def _repair_changed(*, now: datetime, ahead: timedelta) -> Reconciled:
    edition = policies.newest()
    beside = (edition.pk if edition else None, settings.TEXTS_OVER)
    seen = {
        patient: (visits, (*beside, mark))
        for patient, (visits, mark) in fingerprints.of_patients(now=now, ahead=ahead).items()
    }
    for gone in _right.keys() - seen.keys():
        del _right[gone]
    changed = [patient for patient, (_, mark) in seen.items() if _right.get(patient) != mark]
    found = Reconciled()
    changed.sort()
    for first in range(0, len(changed), PATIENTS):
        patients = changed[first : first + PATIENTS]
        page = [Appointment(pk=visit) for patient in patients for visit in seen[patient][0]]
        done, is_right = messages.reconcile_each(page, now=now)
        found += done
        if is_right and not done:
            _right.update({patient: seen[patient][1] for patient in patients})
    return found
