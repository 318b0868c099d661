"""Several new courses planned together, into the same calendars. Reads only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from clinics.models import Patient, Site
from core import clock
from core.errors import InvalidInput
from scheduler.engine.request import Placement
from treatments import planning
from treatments.many.batches import Answer
from treatments.many.together import Calendars
from treatments.models import ProtocolVersion
from treatments.planning import AHEAD, Question
from treatments.queries import readiness

if TYPE_CHECKING:
    from scheduler.engine.many import Progress

MOST = 100
"""So many courses are planned together."""


@dataclass(frozen=True, slots=True)
class Intake:
    """One course that is wanted."""

    patient: Patient
    protocol_version: ProtocolVersion
    start_on: date
    wishes: dict[str, object]

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {
            "patient": str(self.patient.pk),
            "protocol_version": str(self.protocol_version.pk),
            "start_on": self.start_on.isoformat(),
            "wishes": self.wishes,
        }


def read(data: Sequence[dict[str, Any]]) -> list[Intake]:
    """What a job kept. Two queries."""
    patients = Patient.objects.in_bulk([each["patient"] for each in data])
    versions = ProtocolVersion.objects.select_related("protocol").in_bulk([each["protocol_version"] for each in data])
    known = {str(key): row for key, row in [*patients.items(), *versions.items()]}
    return [
        Intake(
            known[each["patient"]],  # type: ignore[arg-type]  # ids of patients and versions are never the same
            known[each["protocol_version"]],  # type: ignore[arg-type]
            date.fromisoformat(each["start_on"]),
            each["wishes"],
        )
        for each in data
    ]


def check(site: Site, intakes: Sequence[Intake], *, now: datetime) -> None:
    """Raises ``InvalidInput`` with the place of what cannot be booked whatever the calendar says."""
    if not 1 <= len(intakes) <= MOST:
        raise InvalidInput(f"Name 1 to {MOST} courses.", pointer="courses")
    if not site.is_active:
        raise InvalidInput(f"{site.name} is closed down and takes no bookings.", pointer="site")
    today = clock.local(now, site.zone).date()
    for number, intake in enumerate(intakes):
        if not intake.protocol_version.protocol.is_active:
            raise InvalidInput(
                "This protocol is no longer offered for new courses.", pointer=f"courses/{number}/protocol_version"
            )
        if not today <= intake.start_on <= today + AHEAD:
            raise InvalidInput("Choose a date between today and two years ahead.", pointer=f"courses/{number}/start_on")
        try:
            planning.read_wishes(intake.wishes)
        except InvalidInput as error:
            error.pointer = f"courses/{number}/{error.pointer}"
            raise


def questions(site: Site, intakes: Sequence[Intake], *, now: datetime, choosing: bool = True) -> list[Question]:
    """What the planner is asked about each, over one reading of the calendars.

    When ``choosing``, visits wait for what has to be there before them, as in a single proposal. Raises ``InvalidInput``.
    """
    today = clock.local(now, site.zone).date()
    compiled = [
        planning.compiled(
            each.protocol_version, start_on=max(each.start_on, today), wishes=planning.read_wishes(each.wishes)
        )
        for each in intakes
    ]
    calendars = Calendars.read(
        site,
        (),
        patients=[each.patient.pk for each in intakes],
        versions=[each.protocol_version for each in intakes],
        first_on=min(each.start_on for each in compiled),
        last_on=max(each.start_on + timedelta(days=each.horizon_days) for each in compiled),
        now=now,
    )
    asked = [
        calendars.new_question(each.patient.pk, each.protocol_version, planning.read_wishes(each.wishes), known)
        for each, known in zip(intakes, compiled, strict=True)
    ]
    if not choosing:
        return asked
    return [
        planning.held_back(question, readiness.earliest(question.protocol_version, question.visits, {}, now=now))
        for question in asked
    ]


def answer(
    intakes: Sequence[Intake],
    asked: Sequence[Question],
    *,
    stop: Callable[[], bool] | None = None,
    on_progress: "Progress | None" = None,
) -> Answer:
    """The places of all courses that fit together, every visit of each; ``unplaced`` are the numbers of those that do not."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.many import Wanted, plan_many

    wanted = [
        Wanted(str(number), question.request, patient=str(intake.patient.pk))
        for number, (intake, question) in enumerate(zip(intakes, asked, strict=True))
    ]
    found = plan_many(wanted, stop=stop, on_progress=on_progress)
    courses, unplaced = [], []
    for outcome in found.outcomes:
        number = int(outcome.key)
        if outcome.plan is None:
            unplaced.append(number)
        else:
            courses.append(
                {
                    "number": number,
                    "patient": str(intakes[number].patient.pk),
                    "steps": [_step(asked[number], placement) for placement in outcome.plan.placements],
                }
            )
    return {"courses": courses, "left": [], "unplaced": sorted(unplaced)}


def placements(question: Question, course: Answer) -> tuple[Placement, ...]:
    """The places of a course in an answer."""
    return tuple(
        Placement(
            step["visit"],
            question.request.grid.slot(datetime.fromisoformat(step["after"]["starts_at"])),
            tuple(sorted(step["after"]["resources"].items())),
        )
        for step in course["steps"]
    )


def _step(question: Question, placement: Placement) -> Answer:
    visit = question.course[placement.visit]
    starts_at = question.request.grid.instant(placement.start)
    return {
        "visit": visit.key,
        "label": visit.label,
        "family": visit.family,
        "fate": "placed",
        "before": None,
        "after": {
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(minutes=visit.minutes)).isoformat(),
            "resources": dict(placement.resources),
        },
        "reasons": [],
    }
