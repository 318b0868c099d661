"""Telling staff by mail that a clinician is needed: written with the call, sent by the dispatcher, stopped once somebody has seen it.

Claim, commit, send, record, as for patients. Who dies on the way leaves a lease that runs out, and the notice is sent again:
that somebody is needed may be said twice, but not never.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from clinics.models import User
from core import audit
from notifications.actions import restores
from notifications.channels.email import staff
from notifications.models import Cause, NoticeState, Pause, StaffNotice
from notifications.queries.database_clock import Clock, database_clock
from treatments.models import AlertCall

LEASE = timedelta(minutes=2)
RETRIES = tuple(timedelta(seconds=each) for each in (15, 60, 120, 300, 300, 600, 600, 900, 900))
"""How long to wait after each try that failed; after the last one it is given up, and the list of alerts shows it still."""
SUBJECT = "A clinician is needed"
BODY = "A clinician is needed. Sign in to Courseline:\n{address}\n"
"""Read on locked screens: no name, no site, no reason."""


def write(*, calls: Sequence[AlertCall]) -> None:
    """A notice for each call. Runs in the caller's transaction."""
    StaffNotice.objects.bulk_create(
        StaffNotice(call=call, user_id=call.user_id, next_try_at=call.called_at) for call in calls
    )


def send_due(*, by: User, clock: Clock | None = None, enough: Callable[[], bool] = lambda: False) -> int:
    """Sends what is due until nothing is, or until ``enough`` says so. How many were sent.

    Nothing while somebody has still to look at a database that was restored.
    """
    clock = clock or database_clock()
    body = BODY.format(address=f"{settings.PUBLIC_URL}/")
    sent = 0
    with audit.acting(by):
        restores.guard(by=by, now=clock())
        if Pause.objects.in_force().filter(cause=Cause.RESTORE).exists():
            return 0
        while not enough() and (notice := _claim(now=clock())) is not None:
            if _is_needless(notice):
                _settle(notice, NoticeState.STOPPED, now=clock())
            elif staff.mail(subject=SUBJECT, body=body, to=notice.user.email):
                _settle(notice, NoticeState.SENT, now=clock())
                sent += 1
            else:
                _again(notice, now=clock())
    return sent


def _claim(*, now: datetime) -> StaffNotice | None:
    with transaction.atomic():
        found = (
            StaffNotice.objects.due(now=now)
            .select_related("user", "call__alert")
            .order_by("next_try_at", "pk")
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )
        if found is not None:
            found.state, found.attempts, found.next_try_at = NoticeState.SENDING, found.attempts + 1, now + LEASE
            found.save(update_fields=["state", "attempts", "next_try_at", "updated_at"])
    return found


def _is_needless(notice: StaffNotice) -> bool:
    return not notice.user.is_active or hasattr(notice.call.alert, "acknowledgement")


def _settle(notice: StaffNotice, state: NoticeState, *, now: datetime) -> None:
    StaffNotice.objects.filter(pk=notice.pk, attempts=notice.attempts).update(
        state=state, next_try_at=None, settled_at=now, updated_at=now
    )


def _again(notice: StaffNotice, *, now: datetime) -> None:
    if notice.attempts > len(RETRIES):
        _settle(notice, NoticeState.FAILED, now=now)
        return
    StaffNotice.objects.filter(pk=notice.pk, attempts=notice.attempts).update(
        state=NoticeState.WAITING, next_try_at=now + RETRIES[notice.attempts - 1], updated_at=now
    )
