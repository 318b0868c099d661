"""Rules that the clinic lets be overridden: which a visit was booked against, why and by whom, and what still holds.

An override counts while the visit is where it was booked against the rule. It is kept with the visit for good.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from treatments.protocols.overrides import Broken, Overridden, against, loosened, may_be

if TYPE_CHECKING:
    from scheduler.engine.request import Placement
    from treatments.models import Visit
    from treatments.planning import Question


@dataclass(frozen=True, slots=True)
class Override:
    """One rule that a visit was booked against: what is kept of it. ``by_name`` is what that person was called then."""

    broken: Broken
    starts_at: datetime
    """Where the visit was booked against the rule."""
    reason: str
    by: str
    by_name: str
    at: datetime

    def to_json(self) -> dict[str, Any]:
        """As the visit keeps it."""
        told = {"reason": self.reason, "by": self.by, "by_name": self.by_name}
        return {**asdict(self.broken), **told, "starts_at": self.starts_at.isoformat(), "at": self.at.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Override":
        """As it was kept."""
        return cls(
            Broken(**{field.name: data[field.name] for field in fields(Broken)}),
            datetime.fromisoformat(data["starts_at"]),
            data["reason"],
            data["by"],
            data["by_name"],
            datetime.fromisoformat(data["at"]),
        )

    def counts_at(self, starts_at: datetime, resources: Mapping[str, str]) -> bool:
        """Whether it counts for a visit that is there with these: role to resource id."""
        filled = not self.broken.role or resources.get(self.broken.role) == self.broken.resource
        return starts_at == self.starts_at and filled


@dataclass(frozen=True, slots=True)
class Told:
    """An override as people read it. ``counts``: the visit is still where it was booked against the rule."""

    override: Override
    counts: bool


def of(visit: "Visit") -> list[Told]:
    """The overrides of a visit, the first first. Needs its appointment with what it takes; no query then."""
    appointment = visit.appointment
    if not visit.overrides or appointment is None:
        return [Told(Override.from_json(each), counts=False) for each in visit.overrides]
    filled = {each.role: str(each.resource_id) for each in appointment.allocations.all()}
    found = [Override.from_json(each) for each in visit.overrides]
    return [Told(each, each.counts_at(appointment.starts_at, filled)) for each in found]


def asked(question: "Question", overridden: Collection[Overridden]) -> "Question":
    """The question in which these rules do not hold for these visits."""
    request = replace(question.request, rules=loosened(question.request.rules, overridden))
    return replace(question, compiled=against(question.compiled, overridden), request=request)


def found(question: "Question", placement: "Placement") -> tuple[Broken, ...]:
    """The rules that a place breaks and that may be overridden, the fixed visits being where they are."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine import rules
    from scheduler.engine.schedule import Schedule

    key, filled = placement.visit, dict(placement.resources)
    broken = []
    for finding in rules.findings(Schedule(question.request, [placement])):
        reason = rules.seen_from(finding, key)
        if reason is None or not reason.hard or not may_be(question.compiled, reason, key):
            continue
        rule, role = reason.rule or "", reason.role or ""
        broken.append(
            Broken(
                rule=rule,
                code=finding.reason.code.value,
                amount=reason.amount or 0,
                words=question.compiled.notes[rule].words,
                message=question.sentence(reason, key),
                role=role,
                resource=filled.get(role, ""),
            )
        )
    return tuple(dict.fromkeys(broken))
