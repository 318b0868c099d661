"""One course with everything its page shows, in a fixed number of queries."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, Prefetch, QuerySet

from core import clock
from core.errors import NotFound
from scheduler.models import Allocation, ChangeLine
from treatments.models import Course, Visit


def visits() -> "QuerySet[Visit]":
    """Visits in order of time, those without one last, with their appointments and what these take: two queries."""
    taken = Allocation.objects.select_related("resource").order_by("starts_at", "role", "lane")
    return (
        Visit.objects.select_related("appointment__change_set")
        .prefetch_related(Prefetch("appointment__allocations", queryset=taken))
        .order_by(F("appointment__starts_at").asc(nulls_last=True), "position")
    )


def planned_on(visits: Iterable[Visit], *, zone: str) -> dict[str, date]:
    """The local date on which each visit with an appointment was planned at first, by key. One query."""
    keys = {visit.appointment_id: visit.key for visit in visits if visit.appointment_id is not None}
    found: dict[str, date] = {}
    for appointment, state in (
        ChangeLine.objects.filter(appointment__in=list(keys)).order_by("pk").values_list("appointment_id", "after")
    ):
        on = clock.local(datetime.fromisoformat(state["starts_at"]), zone).date()
        found.setdefault(keys[appointment], on)
    return found


def page(course_id: UUID) -> Course:
    """The course with patient, site, protocol and clinician, its visits, their appointments and resources.

    Three queries, however many visits. Raises ``NotFound``.
    """
    found = (
        Course.objects.select_related("patient__site", "site", "protocol_version__protocol", "clinician", "booked_by")
        .prefetch_related(Prefetch("visits", queryset=visits()))
        .filter(pk=course_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such course.")
    return found
