"""What surrounds every page of the staff: the rail, what needs attention, and what can be taken back. Two queries."""

import logging
from dataclasses import dataclass

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


def around(request: HttpRequest) -> Frame:
    """The frame for whoever is signed in; an empty one for anybody else."""
    user = request.user
    if not isinstance(user, User):
        return Frame((), (), None, 0)
    now = clock.now()
    undo = undoing.offer(user, now=now)
    left = OFFERED - (now - undo.change_set.created_at) if undo else OFFERED
    return Frame(tuple(rail.rail(user)), _chips(request, user), undo, int(left.total_seconds()))


def _chips(request: HttpRequest, user: User) -> tuple[Chip, ...] | None:
    try:
        return tuple(attention.chips(user, site=request.GET.get("site", "")[:40], now=clock.now()))
    except DatabaseError:
        logger.exception("what needs attention could not be counted")
        return None
