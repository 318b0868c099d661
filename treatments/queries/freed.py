"""Times that a cancelled or moved visit gave up and that nobody has taken since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import FilteredRelation, Q
from django.db.models.fields.json import KT

from clinics.models import Site
from scheduler.models import ChangeLine, Kind, Resource, Status

LOOK_BACK = timedelta(days=14)
"""What was given up longer ago has been seen often enough."""
PLACES = (Kind.CHAIR, Kind.ROOM, Kind.DEVICE)
"""What a visit leaves behind; people are found anew for whoever comes instead."""


@dataclass(frozen=True, slots=True)
class Freed:
    """A chair, room or device that stands empty because a visit went elsewhere. The period is the visit's use of it."""

    resource: UUID
    name: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    """What was given up, for staff."""
    together: tuple[UUID, UUID | None]
    """Of the change and the patient: what one patient gave up at once, as with a whole course, has the same."""


def freed(site: Site, *, now: datetime, at_most: int) -> list[Freed]:
    """What was given up at a site in the last two weeks, begins later than now and is free still, by start. Two queries."""
    given_up = {
        (row[0], *row[4:]): (state["summary"], (change, patient))
        for state, change, patient in _given_up(site, now)
        for row in state["allocations"]
    }
    if not given_up:
        return []
    names, taken = _as_it_is(site, [key for key, *_ in given_up], now)
    found = []
    for (key, starts, ends), (summary, together) in given_up.items():
        period = (datetime.fromisoformat(starts), datetime.fromisoformat(ends))
        resource = UUID(key)
        if resource in names and period[0] > now and not _meets(period, taken.get(resource, ())):
            found.append(Freed(resource, names[resource], *period, summary, together))
    return sorted(found, key=lambda each: (each.starts_at, each.name, each.ends_at))[:at_most]


def _given_up(site: Site, now: datetime) -> Iterable[tuple[dict[str, Any], UUID, UUID | None]]:
    """The states of appointments that stood later than now and were given up, by which change and whose. One query."""
    return (
        ChangeLine.objects.filter(change_set__site=site, change_set__created_at__gt=now - LOOK_BACK)
        .annotate(stood=KT("before__starts_at"), stands=KT("after__starts_at"), status=KT("after__status"))
        .filter(stood__gt=now.astimezone(UTC).isoformat(), before__status=Status.BOOKED)
        .exclude(Q(stood=KT("after__starts_at")) & ~Q(status=Status.CANCELLED))
        .order_by("pk")
        .values_list("before", "change_set", "appointment__patient")
    )


def _as_it_is(
    site: Site, keys: Iterable[str], now: datetime
) -> tuple[Mapping[UUID, str], Mapping[UUID, list[tuple[datetime, datetime]]]]:
    """The names of those that are places, and what is taken of them now. One query."""
    rows = (
        Resource.objects.filter(pk__in=set(keys), site=site, kind__in=PLACES, is_active=True)
        .annotate(
            taking=FilteredRelation(
                "allocations", condition=Q(allocations__is_active=True, allocations__ends_at__gt=now)
            )
        )
        .values_list("pk", "name", "taking__starts_at", "taking__ends_at")
    )
    names: dict[UUID, str] = {}
    taken: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for key, name, starts_at, ends_at in rows:
        names[key] = name
        if starts_at is not None:
            taken.setdefault(key, []).append((starts_at, ends_at))
    return names, taken


def _meets(period: tuple[datetime, datetime], taken: Iterable[tuple[datetime, datetime]]) -> bool:
    return any(starts_at < period[1] and ends_at > period[0] for starts_at, ends_at in taken)
