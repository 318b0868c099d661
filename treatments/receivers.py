"""Receivers of announcements."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from clinics.announcements import patients_merged
from clinics.models import Patient, User
from scheduler.announcements import appointments_changed
from scheduler.models import Appointment, ChangeSet
from treatments.actions import sessions, statuses
from treatments.models import Course


@appointments_changed.receive
def courses_follow(*, change_set: ChangeSet, appointments: Sequence[Appointment]) -> None:
    """Visits take the status of their appointments, courses end or resume with their visits, ticks come and go."""
    statuses.follow(change_set=change_set, appointments=appointments)
    sessions.follow(change_set=change_set, appointments=appointments)


@patients_merged.receive
def courses_move(*, kept: Patient, duplicate: Patient, by: User, now: datetime) -> None:  # noqa: ARG001 - announced
    """The duplicate's courses become the other's."""
    Course.objects.filter(patient=duplicate).update(patient=kept, version=F("version") + 1, updated_at=now)
