"""What the calendar announces. Receivers run in the announcing transaction and may only write rows."""

from collections.abc import Sequence

from core.announcements import announcement
from scheduler.models import Appointment, ChangeSet


@announcement
def appointments_changed(*, change_set: ChangeSet, appointments: Sequence[Appointment]) -> None:
    """These appointments were booked, moved, cancelled or given another status by one user action.

    Receivers look at the appointments as they are now. Holds are not announced.
    """
