"""Finding what fell by the wayside: messages whose dispatcher is gone, that became useless, and rows that are wrong."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from clinics.models import Patient, User
from core import audit
from core.ids import first_at
from notifications.actions import escalations, forms, messages, news, outcomes, receipts, restores, signs
from notifications.actions.messages import Reconciled
from notifications.actions.outcomes import Ended
from notifications.engine.states import UNSENT, Outcome, Reason, State, Step
from notifications.models import Attempt, Message
from notifications.queries import fingerprints, policies, reach
from notifications.queries import forms as due_forms
from notifications.queries.database_clock import Clock, database_now
from notifications.queries.fingerprints import Look
from notifications.queries.messages import overdue
from scheduler.models import Appointment, ChangeLine, ChangeSet

log = structlog.get_logger(__name__)

NEWS_BACK = timedelta(days=1)
JUST_MADE = timedelta(minutes=10)
PAGE = 200
VISITS = 200
"""About how many are compared at once."""
LOOK_SECONDS = 10.0
"""How long one sweep looks at what changed; the rest has its turn with the next, those first whose visit is next."""
_right: dict[UUID, tuple[object, ...]] = {}
"""Patients whose rows this process found right, with what those looked like then. Whoever has not looked, or sees anything
else, looks at all of the rows; so nothing depends on it but the time it takes.

It sees neither that time has passed, which brings messages about forms, nor messages of records that were merged into the
patient's. The hourly look at everything finds what comes of those.
"""
_nothing_to_tell: set[UUID] = set()
"""Changes of the last day in which this process found nothing that patients need to hear, such as another chair."""
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


def sweep(*, by: User, clock: Clock = database_now, afresh: bool = False, seconds: float = LOOK_SECONDS) -> Swept:
    """Puts right whatever it finds. May run at any time, beside dispatchers and other sweeps.

    ``afresh`` and ``seconds`` are those of ``repair``.
    """
    with audit.acting(by):
        if not restores.guard(by=by, now=clock()):
            restores.remember(now=clock())
        swept = Swept(
            lapsed=recover(clock=clock),
            expired=expire(now=clock()),
            gaps=repair(now=clock(), afresh=afresh, seconds=seconds),
        )
        with transaction.atomic():
            receipts.settle(now=clock())
            escalations.settle(by=by, now=clock())
            swept.escalated = escalations.escalate(now=clock())
        swept.overdue = overdue(now=clock() - PATIENCE).count()
        signs.give("sweep", now=clock())
        if afresh:
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


def repair(*, now: datetime, afresh: bool = False, seconds: float = LOOK_SECONDS) -> Reconciled:
    """Compares the rows about coming visits and the forms of running courses with what they should be, and makes them so.

    Only of patients about whom anything was written since this process found all of it right; ``afresh`` of everybody. After
    so many ``seconds`` it leaves the rest to the next sweep of this process.
    """
    found = Reconciled()
    if afresh:
        _right.clear()
        found += forms.write(policy=policies.in_force(), now=now)  # nobody else looks at what only time brings
    found += _repair_changed(now=now, seconds=seconds)
    return found + _tell_untold(now=now)


def _repair_changed(*, now: datetime, seconds: float) -> Reconciled:
    edition = policies.newest()
    beside = (edition.pk if edition else None, settings.TEXTS_OVER)
    seen = fingerprints.of_patients(now=now)
    for gone in _right.keys() - seen.keys():
        del _right[gone]
    found, end = Reconciled(), time.monotonic() + seconds
    changed = [patient for patient, look in seen.items() if _right.get(patient) != (*beside, look.mark)]
    while changed and time.monotonic() < end:
        patients = _first_of(changed, seen)
        changed = changed[len(patients) :]
        visits = [Appointment(pk=visit) for patient in patients for visit in seen[patient].visits]
        done, is_right = messages.reconcile_each(visits, now=now) if visits else (Reconciled(), True)
        if courses := due_forms.running_of([patient for patient in patients if seen[patient].in_course]):
            done += forms.write_each(courses, policy=policies.of(edition), now=now)
        found += done
        if is_right and not done:
            _right.update({patient: (*beside, seen[patient].mark) for patient in patients})
    return found


def _tell_untold(*, now: datetime) -> Reconciled:
    """Writes what patients are told about the changes of the last day of which no message speaks, and about those just made
    of which none does on one of the patient's channels.
    """
    changes = ChangeSet.objects.filter(pk__gte=first_at(now - NEWS_BACK)).exclude(verb__in=news.SILENT)
    untold = list(
        changes.filter(Exists(ChangeLine.objects.filter(change_set=OuterRef("pk"))), messages=None)
        .union(changes.filter(pk__in=_half_told(now=now)))
        .order_by("id")
    )
    _nothing_to_tell.intersection_update(change_set.pk for change_set in untold)
    found = Reconciled()
    for change_set in untold:
        if change_set.pk in _nothing_to_tell:
            continue
        concerned = Appointment.objects.filter(lines__change_set=change_set)
        try:
            done = messages.reconcile(appointments=concerned, change_set=change_set, now=now)
        except Exception as failure:  # noqa: BLE001 - one bad record must not stop the others
            log.error("change_without_messages", change_set=str(change_set.pk), failure=type(failure).__name__)  # noqa: TRY400
            continue
        found += done
        if not done:
            _nothing_to_tell.add(change_set.pk)
    return found


def _half_told(*, now: datetime) -> set[UUID]:
    """The changes just made of which a patient is to hear on some of the channels there are, and not on all. One query.

    Only those: whoever agrees to texts later need not hear of old changes once more.
    """
    told: dict[tuple[UUID | None, UUID], tuple[Patient, set[str]]] = {}
    rows = Message.objects.filter(change_set__gte=first_at(now - JUST_MADE), copy=0).exclude(reason=Reason.TAKEN_BACK)
    for row in rows.select_related("patient"):
        told.setdefault((row.change_set_id, row.patient_id), (row.patient, set()))[1].add(row.channel)
    return {
        change_set
        for (change_set, _), (patient, channels) in told.items()
        if change_set and set(reach.channels_of(patient, Step.CHANGED)) - channels
    }


def _first_of(patients: Sequence[UUID], seen: Mapping[UUID, Look]) -> list[UUID]:
    """As many of the first of these patients as are compared at once."""
    taken, visits = [], 0
    for patient in patients:
        taken.append(patient)
        visits += len(seen[patient].visits) + 1
        if visits >= VISITS:
            break
    return taken
