"""Why a visit cannot be where somebody wants it, for a proposal and for a course that is booked. Reads only."""

from collections.abc import Sequence
from datetime import date, datetime

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core.errors import InvalidInput
from treatments import explaining, places, planning
from treatments.actions.visits import standing
from treatments.explaining import Against, PlaceExplained
from treatments.models import ProtocolVersion, Visit
from treatments.places import Placed
from treatments.queries import courses as reading

__all__ = ["Against", "PlaceExplained", "for_proposal", "for_visit"]


def for_proposal(
    *,
    protocol_version: ProtocolVersion,
    site: Site,
    start_on: date,
    wishes: dict[str, object],
    visit: str,
    starts_at: datetime,
    by: User,
    now: datetime,
    resources: dict[str, str] | None = None,
    visits: Sequence[Placed] = (),
    patient: Patient | None = None,
) -> PlaceExplained:
    """What stands against one visit of a proposal at a time, the others being at ``visits``.

    Raises ``InvalidInput`` with a pointer, ``NotAllowed``.
    """
    require(by, Permission.BOOK_COURSES)
    question = planning.ask(
        protocol_version=protocol_version,
        site=site,
        patient=patient,
        start_on=start_on,
        wishes=planning.read_wishes(wishes),
        now=now,
    )
    if visit not in question.visits:
        raise InvalidInput("The protocol has no such visit.", pointer="visit")
    start = places.slot(question, starts_at, now=now, pointer="starts_at")
    named = places.named(question, visit, resources or {}, pointer="resources")
    chosen = places.placements(question, visits, now=now)
    others = [placement for placement in chosen if placement.visit != visit]
    current = next((dict(placement.resources) for placement in chosen if placement.visit == visit), None)
    return explaining.place(question, others, key=visit, start=start, resources=named, current=current)


def for_visit(
    *, visit: Visit, starts_at: datetime, by: User, now: datetime, resources: dict[str, str] | None = None
) -> PlaceExplained:
    """What stands against a visit of a booked course at another time, the others being where they are.

    Raises ``InvalidInput`` with a pointer, ``NotAllowed``.
    """
    require(by, Permission.BOOK_COURSES)
    course = reading.page(visit.course_id)
    rows = list(course.visits.all())
    current = next(each for each in rows if each.pk == visit.pk)
    question = planning.ask_again(
        protocol_version=course.protocol_version,
        site=course.site,
        patient=course.patient,
        start_on=course.start_on,
        standing=[there for each in rows if each.pk != visit.pk and (there := standing(each)) is not None],
        target=starts_at,
        now=now,
        moving=[current.appointment_id] if current.appointment_id is not None else [],
        own=[each.appointment_id for each in rows if each.appointment_id is not None],
    )
    start = places.slot(question, starts_at, now=now, pointer="starts_at")
    named = places.named(question, visit.key, resources or {}, pointer="resources")
    there = standing(current)
    return explaining.place(
        question,
        question.request.fixed,
        key=visit.key,
        start=start,
        resources=named,
        current=dict(there.resources) if there is not None else None,
    )
