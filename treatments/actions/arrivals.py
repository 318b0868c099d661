"""Until when a patient who comes late can still be treated today. Reads only."""

from datetime import datetime

from clinics.models import User
from clinics.permissions import Permission, require
from treatments.life import late_arrivals
from treatments.life.lateness import LateStarts
from treatments.life.running import Running
from treatments.models import Visit

__all__ = ["LateStarts", "for_visit"]


def for_visit(*, visit: Visit, by: User, now: datetime) -> LateStarts:
    """When the visit can still begin today with everything else where it is, and why not later.

    Raises ``WrongStatus`` for a visit that was not to begin today or did so already, ``NotAllowed``.
    """
    require(by, Permission.MOVE_VISITS)
    running = Running.read(visit.course_id, now=now)
    _, found = late_arrivals.starts(running, running.visit(visit.key))
    return found
