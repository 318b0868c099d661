"""Receivers of announcements."""

from collections.abc import Sequence

from scheduler.announcements import appointments_changed
from scheduler.models import Appointment, ChangeSet
from treatments.actions import statuses


@appointments_changed.receive
def courses_follow(*, change_set: ChangeSet, appointments: Sequence[Appointment]) -> None:
    """Visits take the status of their appointments, and courses end or resume with their visits."""
    statuses.follow(change_set=change_set, appointments=appointments)
