"""Visits that cannot stay because somebody or something is not there, and where they could go instead."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from clinics.models import Site
from core import clock
from scheduler.models import Allocation, Appointment, Kind, Resource, Status
from treatments.life.ripples import Fate
from treatments.models import Course, PlanningJob, Visit
from web import words
from web.visit_lines import who_and_where


@dataclass(frozen=True, slots=True)
class Choice:
    """Who or what may be missing, how many of the selected visits need it, and over which local period."""

    resource: Resource
    visits: int
    starts: datetime
    ends: datetime


def choices(site: Site, selected: Collection[UUID], on: date) -> list[Choice]:
    """What the selected visits take on a date, people first, then what most of them need. One query."""
    bounds = clock.day_bounds(on, site.zone)
    rows = (
        Allocation.objects.filter(
            appointment__in=selected, appointment__site=site, starts_at__lt=bounds[1], ends_at__gt=bounds[0]
        )
        .select_related("resource")
        .order_by("starts_at")
    )
    found: dict[UUID, list[Allocation]] = {}
    for row in rows:
        found.setdefault(row.resource_id, []).append(row)
    made = [
        Choice(
            resource=taken[0].resource,
            visits=len(Counter(row.appointment_id for row in taken)),
            starts=clock.local(min(row.starts_at for row in taken), site.zone),
            ends=clock.local(max(row.ends_at for row in taken), site.zone),
        )
        for taken in found.values()
    ]
    return sorted(made, key=lambda each: (-each.visits, each.resource.kind != Kind.PERSON, each.resource.name))


@dataclass(frozen=True, slots=True)
class Row:
    """One visit that cannot stay, or ``stays`` though one before it has no place; ``why`` says why.

    ``after`` is empty where no other place was found.
    """

    patient: str
    phone: Any
    """The number to call; nothing where there is none."""
    label: str
    family: str
    visit: UUID | None
    course: UUID
    before: str
    after: str
    stays: bool
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What carrying a job out would do, in words. ``left`` are visits it does not touch: somebody has to call."""

    rows: tuple[Row, ...]
    told: int
    left: tuple[Appointment, ...]

    @property
    def placed(self) -> int:
        """How many get another place."""
        return sum(1 for row in self.rows if row.after and not row.stays)

    @property
    def press(self) -> str:
        """What the button says: such as "Re-place 8 visits and tell 5 patients"."""
        parts = []
        if self.placed:
            parts.append(f"re-place {words.count(self.placed, 'visit')}")
        if waiting := sum(1 for row in self.rows if not row.after):
            parts.append(f"put {waiting} on the work list")
        if self.told:
            parts.append(f"tell {words.count(self.told, 'patient')}")
        said = words.listing(parts) or "note the absence"
        return said[:1].upper() + said[1:]


def proposal(job: PlanningJob) -> Proposal:
    """The answer of a job that is worked out. Five queries, however many visits."""
    zone = job.site.zone
    answered: Sequence[dict[str, Any]] = job.answer["courses"]
    courses = Course.objects.select_related("patient").in_bulk([each["course"] for each in answered])
    visits = {
        (visit.course_id, visit.key): visit.pk for visit in Visit.objects.filter(course__in=list(courses)).only("course_id", "key")
    }  # fmt: skip
    resources = {str(each.pk): each for each in Resource.objects.filter(site=job.site)}

    def place(spot: dict[str, Any] | None) -> str:
        if spot is None:
            return ""
        at = clock.local(datetime.fromisoformat(spot["starts_at"]), zone)
        where, who = who_and_where(resources[key] for key in spot["resources"].values() if key in resources)
        said = f"{words.short_day(at.date())}, {words.clock(at.time())}"
        return " · ".join(part for part in (said, where, who) if part)

    rows = [
        Row(
            patient=courses[UUID(each["course"])].patient.short_name,
            phone=courses[UUID(each["course"])].patient.phone,
            label=step["label"],
            family=step["family"],
            visit=visits.get((UUID(each["course"]), step["visit"])),
            course=UUID(each["course"]),
            before=place(step["before"]),
            after=place(step["after"]),
            stays=step["fate"] == Fate.STAYS,
            why=tuple(why["message"] for why in step["reasons"]),
        )
        for each in answered
        if UUID(each["course"]) in courses
        for step in each["steps"]
        if step["fate"] in (Fate.MOVES, Fate.INVALID) or (step["fate"] == Fate.STAYS and step["reasons"])
    ]
    left = Appointment.objects.filter(pk__in=job.answer["left"]).exclude(status=Status.CANCELLED)
    return Proposal(
        rows=tuple(rows),
        told=sum(each["patients_told"] for each in answered),
        left=tuple(left.select_related("patient", "visit").order_by("starts_at")),
    )
