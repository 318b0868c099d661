"""Statuses of visits in words and shapes, and the presses that lead from one to the next."""

from dataclasses import dataclass

from scheduler.models import Appointment, Status
from treatments.models import VisitStatus


@dataclass(frozen=True, slots=True)
class State:
    """How a status is shown: never by colour alone."""

    words: str
    shape: str
    css: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """A button that gives an appointment another status. ``done`` is what is said afterwards.

    ``back`` says where undoing leads; empty for a step forward.
    """

    status: str
    words: str
    done: str
    back: str = ""


UNCONFIRMED = State("Unconfirmed", "?", "waiting")
CONFIRMED = State("Confirmed", "✓", "confirmed")
_STATES = {
    Status.HELD: State("Being booked", "…", "waiting"),
    Status.ARRIVED: State("Here", "●", "here"),
    Status.IN_TREATMENT: State("In treatment", "▶", "here"),
    Status.DONE: State("Done", "■", "done"),
    Status.MISSED: State("Missed", "×", "missed"),
    Status.CANCELLED: State("Cancelled", "×", "cancelled"),
}
_WITHOUT_TIME = {
    VisitStatus.TO_PLACE: State("No time yet", "!", "waiting"),
    VisitStatus.RELEASED: State("Released", "–", "done"),
    VisitStatus.CANCELLED: State("Cancelled", "×", "cancelled"),
}
OBSERVING = State("Observing", "◐", "here")
TENTATIVE = State("Tentative", "?", "waiting")

_ARRIVED = Press(Status.ARRIVED, "Arrived", "is here")
_STARTED = Press(Status.IN_TREATMENT, "Start", "is in treatment")
_DONE = Press(Status.DONE, "Done", "is done")
_MISSED = Press(Status.MISSED, "Missed", "missed this visit")
_NEXT: dict[str, tuple[Press, ...]] = {
    Status.BOOKED: (_ARRIVED, _MISSED),
    Status.ARRIVED: (_STARTED,),
    Status.IN_TREATMENT: (_DONE,),
}


def of_appointment(appointment: Appointment) -> State:
    """The state of an appointment."""
    if appointment.status == Status.BOOKED:
        return CONFIRMED if appointment.confirmed_at else UNCONFIRMED
    return _STATES[Status(appointment.status)]


def of_visit(status: str, appointment: Appointment | None) -> State:
    """The state of a visit of a course, with or without a time."""
    if status == VisitStatus.TENTATIVE:
        return TENTATIVE
    if status in _WITHOUT_TIME or appointment is None:
        return _WITHOUT_TIME.get(VisitStatus(status), State(VisitStatus(status).label, ""))
    return of_appointment(appointment)


def presses(appointment: Appointment) -> tuple[Press, ...]:
    """The buttons an appointment offers: forward, and back to the status before."""
    back: tuple[Press, ...] = ()
    before = appointment.previous_status
    if before and appointment.status in (Status.ARRIVED, Status.IN_TREATMENT, Status.DONE, Status.MISSED):
        words = Status(before).label.lower()
        back = (Press(before, "Undo", f"is back to “{words}”", back=f"back to {words}"),)
    return (*_NEXT.get(appointment.status, ()), *back)
