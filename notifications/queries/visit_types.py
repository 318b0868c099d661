"""What the types of visits, which protocols define, say about their reminders."""

from collections.abc import Collection
from uuid import UUID

from notifications.engine.ladder import OfType
from notifications.engine.states import Step
from scheduler.models import Appointment
from treatments.queries import preparations


def of_appointments(appointments: Collection[Appointment]) -> dict[UUID, OfType]:
    """Of those that belong to a course. One query; one more for versions not read before."""
    return {
        key: OfType(said.prepares, None if said.reminders is None else frozenset(map(Step, said.reminders)))
        for key, said in preparations.reminding(appointments).items()
    }
