"""The ways a course can go on: what a clinician may choose at a decision of its protocol, or at any other time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from treatments.life.events import Decide
from treatments.models import Choice, Course, Visit, VisitStatus
from treatments.models.course import OPEN as STILL_OPEN
from treatments.protocols import branches, reopening, stored
from treatments.protocols.references import block_of
from treatments.queries.decisions import DecisionPoint

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol


class Step(StrEnum):
    """Where a block of the same kind of visit stands in the protocol, seen from the one that the course is in."""

    UP = "up"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Way:
    """One choice. ``block``: the one to go on with, or whose distance changes.

    ``answer`` is the protocol's own word for it, empty for what is open at any time; ``step`` says of those at any time
    whether it goes up or back.
    """

    choice: Choice
    block: str = ""
    cancel_booked: bool = False
    answer: str = ""
    step: Step | None = None
    least_days: int | None = None
    most_days: int | None = None
    """The limits of another distance, in local dates; None where there is none."""
    longer_days: int | None = None
    """One day more than the distance is now, as far as the protocol allows."""

    def event(self, course: UUID, *, decision: str = "", gap_days: int | None = None) -> Decide:
        """This choice, as it happens to the course."""
        return Decide(
            course,
            self.choice.value,
            decision=decision,
            block=self.block,
            gap_days=gap_days,
            cancel_booked=self.cancel_booked,
        )


def ways(course: Course, visits: Sequence[Visit], point: DecisionPoint | None) -> tuple[Way, ...]:
    """What may be chosen, what the protocol offers at ``point`` first. Without one also the steps up and back.

    ``visits`` are those of the course in order of time. What both offer is offered once, in the protocol's word. Reads
    nothing, when the protocol is loaded.
    """
    document = stored.document(course.protocol_version.document)
    found: dict[tuple[str, str, bool], Way] = {}
    for way in (*_of_protocol(document, point), *_always(document, course, visits, with_steps=point is None)):
        found.setdefault((way.choice, way.block, way.cancel_booked), way)
    return tuple(found.values())


def _of_protocol(document: "Protocol", point: DecisionPoint | None) -> Iterator[Way]:
    for choice in point.decision.choices if point is not None else ():
        if choice.goes_to == branches.STOP:
            yield Way(Choice.STOP, answer=choice.answer)
        elif choice.goes_to == branches.OPEN:
            yield from (Way(Choice.GO_TO, each.block, answer=choice.answer) for each in document.blocks)
        else:
            yield Way(Choice.GO_TO, choice.goes_to, answer=choice.answer)


def _always(document: "Protocol", course: Course, visits: Sequence[Visit], *, with_steps: bool) -> Iterator[Way]:
    yield Way(Choice.CONTINUE)
    yield Way(Choice.RESUME if course.on_hold else Choice.HOLD)
    yield from _distances(document, course, visits)
    if with_steps:
        yield from _steps(document, visits)
    yield Way(Choice.STOP)
    yield Way(Choice.STOP, cancel_booked=True)
    yield Way(Choice.CROSS_OVER)


def _distances(document: "Protocol", course: Course, visits: Sequence[Visit]) -> Iterator[Way]:
    """The blocks with visits ahead whose distance may be another one."""
    ahead = {block_of(visit.key) for visit in visits if visit.status in STILL_OPEN}
    for block in document.blocks:
        limits = reopening.distances(document, block.block) if block.block in ahead else None
        if limits is not None and limits[0] != limits[1]:
            least, most = limits
            longer = _now(document, course, block.block, least) + 1
            yield Way(
                Choice.SPACING,
                block.block,
                least_days=least,
                most_days=most,
                longer_days=longer if most is None else min(most, longer),
            )


def _now(document: "Protocol", course: Course, name: str, least: int) -> int:
    """The distance that counts as the best now: what was decided, or the protocol's."""
    gap = document.block(name).gap
    ideal = gap.ideal_days if gap is not None else None
    return int(course.spacing.get(name, max(ideal) if isinstance(ideal, tuple) and ideal else least))


def _steps(document: "Protocol", visits: Sequence[Visit]) -> Iterator[Way]:
    """The blocks of the same kind of visit before and after the one that the course is in."""
    present = _present(visits)
    kind = next((block.visit for block in document.blocks if block.block == present), None)
    ladder = [block.block for block in document.blocks if block.visit == kind]
    if present not in ladder:
        return
    at = ladder.index(present)
    for number, name in enumerate(ladder):
        if number != at:
            yield Way(Choice.GO_TO, name, step=Step.UP if number > at else Step.BACK)


def _present(visits: Sequence[Visit]) -> str:
    """The block of the next firm visit, else of the last that took place; of infusions where there are any."""
    counted = [visit for visit in visits if visit.family == "infusion"] or visits
    ahead = [visit for visit in counted if visit.status == VisitStatus.BOOKED]
    done = [visit for visit in counted if visit.status == VisitStatus.DONE]
    chosen = ahead[0] if ahead else done[-1] if done else None
    return block_of(chosen.key) if chosen is not None else ""
