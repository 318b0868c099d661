"""Many courses planned together: what a closure or a sick nurse does to each of them.

Reads only. A batch is made from the parameters of a job; the same parameters, calendars and courses make the same batch, so
that an answer worked out outside any lock can be compared with what stands when it is carried out.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scheduler.engine.request import Placement, PlanRequest
from scheduler.models.change_set import Verb
from treatments.life import replanning, ripples
from treatments.life.ripples import Change, Why
from treatments.life.running import Running
from treatments.planning import Question

if TYPE_CHECKING:
    from scheduler.engine.many import Outcome, Progress, Wanted

Answer = dict[str, Any]
"""An answer as JSON: for each course its places, what is left without one, and a digest."""
Fault = tuple[str, str, str | None]
"""What is wrong with a place: the visit, the code of the reason, and the rule."""
SECONDS = 40
"""When a worker stops looking for something better: inside the soft limit of a task."""


@dataclass(frozen=True)
class Member:
    """One running course of a batch.

    ``request`` is ``question``'s, with the patient's wishes and the rules of the re-planning. ``loose`` are the visits that may
    move, where they are now, with somebody for the roles that only look on.
    """

    running: Running
    question: Question
    request: PlanRequest
    loose: tuple[Placement, ...]
    known: frozenset[Fault] = frozenset()
    """What was wrong with the course before: somebody may have agreed to it."""

    @property
    def key(self) -> str:
        """The id of the course."""
        return str(self.running.course.pk)

    def wanted(self) -> "Wanted":
        """As the planner of many hears of it."""
        # imported here: keeps web start-up light (numpy)
        from scheduler.engine.many import Wanted

        return Wanted(self.key, self.request, str(self.running.course.patient_id), self.loose, in_part=True)

    def change(self, verb: Verb, places: Collection[Placement], unplaced: Mapping[str, tuple[Why, ...]]) -> Change:
        """What becomes of the course when its loose visits get these places, and these none.

        Whatever is counted from a visit that gets none stays or moves without it; others move after those that move. That is said.
        """
        stood = {each.visit: each for each in self.loose}
        moved = {each.visit: each for each in places if each.visit in stood and self._differs(stood[each.visit], each)}
        said = replanning.following(self.request, self.loose, moved, unplaced)
        return Change(
            self.running,
            verb,
            question=self.question,
            places=moved,
            unplaced=unplaced,
            said=ripples.told(self.question, said),
        )

    def _differs(self, before: Placement, after: Placement) -> bool:
        booked = replace(before, resources=self.running.standing[before.visit].resources)
        return replanning.differs(booked, after)

    def answered(self, verb: Verb, outcome: "Outcome") -> Change:
        """The same for what the planner found. Without a plan everything stays."""
        if outcome.plan is None:
            return self.change(verb, (), {})
        loose = {each.visit for each in self.loose}
        unplaced = {each.visit: each.reasons for each in outcome.plan.unplaced if each.visit in loose}
        return self.change(verb, outcome.plan.placements, ripples.told(self.question, unplaced))

    def stored(self, change: Change) -> Answer:
        """A change of this course as JSON."""
        grid = self.question.request.grid
        return {
            "course": self.key,
            "digest": change.ripple.digest,
            "counts": dict(change.ripple.counts),
            "patients_told": change.ripple.patients_told,
            "places": {
                key: {"starts_at": grid.instant(each.start).isoformat(), "resources": dict(each.resources)}
                for key, each in sorted(change.places.items())
            },
            "unplaced": {
                key: [[why.code, why.message] for why in each] for key, each in sorted(change.unplaced.items())
            },
            "steps": [_step(step) for step in change.ripple.steps],
        }

    def restored(self, verb: Verb, data: Answer) -> Change:
        """The change that was stored."""
        grid = self.question.request.grid
        places = [
            Placement(
                key, grid.slot(datetime.fromisoformat(each["starts_at"])), tuple(sorted(each["resources"].items()))
            )
            for key, each in data["places"].items()
        ]
        unplaced = {key: tuple(Why(*why) for why in each) for key, each in data["unplaced"].items()}
        return self.change(verb, places, unplaced)

    @property
    def is_hit(self) -> bool:
        """Whether some visit cannot stay where it is that could before."""
        return bool(faults(self.request, self.loose) - self.known)

    def stands(self, change: Change) -> bool:
        """Whether the course keeps every rule with its places, apart from what was broken before."""
        return not self.problems(change)

    def problems(self, change: Change) -> list[tuple[str, str]]:
        """The rules that the course would break with its places, as pairs of a visit and a sentence."""
        # imported here: keeps web start-up light (numpy)
        from scheduler.engine.check import check

        gone = {*change.places, *change.unplaced}
        after = [*(each for each in self.loose if each.visit not in gone), *change.places.values()]
        before = faults(self.request, self.loose)
        found = [
            each
            for each in check(self.request, after)
            if each.visit in change.places or (each.visit, each.reason.code.value, each.reason.rule) not in before
        ]
        return [(each.visit, self.question.sentence(each.reason, each.visit)) for each in found]


def faults(request: PlanRequest, placements: Collection[Placement]) -> frozenset[Fault]:
    """What forbids these places."""
    # imported here: keeps web start-up light (numpy)
    from scheduler.engine.check import check

    return frozenset((found.visit, found.reason.code.value, found.reason.rule) for found in check(request, placements))


@dataclass(frozen=True)
class Batch:
    """Courses that are planned together. ``left`` are appointments it hits but does not touch: somebody has to call."""

    verb: Verb
    members: tuple[Member, ...]
    left: tuple[str, ...] = ()

    def changes(self, *, stop: Callable[[], bool] | None = None, on_progress: "Progress | None" = None) -> list[Change]:
        """What becomes of the courses to which anything happens."""
        # imported here: keeps web start-up light (numpy)
        from scheduler.engine.many import plan_many

        known = {member.key: member for member in self.members}
        found = plan_many([member.wanted() for member in self.members], stop=stop, on_progress=on_progress)
        changes = [known[each.key].answered(self.verb, each) for each in found.outcomes]
        return [change for change in changes if change.places or change.unplaced]

    def answer(self, changes: Sequence[Change]) -> Answer:
        """What a job keeps."""
        known = {member.key: member for member in self.members}
        courses = [known[str(change.running.course.pk)].stored(change) for change in changes]
        return {"courses": courses, "left": list(self.left), "unplaced": []}

    def restored(self, answer: Answer) -> list[Change] | None:
        """The changes of an answer, if they are still what happens; ``None`` when anything is not as it was."""
        known = {member.key: member for member in self.members}
        if list(self.left) != answer["left"] or not {each["course"] for each in answer["courses"]} <= known.keys():
            return None
        changes = []
        for data in answer["courses"]:
            member = known[data["course"]]
            change = member.restored(self.verb, data)
            if change.ripple.digest != data["digest"] or not member.stands(change):
                return None
            changes.append(change)
        touched = {str(change.running.course.pk) for change in changes}
        untouched = [member for member in self.members if member.key not in touched]
        if any(member.is_hit for member in untouched):
            return None
        return changes


def digest(answer: Answer) -> str:
    """Two answers with the same digest do the same."""
    return hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest()


def _step(step: ripples.Step) -> dict[str, Any]:
    return {
        "visit": step.visit,
        "label": step.label,
        "family": step.family,
        "fate": step.fate.value,
        "before": step.before and step.before.to_json(),
        "after": step.after and step.after.to_json(),
        "reasons": [{"code": why.code, "message": why.message} for why in step.reasons],
    }
