"""Keeping open-ended courses planned ahead, whoever looks or not."""

import logging
from collections.abc import Callable
from datetime import datetime

from clinics.models import User
from core.errors import DomainError
from treatments.actions import changes
from treatments.life.events import Extend
from treatments.queries import horizon

log = logging.getLogger(__name__)


def extend_all(*, by: User, now: datetime, enough: Callable[[], bool] = lambda: False) -> int:
    """Extends the running courses that are short of visits, until ``enough``; gives the number of those extended.

    Each course is one change set in a transaction of its own: what cannot be done for one now is tried again the next
    time, and keeps no other from being extended.
    """
    extended = 0
    for course in horizon.to_extend():
        if enough():
            break
        try:
            changes.apply(event=Extend(course.pk), by=by, now=now)
        except DomainError as error:
            log.warning("could not extend a course", extra={"course": str(course.pk), "error": error.code})
        else:
            extended += 1
    return extended
