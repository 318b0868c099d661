"""Moving one visit of a course, inside the rules of its protocol."""

from datetime import datetime

from clinics.models import User
from scheduler.models import ChangeSet
from treatments.models import Visit


def move(
    *, visit: Visit, starts_at: datetime, by: User, now: datetime, version: int | None,
    resources: dict[str, str] | None = None, reason: str = "",
) -> ChangeSet:
    """Moves a visit to another start; keeps its resources where they are free, else takes equal ones, unless given.

    The rest of the course stays: a move that breaks a rule raises ``RulesBroken`` with every problem.
    Raises ``RulesBroken``, ``Taken``, ``Changed``, ``WrongStatus``, ``NotAllowed``, ``Busy``.
    """
    raise NotImplementedError


def cancel(*, visit: Visit, by: User, now: datetime, version: int | None, reason: str) -> ChangeSet:
    """Cancels one visit; the course goes on without it, and the visit is kept with its status.

    Raises ``Changed``, ``WrongStatus``, ``NotAllowed``.
    """
    raise NotImplementedError
