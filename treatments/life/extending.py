"""The rolling horizon: open-ended blocks get their next visits when fewer are ahead than the protocol wants."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from scheduler.actions.terms import WrongStatus
from scheduler.models.change_set import Verb
from treatments.life import replanning, ripples
from treatments.life.deciding import more
from treatments.life.effects import CourseOver, work_out
from treatments.life.events import Extend
from treatments.life.ripples import Change, Why
from treatments.life.running import ROOM, Running
from treatments.models import CourseStatus
from treatments.protocols import reopening
from treatments.queries import horizon


@work_out.register
def _extend(event: Extend, running: Running) -> Change:  # noqa: ARG001 - the shape
    """As many further visits as are missing, each at its distance from the one before."""
    course = running.course
    if course.status != CourseStatus.ACTIVE:
        raise CourseOver(f"The course is already {course.get_status_display().lower()}.")
    if course.on_hold:
        raise WrongStatus("The course is paused.")
    missing = horizon.short(running.document, running.visits)
    if not missing:
        raise WrongStatus("As many visits as the protocol wants are planned ahead.")
    added = [extra for name, number in missing.items() for extra in more(running, name, number)]
    data: list[Mapping[str, Any]] = [*running.extra, *(extra.to_json() for extra in added)]
    new = [extra.key for extra in added]
    others = running.yielding
    question = running.ask(about={*new, *others}, extra=data, room=_room(running, missing))
    question = running.wished(question, extra=data)
    found = replanning.around(question, given=(), loose=running.current(question, others), added=new)
    blocks = ", ".join(running.document.block(name).title or name for name in missing)
    return Change(
        running,
        Verb.EXTEND,
        question,
        places=found.places,
        unplaced=ripples.told(question, found.unplaced),
        said=ripples.told(question, found.said),
        added=tuple(added),
        notes=(Why("extended", f"Planned further ahead: {blocks}."),),
    )


def _room(running: Running, missing: dict[str, int]) -> timedelta:
    """How far beyond the last visit of the course the next ones may be."""
    room = ROOM
    for name, number in missing.items():
        limits = reopening.distances(running.document, name)
        if limits is not None:
            least, most = limits
            room += number * timedelta(days=most if most is not None else 2 * least)
    return room
