"""What surrounds every page of the staff: the rail, what needs attention, and what can be taken back.

One query, and one more while somebody's last change is offered to be undone.
"""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest

from clinics.models import User
from core import clock
from web import attention, rail, undoing
from web.attention import Chip
from web.rail import Place
from web.undoing import OFFERED, Change

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """``chips`` is None when they could not be counted: the page works without them, and says so."""

    rail: tuple[Place, ...]
    chips: tuple[Chip, ...] | None
    undo: Change | None
    undo_seconds: int
    lock_minutes: int
    """After how long without use the screen is locked; 0: never."""


def around(request: HttpRequest) -> Frame:
    """The frame for whoever is signed in; an empty one for anybody else."""
    user = request.user
    if not isinstance(user, User):
        return Frame((), (), None, 0, 0)
    now = clock.now()
    listed = tuple(rail.rail(user))
    try:
        found = attention.of(user, site=request.GET.get("site", "")[:40], now=now)
        undo = undoing.offer(user, found.latest) if found.latest else None
    except DatabaseError:
        logger.exception("what needs attention could not be counted")
        return Frame(listed, None, None, 0, settings.LOCK_MINUTES)
    left = OFFERED - (now - undo.change_set.created_at) if undo else OFFERED
    return Frame(listed, found.chips, undo, int(left.total_seconds()), settings.LOCK_MINUTES)
