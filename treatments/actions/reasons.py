"""Why a visit cannot be where somebody wants it, for a proposal and for a course that is booked. Reads only."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from clinics.models import Patient, Site, User
from clinics.permissions import Permission, require
from core.errors import InvalidInput
from scheduler.queries.holds import held_by
from treatments import explaining, places, planning
from treatments.explaining import Against, PlaceExplained
from treatments.life.running import Running
from treatments.models import ProtocolVersion, Visit
from treatments.places import Placed

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
    held: UUID | None = None,
) -> PlaceExplained:
    """What stands against one visit of a proposal at a time, the others being at ``visits``.

    ``held`` names a hold of ``by`` for this course: its places count as free.

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
        held=[row.pk for row in held_by(by, held)],
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
    running = Running.read(visit.course_id, now=now)
    question = running.ask(about=[visit.key], anew=[visit.key], target=starts_at, from_at=now)
    if visit.key not in question.visits:
        raise InvalidInput("This visit is not part of the course any more.", pointer="visit")
    start = places.slot(question, starts_at, now=now, pointer="starts_at")
    named = places.named(question, visit.key, resources or {}, pointer="resources")
    there = running.standing.get(visit.key)
    return explaining.place(
        question,
        question.request.fixed,
        key=visit.key,
        start=start,
        resources=named,
        current=dict(there.resources) if there is not None else None,
        present=question.placement(there) if there is not None else None,
    )
