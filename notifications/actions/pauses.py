"""Holding messages back, and letting them go again."""

from datetime import datetime

from django.db import transaction

from clinics.models import Site, User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Conflict
from notifications.actions import wakers
from notifications.engine.states import Channel, Step
from notifications.models import Cause, Pause


class NotPaused(Conflict):
    """The pause was lifted by somebody else."""

    code = "not_paused"


def pause(
    *,
    by: User,
    now: datetime,
    site: Site | None = None,
    channel: Channel | None = None,
    step: Step | None = None,
    reason: str = "",
) -> Pause:
    """Holds back what fits, from the next claim on: everything, or one site's, one channel's, one step's. Safe to repeat.

    Raises ``NotAllowed``.
    """
    require(by, Permission.PAUSE_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        made, _ = Pause.objects.get_or_create(
            site=site,
            channel=channel or "",
            step=step or "",
            cause=Cause.STAFF,
            lifted_at=None,
            defaults={"by": by, "since": now, "reason": reason},
        )
    return made


def lift(*, pause: Pause, by: User, now: datetime) -> Pause:
    """Lets what was held back go out, as far as it is not too late for it.

    Raises ``NotPaused``, ``NotAllowed``.
    """
    require(by, Permission.PAUSE_MESSAGES)
    with transaction.atomic(), audit.acting(by):
        current = Pause.objects.select_for_update().get(pk=pause.pk)
        if current.lifted_at is not None:
            raise NotPaused("These messages are not held back any more.")
        current.lifted_at = now
        current.save(update_fields=["lifted_at", "updated_at"])
        wakers.wake(due_at=now, now=now)
    return current
