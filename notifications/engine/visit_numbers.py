"""The short number by which a patient names a visit in a text message: "YES 41"."""

from uuid import UUID


def number_of(appointment: UUID) -> int:
    """Two digits, from 10 to 99, the same as long as the visit lives. Two visits may share one: then neither is meant."""
    return 10 + appointment.int % 90
