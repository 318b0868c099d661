"""What the tests of changes look at: a course with everything known about it, times, and what becomes of visits."""

from datetime import UTC, datetime

from core import clock
from scheduler.models import Allocation, Appointment
from tests.treatments.documents import series as document
from treatments.actions import protocols
from treatments.models import Course

APPOINTMENT = ("status", "previous_status", "starts_at", "ends_at", "local_on", "local_time", "summary", "confirmed_at")
ALLOCATION = ("appointment", "resource", "role", "lane", "is_shared", "starts_at", "ends_at", "is_active")
VISIT = ("key", "position", "label", "minutes", "status", "appointment", "reason", "unplaced")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of May 2026 in New York."""
    return datetime(2026, 5, day, hour + 4, minute, tzinfo=UTC)


def everything(course: Course) -> dict[str, object]:
    """All that is known about a course, apart from versions and instants of writing."""
    current = Course.objects.get(pk=course.pk)
    ids = list(current.visits.values_list("appointment", flat=True))
    return {
        "course": (current.status, current.extra),
        "visits": list(current.visits.order_by("key").values(*VISIT)),
        "appointments": list(Appointment.objects.filter(pk__in=ids).order_by("pk").values(*APPOINTMENT)),
        "allocations": sorted(Allocation.objects.filter(appointment__in=ids).values_list(*ALLOCATION), key=str),
    }


def where(course: Course) -> dict[str, str]:
    """Visit to day and time, or its status."""
    found = {}
    for visit in course.visits.select_related("appointment"):
        local = visit.appointment and clock.local(visit.appointment.starts_at, "America/New_York")
        found[visit.key] = f"{local:%d %H:%M}" if visit.status in ("booked", "tentative") else visit.status
    return found


def fates(ripple) -> dict[str, str]:
    return {step.visit: step.fate.value for step in ripple.steps}


def publish(mona, now, **parts):
    return protocols.publish(document=document(**parts), by=mona, now=now)
