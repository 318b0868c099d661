"""Taking places: one set of locks, one re-check under them, one sorted insert. Every booking action goes through here.

The order is always: check what needs no lock (``check``); lock (``lock``); look again (``recheck``); write. What the
exclusion constraints still refuse, because somebody wrote past these locks, becomes the same ``Taken`` (``settled``).
Hours are checked under the site's lock, which all bookings share, before the locks that make others wait.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError

from clinics.actions.merges import AlreadyMerged
from clinics.models import Patient, Site
from core import clock, locks
from core.errors import Busy, InvalidInput
from core.locks import Space
from scheduler.actions import holds
from scheduler.actions.terms import Asked, Booking, NotWorking, OutOfRange, Take, Taken, Use
from scheduler.engine.request import HANDS_LANE
from scheduler.models import Allocation, Appointment, Resource
from scheduler.models.appointment import LONGEST
from scheduler.queries import calendars, hours, occupancy

T = TypeVar("T")

FARTHEST = timedelta(days=3 * 366)
"""Nobody plans further ahead; a date beyond it is a slip of the keyboard."""
EXCLUSION_VIOLATION = "23P01"
NEEDS_MOST = (Use.SHARED, Use.HANDS_ON, Use.EXCLUSIVE)
"""Uses of a resource; what a later one can have, so can an earlier one."""

Resources = Mapping[UUID, Resource]
"""What the takes name, by id, as it is now."""
Lanes = list[list[tuple[int, ...]]]
"""For each booking, for each of its takes: the lanes it gets."""


class Clash(Exception):
    """A place is not free. ``resource`` is None when it is the patient who is elsewhere."""

    def __init__(self, resource: Resource | None, starts_at: datetime, ends_at: datetime, pointer: str) -> None:
        super().__init__(pointer)
        self.resource = resource
        self.starts_at = starts_at
        self.ends_at = ends_at
        self.pointer = pointer


# --- before the locks ----------------------------------------------------------------------------------------


def check(asked: Asked) -> None:
    """Refuses what can be seen to be wrong without looking at the calendar.

    Raises ``OutOfRange``, ``InvalidInput``.
    """
    if not asked.bookings:
        raise InvalidInput("Name at least one appointment.", pointer="bookings")
    for n, booking in enumerate(asked.bookings):
        pointer = f"bookings/{n}"
        _check_period(booking.starts_at, booking.ends_at, pointer)
        if booking.starts_at < asked.now:
            raise OutOfRange("The start is in the past.", pointer=f"{pointer}/starts_at")
        if booking.starts_at > asked.now + FARTHEST:
            raise OutOfRange("The start is more than three years away.", pointer=f"{pointer}/starts_at")
        check_text(booking.summary, longest=100, pointer=f"{pointer}/summary")
        for m, take in enumerate(booking.takes):
            _check_period(take.starts_at, take.ends_at, f"{pointer}/takes/{m}")
            if take.starts_at > booking.ends_at + LONGEST or take.ends_at < booking.starts_at - LONGEST:
                raise OutOfRange("This is too far from its appointment.", pointer=f"{pointer}/takes/{m}/starts_at")


def _check_period(starts_at: datetime, ends_at: datetime, pointer: str) -> None:
    for name, instant in (("starts_at", starts_at), ("ends_at", ends_at)):
        if instant.tzinfo is None:
            raise OutOfRange("The time has no time zone.", pointer=f"{pointer}/{name}")
    if ends_at <= starts_at:
        raise OutOfRange("The end is not after the start.", pointer=f"{pointer}/ends_at")
    if ends_at - starts_at > LONGEST:
        raise OutOfRange("It lasts longer than 24 hours.", pointer=f"{pointer}/ends_at")


def check_text(text: str, *, longest: int, pointer: str) -> None:
    """Refuses text the database cannot keep.

    Raises ``InvalidInput``.
    """
    if len(text) > longest:
        raise InvalidInput(f"Use at most {longest} characters.", pointer=pointer)
    if "\x00" in text:
        raise InvalidInput("The text contains a character that cannot be stored.", pointer=pointer)


def any_of(bookings: Sequence[Booking]) -> Booking:
    """A booking that keeps the place for whichever of these, of one start, is made in the end.

    At every moment each resource is taken as the one that needs it most would take it, so it is free if each of them is. The
    stretches are left in pieces: what is free for one after the other need not be the same lane throughout.
    """
    of_resource: dict[UUID, list[Take]] = {}
    for booking in bookings:
        for take in booking.takes:
            of_resource.setdefault(take.resource.pk, []).append(take)
    pieces = []
    for takes in of_resource.values():
        marks = sorted({instant for take in takes for instant in (take.starts_at, take.ends_at)})
        for starts_at, ends_at in pairwise(marks):
            meeting = [take for take in takes if take.starts_at < ends_at and take.ends_at > starts_at]
            if meeting:
                most = max(meeting, key=lambda take: NEEDS_MOST.index(take.use))
                pieces.append(replace(most, starts_at=starts_at, ends_at=ends_at))
    return replace(bookings[0], ends_at=max(each.ends_at for each in bookings), takes=tuple(pieces))


# --- the locks -----------------------------------------------------------------------------------------------


def lock(asked: Asked) -> Resources:
    """Takes the locks: the site shared, then the patients and each resource on each local day. Gives the resources.

    Sharing the site's lock keeps bookings apart from whoever holds it alone: a planner on its second attempt, or a change
    of hours or resources, whose look at the booked appointments must stay true until it commits. So hours can be checked
    before the other locks, which make others wait, are taken.

    Raises ``NotWorking``, ``InvalidInput``, ``AlreadyMerged``.
    """
    locks.acquire_all((), shared=[(Space.SITE, str(asked.site.id))])
    resources = _resources(asked)
    _check_hours(asked, resources)
    wanted = [(Space.RESOURCE_DAY, key) for take in _takes(asked) for key in _days(take, asked.site.zone)]
    wanted += [(Space.PATIENT, str(patient)) for patient in asked.patients if patient is not None]
    locks.acquire_all(wanted)
    # under their locks: whoever merges a patient into another holds them, too
    if Patient.objects.filter(pk__in=[key for key in asked.patients if key], merged_into__isnull=False).exists():
        raise AlreadyMerged("This patient was merged into another record meanwhile. Find the patient again.")
    return resources


def _days(take: Take, zone: str) -> Iterator[str]:
    on = clock.local(take.starts_at, zone).date()
    last = clock.local(take.ends_at, zone).date()
    while on <= last:
        yield f"{take.resource.id}:{on}"
        on += timedelta(days=1)


def _takes(asked: Asked) -> Iterator[Take]:
    return (take for booking in asked.bookings for take in booking.takes)


# --- under the locks -----------------------------------------------------------------------------------------


def recheck(asked: Asked, resources: Resources) -> Lanes:
    """Looks again under the locks, sweeps lapsed holds that are in the way, and picks the lanes.

    Raises ``Clash``.
    """
    occupied = _occupied(asked)
    if occupied.lapsed:
        holds.sweep(occupied.lapsed, now=asked.now)
        occupied = _occupied(asked)
    return _lanes(asked, resources, occupied)


def look(asked: Asked) -> None:
    """Says whether the places are there now; takes no lock and writes nothing.

    Raises ``NotWorking``, ``Taken``, ``InvalidInput``.
    """
    resources = _resources(asked)
    _check_hours(asked, resources)
    try:
        _lanes(asked, resources, _occupied(asked))
    except Clash as clash:
        raise taken(clash, asked) from None


def _lanes(asked: Asked, resources: Resources, occupied: occupancy.Occupancy) -> Lanes:
    _check_patients(asked, occupied.patients)
    taken = occupied.resources
    lanes: Lanes = []
    for n, booking in enumerate(asked.bookings):
        lanes.append([])
        for m, take in enumerate(booking.takes):
            resource = resources.get(take.resource.id, take.resource)
            chosen = _lanes_for(take, resource.lanes, taken.get(take.resource.id, ()))
            if not chosen:
                raise Clash(resource, take.starts_at, take.ends_at, f"bookings/{n}/takes/{m}")
            taken.setdefault(take.resource.id, []).extend((take.starts_at, take.ends_at, lane) for lane in chosen)
            lanes[-1].append(chosen)
    return lanes


def _resources(asked: Asked) -> Resources:
    return Resource.objects.in_bulk({take.resource.id for take in _takes(asked)})


def _occupied(asked: Asked) -> occupancy.Occupancy:
    return occupancy.meeting(
        places=[(take.resource.id, take.starts_at, take.ends_at) for take in _takes(asked)],
        patients={patient for patient in asked.patients if patient is not None},
        between=(min(each.starts_at for each in asked.bookings), max(each.ends_at for each in asked.bookings)),
        now=asked.now,
        without=asked.giving_up,
    )


def _lanes_for(take: Take, lanes: int, taken: Sequence[occupancy.Occupied]) -> tuple[int, ...]:
    """The lanes the take gets; none when it cannot have them for its whole period."""
    busy = {lane for starts_at, ends_at, lane in taken if starts_at < take.ends_at and ends_at > take.starts_at}
    if take.lanes and busy.isdisjoint(take.lanes) and take.use is not Use.EXCLUSIVE:
        return take.lanes
    if take.use is Use.EXCLUSIVE:
        return () if busy else tuple(range(lanes))
    lane = next((lane for lane in range(lanes) if lane not in busy), None)
    if lane is None or (take.use is Use.HANDS_ON and HANDS_LANE in busy):
        return ()
    return (lane, HANDS_LANE) if take.use is Use.HANDS_ON else (lane,)


def _check_patients(asked: Asked, busy: Mapping[UUID, Sequence[hours.Window]]) -> None:
    elsewhere = {patient: list(periods) for patient, periods in busy.items()}
    for n, (booking, patient) in enumerate(zip(asked.bookings, asked.patients, strict=True)):
        if patient is None:
            continue
        periods = elsewhere.setdefault(patient, [])
        if any(start < booking.ends_at and end > booking.starts_at for start, end in periods):
            raise Clash(None, booking.starts_at, booking.ends_at, f"bookings/{n}/starts_at")
        periods.append((booking.starts_at, booking.ends_at))


def _check_hours(asked: Asked, resources: Resources) -> None:
    """Refuses what is outside opening and working hours; what has begun already is not judged again."""
    site = asked.site
    ahead = [(n, each) for n, each in enumerate(asked.bookings) if each.starts_at >= asked.now]
    if not ahead:
        return
    periods = [(each.starts_at, each.ends_at) for _, each in ahead]
    periods += [(take.starts_at, take.ends_at) for _, each in ahead for take in each.takes]
    first_on = clock.local(min(start for start, _ in periods), site.zone).date()
    last_on = clock.local(max(end for _, end in periods), site.zone).date()
    days = (last_on - first_on).days + 1
    opening = hours.site_days(site, first_on=first_on, days=days)
    site_open = hours.opened(opening, site.zone)
    working = hours.working(list(resources.values()), site, first_on=first_on, days=days, opening=opening)
    for n, booking in ahead:
        if not hours.covers(site_open, booking.starts_at, booking.ends_at):
            on = clock.local(booking.starts_at, site.zone).date()
            raise NotWorking(
                _closed(site, opening[(on - first_on).days]),
                pointer=f"bookings/{n}/starts_at",
                detail={"resource": None, "starts_at": booking.starts_at.isoformat()},
            )
        for m, take in enumerate(booking.takes):
            resource = resources.get(take.resource.id)
            if resource is None or resource.site_id != site.id:
                raise InvalidInput("There is no such resource at this site.", pointer=f"bookings/{n}/takes/{m}")
            if resource.is_active and hours.covers(working[str(resource.id)], take.starts_at, take.ends_at):
                continue
            why = f"does not work {_when(take.starts_at, take.ends_at, site.zone)}"
            raise NotWorking(
                f"{resource.name} {why if resource.is_active else 'is switched off'}.",
                pointer=f"bookings/{n}/takes/{m}",
                detail={"resource": _named(resource), "starts_at": take.starts_at.isoformat()},
            )


def _closed(site: Site, day: hours.SiteHours) -> str:
    if not day.windows:
        return f"{site.name} is closed on {_date(day.on)}: {day.reason}."
    windows = " and ".join(f"{clock.in_words(opens)} to {clock.in_words(closes)}" for opens, closes in day.windows)
    return f"{site.name} is open from {windows} on {_date(day.on)}."


# --- writing -------------------------------------------------------------------------------------------------


def write_allocations(
    appointments: Sequence[Appointment], bookings: Sequence[Booking], lanes: Lanes
) -> list[Allocation]:
    """One insert of every allocation, in the order every other transaction uses. Gives what it wrote."""
    rows = [
        Allocation(
            appointment=appointment,
            resource=take.resource,
            role=take.role,
            lane=lane,
            is_shared=take.use is not Use.EXCLUSIVE,
            starts_at=take.starts_at,
            ends_at=take.ends_at,
        )
        for appointment, booking, its_lanes in zip(appointments, bookings, lanes, strict=True)
        for take, chosen in zip(booking.takes, its_lanes, strict=True)
        for lane in chosen
    ]
    return Allocation.objects.bulk_create(sorted(rows, key=lambda row: (row.resource_id, row.lane, row.starts_at)))


def settled(do: Callable[[], T], asked: Asked) -> T:
    """Runs ``do`` in a transaction with the usual retries; a place that is not free becomes ``Taken``.

    A constraint's own words are never passed on: they name the other booking.

    Raises ``Taken``, ``core.errors.Busy``.
    """
    for _ in range(2):
        try:
            return locks.retrying(do)
        except Clash as clash:
            raise taken(clash, asked) from None
        except IntegrityError as error:
            if locks.sqlstate(error) != EXCLUSION_VIOLATION:
                raise
            found = _found_again(asked)
        if found is not None:
            raise taken(found, asked) from None
    raise Busy("The calendar is very busy right now. Try again in a moment.")


def _found_again(asked: Asked) -> Clash | None:
    """What a constraint refused, in our own words; None when it has gone meanwhile."""
    try:
        locks.retrying(lambda: recheck(asked, _resources(asked)))
    except Clash as clash:
        return clash
    return None


def taken(clash: Clash, asked: Asked) -> Taken:
    """The error for a clash, with the next free times. Called after the roll-back, so no lock is held meanwhile."""
    when = _when(clash.starts_at, clash.ends_at, asked.site.zone)
    free: list[datetime] = []
    if clash.resource is not None:
        minutes = -int((clash.starts_at - clash.ends_at).total_seconds() // 60)
        after = max(clash.starts_at, asked.now)
        free = calendars.next_free(clash.resource, minutes=minutes, after=after, now=asked.now)
    return Taken(
        f"{clash.resource.name} is taken {when}." if clash.resource else f"The patient has another appointment {when}.",
        pointer=clash.pointer,
        detail={
            "resource": _named(clash.resource) if clash.resource else None,
            "starts_at": clash.starts_at.isoformat(),
            "ends_at": clash.ends_at.isoformat(),
            "next_free": [instant.isoformat() for instant in free],
            "pointer": clash.pointer,
        },
    )


def _named(resource: Resource) -> dict[str, str]:
    return {"id": str(resource.id), "name": resource.name}


def _when(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    start, end = clock.local(starts_at, zone), clock.local(ends_at, zone)
    return f"on {_date(start.date())} from {clock.in_words(start.time())} to {clock.in_words(end.time())}"


def _date(on: date) -> str:
    return f"{on.day} {on:%B %Y}"
