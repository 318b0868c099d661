"""Nothing old goes out of a database that was restored from a backup.

A backup rewinds the outbox: what was sent after it was made looks unsent again. So the outbox remembers by what it knew
the database it stands in; where that is another one now, everything is held back and what was due is left to people.
"""

import os
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from clinics.models import User
from core import audit
from notifications import channels
from notifications.engine.retries import KEY_HELD, Recourse
from notifications.engine.states import WAITING, Reason, State
from notifications.models import Cause, Installation, Message, Pause

log = structlog.get_logger(__name__)

# The cluster, its timeline (another one after a recovery to a point in time or a fail-over), and the table itself, which
# is another one after a dump was read in.
_IDENTITY = """
SELECT (SELECT system_identifier FROM pg_control_system())
  || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
  || '/' || 'notifications_message'::regclass::oid
"""


def guard(*, by: User, now: datetime) -> bool:
    """Holds everything back if the database is not the one messages were last sent from. Whether it was. Two queries."""
    identity = _identity()
    known = Installation.objects.first()
    if known is None:
        known, _ = Installation.objects.get_or_create(defaults={"identity": identity, "seen_at": now})
    outside = _outside()
    if known.identity == identity and known.epoch >= outside:
        return False
    hold(identity=identity, epoch=max(known.epoch, outside) + 1, by=by, now=now)
    return True


def hold(*, identity: str, epoch: int, by: User, now: datetime) -> Pause:
    """Pauses everything until a person lifts it, and leaves to people what was due, as it may have been sent.

    What a provider can tell about is asked for once the pause is lifted, and what it knows by its key is handed over again.
    """
    with transaction.atomic(), audit.acting(by):
        pause, _ = Pause.objects.get_or_create(
            site=None,
            channel="",
            step="",
            cause=Cause.RESTORE,
            lifted_at=None,
            defaults={"by": by, "since": now, "reason": "Look at the messages that may have been sent before."},
        )
        doubtful = Message.objects.filter(
            Q(state__in=WAITING, due_at__lte=now) | Q(state=State.SENDING) | Q(state__in=WAITING, attempts__gt=0)
        )
        held = 0
        for channel in channels.SENDERS:
            again = {Recourse.LOOK_UP: Q(), Recourse.KEY: Q(due_at__gt=now - KEY_HELD)}.get(channels.recourse(channel))
            mine = doubtful.filter(channel=channel)
            if again is not None:
                held += _doubt(mine.filter(again), next_try_at=now, now=now)
                mine = mine.exclude(again) if again else mine.none()
            held += _doubt(mine, next_try_at=None, now=now)
        Installation.objects.update(identity=identity, epoch=epoch, seen_at=now)
    _keep_outside(epoch)
    log.error("database_restored", held=held)
    return pause


def remember(*, now: datetime) -> None:
    """Takes note, here and outside, that messages are being sent from this database."""
    Installation.objects.update(epoch=F("epoch") + 1, seen_at=now)
    known = Installation.objects.first()
    if known is not None:
        _keep_outside(known.epoch)


def _doubt(messages: models.QuerySet[Message], *, next_try_at: datetime | None, now: datetime) -> int:
    keys = list(messages.order_by("pk").select_for_update().values_list("pk", flat=True))
    return Message.objects.filter(pk__in=keys).update(
        state=State.UNCERTAIN,
        reason=Reason.RESTORED,
        next_try_at=next_try_at,
        lease_until=None,
        token=F("token") + 1,
        unknown_outcomes=Greatest(F("unknown_outcomes"), 1),
        updated_at=now,
    )


def _identity() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY)
        (identity,) = cursor.fetchone()
    return str(identity)


def _outside() -> int:
    """The highest epoch this machine has seen; 0 where none is kept."""
    path: Path | None = settings.RESTORE_MARKER
    if path is None:
        return 0
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as failure:
        log.error("restore_marker_unreadable", failure=type(failure).__name__)  # noqa: TRY400 - the path is in the settings
        return 0


def _keep_outside(epoch: int) -> None:
    path: Path | None = settings.RESTORE_MARKER
    if path is None or _outside() >= epoch:
        return
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        new.write_text(str(epoch))
        new.replace(path)
    except OSError as failure:
        log.error("restore_marker_unwritable", failure=type(failure).__name__)  # noqa: TRY400
