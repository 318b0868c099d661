"""What change sets did to courses, as data: written with every change, read to take it back."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from scheduler.models import ChangeSet
from treatments.models import Course, CourseChange, CourseStatus, Visit, VisitStatus
from treatments.models.course import OPEN

State = dict[str, Any]
"""A course: its fields, and its visits by key."""

COURSE_FIELDS = ("status", "extra", "firm", "spacing", "delayed", "on_hold")
VISIT_FIELDS = ("position", "family", "label", "minutes", "status", "appointment_id", "reason", "unplaced")


def states(courses: Collection[UUID]) -> dict[UUID, State]:
    """The courses as they are now, by id. Two queries."""
    found: dict[UUID, State] = {
        row.pop("pk"): {**row, "visits": {}}
        for row in Course.objects.filter(pk__in=courses).values("pk", *COURSE_FIELDS)
    }
    for row in Visit.objects.filter(course__in=courses).values("course_id", "key", *VISIT_FIELDS):
        found[row.pop("course_id")]["visits"][row.pop("key")] = row
    for state in found.values():
        for visit in state["visits"].values():
            visit["appointment_id"] = None if visit["appointment_id"] is None else str(visit["appointment_id"])
    return found


def write(change_set: ChangeSet, before: Mapping[UUID, State], after: Mapping[UUID, State]) -> None:
    """Writes down what became of each course, also where only its appointments moved."""
    CourseChange.objects.bulk_create(
        CourseChange(
            change_set=change_set,
            course_id=key,
            before=_part(before[key], after[key]) if key in before else None,
            after=_part(after[key], before.get(key, {"visits": {}})),
        )
        for key in sorted(after)
    )


def _part(state: State, other: State) -> State:
    """The course with those of its visits that are not the same in the other state; null for those it does not have."""
    visits, others = state["visits"], other["visits"]
    differing = [key for key in {**visits, **others} if visits.get(key) != others.get(key)]
    return {**{name: state[name] for name in COURSE_FIELDS}, "visits": {key: visits.get(key) for key in differing}}


def changed_since(change: CourseChange, state: State) -> list[str]:
    """What is not as the change left it: the labels of visits, and "the course" itself."""
    wanted = change.after
    labels = [
        (state["visits"].get(key) or visit or {"label": key})["label"]
        for key, visit in wanted["visits"].items()
        if state["visits"].get(key) != visit
    ]
    return labels if all(state[name] == wanted[name] for name in _fields(change)) else ["The course", *labels]


def changed_after(change_set: ChangeSet, courses: Collection[UUID]) -> list[UUID]:
    """Those of the courses that something else changed after this change set."""
    later = CourseChange.objects.filter(course__in=courses, created_at__gt=change_set.created_at)
    return sorted(later.exclude(change_set=change_set).values_list("course_id", flat=True).distinct())


def put_back(changes: Iterable[CourseChange]) -> None:
    """Gives courses and visits what they had before; a course that did not exist is cancelled with what is open.

    Visits that were added are deleted: the change line keeps them. Needs a transaction, and the visits locked.
    """
    for change in changes:
        if change.before is None:
            Visit.objects.filter(course=change.course_id, status__in=OPEN).update(
                status=VisitStatus.CANCELLED, updated_at=Now()
            )
            _set_course(change.course_id, {"status": CourseStatus.CANCELLED})
            continue
        known = {visit.key: visit for visit in Visit.objects.filter(course=change.course_id)}
        for key, state in change.before["visits"].items():
            if state is None:
                known[key].delete()
            elif key in known:
                Visit.objects.filter(pk=known[key].pk).update(**state, updated_at=Now())
            else:
                Visit.objects.create(course_id=change.course_id, key=key, **state)
        _set_course(change.course_id, {name: change.before[name] for name in _fields(change)})


def _fields(change: CourseChange) -> list[str]:
    """The fields of the course itself that the change set changed."""
    before = change.before or {}
    return [name for name in COURSE_FIELDS if before.get(name) != change.after.get(name)]


def _set_course(course: UUID, values: Mapping[str, Any]) -> None:
    Course.objects.filter(pk=course).update(**values, version=F("version") + 1, updated_at=Now())
