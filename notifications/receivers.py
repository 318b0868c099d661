"""Receivers of announcements: they write rows in the announcing transaction, nothing else."""

from collections.abc import Sequence

from core import clock
from notifications.actions import messages
from scheduler.announcements import appointments_changed
from scheduler.models import Appointment, ChangeSet


@appointments_changed.receive
def reminders_follow(*, change_set: ChangeSet, appointments: Sequence[Appointment]) -> None:
    """Whatever became of these appointments, what is to be said about them follows."""
    messages.reconcile(appointments=appointments, change_set=change_set, now=clock.now())
