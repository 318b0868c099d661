"""Booking several new courses at once."""

from collections.abc import Sequence
from datetime import datetime

from clinics.models import Site, User
from clinics.permissions import Permission, require
from core import audit
from scheduler.actions import rearranging
from scheduler.actions.rearranging import Making, Orders
from scheduler.engine.request import Placement
from scheduler.models import Appointment, ChangeSet
from scheduler.models.change_set import Verb
from treatments import places
from treatments.actions import history
from treatments.actions.courses import visit_row
from treatments.many.intakes import Intake
from treatments.models import Course, Visit
from treatments.planning import Question

Planned = tuple[Intake, Question, tuple[Placement, ...]]
"""A course that is wanted, what the planner was asked about it, and the place of every visit."""


def book(*, site: Site, planned: Sequence[Planned], by: User, now: datetime, reason: str = "") -> ChangeSet:
    """Books all of them or none, in this order, as one change set. Needs a transaction.

    Raises ``Taken``, ``NotWorking``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.BOOK_COURSES)
    bookings = [
        Making(intake.patient, places.booking(question, placement))
        for intake, question, placements in planned
        for placement in placements
    ]
    courses = [
        Course(
            patient=intake.patient,
            site=site,
            protocol_version=intake.protocol_version,
            start_on=intake.start_on,
            wishes=question.wishes.to_json(),
            booked_by=by,
        )
        for intake, question, _ in planned
    ]

    def write_visits(made: Sequence[Appointment]) -> None:
        appointments = iter(made)
        for course, (_, question, placements) in zip(courses, planned, strict=True):
            booked = {placement.visit: next(appointments) for placement in placements}
            course.save(force_insert=True)
            Visit.objects.bulk_create(
                visit_row(visit, course, position, booked.get(visit.key), ())
                for position, visit in enumerate(question.compiled.course, start=1)
            )

    with audit.acting(by):
        orders = Orders(site, bookings=bookings)
        made = rearranging.rearrange(orders=orders, verb=Verb.BOOK, by=by, now=now, reason=reason, link=write_visits)
        history.write(made.change_set, {}, history.states([course.pk for course in courses]))
    return made.change_set
