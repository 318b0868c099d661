"""Which resources could take which part of a visit, and when: sets of starts by erosion of free time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from scheduler.engine import bits, weeks
from scheduler.engine.clock import clock
from scheduler.engine.grid import SLOT_MINUTES, slots
from scheduler.engine.request import (
    HANDS_LANE,
    AtMost,
    Calendar,
    DailyLoad,
    Keep,
    Period,
    PlanRequest,
    Preferred,
    Preparation,
    Role,
    Segment,
    Use,
    Visit,
    Window,
)

Part = tuple[int, int, Use]
"""A segment in slots from the visit's start."""


def part(segment: Segment) -> Part:
    """A segment in whole slots: from the slot it begins in to the end of the slot it ends in."""
    return segment.starts // SLOT_MINUTES, slots(segment.ends), segment.use


def collide(one: Role, one_start: int, other: Role, other_start: int) -> bool:
    """Whether two roles need their resource at the same time, so that two resources are needed.

    Presence books nobody, so it never collides. One resource serves one patient in one part at a time, even when
    it has more lanes.
    """
    return any(
        one_start + a < other_start + d and other_start + c < one_start + b
        for a, b, use in map(part, one.segments)
        if use is not Use.PRESENCE
        for c, d, other_use in map(part, other.segments)
        if other_use is not Use.PRESENCE
    )


class FreeTime:
    """One resource's free slots, as sets."""

    def __init__(self, calendar: Calendar, grid_slots: int) -> None:
        self.calendar = calendar
        self.working = bits.union(calendar.working, grid_slots)
        taken: dict[int, list[Period]] = {lane: [] for lane in (*range(calendar.lanes), HANDS_LANE)}
        for start, end, lane in calendar.busy:
            taken[lane].append((start, end))
        free = {lane: self.working & ~bits.union(busy, grid_slots) for lane, busy in taken.items()}
        self._set(free.pop(HANDS_LANE), tuple(free.values()))

    def _set(self, hands: int, lanes: tuple[int, ...]) -> None:
        self.hands = hands
        self.lanes = lanes
        self.alone = hands
        for lane in lanes:
            self.alone &= lane
        self._slivers: dict[tuple[int, int, int], tuple[int, int]] = {}

    def changed(self, periods: Iterable[tuple[int, int, int]], *, taken: bool) -> "FreeTime":
        """The same resource with these periods (start, end, lane) taken besides, or free again."""
        lanes = {**dict(enumerate(self.lanes)), HANDS_LANE: self.hands}
        for start, end, lane in periods:
            slots_of_it = bits.span(start, end)
            lanes[lane] = lanes[lane] & ~slots_of_it if taken else lanes[lane] | (slots_of_it & self.working)
        other = object.__new__(FreeTime)
        other.calendar, other.working = self.calendar, self.working
        other._set(lanes.pop(HANDS_LANE), tuple(lanes.values()))
        return other

    def starts(self, role: Role, *, off_duty_only: bool = False) -> int:
        """The starts at which the resource can fill every segment of the role.

        With ``off_duty_only`` bookings are ignored: only working hours count.
        """
        found = -1
        for start, end, use in map(part, role.segments):
            if end <= start:
                continue
            if off_duty_only or use is Use.PRESENCE:
                fits = bits.eroded(self.working, end - start)
            elif use is Use.EXCLUSIVE:
                fits = bits.eroded(self.alone, end - start)
            else:
                fits = 0
                for free in self.lanes:
                    fits |= bits.eroded(free, end - start)
                if use is Use.HANDS_ON:
                    fits &= bits.eroded(self.hands, end - start)
            found &= bits.moved_back(fits, start)
        return found

    def slivers(self, start: int, end: int, smallest: int) -> tuple[int, int]:
        """Starts that leave a free gap shorter than ``smallest`` slots before, and after, ``[start, end)``.

        Offsets are slots from the visit's start. Such a gap is too short to book anything else into.
        """
        key = (start, end, smallest)
        if key not in self._slivers:
            self._slivers[key] = self._leaving_slivers(*key)
        return self._slivers[key]

    def _leaving_slivers(self, start: int, end: int, smallest: int) -> tuple[int, int]:
        whole = bits.eroded(self.alone, smallest)
        before = bits.moved_back((self.alone << 1) & ~(whole << smallest), start)
        after = bits.moved_back(self.alone & ~whole, end)
        return before, after


def free_times(request: PlanRequest) -> dict[str, FreeTime]:
    """Every resource's free time by id, in the order of the ids."""
    slots_of_grid = request.grid.slots
    return {
        calendar.id: FreeTime(calendar, slots_of_grid)
        for calendar in sorted(request.calendars, key=lambda calendar: calendar.id)
    }


class Availability:
    """The sets of starts of one request. Made once per planning; sets are kept as they are asked for."""

    def __init__(self, request: PlanRequest, free: Mapping[str, FreeTime] | None = None) -> None:
        """``free`` is the free time of all resources where it is known already, in the order of their ids."""
        self.request = request
        self.clock = clock(request.grid)
        self.slots = request.grid.slots
        self.free = free_times(request) if free is None else free
        self._role_starts: dict[tuple[int, str], int] = {}
        self._roles: dict[Role, int] = {}
        self._numbers: dict[int, tuple[int, Role]] = {}
        self._needs: dict[tuple[Role, ...], int] = {}
        self._aligned: dict[int, int] = {}
        self._eligible: dict[tuple[str, frozenset[str]], list[str]] = {}
        self._prepared: dict[Preparation, int] = {}
        self._named: dict[str, list[Keep | Preferred]] = {}
        for rule in request.rules:
            if isinstance(rule, Keep | Preferred):
                for key in (rule.visit,) if isinstance(rule, Keep) else rule.visits:
                    self._named.setdefault(key, []).append(rule)

    def eligible(self, role: Role) -> list[str]:
        """The ids of the resources of the role's kind with all its skills, sorted."""
        key = (role.kind, role.skills)
        if key not in self._eligible:
            self._eligible[key] = [
                name
                for name, free in self.free.items()
                if free.calendar.kind == role.kind and role.skills <= free.calendar.skills
            ]
        return self._eligible[key]

    def able(self, visit: Visit, role: Role) -> list[str]:
        """The resources that may fill a role of this very visit: where only some are wanted, those."""
        found = self.eligible(role)
        for rule in self.named(visit.key):
            if isinstance(rule, Preferred) and rule.hard and not rule.resources.isdisjoint(self.eligible(role)):
                found = [name for name in found if name in rule.resources]
        return found

    def named(self, visit: str) -> Sequence[Keep | Preferred]:
        """The rules that ask for certain resources for a visit."""
        return self._named.get(visit, ())

    def role_starts(self, role: Role, resource: str) -> int:
        """The starts at which one resource can fill one role."""
        key = (self._number(role), resource)
        if key not in self._role_starts:
            self._role_starts[key] = self.free[resource].starts(role) & bits.span(0, self.slots)
        return self._role_starts[key]

    def _number(self, role: Role) -> int:
        """The same number for equal roles. Hashing a role anew each time would cost more than the look-up it is for."""
        known = self._numbers.get(id(role))
        if known is None:  # the role is kept, so that its id stays its own
            known = self._numbers[id(role)] = (self._roles.setdefault(role, len(self._roles)), role)
        return known[0]

    def needs_met(self, roles: tuple[Role, ...]) -> int:
        """The starts at which every role can be filled, by different resources where roles collide."""
        if roles not in self._needs:
            found = bits.span(0, self.slots)
            for group in self._contending(roles):
                found &= self._any_team(group, (), found)
                if not found:
                    break
            self._needs[roles] = found
        return self._needs[roles]

    def _contending(self, roles: tuple[Role, ...]) -> list[list[Role]]:
        """Roles in groups; only roles of one group may have to share out the same resources."""
        groups: list[list[Role]] = []
        for role in roles:
            joined = [role]
            for group in groups[:]:
                if any(
                    collide(role, 0, other, 0) and set(self.eligible(role)) & set(self.eligible(other))
                    for other in group
                ):
                    groups.remove(group)
                    joined = group + joined
            groups.append(joined)
        return groups

    def _any_team(self, roles: list[Role], taken: tuple[tuple[Role, str], ...], within: int) -> int:
        if not roles or not within:
            return within
        role, rest = roles[0], roles[1:]
        found = 0
        for resource in self.eligible(role):
            if any(resource == used and collide(role, 0, other, 0) for other, used in taken):
                continue
            found |= self._any_team(rest, (*taken, (role, resource)), within & self.role_starts(role, resource))
        return found

    def aligned(self, step: int) -> int:
        """The slots at wall-clock minutes divisible by ``step``."""
        if step not in self._aligned:
            self._aligned[step] = self.clock.aligned(step)
        return self._aligned[step]

    @cached_property
    def open(self) -> int:
        """The slots on dates on which the site is open."""
        return bits.union((self.clock.whole_days(day, day) for day in self.request.open_days), self.slots)

    @cached_property
    def from_now(self) -> int:
        """The slots at which a visit may still be made to start."""
        return bits.span(self.request.not_before, self.slots)

    def patient_free(self, visit: Visit) -> int:
        """The starts that keep the patient's gap to their other appointments."""
        gap = self.request.patient_gap
        taken = bits.union(
            ((start - slots(visit.minutes + gap) + 1, end + slots(gap)) for start, end in self.request.patient_busy),
            self.slots,
        )
        return bits.span(0, self.slots - slots(visit.minutes) + 1) & ~taken

    def windows(self, visit: Visit) -> Iterator[Window]:
        """The hard windows of a visit."""
        for rule in self.request.rules:
            if isinstance(rule, Window) and rule.hard and visit.key in rule.visits:
                yield rule

    def starts(self, visit: Visit) -> int:
        """All starts of a visit that the calendars and the visit's own windows allow."""
        found = self.aligned(visit.start_step) & self.open & self.from_now & self.patient_free(visit)
        found &= bits.span(max(visit.not_before, 0), self.slots)
        for window in self.windows(visit):
            found &= self.clock.inside(window)
        for rule in self.request.rules:
            if isinstance(rule, AtMost | DailyLoad) and visit.key in rule.visits:
                found &= ~bits.union(weeks.full(rule, self.clock, ()), self.slots)
        for preparation in visit.preparations:
            found &= self.prepared(preparation)
        for role in visit.roles if self.named(visit.key) else ():
            found &= self._someone(role, self.able(visit, role))
        return found & self.needs_met(visit.roles) if found else 0

    def _someone(self, role: Role, names: list[str]) -> int:
        found = 0
        for name in names:
            found |= self.role_starts(role, name)
        return found

    def prepared(self, preparation: Preparation) -> int:
        """The starts before which somebody at work has made the preparation, neither too late nor too long ago."""
        if preparation not in self._prepared:
            self._prepared[preparation] = self._prepare(preparation)
        return self._prepared[preparation]

    def _prepare(self, preparation: Preparation) -> int:
        length = max(slots(preparation.minutes), 1)
        last_slots = bits.from_mask(self.clock.minute + SLOT_MINUTES <= preparation.until)
        done = 0  # the last slots of the work
        for name in self.eligible(Role(preparation.key, preparation.kind, (), preparation.skills)):
            begins = bits.eroded(self.free[name].working & self.from_now, length)
            done |= (begins << length - 1) & last_slots
        first, last = slots(preparation.lead) + 1, preparation.life // SLOT_MINUTES + 1
        if not preparation.same_day:
            return bits.dilated(done, first, last) & bits.span(0, self.slots)
        found = 0
        for number in range(self.request.grid.days):
            date = bits.span(*self.clock.whole_days(number, number))
            found |= bits.dilated(done & date, first, last) & date
        return found
