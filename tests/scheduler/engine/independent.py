"""A second opinion on plans: plain, slow checks written from the meaning of the request alone.

Shares nothing with the planner but the types of the question and the answer. Works with datetimes and minute by minute
where the planner works with slots and sets.
"""

from collections import Counter
from datetime import date, timedelta
from itertools import combinations, pairwise, product

from scheduler.engine.request import (
    HANDS_LANE,
    AtMost,
    ConsecutiveDays,
    DailyLoad,
    Keep,
    Offset,
    PerWeek,
    PlanRequest,
    Preferred,
    SameDay,
    SameResource,
    Span,
    Unit,
    Use,
    Window,
)


def faults(request: PlanRequest, placements) -> list[str]:
    """Everything wrong with placements, in words; empty when they are fine.

    What is wrong between fixed visits alone is given, and nobody's fault.
    """
    given = _all_faults(request, request.fixed)
    return [fault for fault in _all_faults(request, placements) if fault not in given]


def _all_faults(request: PlanRequest, placements) -> list[str]:
    placed = {placement.visit: placement for placement in placements}
    start = {key: request.grid.local(placement.start) for key, placement in placed.items()}
    found = []
    for rule in request.rules:
        found += [f"{rule.key}: {text}" for text in RULES[type(rule)](request, rule, placed, start)]
    fixed = {placement.visit for placement in request.fixed}
    for key, placement in placed.items():
        if key not in fixed:
            found += [f"{key}: {text}" for text in _place(request, placement, start[key])]
    found += _patient(request, placed, start, fixed)
    found += _resources(request, placed, fixed)
    return found


def _minutes(later, earlier) -> int:
    return int((later.timestamp() - earlier.timestamp()) // 60)


def _offset(request, rule: Offset, placed, start):
    if rule.visit not in placed or rule.anchor not in placed:
        return
    if rule.unit is Unit.DAYS:
        found = (start[rule.visit].date() - start[rule.anchor].date()).days
    else:
        found = _minutes(start[rule.visit], start[rule.anchor])
        if rule.from_end:
            found -= next(v.minutes for v in request.visits if v.key == rule.anchor)
    if rule.least is not None and found < rule.least:
        yield f"{rule.visit} only {found} after {rule.anchor}"
    if rule.most is not None and found > rule.most:
        yield f"{rule.visit} as much as {found} after {rule.anchor}"


def _per_week(request, rule: PerWeek, placed, start):
    dates = sorted(start[key].date() for key in rule.visits if key in placed)
    for one, other in combinations(dates, 2):
        if (other - one).days < rule.days_apart:
            yield f"{one} and {other} too close"
    if rule.rolling:
        for day in dates:
            if sum(day <= other < day + timedelta(7) for other in dates) > rule.at_most:
                yield f"too many from {day}"
    counts = Counter(day - timedelta(day.weekday()) for day in dates)
    if not rule.rolling:
        yield from (f"too many in the week of {monday}" for monday, count in counts.items() if count > rule.at_most)
    if len(dates) == len(rule.visits):
        yield from _too_few(rule, counts)


def _too_few(rule: PerWeek, counts: Counter[date]):
    monday = min(counts) + timedelta(7)
    while monday < max(counts):
        if counts[monday] < rule.at_least:
            yield f"too few in the week of {monday}"
        monday += timedelta(7)


def _span(request, rule: Span, placed, start):
    dates = [start[key].date() for key in rule.visits if key in placed]
    if dates and (max(dates) - min(dates)).days > rule.most_days:
        yield "too long"


def _window(request, rule: Window, placed, start):
    if not rule.hard:
        return
    for key in rule.visits:
        if key not in placed:
            continue
        at = start[key]
        good = at.weekday() in rule.weekdays and rule.earliest <= at.hour * 60 + at.minute <= rule.latest
        good = good and (rule.from_on is None or at.date() >= rule.from_on)
        if not (good and (rule.until_on is None or at.date() <= rule.until_on)):
            yield f"{key} at {at}"


def _same_day(request, rule: SameDay, placed, start):
    for key, other in product(rule.visits, rule.after):
        if key == other or key not in placed or other not in placed:
            continue
        if start[key].date() == start[other].date() and (rule.before_too or start[key] >= start[other]):
            yield f"{key} on the day of {other}"


def _same_resource(request, rule: SameResource, placed, start):
    used = {dict(placed[key].resources).get(rule.role) for key in rule.visits if key in placed} - {None}
    if rule.hard and len(used) > rule.at_most:
        yield f"different ones: {sorted(used)}"


def _consecutive(request, rule: ConsecutiveDays, placed, start):
    first = request.grid.first_on
    for one, other in pairwise(rule.visits):
        if one not in placed or other not in placed:
            continue
        day = start[one].date() + timedelta(1)
        while (day - first).days < request.grid.days and (
            day.weekday() not in rule.weekdays or (rule.skip_closed and (day - first).days not in request.open_days)
        ):
            day += timedelta(1)
        if start[other].date() != day:
            yield f"{other} not on {day}"


def _at_most(request, rule: AtMost, placed, start):
    dates = [*rule.taken, *(start[key].date() for key in rule.visits if key in placed)]
    for last in set(dates):
        window = {last - timedelta(n) for n in range(rule.days)}
        count = sum(day in window for day in dates)
        if count > rule.at_most:
            yield f"{count} in the days up to {last}"


def _keep(request, rule: Keep, placed, start):
    return ()


def _preferred(request, rule: Preferred, placed, start):
    if not rule.hard:
        return
    for visit in request.visits:
        if visit.key not in placed or visit.key not in rule.visits:
            continue
        for role in visit.roles:
            able = {c.id for c in request.calendars if c.kind == role.kind and role.skills <= c.skills}
            used = dict(placed[visit.key].resources).get(role.key)
            if able & rule.resources and used is not None and used not in rule.resources:
                yield f"{visit.key} has {used} as {role.key}"


def _daily_load(request, rule: DailyLoad, placed, start):
    if rule.at_most is None:
        return
    own = Counter(start[key].date() for key in rule.visits if key in placed)
    for day, count in own.items():
        others = sum(n for number, n in rule.taken if request.grid.first_on + timedelta(number) == day)
        if others + count > rule.at_most:
            yield f"{others + count} starts on {day}"


RULES = {
    Offset: _offset,
    PerWeek: _per_week,
    Span: _span,
    Window: _window,
    SameDay: _same_day,
    SameResource: _same_resource,
    ConsecutiveDays: _consecutive,
    AtMost: _at_most,
    Keep: _keep,
    Preferred: _preferred,
    DailyLoad: _daily_load,
}


def _place(request, placement, at):
    visit = next(v for v in request.visits if v.key == placement.visit)
    if (at.hour * 60 + at.minute) % visit.start_step:
        yield f"starts at {at}"
    if (at.date() - request.grid.first_on).days not in request.open_days:
        yield f"closed on {at.date()}"
    if placement.start < request.not_before:
        yield "in the past"
    if placement.start < visit.not_before:
        yield "not ready"
    if placement.start * 5 + visit.minutes > request.grid.slots * 5:
        yield "beyond the horizon"
    if [role for role, _ in placement.resources] != sorted(role.key for role in visit.roles):
        yield f"roles filled: {placement.resources}"
    for preparation in visit.preparations:
        if not any(_can_prepare(request, c, preparation, placement.start) for c in request.calendars):
            yield f"nobody prepares {preparation.key}"
    for role in visit.roles:
        yield from _filled(request, role, dict(placement.resources).get(role.key), placement.start)


def _can_prepare(request, calendar, preparation, start) -> bool:
    """Whether somebody works, all the time it takes, early enough and late enough before the start."""
    if calendar.kind != preparation.kind or not preparation.skills <= calendar.skills:
        return False
    at = request.grid.local(start)
    for begin in range(max(request.not_before, 0), start + 1):
        minutes_before = (start - begin) * 5 - preparation.minutes
        if not preparation.lead <= minutes_before <= preparation.life:
            continue
        work = range(begin, begin + preparation.minutes // 5)
        if not all(any(a <= n < b for a, b in calendar.working) for n in work):
            continue
        last = request.grid.local(work[-1])
        if last.hour * 60 + last.minute + 5 <= preparation.until and not (
            preparation.same_day and last.date() != at.date()
        ):
            return True
    return False


def _filled(request, role, name, start):
    calendar = next((calendar for calendar in request.calendars if calendar.id == name), None)
    if calendar is None:
        yield f"nobody called {name}"
        return
    if calendar.kind != role.kind or not role.skills <= calendar.skills:
        yield f"{name} cannot be {role.key}"
    for segment in role.segments:
        off = [n for n in _slots(start, segment) if not any(a <= n < b for a, b in calendar.working)]
        if off:
            yield f"{name} is off at {request.grid.local(off[0])}"


def _slots(start: int, segment) -> range:
    return range(start + segment.starts // 5, start - (-segment.ends // 5))


def _patient(request, placed, start, fixed):
    taken = [(None, request.grid.instant(a), request.grid.instant(b)) for a, b in request.patient_busy]
    for visit in request.visits:
        if visit.key in placed:
            begins = request.grid.instant(placed[visit.key].start)
            taken.append((visit.key, begins, begins + timedelta(minutes=visit.minutes)))
    gap = timedelta(minutes=request.patient_gap)
    for (one, a, b), (other, c, d) in combinations(taken, 2):
        # what lies in the calendars, or is fixed, is given
        if not {one, other} <= fixed | {None} and a < d + gap and c < b + gap:
            yield f"the patient is at {one} and {other} at once"


def _resources(request, placed, fixed):
    """Every lane serves one at a time: existing bookings and the plan, each part on a lane of its own."""
    for calendar in request.calendars:
        uses = [
            (visit.key, _slots(placed[visit.key].start, segment), segment.use)
            for visit in request.visits
            if visit.key in placed
            for role in visit.roles
            if dict(placed[visit.key].resources).get(role.key) == calendar.id
            for segment in role.segments
            if segment.use is not Use.PRESENCE
        ]
        for key, slots, use in uses:
            busy = {lane for a, b, lane in calendar.busy if a < slots.stop and slots.start < b}
            full = len(busy - {HANDS_LANE}) == calendar.lanes
            hands = use is Use.HANDS_ON and HANDS_LANE in busy
            if key not in fixed and busy and (use is Use.EXCLUSIVE or full or hands):
                yield f"{calendar.id} is booked when {key} needs it"
        for (one, a, _), (other, b, _) in combinations(uses, 2):
            if a.start < b.stop and b.start < a.stop and not {one, other} <= fixed:
                yield f"{calendar.id} serves {one} and {other} at once"
