"""What became of a patient's visits, against what the patient knew of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from notifications.engine.states import Step


@dataclass(frozen=True, slots=True)
class Turn:
    """One visit: when it should have begun as far as the patient knew, and when it begins now. None: no such visit."""

    knew: datetime | None
    begins: datetime | None

    @property
    def is_news(self) -> bool:
        """Whether the patient has something to learn."""
        return self.knew != self.begins

    @property
    def useless_at(self) -> datetime | None:
        """When it is too late to say it: the visit begins, or would have begun."""
        return self.begins or self.knew


def step(turns: Collection[Turn]) -> Step:
    """What these turns are told by together: all new, all gone, or anything else."""
    if all(turn.knew is None for turn in turns):
        return Step.PLAN
    if all(turn.begins is None for turn in turns):
        return Step.CANCELLED
    return Step.CHANGED


def first_affected(turns: Collection[Turn], *, now: datetime) -> datetime:
    """The first time to come at which a patient who was not told would be wrong."""
    times = [at for turn in turns for at in (turn.knew, turn.begins) if at is not None and at > now]
    return min(times, default=now)
