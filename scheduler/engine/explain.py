"""Why not there: all reasons against one visit at one start, and why a visit found no place at all."""

from collections.abc import Iterable

from scheduler.engine import bits, place, rules
from scheduler.engine.answer import Code, Reason, Unplaced
from scheduler.engine.availability import Availability
from scheduler.engine.distances import allowed_days
from scheduler.engine.order import needs
from scheduler.engine.request import Placement, PlanRequest, Visit
from scheduler.engine.schedule import Schedule

SAMPLE = 200
"""How many starts are looked into to say why a visit has no place; more are sampled evenly."""

_ORDER = (
    # another minute, another chair, another person
    Code.OFF_STEP,
    Code.RESOURCE_BUSY,
    Code.WATCH_FULL,
    Code.HANDS_TAKEN,
    Code.OTHER_RESOURCE,
    Code.NOT_PREFERRED,
    Code.RESOURCE_OFF,
    Code.NOT_ON_SITE,
    Code.NOT_PREPARED,
    Code.NOT_READY,
    # what one can ask the patient
    Code.OUTSIDE_WINDOW,
    Code.PATIENT_BUSY,
    # another day
    Code.DAY_FULL,
    Code.NOT_SAME_DAY,
    Code.WEEK_FULL,
    Code.WEEK_SHORT,
    Code.TOO_MANY,
    Code.TOO_SOON,
    Code.TOO_LATE,
    Code.NOT_CONSECUTIVE,
    Code.SPAN_EXCEEDED,
    Code.DEPENDS_ON_UNPLACED,
    # nobody at the desk can change it
    Code.SITE_CLOSED,
    Code.NO_RESOURCE,
    Code.IN_THE_PAST,
    Code.BEYOND_HORIZON,
    Code.NOT_IDEAL,
    Code.DAY_CROWDED,
    Code.MOVED,
)
"""From what whoever asks can change most easily to what nobody can."""
_WHEN_CLOSED = (Code.RESOURCE_OFF, Code.NOT_ON_SITE)
"""That nobody works while the site is closed goes without saying."""
_RANK = {code: number for number, code in enumerate(_ORDER)}


def why_not(
    request: PlanRequest,
    placements: Iterable[Placement],
    visit: str,
    start: int,
    resources: dict[str, str] | None = None,
    *,
    free: Availability | None = None,
) -> tuple[Reason, ...]:
    """Every reason why ``visit`` cannot or should not start at slot ``start``.

    Hard ones first, then what whoever asks can change most easily.

    The other placements stay as they are. ``resources`` names who or what shall fill which role; a role not named may
    be filled by anyone able to. Empty: it can start there and gives nothing up. ``free`` is that of the request, for who
    asks about many starts.

    Raises:
        KeyError: the request has no such visit.
    """
    schedule = Schedule(request, placements)
    return _reasons(schedule, free or Availability(request), schedule.visits[visit], start, resources or {})


def _reasons(
    schedule: Schedule, free: Availability, visit: Visit, start: int, named: dict[str, str]
) -> tuple[Reason, ...]:
    moved = schedule.with_visit(Placement(visit.key, start, tuple(sorted(named.items()))))
    found = list(place.reasons(free, moved, place.Attempt(visit, start, named)))
    found += rules.against(moved, visit.key)
    if any(reason.code is Code.SITE_CLOSED for reason in found):
        found = [reason for reason in found if reason.code not in _WHEN_CLOSED]
    return tuple(sorted(dict.fromkeys(found), key=lambda reason: (not reason.hard, _RANK[reason.code])))


def unplaced(schedule: Schedule, free: Availability) -> tuple[Unplaced, ...]:
    """For each visit of a partial plan that has no place, the reasons, most frequent first."""
    found = []
    for visit in schedule.request.visits:
        if visit.key in schedule.placed:
            continue
        missing = [
            (anchor, rule)
            for key, anchor, rule in needs(schedule.request)
            if key == visit.key and anchor not in schedule.placed
        ]
        if missing:
            reasons = tuple(Reason(Code.DEPENDS_ON_UNPLACED, (key,), rule) for key, rule in missing)
        else:
            reasons = _most_frequent(schedule, free, visit)
        found.append(Unplaced(visit.key, reasons))
    return tuple(found)


def _most_frequent(schedule: Schedule, free: Availability, visit: Visit) -> tuple[Reason, ...]:
    first, last = allowed_days(schedule, visit.key)
    if first <= last and first >= schedule.request.grid.days:
        return (Reason(Code.BEYOND_HORIZON),)
    if first <= last < 0:
        return (Reason(Code.IN_THE_PAST),)
    counted: dict[tuple[Code, str | None, str | None], tuple[int, Reason]] = {}
    for start in _worth_asking(schedule, free, visit):
        for reason in _reasons(schedule, free, visit, start, {}):
            if not reason.hard:
                continue
            key = (reason.code, reason.rule, reason.role)
            count, merged = counted.get(key, (0, reason))
            counted[key] = (count + 1, _merged(merged, reason))
    if not counted:
        return (Reason(Code.BEYOND_HORIZON),)
    ranked = sorted(counted.values(), key=lambda entry: (-entry[0], entry[1].code, entry[1].rule or ""))
    return tuple(reason for _, reason in ranked)


def _merged(one: Reason, other: Reason) -> Reason:
    amounts = [amount for amount in (one.amount, other.amount) if amount is not None]
    return Reason(
        code=one.code,
        subjects=tuple(dict.fromkeys(one.subjects + other.subjects)),
        rule=one.rule,
        hard=one.hard,
        amount=min(amounts, default=None),
        role=one.role,
    )


def _worth_asking(schedule: Schedule, free: Availability, visit: Visit) -> list[int]:
    """The starts to look into: within the protocol's dates and working hours if there are any, else ever wider."""
    stepped = free.aligned(visit.start_step)
    due = bits.span(*free.clock.whole_days(*allowed_days(schedule, visit.key))) & stepped
    for starts in (
        due & free.from_now & free.open & place.working_starts(free, visit),
        due & free.from_now & free.open,
        due & free.from_now,
        due,
        stepped & free.from_now & free.open & place.working_starts(free, visit),
        stepped & free.from_now,
        stepped,
    ):
        if starts:
            members = [int(start) for start in bits.members(starts)]
            return members[:: -(-len(members) // SAMPLE)]
    return []
