"""Keeping the status of visits and courses in step with the calendar.

Appointments are locked before visits, and visits before courses: whoever needs several takes them in this order.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from scheduler.models import Appointment, ChangeSet, Status
from treatments.actions import history
from treatments.actions.history import State
from treatments.models import Course, CourseStatus, Visit, VisitStatus
from treatments.models.course import OPEN

_FOLLOWS = {
    Status.BOOKED: VisitStatus.BOOKED,
    Status.ARRIVED: VisitStatus.BOOKED,
    Status.IN_TREATMENT: VisitStatus.BOOKED,
    Status.DONE: VisitStatus.DONE,
    Status.MISSED: VisitStatus.MISSED,
    Status.CANCELLED: VisitStatus.CANCELLED,
}
_KEPT = {
    # whether a tentative visit becomes a firm one is decided by a clinician, not by the calendar
    (VisitStatus.TENTATIVE, VisitStatus.BOOKED),
    # released by a decision: that says more than that its appointment was cancelled
    (VisitStatus.RELEASED, VisitStatus.CANCELLED),
}
_DUE = (VisitStatus.DONE, VisitStatus.MISSED)


def follow(*, change_set: ChangeSet, appointments: Sequence[Appointment]) -> None:
    """Gives the visits of these appointments their status, settles their courses, and writes down what changed.

    Needs a transaction. Appointments that belong to no visit are passed over, and so are visits that have the status
    already: whoever changes a course as a whole has given it to them.
    """
    now_is = {appointment.pk: _FOLLOWS.get(Status(appointment.status)) for appointment in appointments}
    visits = Visit.objects.select_for_update().filter(appointment__in=now_is).order_by("pk")
    changed: dict[VisitStatus, list[UUID]] = {}
    courses: set[UUID] = set()
    for visit in visits:
        before = VisitStatus(visit.status)
        after = now_is[visit.appointment_id] if visit.appointment_id else None
        if after is None or after == before or (before, after) in _KEPT:
            continue
        changed.setdefault(after, []).append(visit.pk)
        courses.add(visit.course_id)
    if not courses:
        return
    states = history.states(courses)
    for status, keys in sorted(changed.items()):
        Visit.objects.filter(pk__in=keys).update(status=status, updated_at=Now())
    history.write(change_set, states, settle(courses))


def settle(courses: Collection[UUID]) -> dict[UUID, State]:
    """Ends courses of which nothing is left open, and resumes those of which something is open again; gives them as they are then.

    A course whose visits were all cancelled is cancelled; one of which at least one visit was due is completed. A
    course that somebody cancelled stays cancelled. Needs a transaction. Three queries, and one more for each that changes.
    """
    # evaluated for its locks
    list(Course.objects.select_for_update().filter(pk__in=courses).order_by("pk").values_list("pk"))
    found = history.states(courses)
    for pk, state in found.items():
        if state["status"] == CourseStatus.CANCELLED:
            continue
        visits = [visit["status"] for visit in state["visits"].values()]
        after = _settled(any(each in OPEN for each in visits), any(each in _DUE for each in visits))
        if after != state["status"]:
            Course.objects.filter(pk=pk).update(status=after, version=F("version") + 1, updated_at=Now())
            state["status"] = after.value
    return found


def _settled(visits_open: bool, visits_due: bool) -> CourseStatus:
    if visits_open:
        return CourseStatus.ACTIVE
    return CourseStatus.COMPLETED if visits_due else CourseStatus.CANCELLED
