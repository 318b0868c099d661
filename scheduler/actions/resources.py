"""Chairs, rooms, devices and people: adding them, and changing them without losing sight of what is booked.

Whatever would leave booked appointments without what they take is refused with ``HasBookings``, which lists them. With
``accept_consequences`` it is done all the same; the appointments stay booked and are returned, to be moved by somebody.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q

from clinics.models import Site, User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import Conflict, InvalidInput, Stale
from scheduler.actions import timetables
from scheduler.actions.consequences import HasBookings, weighed
from scheduler.actions.taking import check_text
from scheduler.actions.timetables import Week
from scheduler.models import Absence, Allocation, Appointment, Resource, Skill, WorkingHours

__all__ = [
    "HasBookings",
    "Outcome",
    "ResourceChanged",
    "WrongResource",
    "add",
    "add_absence",
    "edit",
    "remove",
    "remove_absence",
    "set_working_hours",
    "switch_off",
    "switch_off_account",
    "switch_on",
]

EDITABLE = frozenset({"name", "lanes", "position", "user"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The resource as it is now, and the booked appointments that do not stand any more (only when accepted)."""

    resource: Resource
    affected: tuple[Appointment, ...]


class WrongResource(InvalidInput):
    """Some details are missing or wrong. ``detail["fields"]`` maps each field to its sentences."""

    code = "wrong_details"


class ResourceChanged(Stale):
    """Somebody else changed the resource meanwhile. ``detail["current"]`` has the version."""


def add(*, site: Site, kind: str, name: str, by: User, skills: Collection[str] = (), **details: Any) -> Resource:
    """A new resource. ``skills`` are codes; ``details`` are ``lanes``, ``position``, and ``user`` for a person.

    Raises ``WrongResource``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_RESOURCES)
    _check_fields(details)

    def attempt() -> Resource:
        # nobody else adds or renames one here meanwhile: the name stays as free as it is found
        locks.acquire(locks.Space.SITE, [str(site.id)])
        resource = Resource(site=site, kind=kind, name=name, **details)
        _clean(resource)
        resource.save(force_insert=True)
        resource.skills.set(_skills(skills))
        return resource

    with audit.acting(by):
        return locks.retrying(attempt)


def edit(
    *,
    resource: Resource,
    by: User,
    now: datetime,
    version: int | None,
    skills: Collection[str] | None = None,
    accept_consequences: bool = False,
    **details: Any,
) -> Outcome:
    """Changes name, lanes, position, account or skills; what is not named stays. ``version`` None skips its check.

    Fewer lanes hit the appointments that share the ones taken away.
    Raises ``HasBookings``, ``WrongResource``, ``ResourceChanged``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_RESOURCES)
    _check_fields(details)

    def change() -> Resource:
        current = _current(resource, version)
        for field, value in details.items():
            setattr(current, field, value)
        _clean(current)
        _save(current)
        if skills is not None:
            current.skills.set(_skills(skills))
        if "lanes" in details:
            _spread(current, now=now)
        return current

    return _weighed(change, resource, by=by, now=now, accept=accept_consequences)


def switch_off(
    *, resource: Resource, by: User, now: datetime, version: int | None = None, accept_consequences: bool = False
) -> Outcome:
    """It is not booked any more.

    Raises ``HasBookings``, ``ResourceChanged``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_RESOURCES)
    return _switch(resource, active=False, by=by, now=now, version=version, accept=accept_consequences)


def switch_on(*, resource: Resource, by: User, now: datetime, version: int | None = None) -> Outcome:
    """It can be booked again.

    Raises ``ResourceChanged``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_RESOURCES)
    return _switch(resource, active=True, by=by, now=now, version=version, accept=True)


def switch_off_account(*, user: User, by: User, now: datetime, accept_consequences: bool = False) -> Outcome | None:
    """Somebody leaves: no sign-in, and not booked any more. None when they never were bookable.

    Raises ``HasBookings``, ``Conflict`` for one's own account, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_STAFF)
    if user.pk == by.pk:
        raise Conflict("You cannot switch off your own account.")

    def attempt() -> Outcome | None:
        User.objects.filter(pk=user.pk).update(is_active=False)
        resource = Resource.objects.filter(user=user).select_related("site").first()
        if resource is None:
            return None
        return _switch(resource, active=False, by=by, now=now, version=None, accept=accept_consequences)

    with audit.acting(by):
        return locks.retrying(attempt)


def remove(*, resource: Resource, by: User) -> None:
    """Deletes a resource that was never booked: one made by mistake.

    Raises ``HasBookings`` when it ever was: then it can only be switched off. ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_RESOURCES)

    def attempt() -> None:
        # nobody books it meanwhile
        locks.acquire(locks.Space.SITE, [str(resource.site_id)])
        row = Resource.objects.select_for_update().filter(pk=resource.pk).first()
        booked = Allocation.objects.filter(resource=resource).values("appointment").distinct().count()
        if booked:
            raise HasBookings(
                f"{resource.name} has been booked. Switch it off instead.", detail={"count": booked, "appointments": []}
            )
        if row is not None:
            row.delete()

    with audit.acting(by):
        locks.retrying(attempt)


def set_working_hours(
    *, resource: Resource, hours: Week, valid_from: date, by: User, now: datetime, accept_consequences: bool = False
) -> Outcome:
    """The weekly working hours from ``valid_from`` on; what was planned for later is replaced.

    No hours at all: a person does not work from then on.
    Raises ``HasBookings``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_RESOURCES)
    timetables.check(hours)

    def change() -> Resource:
        current = WorkingHours.objects.filter(resource=resource)
        current.filter(valid_from__gte=valid_from).delete()
        current.filter(Q(valid_until=None) | Q(valid_until__gt=valid_from)).update(
            valid_until=valid_from, updated_at=now
        )
        WorkingHours.objects.bulk_create(
            WorkingHours(resource=resource, weekday=weekday, starts=starts, ends=ends, valid_from=valid_from)
            for weekday, windows in sorted(hours.items())
            for starts, ends in windows
        )
        return resource

    return _weighed(change, resource, by=by, now=now, accept=accept_consequences)


def add_absence(
    *,
    resource: Resource,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: User,
    now: datetime,
    is_extra: bool = False,
    accept_consequences: bool = False,
) -> Outcome:
    """Away from ``starts_at`` to ``ends_at``; with ``is_extra`` at work then, beyond the usual hours.

    Raises ``HasBookings``, ``InvalidInput``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.RECORD_ABSENCES)
    check_text(reason, longest=100, pointer="reason")
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise InvalidInput("The time has no time zone.", pointer="starts_at")
    if ends_at <= starts_at:
        raise InvalidInput("The end is not after the start.", pointer="ends_at")

    def change() -> Resource:
        Absence.objects.create(
            resource=resource, starts_at=starts_at, ends_at=ends_at, reason=reason, is_extra=is_extra
        )
        return resource

    return _weighed(change, resource, by=by, now=now, accept=accept_consequences)


def remove_absence(*, absence: Absence, by: User, now: datetime, accept_consequences: bool = False) -> Outcome:
    """The usual hours hold again; without extra time that may hit what was booked in it.

    Raises ``HasBookings``, ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.RECORD_ABSENCES)
    resource = absence.resource

    def change() -> Resource:
        Absence.objects.filter(pk=absence.pk).delete()
        return resource

    return _weighed(change, resource, by=by, now=now, accept=accept_consequences)


# --- what the actions share ----------------------------------------------------------------------------------


def _weighed(change: Callable[[], Resource], resource: Resource, *, by: User, now: datetime, accept: bool) -> Outcome:
    changed, affected = weighed(change, site=resource.site, by=by, now=now, accept=accept, resources=[resource.id])
    return Outcome(changed, affected)


def _switch(resource: Resource, *, active: bool, by: User, now: datetime, version: int | None, accept: bool) -> Outcome:
    def change() -> Resource:
        current = _current(resource, version)
        current.is_active = active
        _save(current)
        return current

    return _weighed(change, resource, by=by, now=now, accept=accept)


def _current(resource: Resource, version: int | None) -> Resource:
    current = Resource.objects.select_for_update(of=("self",)).select_related("site").get(pk=resource.pk)
    if version is not None and current.version != version:
        raise ResourceChanged(
            "Somebody else changed this meanwhile. Look at it again.", detail={"current": {"version": current.version}}
        )
    return current


def _save(resource: Resource) -> None:
    resource.version += 1
    resource.save()


def _check_fields(details: dict[str, Any]) -> None:
    unknown = sorted(details.keys() - EDITABLE)
    if unknown:
        raise WrongResource(
            "There is no such field.",
            pointer=unknown[0],
            detail={"fields": {field: ["There is no such field."] for field in unknown}},
        )


def _clean(resource: Resource) -> None:
    try:
        resource.full_clean()
    except ValidationError as error:
        fields = error.message_dict
        first = min(fields)
        raise WrongResource(fields[first][0], pointer=first, detail={"fields": fields}) from error


def _skills(codes: Collection[str]) -> list[Skill]:
    known = {skill.code: skill for skill in Skill.objects.filter(code__in=codes)}
    missing = sorted(set(codes) - known.keys())
    if missing:
        raise WrongResource(
            f"There is no skill {missing[0]}.",
            pointer="skills",
            detail={"fields": {"skills": [f"There is no skill {code}." for code in missing]}},
        )
    return list(known.values())


def _spread(resource: Resource, *, now: datetime) -> None:
    """Those who use the resource alone have every lane it has now: new ones are taken for them, old ones given up."""
    alone = Allocation.objects.filter(resource=resource, is_active=True, is_shared=False, ends_at__gt=now)
    alone.filter(lane__gte=resource.lanes).delete()
    lanes: dict[tuple[UUID, str, datetime], set[int]] = {}
    first: dict[tuple[UUID, str, datetime], Allocation] = {}
    for row in alone:
        key = (row.appointment_id, row.role, row.starts_at)
        first.setdefault(key, row)
        lanes.setdefault(key, set()).add(row.lane)
    Allocation.objects.bulk_create(
        _like(row, lane) for key, row in first.items() for lane in range(resource.lanes) if lane not in lanes[key]
    )


def _like(allocation: Allocation, lane: int) -> Allocation:
    return Allocation(
        appointment_id=allocation.appointment_id,
        resource_id=allocation.resource_id,
        role=allocation.role,
        lane=lane,
        starts_at=allocation.starts_at,
        ends_at=allocation.ends_at,
    )
