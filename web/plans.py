"""A plan on its way from the screen back to the server: what was shown, signed, so that exactly that is booked.

The signature only keeps the plan whole; every place in it is checked again when it is booked.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core import signing

from core.errors import InvalidInput
from scheduler.models import Kind
from treatments.actions.courses import Placed, PlannedVisit, Proposal
from web.therapies import Therapy, therapy
from web.visit_lines import VisitLine
from web.words import listing

SALT = "web.plan"
MAX_AGE = timedelta(days=2)
"""An older plan is looked for again: the calendar has moved on."""


class OldPlan(InvalidInput):
    """The plan was altered, or is too old to be booked."""

    code = "old_plan"


@dataclass(frozen=True, slots=True)
class ShownVisit:
    """One visit of a shown plan. ``resources``: for each role the id, the name and the kind."""

    key: str
    label: str
    family: str
    minutes: int
    starts_at: str
    resources: dict[str, list[str]]
    reason: str
    notes: list[str]
    unplaced: list[str]

    @property
    def pin(self) -> str:
        """Its place as the box that locks it sends it; ``read_pin`` reads it."""
        taken = ",".join(f"{role}:{values[0]}" for role, values in self.resources.items())
        return f"{self.key}~{self.starts_at}~{taken}" if self.starts_at else ""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One visit of a plan that can still be changed. ``was``: where it stood in the plan before, local, if elsewhere."""

    line: VisitLine
    pin: str
    is_pinned: bool
    was: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the rhythm."""

    on: date
    marks: tuple[Therapy, ...]

    @property
    def weekend(self) -> bool:
        """Whether it is a Saturday or Sunday."""
        return self.on.weekday() > 4


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday; ``pause`` is the number of weeks without visits before it."""

    days: tuple[Day, ...]
    pause: int


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """What stood on the screen, and for whom."""

    protocol: str
    version: str
    patient: str
    site: str
    start_on: str
    wishes: dict[str, Any]
    visits: tuple[ShownVisit, ...]

    @classmethod
    def of(cls, proposal: Proposal, *, patient: UUID) -> "ShownPlan":
        """What is shown of a proposal."""
        return cls(
            protocol=proposal.protocol_version.protocol.title,
            version=str(proposal.protocol_version.pk),
            patient=str(patient),
            site=str(proposal.site.pk),
            start_on=proposal.start_on.isoformat(),
            wishes=dict(proposal.wishes),
            visits=_visits(proposal.visits),
        )

    def chosen(self, kind: str, proposal: Proposal) -> "ShownPlan":
        """This plan, or the alternative of that kind."""
        found = next((each for each in proposal.alternatives if each.kind == kind), None)
        return self if found is None else replace(self, visits=_visits(found.visits))

    def signed(self) -> str:
        """The plan as text for a hidden field."""
        return signing.dumps(asdict(self), salt=SALT, compress=True)

    @classmethod
    def read(cls, text: str) -> "ShownPlan":
        """The plan that ``signed`` wrote.

        Raises ``OldPlan``.
        """
        try:
            data = signing.loads(text, salt=SALT, max_age=MAX_AGE)
        except signing.BadSignature as error:
            raise OldPlan("This plan is too old to be booked. Find a plan again.") from error
        return cls(**{**data, "visits": tuple(ShownVisit(**visit) for visit in data["visits"])})

    @property
    def placed(self) -> list[Placed]:
        """The places to book."""
        return [
            Placed(
                key=visit.key,
                starts_at=datetime.fromisoformat(visit.starts_at),
                resources={role: values[0] for role, values in visit.resources.items()},
            )
            for visit in self.visits
            if visit.starts_at
        ]

    @property
    def unplaced(self) -> int:
        """How many visits found no place."""
        return sum(1 for visit in self.visits if not visit.starts_at)

    @property
    def given_up(self) -> int:
        """How many visits give something up."""
        return sum(1 for visit in self.visits if visit.notes)

    def visit(self, key: str) -> ShownVisit | None:
        """One of its visits."""
        return next((visit for visit in self.visits if visit.key == key), None)

    def lines(self, zone: str, problems: dict[str, tuple[str, ...]] | None = None) -> list[VisitLine]:
        """The list of the plan; what found no place comes first. ``problems`` are sentences by visit key."""
        shown = [_line(visit, ZoneInfo(zone), (problems or {}).get(visit.key, ())) for visit in self.visits]
        return sorted(shown, key=lambda line: line.starts is not None)

    def rows(
        self,
        zone: str,
        *,
        before: "ShownPlan | None" = None,
        pinned: Collection[str] = (),
        problems: dict[str, tuple[str, ...]] | None = None,
    ) -> list[PlanRow]:
        """The list with what can be done to each visit. ``before`` is the plan that was shown before this one."""
        rows = []
        for line in self.lines(zone, problems):
            visit, was = self.visit(line.key), before.visit(line.key) if before is not None else None
            assert visit is not None  # noqa: S101 - the lines are those of its visits
            moved = was is not None and was.starts_at and visit.starts_at and was.starts_at != visit.starts_at
            old = (
                datetime.fromisoformat(was.starts_at).astimezone(ZoneInfo(zone)) if was is not None and moved else None
            )
            rows.append(PlanRow(line, visit.pin, line.key in pinned, old))
        return rows

    def weeks(self, zone: str) -> list[Week]:
        """The rhythm of the plan: the weeks that have visits, and the pauses between them."""
        on: dict[date, list[Therapy]] = {}
        for visit in self.visits:
            if visit.starts_at:
                local = datetime.fromisoformat(visit.starts_at).astimezone(ZoneInfo(zone)).date()
                on.setdefault(local, []).append(therapy(visit.family))
        mondays = sorted({day - timedelta(days=day.weekday()) for day in on})
        weeks = []
        for number, monday in enumerate(mondays):
            pause = (monday - mondays[number - 1]).days // 7 - 1 if number else 0
            days = [monday + timedelta(days=n) for n in range(7)]
            weeks.append(Week(tuple(Day(day, tuple(on.get(day, ()))) for day in days), pause))
        return weeks


def read_pin(text: str) -> Placed:
    """The place that a box which locks it sent.

    Raises ``OldPlan``.
    """
    try:
        key, starts_at, taken = text.split("~")
        resources = dict(part.split(":", 1) for part in taken.split(",") if part)
        return Placed(key, datetime.fromisoformat(starts_at), {role: str(UUID(pk)) for role, pk in resources.items()})
    except ValueError:
        raise OldPlan("One of the locked visits could not be read. Find a plan again.") from None


def _visits(planned: Iterable[PlannedVisit]) -> tuple[ShownVisit, ...]:
    return tuple(
        ShownVisit(
            key=visit.key,
            label=visit.label,
            family=visit.family,
            minutes=visit.minutes,
            starts_at=visit.starts_at.isoformat() if visit.starts_at else "",
            resources={role: [str(each.pk), each.name, each.kind] for role, each in sorted(visit.resources.items())},
            reason=visit.reason,
            notes=list(visit.notes),
            unplaced=list(visit.unplaced),
        )
        for visit in planned
    )


def _line(visit: ShownVisit, tz: ZoneInfo, problems: tuple[str, ...]) -> VisitLine:
    starts = datetime.fromisoformat(visit.starts_at).astimezone(tz) if visit.starts_at else None
    ends = None
    if starts is not None:  # elapsed time: a visit over the change of the clocks keeps its length
        instant = datetime.fromisoformat(visit.starts_at) + timedelta(minutes=visit.minutes)
        ends = instant.astimezone(tz)
    places = {name: kind for _, name, kind in visit.resources.values()}
    return VisitLine(
        key=visit.key,
        label=visit.label,
        family=visit.family,
        minutes=visit.minutes,
        starts=starts,
        ends=ends,
        place=listing([name for name, kind in places.items() if kind != Kind.PERSON]),
        people=", ".join(name for name, kind in places.items() if kind == Kind.PERSON),
        reason=visit.reason,
        notes=tuple(visit.notes),
        unplaced=tuple(visit.unplaced),
        problems=problems,
    )
