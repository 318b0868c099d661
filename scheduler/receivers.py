"""Receivers of announcements."""

from datetime import datetime

from django.db.models import F, Q

from clinics.announcements import patients_merged
from clinics.models import Patient, User
from core import clock
from core.errors import Conflict
from scheduler.models import Appointment, ChangeSet

NAMED = 3
"""How many pairs of visits the error names."""


class VisitsOverlap(Conflict):
    """Both have visits at the same time: one person cannot come to both. ``detail["visits"]`` counts them."""

    code = "visits_overlap"


@patients_merged.receive
def visits_follow(*, kept: Patient, duplicate: Patient, by: User, now: datetime) -> None:  # noqa: ARG001 - announced
    """The duplicate's visits and change sets become the other's.

    Raises ``VisitsOverlap`` when the two would then be in two places at once.
    """
    _check(kept, duplicate)
    Appointment.objects.filter(patient=duplicate).update(patient=kept, version=F("version") + 1, updated_at=now)
    ChangeSet.objects.filter(patient=duplicate).update(patient=kept, updated_at=now)


def _check(kept: Patient, duplicate: Patient) -> None:
    theirs = list(Appointment.objects.filter(patient=duplicate).taking().order_by("starts_at"))
    meeting = Q()
    for each in theirs:
        meeting |= Q(starts_at__lt=each.ends_at, ends_at__gt=each.starts_at)
    found = list(Appointment.objects.filter(meeting, patient=kept).taking().order_by("starts_at")) if theirs else []
    if found:
        starts = [clock.local(each.starts_at, each.zone) for each in found[:NAMED]]
        named = ", ".join(f"{start:%-d %B %Y} at {clock.in_words(start.time())}" for start in starts)
        raise VisitsOverlap(
            f"Both records have a visit at the same time: {named}. Move or cancel one of the two first.",
            detail={"visits": len(found)},
        )
