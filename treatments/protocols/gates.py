"""A protocol's gates as a course meets them: what has to be there, before which visits, since when and how fresh."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from treatments.protocols.references import visits_of

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol

ESCORT = "escort"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One gate. ``key`` is its kind and its number among those of its kind: "consent.1"."""

    key: str
    kind: str
    title: str
    before: str
    """A reference to visits: "infusions.first"."""
    lead: timedelta
    """In place at the latest so long before the visit."""
    valid_days: int | None
    """On the date of the visit it is at most so many days old."""

    @property
    def per_visit(self) -> bool:
        """Whether each visit needs its own: what does not last is asked for every time."""
        return self.per_start or (self.before.endswith(".each") and self.valid_days is None)

    @property
    def per_start(self) -> bool:
        """Whether it holds for one start of its visit only: who accompanies the patient comes at that time."""
        return self.kind == ESCORT

    def asks(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those of these visits that wait for it. ``keys`` are the visits of a course that take or took place."""
        return visits_of(self.before, keys)


def requirements(document: "Protocol") -> tuple[Requirement, ...]:
    """The gates of a protocol, in its order. A published version never changes, so neither do their keys."""
    seen: dict[str, int] = {}
    found = []
    for gate in document.gates:
        seen[gate.gate] = seen.get(gate.gate, 0) + 1
        found.append(
            Requirement(
                key=f"{gate.gate.value}.{seen[gate.gate]}",
                kind=gate.gate.value,
                title=gate.title,
                before=gate.before,
                lead=timedelta(hours=gate.lead_hours or 0),
                valid_days=gate.valid_days,
            )
        )
    return tuple(found)
