"""Whether a message should point to the get-ready list: what the patient does before the visit, on the page of its link."""

from collections.abc import Sequence

from notifications.engine.states import Step
from notifications.models import Message
from scheduler.models import Appointment
from treatments.queries import preparations

STEPS = (Step.ONE_DAY, Step.DAY_OF)


def has_list(message: Message, visits: Sequence[Appointment]) -> bool:
    """Whether this is a message of these days, about a visit that has a list. Two queries for such a message, else none."""
    return message.step in STEPS and bool(preparations.of_appointments(visits))
