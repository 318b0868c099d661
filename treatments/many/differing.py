"""What became different since an answer about many courses was worked out, in words. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler.engine.request import Placement
from treatments.life.ripples import Step
from treatments.many.batches import Answer, Batch, Member
from treatments.planning import Question

MOST = 20
"""More differences than this are not told."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was. ``course`` is an id, or its number in the job where it is not booked yet."""

    message: str
    course: str | None = None
    visit: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As an error carries it."""
        return {"course": self.course, "visit": self.visit, "message": self.message}


def of_batch(batch: Batch, answer: Answer) -> Iterator[Difference]:
    """What keeps the changes of an answer from being what happens."""
    known = {member.key: member for member in batch.members}
    named = {each["course"] for each in answer["courses"]}
    for data in answer["courses"]:
        if data["course"] in known:
            yield from _of_course(known[data["course"]], batch, data)
        else:
            yield Difference("The course is over, or none of its visits has to move any more.", data["course"])
    for member in batch.members:
        if member.key not in named and member.is_hit:
            yield Difference("This course has a visit now that cannot stay.", member.key)
    if set(batch.left) - set(answer["left"]):
        yield Difference("There is an appointment now that somebody has to call about.")
    if set(answer["left"]) - set(batch.left):
        yield Difference("An appointment that somebody had to call about is not in the way any more.")


def _of_course(member: Member, batch: Batch, data: Answer) -> Iterator[Difference]:
    change = member.restored(batch.verb, data)
    if change.ripple.digest != data["digest"]:
        yield from _of_steps(member.key, {step.visit: step for step in change.ripple.steps}, data)
    else:
        for visit, message in member.problems(change):
            yield Difference(message, member.key, visit)


def _of_steps(course: str, now_is: Mapping[str, Step], data: Answer) -> Iterator[Difference]:
    was = {step["visit"]: step for step in data["steps"]}
    for key, step in was.items():
        other = now_is.get(key)
        if other is None:
            yield Difference(f"{step['label']} is not ahead any more.", course, key)
        elif (other.before and other.before.to_json()) != step["before"]:
            yield Difference(f"{step['label']} is not where it was.", course, key)
    for key, new in now_is.items():
        if key not in was:
            yield Difference(f"{new.label} has been added.", course, key)


def of_days(before: Mapping[str, int], now_is: Mapping[date, int]) -> Iterator[Difference]:
    """The dates on which another number of visits starts than when the answer was worked out."""
    current = {on.isoformat(): count for on, count in now_is.items()}
    for on in sorted({*before, *current}):
        if before.get(on) != current.get(on):
            day = date.fromisoformat(on)
            starts = current.get(on)
            found = "the clinic is closed" if starts is None else f"{starts} visits start"
            yield Difference(f"On {day:%-d %B %Y} {found} now; it was {before.get(on, 'closed')}.")


def of_intake(number: int, question: Question, placements: tuple[Placement, ...]) -> Iterator[Difference]:
    """What forbids the places of a new course by now."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.check import check

    for found in check(question.request, placements):
        yield Difference(question.sentence(found.reason, found.visit), str(number), found.visit)
