"""Why a visit cannot start at a slot: the calendars of the site, of the resources and of the patient."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from scheduler.engine import bits
from scheduler.engine.answer import Code, Reason
from scheduler.engine.availability import Availability, FreeTime, collide
from scheduler.engine.grid import SLOT_MINUTES, slots
from scheduler.engine.request import Placement, Role, Use, Visit
from scheduler.engine.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Attempt:
    """A visit at a slot. ``named`` gives resources for some or all of its roles; any able one may fill the others."""

    visit: Visit
    start: int
    named: Mapping[str, str]


def reasons(free: Availability, schedule: Schedule, attempt: Attempt) -> Iterator[Reason]:
    """Every reason outside the rules."""
    request, visit, start = schedule.request, attempt.visit, attempt.start
    if start < request.not_before:
        yield Reason(Code.IN_THE_PAST)
    elif start < visit.not_before:
        yield Reason(Code.NOT_READY)
    if start < 0 or start + slots(visit.minutes) > free.slots:
        yield Reason(Code.BEYOND_HORIZON)
        return
    if not free.aligned(visit.start_step) >> start & 1:
        yield Reason(Code.OFF_STEP, amount=visit.start_step)
    if request.grid.day(start) not in request.open_days:
        yield Reason(Code.SITE_CLOSED)
    yield from patient_clashes(schedule, visit, start)
    for preparation in visit.preparations:
        if not free.prepared(preparation) >> start & 1:
            yield Reason(Code.NOT_PREPARED, role=preparation.key)
    blocked = [reason for role in visit.roles for reason in _role_reasons(free, schedule, attempt, role)]
    yield from blocked
    if not blocked and not free.needs_met(visit.roles) >> start & 1:
        # each role alone could be filled, but not all at once: they need the same resource
        yield Reason(Code.RESOURCE_BUSY, tuple(sorted({name for role in visit.roles for name in free.eligible(role)})))


def patient_clashes(schedule: Schedule, visit: Visit, start: int) -> Iterator[Reason]:
    """The patient's other appointments, and other visits of the course, that are too near."""
    request = schedule.request
    gap = request.patient_gap
    begins, ends = start * SLOT_MINUTES, start * SLOT_MINUTES + visit.minutes
    if any(
        begins < end * SLOT_MINUTES + gap and first * SLOT_MINUTES < ends + gap for first, end in request.patient_busy
    ):
        yield Reason(Code.PATIENT_BUSY)
    for other in schedule.in_order:
        if other.visit == visit.key:
            continue
        first = other.start * SLOT_MINUTES
        if begins < first + schedule.visits[other.visit].minutes + gap and first < ends + gap:
            yield Reason(Code.PATIENT_BUSY, (other.visit,))


def _role_reasons(free: Availability, schedule: Schedule, attempt: Attempt, role: Role) -> Iterator[Reason]:
    named = attempt.named
    eligible = free.able(attempt.visit, role)
    if role.key in named:
        eligible = [name for name in free.eligible(role) if name == named[role.key]]
    if not eligible:
        yield Reason(Code.NO_RESOURCE, (named[role.key],) if role.key in named else (), role=role.key)
        return
    found: dict[Code, list[str]] = {}
    for resource in eligible:
        code = _obstacle(free, schedule, attempt, role, resource)
        if code is None:
            return
        found.setdefault(code, []).append(resource)
    for code in (Code.RESOURCE_BUSY, Code.WATCH_FULL, Code.HANDS_TAKEN, Code.RESOURCE_OFF, Code.NOT_ON_SITE):
        if code in found:
            yield Reason(code, tuple(found[code]), role=role.key)


def _obstacle(free: Availability, schedule: Schedule, attempt: Attempt, role: Role, resource: str) -> Code | None:
    """Why a resource cannot fill a role at that time; ``None`` if it can."""
    start, time = attempt.start, free.free[resource]
    if not time.starts(role, off_duty_only=True) >> start & 1:
        only_there = all(segment.use is Use.PRESENCE for segment in role.segments)
        return Code.NOT_ON_SITE if only_there else Code.RESOURCE_OFF
    if _used_here(schedule, attempt, role, resource):
        return Code.RESOURCE_BUSY
    if free.role_starts(role, resource) >> start & 1:
        return None
    if time.calendar.lanes == 1 or not _fits(time, role, Use.EXCLUSIVE, start):
        return Code.RESOURCE_BUSY
    return Code.HANDS_TAKEN if _fits(time, role, Use.SHARED, start, hands=True) else Code.WATCH_FULL


def _fits(time: FreeTime, role: Role, use: Use, start: int, *, hands: bool = False) -> bool:
    """Whether the parts of a role with this use fit; with ``hands`` those that need the hands too, as if they did not."""
    parts = [
        replace(segment, use=use)
        for segment in role.segments
        if segment.use is use or (hands and segment.use is Use.HANDS_ON)
    ]
    return bool(time.starts(replace(role, segments=tuple(parts))) >> start & 1)


def _used_here(schedule: Schedule, attempt: Attempt, role: Role, resource: str) -> bool:
    """Whether the course itself takes the resource at that time: another role, or another visit's turnover."""
    visit, start, named = attempt.visit, attempt.start, attempt.named
    for other in visit.roles:
        if other.key != role.key and named.get(other.key) == resource and collide(role, start, other, start):
            return True
    return any(
        used == resource and collide(role, start, other, placement.start)
        for placement in schedule.in_order
        if placement.visit != visit.key
        for other, used in filled_roles(schedule, placement)
    )


def filled_roles(schedule: Schedule, placement: Placement) -> list[tuple[Role, str]]:
    """The roles of a placed visit with the resource that fills each."""
    used = dict(placement.resources)
    return [(role, used[role.key]) for role in schedule.visits[placement.visit].roles if role.key in used]


def working_starts(free: Availability, visit: Visit) -> int:
    """Starts within everybody's working hours, booked or not: where a reason is worth naming."""
    found = bits.span(0, free.slots)
    for role in visit.roles:
        someone = 0
        for resource in free.eligible(role):
            someone |= free.free[resource].starts(role, off_duty_only=True)
        found &= someone
    return found
