"""Protocols nobody has written yet: combinations that the catalogue does not have, with no code of their own."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from scheduler.engine.answer import Plan
from scheduler.engine.grid import Grid
from scheduler.engine.plan import Limits, plan
from scheduler.engine.request import AtMost, Calendar, DailyLoad, Placement, PlanRequest
from tests.scheduler.engine.independent import faults
from tests.treatments.protocols import clinic
from tests.treatments.protocols.documents import MONDAY
from treatments.protocols import publishing, reading
from treatments.protocols.compile import Compiled, Past
from treatments.protocols.compile import compile as compile_course

ODD = Path(__file__).with_name("odd")
every_file = pytest.mark.parametrize("path", sorted(ODD.glob("*.yaml")), ids=lambda path: path.stem)


def asked(compiled: Compiled, **kwargs) -> PlanRequest:  # type: ignore[no-untyped-def]  # passed on
    """The course in the small clinic, with a coil, a desk for starts and a pharmacy."""
    grid = Grid(clinic.ZONE, compiled.start_on, compiled.horizon_days)
    more = (
        Calendar("coil", "device", clinic.hours(grid)),
        Calendar("desk", "device", clinic.hours(grid), (), frozenset({"start_desk"}), 2),
        Calendar("pharmacy", "person", clinic.hours(grid), (), frozenset({"pharmacist"})),
    )
    open_days = clinic.open_days(grid)
    return compiled.request(grid=grid, calendars=(*clinic.calendars(grid), *more), open_days=open_days, **kwargs)


def best(request: PlanRequest) -> Plan:
    """The best plan found."""
    return plan(request).best


@every_file
def test_is_published_compiled_and_planned_without_a_fault(path: Path) -> None:
    document = reading.read_file(path)
    publishing.check(document)
    assert reading.from_json(reading.as_json(document)) == document
    request = asked(compile_course(document, start_on=MONDAY))
    found = best(request)
    assert found.complete
    assert faults(request, found.placements) == []
    assert found.bound is not None
    assert found.bound <= found.cost.total


@pytest.mark.parametrize(
    ("name", "forgotten"),
    [
        ("ten-a-day", "sessions.per_day"),
        ("ten-a-day", "sessions.consecutive_days"),
        ("three-on-one-off", "drips.on_days"),
        ("three-on-one-off", "pumps.anchor1"),
        ("capped-taper", "relations"),
        ("capped-taper", "talks.gap"),
        ("fixed-rounds", "rounds.on_days"),
        ("fixed-rounds", "caps"),
    ],
)
@pytest.mark.long
def test_a_planner_that_forgets_a_rule_is_caught(name: str, forgotten: str) -> None:
    request = asked(course(name))
    rules = tuple(rule for rule in request.rules if not rule.key.startswith(forgotten))
    assert len(rules) < len(request.rules)
    # any complete plan will do: one narrow run finds it
    found = plan(replace(request, rules=rules), effort=Limits(widths=(30,), partial_widths=(50,))).best
    assert found.complete
    assert faults(request, found.placements)


def course(name: str, past: Past | None = None, start_on: date = MONDAY) -> Compiled:
    return compile_course(reading.read_file(ODD / f"{name}.yaml"), start_on=start_on, past=past)


def days(request: PlanRequest, placements: tuple[Placement, ...], block: str) -> list[str]:
    """The local dates of a block's visits."""
    return [str(request.grid.date(one.start)) for one in placements if one.visit.startswith(f"{block}.")]


def test_ten_sessions_a_day_lie_50_to_60_minutes_apart_on_five_open_days_in_a_row() -> None:
    request = asked(course("ten-a-day"))
    placements = best(request).placements
    # Thanksgiving breaks the first week, so that the next one is taken
    assert sorted(set(days(request, placements, "sessions"))) == [
        f"2026-{d}" for d in ("11-30", "12-01", "12-02", "12-03", "12-04")
    ]
    first = sorted(one.start for one in placements if one.visit.startswith("sessions."))[:10]
    assert {5 * (b - a) for a, b in pairwise(first)} <= {60, 65, 70}


def test_days_in_a_cycle_repeat_and_the_pump_comes_off_on_the_second_day_after() -> None:
    request = asked(course("three-on-one-off"))
    placements = best(request).placements
    assert days(request, placements, "drips") == [
        "2026-11-23", "2026-11-30", "2026-12-07", "2026-12-21", "2026-12-28", "2027-01-04",
    ]  # fmt: skip
    start = {one.visit: one.start for one in placements}
    minutes = {visit.key: visit.minutes for visit in request.visits}
    for n in range(1, 7):
        assert 46 * 60 <= 5 * (start[f"pumps.{n}"] - start[f"drips.{n}"]) - minutes[f"drips.{n}"] <= 48 * 60


def test_lengths_go_by_number() -> None:
    assert [visit.minutes for visit in course("three-on-one-off").visits[:6]] == [195, 135, 75, 75, 75, 75]


def test_the_rhythm_stays_where_it_was_planned_when_a_visit_is_late() -> None:
    """The first drip of the second cycle counts from where the first one was planned, although that was six days late."""
    planned, late = date(2026, 11, 23), date(2026, 11, 29)
    past = Past(planned_on={"drips.1": planned}, took_place_on={"drips.1": late})
    on_time = {rule.key: rule for rule in course("three-on-one-off").rules}
    rebased = {rule.key: rule for rule in course("three-on-one-off", past).rules}
    before, after = on_time["drips.on_days.4"], rebased["drips.on_days.4"]
    assert (before.least, before.ideal, before.most) == (28, 28, 34)
    assert (after.least, after.ideal, after.most) == (22, 22, 28)
    # what counts from a visit that is still to come is as it was
    assert on_time["drips.on_days.5"] == rebased["drips.on_days.5"]


def test_a_cap_knows_the_earlier_courses_of_the_patient() -> None:
    past = Past(history={"infusion": [date(2026, 11, 20)], "talk": [date(2026, 11, 21)]})
    capped = course("capped-taper", past)
    caps = {rule.key: rule for rule in capped.rules if isinstance(rule, AtMost)}
    assert caps["caps.1"].taken == (date(2026, 11, 20),)
    request = asked(capped)
    found = best(request)
    assert faults(request, found.placements) == []
    # six in 365 days, one of them taken: the last of the taper finds no place
    assert len(found.unplaced) >= 1
    assert asked(course("capped-taper")).rules != request.rules


def test_the_lessons_keep_their_seats_in_one_class() -> None:
    request = asked(course("capped-taper"))
    other = Calendar("class-2", "group", clinic.meetings(request.grid), (), frozenset({"mindfulness_teacher"}), 4)
    request = replace(request, calendars=(*request.calendars, other))
    found = best(request)
    assert found.complete
    assert len({dict(one.resources)["group"] for one in found.placements if one.visit.startswith("lessons.")}) == 1
    starts = {request.grid.local(one.start).strftime("%a %H:%M") for one in found.placements if "lessons" in one.visit}
    assert starts == {"Wed 14:00"}


def test_a_class_without_a_seat_is_not_joined() -> None:
    request = asked(course("capped-taper"))
    full = tuple(
        replace(calendar, busy=tuple((a, b, lane) for a, b in calendar.working for lane in range(12)))
        if calendar.id == "class"
        else calendar
        for calendar in request.calendars
    )
    found = best(replace(request, calendars=full))
    assert {one.visit for one in found.unplaced} == {f"lessons.{n}" for n in range(1, 5)}


def test_the_starts_of_other_courses_level_the_days() -> None:
    monday, tuesday = date(2027, 1, 11), date(2027, 1, 12)
    compiled = course("three-on-one-off", start_on=monday)
    request = asked(compiled, taken={"drip": {monday: 3, tuesday: 1}, "pump": {tuesday: 9}})
    [load] = [rule for rule in request.rules if isinstance(rule, DailyLoad)]
    assert load.taken == ((0, 3), (1, 1))
    found = best(request)
    assert found.complete
    # Monday is full; Tuesday has one start, and the target is two
    assert days(request, found.placements, "drips")[0] == str(tuesday)
    empty = asked(compiled)
    assert days(empty, best(empty).placements, "drips")[0] == str(monday)
